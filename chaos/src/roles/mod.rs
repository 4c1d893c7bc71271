//! What this program does when a case has started it: it plays one instance.

use std::{env, process::ExitCode};

/// Which role to play.
pub(crate) const ROLE: &str = "CHAOS_ROLE";

/// The program of Hotels, as it is.
pub(crate) const HOTELS: &str = "hotels";

/// The role that this process was started for, if for any.
pub(crate) fn asked() -> Option<String> {
    env::var(ROLE).ok()
}

/// Plays it to its end.
pub(crate) fn play(role: &str) -> ExitCode {
    match role {
        HOTELS => hotels::main(),
        _ => {
            eprintln!("chaos: {ROLE}={role}? There is {HOTELS}");
            ExitCode::FAILURE
        }
    }
}
