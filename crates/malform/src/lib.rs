//! Bad input made out of good, for tests of parsers on a stable toolchain.
//!
//! A [`Fuzz`] takes samples of what a parser reads, changes them in ways that break parsers, and hands each to a check. What
//! the check accepts becomes a sample too, so that changes pile up behind the first lines of defence. The same seed makes the
//! same inputs; a check that panics leaves the input behind, written so that a test can repeat it.
//!
//! ```
//! use malform::{Fuzz, Verdict};
//!
//! let tally = Fuzz::of_text("ports", ["80", "65535"]).inputs(1000).run(|input| {
//!     let port = std::str::from_utf8(input).ok().and_then(|text| text.parse::<u16>().ok());
//!     Verdict::accepted_if(port.is_some())
//! });
//! assert!(tally.accepted > 0 && tally.refused > 0);
//! ```

mod fuzz;
mod json;
mod text;

pub use fuzz::{Fuzz, SEED, Tally, Verdict};
pub use json::malformed_json;
pub use text::malformed_text;
