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
    let mut failed = Vec::new();
    for case in &cases {
        let suite = suite.afresh();
        let report = runtime.block_on(one(case, &suite));
        println!("{}", table::lines(case.name, &report));
        if !report.broken.is_empty() {
            let folder = suite.save(&args.logs, case.name)?;
            println!("    logs are in {}", folder.display());
            failed.push(case.name);
        }
    }
    let (count, took) = (cases.len(), began.elapsed().as_secs());
    match failed[..] {
        [] => println!("\nchaos: {count} cases, nothing lost, {took} s"),
        _ => println!(
            "\nchaos: {} of {count} cases FAILED: {}, {took} s",
            failed.len(),
            failed.join(", ")
        ),
    }
    Ok(failed.is_empty())
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
