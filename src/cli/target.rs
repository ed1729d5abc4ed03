//! `target`: everything about one app in one environment.

use super::arguments::{Common, Form, TargetArgs};
use super::exit::Failure;
use super::gather::{Want, gather};
use super::json::{SourceLine, TargetLine, moment};
use super::runs::RunLine;
use super::{Ended, print, required};
use crate::belongs;
use crate::board::gate;
use crate::board::status::{Status, status};
use crate::model::*;
use crate::store::Store;
use crate::text::Safe;
use jiff::Timestamp;
use serde::Serialize;

/// `target -o json`: the line of `status`, and what explains it.
#[derive(Serialize)]
struct TargetPage<'a> {
    delivery: &'a str,
    at: String,
    sources: Vec<SourceLine>,
    target: TargetLine<'a>,
    since: Option<String>,
    annotated: Option<&'a str>,
    parent_has_it: Option<bool>,
    because: &'a [String],
    /// The gate in words, and what comes through none.
    gate: Vec<String>,
    pods: Vec<PodLine<'a>>,
    runs: Vec<RunLine<'a>>,
}

#[derive(Serialize)]
struct PodLine<'a> {
    name: &'a str,
    phase: &'a str,
    ready: bool,
    containers: Vec<ContainerLine<'a>>,
}

#[derive(Serialize)]
struct ContainerLine<'a> {
    name: &'a str,
    image: &'a str,
    digest: Option<&'a str>,
    ready: bool,
    restarts: i64,
    waiting: Option<&'a str>,
}

pub(super) async fn run(args: &TargetArgs, common: &Common) -> Ended {
    let config = required(common)?;
    let environment = super::environment(&config, &args.environment)?;
    let target = Target {
        environment,
        app: App::new(&args.app),
    };
    let want = Want::target(&target, &config.delivery);
    let gathered = gather(&config, want, common).await?;
    let now = Timestamp::now();
    let Some(status) = status(&gathered.store, &config.delivery, &target, now) else {
        if gathered.store.tree.is_none() {
            return Ok(gathered.end());
        }
        return Err(no_such_app(&gathered.store, &target).into());
    };
    let pods = belongs::pods(&gathered.store, &config.delivery, &target);
    let runs = belongs::runs::of_target(&gathered.store, &config.delivery, &target);
    let page = TargetPage {
        delivery: &config.delivery.name,
        at: moment(now),
        sources: SourceLine::all(&gathered.store, now),
        target: TargetLine::new(&status),
        since: status.since.map(moment),
        annotated: status.annotated.as_ref().map(Version::as_str),
        parent_has_it: status.parent_has_it,
        because: &status.because,
        gate: gate::in_words(&gathered.store, &config.delivery, &status, ""),
        pods: pods.iter().map(|pod| PodLine::new(pod)).collect(),
        runs: super::runs::lines(&config.delivery, &gathered.journal, runs),
    };
    match common.output {
        Form::Json => print::json(&page)?,
        Form::Table => print::out(&page_in_words(&page, &status))?,
    }
    Ok(gathered.end())
}

/// That nothing has the name, or that it is a repository's, with the apps that ship from it.
pub(super) fn no_such_app(store: &Store, target: &Target) -> Failure {
    let Target { environment, app } = target;
    let repository = Repository::new(app.as_str());
    let apps = belongs::apps_of(store, environment, &repository);
    let apps: Vec<&str> = apps.map(|app| app.app.as_str()).collect();
    Failure::usage(match apps[..] {
        [] => format!(
            "No app and no file is called {app} in {environment}. `leverframe status` lists them all."
        ),
        _ => format!(
            "{app} is a repository in {environment} and no app. What ships from it there: {}.",
            apps.join(", ")
        ),
    })
}

impl<'a> PodLine<'a> {
    fn new(pod: &'a Pod) -> Self {
        Self {
            name: &pod.id.name,
            phase: &pod.phase,
            ready: pod.ready,
            containers: pod
                .containers
                .iter()
                .map(|c| ContainerLine {
                    name: &c.name,
                    image: &c.image,
                    digest: c.digest(),
                    ready: c.ready,
                    restarts: c.restarts,
                    waiting: c.waiting.as_deref(),
                })
                .collect(),
        }
    }
}

