//! Runs: which ones are in flight for a repository, and what their frozen parameters will do when they pass.
//!
//! Deliberately absent: resubmitting them.

use super::checks::{Checks, freshness};
use super::subject::Subject;
use super::{CheckName, Lever, Remedy, Verdict, Way};
use crate::delivery::{Delivery, Runs};
use crate::model::{Environment, ObjectId, Repository, Run, Version};
use crate::store::{Kind, Source, Store};

/// A parameter as it was frozen into a run; the label of that name where the parameter cannot be seen.
pub(super) fn frozen<'r>(run: &'r Run, key: &str) -> Option<&'r str> {
    run.parameters
        .get(key)
        .or_else(|| run.labels.get(key))
        .map(|v| &**v)
        .filter(|v| !v.is_empty())
}

fn is_true(run: &Run, key: &str) -> bool {
    frozen(run, key) == Some("true")
}

pub(super) fn is_smoke(runs: &Runs, run: &Run) -> bool {
    run.id.namespace == runs.namespace && run.template.as_deref() == Some(&*runs.smoke)
}

pub(super) fn is_deploy(runs: &Runs, run: &Run) -> bool {
    run.id.namespace == runs.namespace
        && runs
            .deploy
            .as_ref()
            .is_some_and(|d| run.template.as_deref() == Some(&*d.template))
}

/// The run of a name that somebody typed for a target in `environment`: looked for there first, then where deliveries run,
/// then in the other clusters, since what leads to a target may run below it. Whether it is the target's is the plan's to say.
pub fn named(
    store: &Store,
    delivery: &Delivery,
    environment: &Environment,
    name: &str,
) -> Option<ObjectId> {
    let runs = delivery.runs.as_ref()?;
    let deploys = runs.deploy.as_ref().map(|d| &d.environment);
    let others = delivery.environments.iter().map(|stage| &stage.name);
    std::iter::once(environment)
        .chain(deploys)
        .chain(others)
        .filter_map(|environment| store.cluster(environment))
        .find_map(|cluster| cluster.runs.get(&runs.namespace, name))
        .map(|run| run.id.clone())
}

/// Where a run writes if it passes, and whether what it writes is promoted on from there.
pub(super) fn leads_to(delivery: &Delivery, run: &Run) -> Option<(Environment, bool)> {
    let runs = delivery.runs.as_ref()?;
    if is_smoke(runs, run) {
        let app = frozen(run, &runs.app_label)?;
        let next = delivery.next(run.environment())?;
        let open = is_true(run, &runs.promote_parameter) && is_true(run, &runs.gate_parameter);
        return (open && !delivery.is_twin(app)).then(|| (next.name.clone(), true));
    }
    if is_deploy(runs, run) {
        let deploy = runs.deploy.as_ref()?;
        let environment = Environment::new(frozen(run, &deploy.environment_label)?);
        delivery.stage(&environment)?;
        return Some((environment, is_true(run, &runs.promote_parameter)));
    }
    None
}

/// A run in flight that will write a version into an environment.
pub(super) struct InFlight<'a> {
    pub run: &'a Run,
    pub into: Environment,
    pub version: Version,
}

/// Runs in flight of a repository that end up writing into `environment`, directly or along open gates.
pub(super) fn into<'a>(
    subject: &Subject<'a>,
    environment: &Environment,
    repository: &Repository,
) -> Vec<InFlight<'a>> {
    let delivery = subject.delivery();
    let Some(runs) = &delivery.runs else {
        return Vec::new();
    };
    let mut found: Vec<InFlight<'a>> = subject
        .store()
        .clusters
        .values()
        .flat_map(|cluster| cluster.runs.iter())
        .filter(|run| !run.phase.is_over() && run.shutdown.is_none())
        .filter_map(|run| {
            Some(InFlight {
                run,
                into: leads_on_to(subject, environment, repository, run)?,
                version: Version::new(frozen(run, &runs.version_label)?),
            })
        })
        .collect();
    found.sort_by_key(|found| found.run.begun());
    found
}

