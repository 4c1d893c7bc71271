//! All instances of a service are gone.

use std::{fmt, time::Duration};

use futures_util::future::join_all;

use crate::{Failure, Load, Report, Right, Shape, Stage, Suite, cases::Case};

pub(super) const RATE: Case = Case {
    name: "rate-down",
    about: "all of rate killed, then all of it stopped (in long also hung): hotels without prices, then and only then",
    run: |suite| Box::pin(rate(suite)),
};

pub(super) const OTHERS: Case = Case {
    name: "geo-or-profile-down",
    about: "all of geo killed, all of profile (in long also of search, and each stopped): 503 that names who is missing",
    run: |suite| Box::pin(others(suite)),
};

/// From when the registry names somebody again until every answer has to be whole.
const HEALED: Duration = Duration::from_secs(1);

/// Longer than anybody waits for somebody who may come back, the hops together.
const TOLD_WITHIN: Duration = Duration::from_secs(5);
/// The frontend waits for 5 s where somebody is connected who does not answer.
const TOLD_OF_HUNG_WITHIN: Duration = Duration::from_secs(8);
/// How long it may take to find out that nobody of a service answers.
const NOTICED: Duration = Duration::from_secs(10);

/// How a service goes.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// `kill -9`: the registry still names it.
    Killed,
    /// With a farewell.
    Stopped,
    /// It is there, and says nothing.
    Hung,
}

async fn rate(suite: Suite) -> Result<Report, Failure> {
    let ways: &[_] = suite.pace.pick(
        &[Way::Killed, Way::Stopped],
        &[Way::Killed, Way::Stopped, Way::Hung],
    );
    let outages = ways.iter().map(|way| ("rate", *way, Right::WithoutPrices));
    run(&suite, outages.collect()).await
}

async fn others(suite: Suite) -> Result<Report, Failure> {
    let short: &[_] = &[("geo", Way::Killed), ("profile", Way::Killed)];
    let long = &[
        ("geo", Way::Killed),
        ("geo", Way::Stopped),
        ("geo", Way::Hung),
        ("profile", Way::Killed),
        ("profile", Way::Stopped),
        ("profile", Way::Hung),
        ("search", Way::Killed),
        ("search", Way::Stopped),
        ("search", Way::Hung),
    ];
    let outages = suite.pace.pick(short, long).iter();
    let outages = outages.map(|(service, way)| (*service, *way, Right::Without(service)));
    run(&suite, outages.collect()).await
}

async fn run(suite: &Suite, outages: Vec<(&'static str, Way, Right)>) -> Result<Report, Failure> {
    let mut stage = Stage::start(suite, Shape::default()).await;
    let load = stage.load().await?;
    load.pass(suite.pace.before()).await;
    let mut told = Vec::new();
    for (service, way, right) in outages {
        let earlier = load.lesser().len();
        load.allow(right);
        load.breaks();
        match way {
            Way::Hung => hang(&stage, &load, service, right).await,
            _ => go_and_come(&mut stage, &load, service, way).await,
        }
        load.heals();
        load.pass(HEALED).await;
        load.allow(Right::Whole);
        load.pass(suite.pace.after() / 2).await;
        told.push((service, way, load.lesser().split_off(earlier)));
    }
    load.pass(suite.pace.after()).await;
    let report = Report::nothing_lost(load.stop().await);
    Ok(told.into_iter().fold(report, judge))
}

/// In each outage somebody is told that a service is missing, and soon.
fn judge(report: Report, (service, way, took): (&str, Way, Vec<Duration>)) -> Report {
    let (count, slowest) = (took.len(), took.into_iter().max().unwrap_or_default());
    let bound = match way {
        Way::Hung => TOLD_OF_HUNG_WITHIN,
        _ => TOLD_WITHIN,
    };
    report
        .note(format!(
            "{service} {way}: {count} were told within {slowest:.1?}"
        ))
        .rule(count > 0, || {
            format!("nobody was told that {service} is missing ({way})")
        })
        .rule(slowest <= bound, || {
            format!("somebody was told after {slowest:.1?} that {service} is missing ({way})")
        })
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Killed => "killed",
            Self::Stopped => "stopped",
            Self::Hung => "hung",
        })
    }
}

/// Has all of a service hang for a while.
async fn hang(stage: &Stage, load: &Load, service: &'static str, right: Right) {
    let signal = |name| {
        let members = stage.members[service].iter();
        members.for_each(|member| member.process.signal(name));
    };
    let hold = stage.pace().hold();
    signal("STOP");
    if let Right::Without(service) = right {
        load.allow(Right::Silent(service));
    }
    load.pass(hold.min(NOTICED)).await;
    load.allow(right);
    load.pass(hold.saturating_sub(NOTICED)).await;
    signal("CONT");
    stage.until_all_pass().await;
}

/// Takes all of a service away for a while.
async fn go_and_come(stage: &mut Stage, load: &Load, service: &'static str, way: Way) {
    let hold = stage.pace().hold();
    let going = stage.remove_all(service);
    let count = going.len();
    match way {
        Way::Stopped => drop(join_all(going.into_iter().map(|member| member.leave())).await),
        _ => going
            .iter()
            .for_each(|member| member.process.signal("KILL")),
    }
    load.pass(hold).await;
    stage.grow(service, count).await;
}
