//! The network to one instance is cut.

use std::time::Duration;

use crate::{
    Failure, Report, Shape, Stage, Suite,
    cases::Case,
    stage::{Gate, Network},
};

pub(super) const CASE: Case = Case {
    name: "cut-network",
    about: "the network to one of three instances of rate cut (packets dropped, no reset), then healed",
    run: |suite| Box::pin(run(suite)),
};

const SERVICE: &str = "rate";

async fn run(suite: Suite) -> Result<Report, Failure> {
    if !suite.namespaces {
        return Ok(Report::passed_over("without network namespaces"));
    }
    let cut = suite
        .pace
        .pick(Duration::from_secs(6), Duration::from_secs(30));
    let network = Network::lay()?;
    let mut stage = Stage::start(&suite, Shape::default().with(SERVICE, 2)).await;
    let gate = Gate::at((network.here(), 0).into(), stage.registry.address()).await;
    let launch = stage
        .launch(SERVICE)
        .through(&network.enter())
        .set("CONSUL_HTTP_ADDR", &gate.address().to_string())
        .set("HOTELS_LISTEN", &format!("{}:0", network.inside()));
    stage.enlist(SERVICE, vec![launch]).await;
    let load = stage.load().await?;
    load.pass(suite.pace.before()).await;
    load.breaks();
    network.cut()?;
    load.pass(cut).await;
    network.heal()?;
    stage.until_all_pass().await;
    load.heals();
    load.pass(suite.pace.after()).await;
    let figures = load.stop().await;
    // Whoever lives inside goes before the network does.
    drop(stage);
    Ok(Report::nothing_lost(figures))
}