/// The same in words, a fact a line.
fn page_in_words(page: &TargetPage<'_>, status: &Status) -> String {
    let mut lines: Vec<(&str, String)> = Vec::new();
    let or_unknown = |text: Option<&str>| text.unwrap_or("not known").to_owned();
    lines.push(("target", status.target.to_string()));
    for image in &page.target.declared.images {
        let odd = image.odd.as_deref().map(|odd| format!("  odd: {odd}"));
        lines.push((
            "declared",
            format!(
                "{} {}{}",
                image.repository.unwrap_or("no file"),
                image.version.unwrap_or("no version"),
                odd.unwrap_or_default()
            ),
        ));
    }
    lines.push(("since", or_unknown(page.since.as_deref())));
    lines.extend(page.gate.iter().map(|gate| ("gate", gate.clone())));
    lines.push(("annotated", or_unknown(page.annotated)));
    lines.push((
        "parent",
        match page.parent_has_it {
            Some(true) => "has synced the file's last commit".to_owned(),
            Some(false) => "has not synced the file's last commit yet".to_owned(),
            None => "not known".to_owned(),
        },
    ));
    let live = &page.target;
    lines.push((
        "application",
        [live.sync, live.health, live.phase]
            .map(|word| word.unwrap_or("?"))
            .join(" "),
    ));
    match &live.live {
        Some(live) => {
            let versions: Vec<String> = live
                .versions
                .iter()
                .map(|(version, pods)| format!("{version} ({pods})"))
                .collect();
            lines.push((
                "running",
                format!(
                    "{}/{} pods ready: {}",
                    live.pods_ready,
                    live.pods,
                    versions.join(", ")
                ),
            ));
            lines.push(("digest", or_unknown(live.digest)));
        }
        None => lines.push(("running", "not known".to_owned())),
    }
    for pod in &page.pods {
        let why: Vec<&str> = pod.containers.iter().filter_map(|c| c.waiting).collect();
        let ready = if pod.ready { "ready" } else { "not ready" };
        lines.push((
            "pod",
            format!("{} {} {ready} {}", pod.name, pod.phase, why.join(" ")),
        ));
    }
    for run in &page.runs {
        lines.push(("run", run_in_words(run)));
    }
    for because in page.because {
        lines.push(("because", because.clone()));
    }
    lines
        .into_iter()
        .map(|(name, text)| format!("{name:<12} {}\n", Safe::line(text.trim_end())))
        .collect()
}

fn run_in_words(run: &RunLine<'_>) -> String {
    let version = run.version.unwrap_or_default();
    let stop = run.stop.as_ref().map(|stop| format!("; {stop}"));
    format!(
        "{} {} {version}{}",
        run.name,
        run.state,
        stop.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Journal;
    use crate::store::Fact;
    use crate::store::fixture::{delivery, smoke};

    #[test]
    fn a_run_that_somebody_stops_is_listed_as_that_and_its_phase_is_the_engines() {
        use crate::model::run::{STOP_ACTOR, STOP_REASON};
        let by_plan = [(STOP_ACTOR, "bob"), (STOP_REASON, "DB is down")];
        for (phase, shutdown, marks, words, stopped, by, why) in [
            (
                RunPhase::Failed,
                None,
                &[][..],
                "Failed v2",
                false,
                None,
                None,
            ),
            // By another console than ours: nobody is known.
            (
                RunPhase::Failed,
                Some("Stop"),
                &[],
                "Failed, stopped v2",
                true,
                None,
                None,
            ),
            (
                RunPhase::Failed,
                Some("Stop"),
                &by_plan,
                "Failed, stopped v2; stopped by bob: DB is down",
                true,
                Some("bob"),
                Some("DB is down"),
            ),
            (
                RunPhase::Running,
                Some("Stop"),
                &by_plan[..1],
                "Running, stopping v2; stopping, by bob",
                false,
                Some("bob"),
                None,
            ),
        ] {
            let Fact::Run(mut run) = smoke("staging", "publisher", "post-sync-a", "v2", phase)
            else {
                unreachable!()
            };
            run.shutdown = shutdown.map(Into::into);
            for (key, value) in marks {
                run.annotations.insert((*key).into(), (*value).into());
            }
            let (delivery, journal) = (delivery(), Journal::default());
            let lines = crate::cli::runs::lines(&delivery, &journal, vec![&run]);
            assert_eq!(run_in_words(&lines[0]), format!("post-sync-a {words}"));
            let page = serde_json::to_value(&lines[0]).unwrap();
            assert_eq!(page["phase"], run.phase.as_str());
            assert_eq!(page["stopped"], stopped);
            assert_eq!(page["stopped_by"], serde_json::json!(by));
            assert_eq!(page["stop_reason"], serde_json::json!(why));
        }
    }
}
