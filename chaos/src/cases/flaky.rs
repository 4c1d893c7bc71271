//! An instance refuses a share of its calls.

use super::faulty::{Fault, break_each};
use crate::{Failure, Report, Suite, cases::Case};

pub(super) const CASE: Case = Case {
    name: "unavailable-30",
    about: "one of three instances answers UNAVAILABLE to 30 %: of geo, rate and profile in turn",
    run: |suite| Box::pin(run(suite)),
};

async fn run(suite: Suite) -> Result<Report, Failure> {
    break_each(&suite, Fault::Refuse { percent: 30 }).await
}
