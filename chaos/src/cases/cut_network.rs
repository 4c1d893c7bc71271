//! The network to one instance is cut.

use std::time::Duration;

use crate::{
    Failure, Load, Report, Right, Shape, Stage, Suite,
    cases::Case,
    stage::{Gate, Network},
};

pub(super) const LEAVES: Case = Case {
    name: "cut-network",
    about: "the network to one of three cut (packets dropped, no reset), then healed: of rate (in long of geo, profile too)",
    run: |suite| Box::pin(leaves(suite)),
};

pub(super) const SEARCH: Case = Case {
    name: "cut-network-search",
    about: "the same with search, which cannot reach those that it calls either",
    run: |suite| Box::pin(search(suite)),
};

/// How long an instance of search that is called again may itself have nobody to call.
const FINDS: Duration = Duration::from_secs(4);

/// How many answers may lack something for that.
const BACK: usize = 20;

/// An instance with a network of its own.
#[derive(Debug)]
struct Remote {
    service: &'static str,
    network: Network,
    /// Its way to the registry goes with the network.
    _gate: Gate,
}

async fn leaves(suite: Suite) -> Result<Report, Failure> {
    let services: &[_] = suite.pace.pick(&["rate"], &["geo", "rate", "profile"]);
    let two = |shape: Shape, service: &&'static str| shape.with(service, 2);
    let shape = services.iter().fold(Shape::default(), two);
    if !suite.namespaces {
        return Ok(Report::without_namespaces());
    }
    let networks = (0..services.len()).map(Network::lay);
    let networks = networks.collect::<Result<Vec<_>, _>>()?;
    let mut stage = Stage::start(&suite, shape).await;
    let mut remotes = Vec::new();
    for (service, network) in services.iter().zip(networks) {
        remotes.push(Remote::join(&mut stage, service, network).await);
    }
    let (_, report) = cut_each(&suite, stage, &remotes, Right::Whole).await?;
    Ok(report)
}

async fn search(suite: Suite) -> Result<Report, Failure> {
    if !suite.namespaces {
        return Ok(Report::without_namespaces());
    }
    let network = Network::lay(0)?;
    // Whom search calls has to be where its network leads to.
    let listen = format!("{}:0", network.here());
    let near = |shape: Shape, service| shape.setting(service, "HOTELS_LISTEN", &listen);
    let shape = ["geo", "rate"].into_iter().fold(Shape::default(), near);
    let mut stage = Stage::start(&suite, shape.with("search", 2)).await;
    let remote = Remote::join(&mut stage, "search", network).await;
    let (lesser, report) = cut_each(&suite, stage, &[remote], Right::WithoutPrices).await?;
    Ok(report.rule(lesser <= BACK, || {
        format!("{lesser} answers had no prices after the cut")
    }))
}

impl Remote {
    /// Starts a further instance of a service inside this network.
    async fn join(stage: &mut Stage, service: &'static str, network: Network) -> Self {
        let gate = Gate::at((network.here(), 0).into(), stage.registry.address()).await;
        let launch = stage
            .launch(service)
            .through(&network.enter())
            .set("CONSUL_HTTP_ADDR", &gate.address().to_string())
            .set("HOTELS_LISTEN", &format!("{}:0", network.inside()));
        stage.enlist(service, vec![launch]).await;
        Self {
            service,
            network,
            _gate: gate,
        }
    }

    async fn cut(&self, load: &Load, time: Duration, healing: Right) -> Result<(), Failure> {
        load.breaks();
        self.network.cut()?;
        load.pass(time).await;
        load.allow(healing);
        self.network.heal()
    }
}

/// Cuts and heals one after the other; how many had less than a whole answer, which is right for a moment after each.
async fn cut_each(
    suite: &Suite,
    stage: Stage,
    remotes: &[Remote],
    healing: Right,
) -> Result<(usize, Report), Failure> {
    let cut = suite
        .pace
        .pick(Duration::from_secs(6), Duration::from_secs(30));
    let load = stage.load().await?;
    load.pass(suite.pace.before()).await;
    for remote in remotes {
        remote.cut(&load, cut, healing).await?;
        stage.until_all_pass().await;
        load.heals();
        load.pass(FINDS).await;
        load.allow(Right::Whole);
        load.pass(suite.pace.after()).await;
    }
    // It was the last one to start.
    let last =
        |remote: &Remote| stage.share(remote.service, stage.members[remote.service].len() - 1);
    let again = load
        .again(&remotes.iter().map(last).collect::<Vec<_>>())
        .await;
    let figures = load.stop().await;
    // Whoever lives inside goes before the network does.
    drop(stage);
    let lesser = figures.lesser.len();
    Ok((lesser, Report::nothing_lost(figures).again(&again)))
}
