//! `demo`: the practice yard and the console on it.
//!
//! Deliberately absent: anything that would let the console tell the yard from the world, but its own header.

use super::arguments::{Common, DemoArgs};
use super::exit::{Exit, Failure};
use super::{Ended, console, variables};
use crate::config::{self, ClusterAt, Config, RepositoryAt};
use crate::model::Environment;
use leverframe_yard::{Options, Yard};
use std::path::Path;

/// The delivery that the yard is shaped after.
const DELIVERY: &str = "govuk";

pub(super) async fn run(args: &DemoArgs, common: &Common) -> Ended {
    let mut options = Options {
        scenario: args.scenario.parse().map_err(Failure::usage)?,
        ..Options::default()
    };
    if let Some(seed) = args.seed {
        options.seed = seed;
    }
    if let Some(speed) = args.speed {
        if !(speed.is_finite() && speed > 0.0) {
            return Err(
                Failure::usage("--speed is a number above 0; 1 is life's own pace.").into(),
            );
        }
        options.speed = speed;
    }
    play(options, common).await
}

/// Opens the yard, shows the console on it, and takes it down again.
pub(super) async fn play(options: Options, common: &Common) -> Ended {
    let yard = Yard::start(options).await.map_err(|error| {
        Failure::new(
            Exit::Failed,
            format!(
                "The practice yard could not be opened: {error}. It needs the loopback, a temporary directory and the git program."
            ),
        )
    })?;
    let config = configuration(&yard, common)?;
    let demo = console::Demo {
        scenario: options.scenario.name.to_owned(),
        notice: format!(
            "Second terminal: leverframe -c {}",
            super::shown(yard.config())
        ),
    };
    let ended = console::show(config, Some(demo)).await;
    drop(yard);
    ended
}

/// The yard as any other delivery is configured: a path, kubeconfig files, contexts.
fn configuration(yard: &Yard, common: &Common) -> Result<Config, Failure> {
    let checked = config::delivery_named(DELIVERY, Path::new("."), &variables)?;
    let mut config = config::base(&checked, &variables);
    config.repository = RepositoryAt::Path(yard.repository().path().to_owned());
    config.clusters = yard
        .access()
        .iter()
        .map(|access| {
            let at = ClusterAt {
                kubeconfig: access.kubeconfig.clone(),
                context: access.context.clone(),
                login: None,
            };
            (Environment::new(access.environment), at)
        })
        .collect();
    // What is tried here is nobody's record: it goes with the yard.
    config.journal = yard.folder().join("journal");
    config.keys = std::sync::Arc::new(config::usual_keys(&variables)?);
    config.practice = true;
    config.read_only = super::is_read_only(common, &variables);
    Ok(config)
}