/// Where a run writes a version of the repository first, if that goes on to `environment` along open gates.
fn leads_on_to(
    subject: &Subject<'_>,
    environment: &Environment,
    repository: &Repository,
    run: &Run,
) -> Option<Environment> {
    let delivery = subject.delivery();
    let label = &delivery.runs.as_ref()?.repository_label;
    (frozen(run, label) == Some(repository.as_str())).then_some(())?;
    let (first, promotes) = leads_to(delivery, run)?;
    let reaches = super::reach::along(subject, &first, repository, promotes);
    reaches.contains(environment).then_some(first)
}

/// Whether a run is the target's own: a smoke run of the app, or a run that writes a file of it there.
pub(super) fn is_of_target(subject: &Subject<'_>, runs: &Runs, run: &Run) -> bool {
    if is_smoke(runs, run) {
        return run.environment() == subject.environment()
            && frozen(run, &runs.app_label) == Some(subject.request.target.app.as_str());
    }
    let writes = runs
        .deploy
        .as_ref()
        .and_then(|d| frozen(run, &d.environment_label));
    is_deploy(runs, run)
        && writes == Some(subject.environment().as_str())
        && frozen(run, &runs.repository_label)
            .is_some_and(|r| subject.repositories.iter().any(|ours| ours.as_str() == r))
}

/// Whether a run brings a version of one of the target's files into it, when it passes.
pub(super) fn leads_here(subject: &Subject<'_>, run: &Run) -> bool {
    let here = subject.environment();
    subject
        .repositories
        .iter()
        .any(|repository| leads_on_to(subject, here, repository, run).is_some())
}

/// The row `overtaken`: runs that would undo or overtake what is about to happen in `environment`.
pub(super) fn overtaken(
    subject: &Subject<'_>,
    environment: &Environment,
    repository: &Repository,
    wanted: Option<&Version>,
    checks: &mut Checks,
) {
    if subject.delivery().runs.is_none() {
        return;
    }
    let remedy = Remedy::by("Stop the run first.", Way::Pull(Lever::Stop));
    let others: Vec<InFlight<'_>> = into(subject, environment, repository)
        .into_iter()
        .filter(|f| Some(&f.version) != wanted)
        .collect();
    if !others.is_empty() {
        let texts: Vec<String> = others
            .iter()
            .map(|f| {
                format!(
                    "{} @ {} would bring {} into {}: stop it first",
                    f.run.id.name,
                    f.run.environment(),
                    f.version.short(),
                    f.into
                )
            })
            .collect();
        checks.add(
            CheckName::Overtaken,
            Verdict::Failed,
            texts.join("; "),
            remedy,
        );
        return;
    }
    let unread: Vec<String> = clusters(subject, environment)
        .into_iter()
        .filter_map(|environment| {
            let source = Source::Cluster(environment);
            let (verdict, evidence) = freshness(subject, &source, Some(Kind::Runs));
            (verdict != Verdict::Passed).then_some(evidence)
        })
        .collect();
    if unread.is_empty() {
        checks.pass(CheckName::Overtaken, "no run in flight leads here");
    } else {
        let evidence = format!("runs in flight are not known: {}", unread.join("; "));
        checks.add(CheckName::Overtaken, Verdict::Unknown, evidence, remedy);
    }
}

/// The clusters whose runs can write into an environment, directly or by a chain of promotions.
fn clusters(subject: &Subject<'_>, environment: &Environment) -> Vec<Environment> {
    let delivery = subject.delivery();
    let mut clusters: Vec<Environment> = delivery
        .environments
        .iter()
        .map(|stage| stage.name.clone())
        .take_while(|name| name != environment)
        .collect();
    let deploy = delivery.runs.as_ref().and_then(|r| r.deploy.as_ref());
    if let Some(deploy) = deploy
        && !clusters.contains(&deploy.environment)
    {
        clusters.push(deploy.environment.clone());
    }
    clusters
}
