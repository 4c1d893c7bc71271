//! Runs the cases, one after the other.

use std::{
    panic::resume_unwind,
    process::ExitCode,
    time::{Duration, Instant},
};

use tokio::runtime::Builder;

use crate::{
    Args, Failure, Pace, Report, Suite,
    cases::{self, Case},
    table,
};

/// A case that takes longer hangs.
const TOO_LONG: Duration = Duration::from_secs(600);

/// Runs what was asked for. Success is that every case has kept its rule.
pub(crate) fn run(args: &Args) -> ExitCode {
    if args.list {
        for case in cases::ALL {
            println!("{:26} {}", case.name, case.about);
        }
        return ExitCode::SUCCESS;
    }
    match run_cases(args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("chaos: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run_cases(args: &Args) -> Result<bool, Failure> {
    let cases = chosen(&args.cases)?;
    let pace = if args.long { Pace::Long } else { Pace::Short };
    let suite = Suite::new(pace, args.rate.get(), !args.without_netns);
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    let began = Instant::now();
    println!("{} requests a second\n\n{}", args.rate, table::head());
    let (mut failed, mut untried) = (Vec::new(), Vec::new());
    for case in &cases {
        let suite = suite.afresh();
        let report = runtime.block_on(one(case, &suite));
        println!("{}", table::lines(case.name, &report));
        if report.passed_over.is_some() {
            untried.push(case.name);
        }
        if !report.broken.is_empty() {
            let folder = suite.save(&args.logs, case.name)?;
            println!("    logs are in {}", folder.display());
            failed.push(case.name);
        }
    }
    let took = began.elapsed().as_secs();
    println!("\n{}, {took} s", end(cases.len(), &failed, &untried));
    Ok(failed.is_empty())
}

/// What the run has come to, in a line.
fn end(cases: usize, failed: &[&str], untried: &[&str]) -> String {
    let tried = cases - untried.len();
    let mut line = match failed {
        [] => format!("chaos: {tried} cases, nothing lost"),
        _ => format!(
            "chaos: {} of {tried} cases FAILED: {}",
            failed.len(),
            failed.join(", ")
        ),
    };
    if !untried.is_empty() {
        line.push_str(&format!("; NOT TRIED: {}", untried.join(", ")));
    }
    line
}

fn chosen(names: &[String]) -> Result<Vec<&'static Case>, Failure> {
    if names.is_empty() {
        return Ok(cases::ALL.iter().collect());
    }
    let wanted = |case: &&Case| {
        names
            .iter()
            .any(|name| case.name.starts_with(name.as_str()))
    };
    let chosen: Vec<_> = cases::ALL.iter().filter(wanted).collect();
    let nothing = format!("no case is called {}: see --list", names.join(" or "));
    (!chosen.is_empty()).then_some(chosen).ok_or(nothing.into())
}

/// Runs a case, whatever becomes of it.
async fn one(case: &Case, suite: &Suite) -> Report {
    let running = tokio::spawn((case.run)(suite.clone()));
    let stop = running.abort_handle();
    let ended = tokio::time::timeout(TOO_LONG, running).await;
    let mut report = match ended {
        Ok(Ok(Ok(report))) => report,
        Ok(Ok(Err(failure))) => fault(format!("it broke off: {failure}")),
        Ok(Err(panic)) => fault(format!("it broke off: {}", said(panic))),
        Err(_) => {
            stop.abort();
            fault(format!("it was not over after {TOO_LONG:?}"))
        }
    };
    report.broken.extend(suite.panics());
    report.broken.extend(suite.ends());
    report
}

fn fault(text: String) -> Report {
    Report::default().rule(false, || text)
}

/// What a panic said; the helpers that cases share with tests panic when something does not come to pass.
fn said(error: tokio::task::JoinError) -> String {
    let panic = match error.try_into_panic() {
        Ok(panic) => panic,
        Err(error) => return error.to_string(),
    };
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    text.unwrap_or_else(|| resume_unwind(panic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_tried_is_not_said_to_have_lost_nothing() {
        let all = end(3, &[], &[]);
        assert_eq!(all, "chaos: 3 cases, nothing lost");
        let two = end(3, &[], &["cut-network"]);
        assert_eq!(two, "chaos: 2 cases, nothing lost; NOT TRIED: cut-network");
        let one = end(3, &["hang"], &["cut-network"]);
        let expected = "chaos: 1 of 2 cases FAILED: hang; NOT TRIED: cut-network";
        assert_eq!(one, expected);
    }
}
