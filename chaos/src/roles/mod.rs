//! What this program does when a case has started it: it plays one instance.

mod faulty;

use std::{env, io, process::ExitCode};

pub(crate) use self::faulty::Control;

/// Which role to play.
pub(crate) const ROLE: &str = "CHAOS_ROLE";

/// The program of Hotels, as it is.
pub(crate) const HOTELS: &str = "hotels";
/// An instance of geo, rate, profile or search that does what it is told.
pub(crate) const FAULTY: &str = "faulty";
/// How many calls such an instance works on at one time, where there is a bound.
pub(crate) const WORKERS: &str = "CHAOS_WORKERS";

/// The role that this process was started for, if for any.
pub(crate) fn asked() -> Option<String> {
    env::var(ROLE).ok()
}

/// Plays it to its end.
pub(crate) fn play(role: &str) -> ExitCode {
    let played = match role {
        HOTELS => return hotels::main(),
        FAULTY => log().and_then(|()| faulty::play(env::args().nth(1).as_deref())),
        _ => Err(format!("no such role: {role}").into()),
    };
    match played {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("chaos: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Log lines as Hotels writes them for machines.
fn log() -> Result<(), crate::Failure> {
    let lines = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env());
    lines.with_writer(io::stderr).try_init()
}
