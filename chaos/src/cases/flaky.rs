//! An instance refuses a share of its calls.

use super::faulty::{Fault, break_each};
use crate::{Failure, Report, Suite, cases::Case};

pub(super) const CASE: Case = Case {
    name: "unavailable-30",
    about: "one of three instances answers UNAVAILABLE to 30 %: of each service but the frontend in turn",
    run: |suite| Box::pin(run(suite)),
};

async fn run(suite: Suite) -> Result<Report, Failure> {
    let fault = Fault::Refuse { percent: 30 };
    break_each(&suite, fault, &["geo", "rate", "search"]).await
}
