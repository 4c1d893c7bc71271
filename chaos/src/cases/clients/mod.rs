//! Clients that behave badly, beside those of the load.

mod crowd;
mod manners;

use std::time::Duration;

use self::crowd::Crowd;
use crate::{Failure, Pace, Report, Shape, Suite, cases::Case};

pub(super) const DISCONNECTING: Case = Case {
    name: "clients-disconnect",
    about: "200 clients that disconnect in the middle of requests, over and over",
    run: |suite| Box::pin(disconnecting(suite)),
};

pub(super) const SLOW: Case = Case {
    name: "clients-slow",
    about: "1,000 clients that send a byte a second, until they are shown the door",
    run: |suite| Box::pin(slow(suite)),
};

pub(super) const SLOW_READERS: Case = Case {
    name: "clients-slow-readers",
    about: "1,000 clients (300 in short) that ask for much and read a byte a second",
    run: |suite| Box::pin(slow_readers(suite)),
};

/// How long a head may take in the short form, so that its bound is met; the long one waits for the usual bound.
const HEADER_TIMEOUT: &str = "3s";

async fn disconnecting(suite: Suite) -> Result<Report, Failure> {
    let crowd = Crowd {
        count: 200,
        within: Duration::ZERO,
        shape: Shape::default(),
    };
    let count = crowd.count;
    let seen = crowd.beside(&suite, manners::disconnect).await?;
    let left = seen.left;
    let report = seen.report().note(format!(
        "{left} requests were under way when their client left"
    ));
    Ok(report.rule(left >= count, || {
        format!("only {left} requests were under way when their client left")
    }))
}

async fn slow(suite: Suite) -> Result<Report, Failure> {
    let shape = Shape::default();
    let crowd = Crowd {
        count: 1000,
        within: Duration::from_secs(1),
        shape: match suite.pace {
            Pace::Short => shape.setting("frontend", "BELLHOP_HEADER_TIMEOUT", HEADER_TIMEOUT),
            Pace::Long => shape,
        },
    };
    let count = crowd.count;
    let seen = crowd.beside(&suite, manners::dawdle).await?;
    let ended = seen.ended;
    Ok(seen.report_of_inside().rule(ended >= count, || {
        format!("only {ended} of {count} were shown the door")
    }))
}

async fn slow_readers(suite: Suite) -> Result<Report, Failure> {
    let crowd = Crowd {
        count: suite.pace.pick(300, 1000),
        // Each makes the frontend do the work of several requests at once.
        within: suite.pace.hold() / 2,
        shape: Shape::default(),
    };
    let seen = crowd.beside(&suite, manners::read_slowly).await?;
    Ok(seen.report_of_inside())
}
