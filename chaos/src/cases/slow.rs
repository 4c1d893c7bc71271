//! An instance turns slow.

use super::faulty::{Fault, break_each};
use crate::{Failure, Report, Suite, cases::Case};

pub(super) const CASE: Case = Case {
    name: "slow",
    about: "one of three instances takes 1 s for each call: of each service but the frontend in turn",
    run: |suite| Box::pin(run(suite)),
};

async fn run(suite: Suite) -> Result<Report, Failure> {
    let fault = Fault::Slow { millis: 1000 };
    break_each(&suite, fault, &["rate", "profile", "search"]).await
}
