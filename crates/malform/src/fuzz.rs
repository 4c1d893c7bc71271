//! One parser, many inputs.

use std::{
    env, thread,
    time::{Duration, Instant},
};

use fastrand::Rng;

use crate::{malformed_json, malformed_text};

/// The seed where nothing else is said.
pub const SEED: u64 = 20_150_409;

/// How many inputs are tried where nothing else is said; `BELLHOP_FUZZ_INPUTS` stands in the place of this number.
const INPUTS: usize = 5000;
/// How many inputs that were accepted become samples, and how long they may be.
const MOST_FOUND: usize = 256;
const LONGEST_FOUND: usize = 8 << 10;
/// Far beyond what any input takes on a busy machine: a parser that needs this is one that a sender can stop.
const TOO_LONG: Duration = Duration::from_secs(10);

type Malform = fn(&mut Rng, &[u8], &[u8]) -> Vec<u8>;

/// Tries a parser. `BELLHOP_FUZZ_INPUTS` says how many inputs instead of 5000, and of as many more or less where a target asks
/// for another number; `BELLHOP_FUZZ_SEED` says which.
#[derive(Clone, Debug)]
pub struct Fuzz {
    name: &'static str,
    samples: Vec<Vec<u8>>,
    malform: Malform,
    inputs: usize,
}

/// What the parser made of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was taken: it is a sample from now on.
    Accepted,
    /// It was refused.
    Refused,
}

/// How often the parser decided which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Inputs that were taken.
    pub accepted: usize,
    /// Inputs that were refused.
    pub refused: usize,
}

/// The input at work, told of where the check panics.
struct AtWork<'a> {
    name: &'static str,
    number: usize,
    input: &'a [u8],
    since: Instant,
}

impl Verdict {
    /// Accepted or not.
    pub fn accepted_if(accepted: bool) -> Self {
        if accepted {
            Self::Accepted
        } else {
            Self::Refused
        }
    }
}

impl Fuzz {
    /// Inputs that are changed as text.
    pub fn of_text<S: AsRef<[u8]>>(
        name: &'static str,
        samples: impl IntoIterator<Item = S>,
    ) -> Self {
        Self::new(name, samples, malformed_text)
    }

    /// Inputs that are changed as JSON.
    pub fn of_json<S: AsRef<[u8]>>(
        name: &'static str,
        samples: impl IntoIterator<Item = S>,
    ) -> Self {
        Self::new(name, samples, malformed_json)
    }

    fn new<S: AsRef<[u8]>>(
        name: &'static str,
        samples: impl IntoIterator<Item = S>,
        malform: Malform,
    ) -> Self {
        Self {
            name,
            samples: samples.into_iter().map(|s| s.as_ref().to_vec()).collect(),
            malform,
            inputs: INPUTS,
        }
    }

    /// How many inputs to try where 5000 are not the right number for this parser.
    #[must_use]
    pub fn inputs(mut self, inputs: usize) -> Self {
        self.inputs = inputs;
        self
    }

    /// Hands every input to the check, the samples first.
    ///
    /// # Panics
    /// Where the check does, or takes longer than any input may, or refuses a sample, or there is no sample.
    pub fn run(mut self, mut check: impl FnMut(&[u8]) -> Verdict) -> Tally {
        let inputs = match from_env::<usize>("BELLHOP_FUZZ_INPUTS") {
            Some(wanted) => (self.inputs * wanted).div_ceil(INPUTS),
            None => self.inputs,
        };
        let mut rng = Rng::with_seed(from_env("BELLHOP_FUZZ_SEED").unwrap_or(SEED));
        let good = self.samples.len();
        assert_ne!(good, 0, "{}: there are no samples", self.name);
        for (number, sample) in self.samples.iter().enumerate() {
            let verdict = self.try_one(number, sample, &mut check);
            assert_eq!(verdict, Verdict::Accepted, "{}: sample {number}", self.name);
        }
        let mut tally = Tally::default();
        for number in 0..inputs {
            let sample = &self.samples[rng.usize(..self.samples.len())];
            let other = &self.samples[rng.usize(..self.samples.len())];
            let input = (self.malform)(&mut rng, sample, other);
            match self.try_one(number, &input, &mut check) {
                Verdict::Refused => tally.refused += 1,
                Verdict::Accepted => {
                    tally.accepted += 1;
                    self.remember(&mut rng, good, input);
                }
            }
        }
        eprintln!("{}: {tally:?}", self.name);
        tally
    }

    fn try_one(
        &self,
        number: usize,
        input: &[u8],
        check: &mut impl FnMut(&[u8]) -> Verdict,
    ) -> Verdict {
        let at_work = AtWork {
            name: self.name,
            number,
            input,
            since: Instant::now(),
        };
        let verdict = check(input);
        assert!(at_work.since.elapsed() < TOO_LONG, "it took too long");
        verdict
    }

    /// Keeps an input in the place of one that was found before; those that were given stay.
    fn remember(&mut self, rng: &mut Rng, good: usize, input: Vec<u8>) {
        if input.len() > LONGEST_FOUND {
            return;
        }
        if self.samples.len() < good + MOST_FOUND {
            self.samples.push(input);
        } else {
            self.samples[good + rng.usize(..MOST_FOUND)] = input;
        }
    }
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            let Self {
                name,
                number,
                input,
                ..
            } = self;
            eprintln!("{name}, input {number}: b\"{}\"", input.escape_ascii());
        }
    }
}

fn from_env<T: std::str::FromStr>(name: &str) -> Option<T> {
    let value = env::var(name).ok()?;
    let number = value.parse().ok();
    Some(number.unwrap_or_else(|| panic!("{name}: expected a number, got {value:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(fuzz: Fuzz) -> Vec<Vec<u8>> {
        let mut seen = Vec::new();
        fuzz.run(|input| {
            seen.push(input.to_vec());
            Verdict::accepted_if(input.len() < 20)
        });
        seen
    }

    #[test]
    fn the_same_seed_makes_the_same_inputs_and_they_differ() {
        let fuzz = Fuzz::of_text("test", ["inDate=1", "lat=2"]).inputs(500);
        let inputs = seen(fuzz.clone());
        assert_eq!(inputs, seen(fuzz));
        let mut different = inputs.clone();
        different.sort();
        different.dedup();
        assert!(different.len() > inputs.len() / 2, "{}", different.len());
    }

    #[test]
    #[should_panic = "sample 1"]
    fn a_sample_that_is_refused_is_a_fault() {
        Fuzz::of_text("test", ["good", "bad"])
            .inputs(1)
            .run(|input| Verdict::accepted_if(input == b"good"));
    }
}
