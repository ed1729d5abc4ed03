//! Promote: brings the version of the environment below into this one.
//!
//! Deliberately absent: building anything, and promoting onwards: what a person promotes stops where it was brought.

use super::checks::Checks;
use super::fresh::{freshness, is_fresh};
use super::good::Past;
use super::subject::{Draft, Subject};
use super::{
    CheckName, Lever, Plan, Refusal, Remedy, Request, Verdict, Way, Weight, arrivals, gates, reach,
    runs, version,
};
use crate::belongs;
use crate::board::direction::{self, compare_versions, highest_before};
use crate::model::live::image_name;
use crate::model::span::span;
use crate::model::{
    AppDeclared, Environment, Health, Order, Repository, RunPhase, Target, Version,
};
use crate::page::Page;
use crate::store::{Kind, Source};
use jiff::Timestamp;

pub(super) fn plan(subject: &Subject<'_>) -> Result<Plan, Refusal> {
    let environment = subject.environment();
    let Some(lower) = subject.delivery().lower(environment) else {
        return Err(subject.refusal(
            format!("{environment} is the first environment: nothing is below it to promote."),
            "",
        ));
    };
    let repository = subject.repository()?;
    let from = subject
        .declared(environment, &repository)
        .and_then(|file| file.version.clone());
    let Some(below) = subject.declared(&lower.name, &repository) else {
        return Err(subject.refusal(
            format!(
                "{} has no file {repository}, so it has no version to promote.",
                lower.name
            ),
            "",
        ));
    };
    let wanted = subject
        .request
        .version
        .clone()
        .or_else(|| lost(subject, &lower.name, &repository, from.as_ref()))
        .or_else(|| below.version.clone());
    let Some(to) = wanted else {
        return Err(subject.refusal(
            format!(
                "The file of {repository} in {} names no version.",
                lower.name
            ),
            "",
        ));
    };
    let mut checks = Checks::new(subject.request.lever);
    identity(
        subject,
        &lower.name,
        &repository,
        from.as_ref(),
        &to,
        &mut checks,
    );
    direction(subject, &repository, from.as_ref(), &to, &mut checks);
    version::check_release(subject, &to, &mut checks);
    Past::new(subject, environment, &repository).check(&to, &mut checks);
    below_is_well(subject, &lower.name, &repository, &to, &mut checks);
    checks.not_checked(CheckName::Image, "no registry is connected");
    runs::overtaken(
        subject,
        environment,
        &[(&repository, Some(&to))],
        &mut checks,
    );
    checks.not_checked(
        CheckName::Migrations,
        "migrations between the versions are not read",
    );
    gates::parent(subject, environment, &mut checks);
    gates::held_into(subject, &repository, &mut checks);
    let written = version::write(subject, &repository, &to, false)?;
    let mut because = reach::sentences(subject, &written.path, &to);
    if written.path.len() == 1 && subject.delivery().declared.promote.is_some() {
        because = vec![format!(
            "promotion is not asked for: it stops in {environment}"
        )];
    }
    let reach = arrivals::of_version(subject, &repository, Some(&to), &written.path, because);
    gates::hours(subject, &reach, &mut checks);
    let evidence = format!(
        "{}{}",
        stands_below(subject, &lower.name, &repository, &to),
        subject.moves_with(environment, &repository)
    );
    subject.conclude(Draft {
        request: Request {
            repository: Some(repository),
            ..subject.request.clone()
        },
        from,
        to: Some(to),
        evidence,
        reach,
        checks,
        write: written.write,
        hops: written.hops,
        debt: None,
        warning: written.warning.map(str::to_owned),
        next: None,
        choices: Vec::new(),
        rests_on: vec![(Source::Git, None)],
    })
}

fn identity(
    subject: &Subject<'_>,
    lower: &Environment,
    repository: &Repository,
    from: Option<&Version>,
    to: &Version,
    checks: &mut Checks,
) {
    let environment = subject.environment();
    if from == Some(to) {
        checks.add(
            CheckName::Identity,
            Verdict::Failed,
            format!("{environment} has {to} already"),
            "",
        );
    } else if from.is_none() {
        checks.add(
            CheckName::Identity,
            Verdict::Unknown,
            format!("the file of {repository} in {environment} names no version that can be read"),
            Remedy::by(
                "Mend the file by a pull request; look at the target first.",
                Way::Open(Page::Target),
            ),
        );
    } else if !stood_below(subject, lower, repository, to) {
        checks.add(
            CheckName::Identity,
            Verdict::Failed,
            format!("{to} never stood in {lower}, as far as history was read"),
            "Promote what stands there.",
        );
    } else {
        checks.pass(
            CheckName::Identity,
            format!("{repository} in {environment}"),
        );
    }
}

/// The version that was lost here by accident, if the environment below has had it. Bringing it back repairs the
/// accident and brings nothing new.
fn lost(
    subject: &Subject<'_>,
    lower: &Environment,
    repository: &Repository,
    from: Option<&Version>,
) -> Option<Version> {
    let (store, delivery) = (subject.store(), subject.delivery());
    let (lost, _) = direction::lost(store, delivery, subject.environment(), repository, from?)?;
    stood_below(subject, lower, repository, lost).then(|| lost.clone())
}

fn stood_below(
    subject: &Subject<'_>,
    lower: &Environment,
    repository: &Repository,
    version: &Version,
) -> bool {
    let stands = subject.declared(lower, repository);
    stands.and_then(|f| f.version.as_ref()) == Some(version)
        || subject.store().history.has_had(lower, repository, version)
}

/// Whether a version stands in the environment below and for how long, or until when it did.
fn stands_below(
    subject: &Subject<'_>,
    lower: &Environment,
    repository: &Repository,
    version: &Version,
) -> String {
    let history = &subject.store().history;
    let passed = |since: Timestamp| span(subject.context.now.duration_since(since).as_secs());
    let declared = subject.declared(lower, repository);
    if declared.and_then(|file| file.version.as_ref()) == Some(version) {
        return match history.stands_since(lower, repository, Some(version)) {
            Some(since) => format!("stands in {lower}, for {}", passed(since)),
            None => format!("stands in {lower}"),
        };
    }
    let stands = history.stands(lower, repository);
    let last = stands.iter().find(|stand| stand.version == version);
    match last.and_then(|stand| stand.left) {
        Some(left) => format!("stood in {lower} until {} ago", passed(left.at)),
        None => format!("does not stand in {lower} now"),
    }
}

/// Never lower than the target already had; where the order is unknown a reason is wanted.
fn direction(
    subject: &Subject<'_>,
    repository: &Repository,
    from: Option<&Version>,
    to: &Version,
    checks: &mut Checks,
) {
    let (store, delivery) = (subject.store(), subject.delivery());
    let compared = |had| compare_versions(store, delivery, repository, to, had);
    let highest = highest_before(store, delivery, subject.environment(), repository);
    let lower_than = [from, highest]
        .into_iter()
        .flatten()
        .find(|had| compared(had) == Order::Lower);
    if let Some(had) = lower_than {
        checks.add(
            CheckName::Direction,
            Verdict::Failed,
            format!(
                "{to} is lower than {had}, which {} already had",
                subject.environment()
            ),
            Remedy::by(
                "To go back on purpose use roll back.",
                Way::Pull(Lever::RollBack),
            ),
        );
        return;
    }
    let unknown = match from {
        Some(from) if compared(from) == Order::Unknown => Some(format!(
            "the order of {} and {} is not known from their names",
            from.short(),
            to.short()
        )),
        _ if !store.history.is_complete() => Some(
            "history is still being read: whether it had a higher version is not known".to_owned(),
        ),
        _ => None,
    };
    match unknown {
        Some(evidence) => checks.weigh(
            CheckName::Direction,
            Weight::Reason,
            Verdict::Unknown,
            evidence,
            "",
        ),
        None => checks.pass(
            CheckName::Direction,
            format!("{to} is higher than anything it had"),
        ),
    }
}

/// The version runs healthy below, and its smoke run Succeeded there for this version.
fn below_is_well(
    subject: &Subject<'_>,
    lower: &Environment,
    repository: &Repository,
    to: &Version,
    checks: &mut Checks,
) {
    let (verdict, evidence) = health_below(subject, lower, repository, to);
    checks.add(
        CheckName::Smoke,
        verdict,
        evidence,
        "Look at its run below first.",
    );
}

fn health_below(
    subject: &Subject<'_>,
    lower: &Environment,
    repository: &Repository,
    to: &Version,
) -> (Verdict, String) {
    let delivery = subject.delivery();
    if subject.store().cluster(lower).is_none() {
        return (
            Verdict::Unknown,
            format!(
                "the cluster of {lower} is not configured: whether {to} is well there is not known"
            ),
        );
    };
    let source = Source::Cluster(lower.clone());
    let runs = delivery.runs.as_ref();
    for kind in [Kind::Applications]
        .into_iter()
        .chain(runs.map(|_| Kind::Runs))
    {
        let (verdict, evidence) = freshness(subject, &source, Some(kind));
        if verdict != Verdict::Passed {
            return (
                Verdict::Unknown,
                format!("whether {to} is well in {lower} is not known: {evidence}"),
            );
        }
    }
    let apps = subject.siblings(lower, repository);
    if apps.is_empty() {
        return (
            Verdict::Unknown,
            format!("no app in {lower} ships from {repository}"),
        );
    }
    let mut unknown: Vec<String> = Vec::new();
    let mut smoked = Vec::new();
    for app in apps {
        let name = &app.app;
        let target = Target {
            environment: lower.clone(),
            app: name.clone(),
        };
        match rendered_well(subject, app, lower, to) {
            (Verdict::Failed, evidence) => return (Verdict::Failed, evidence),
            (Verdict::Passed, _) => {}
            (_, evidence) => unknown.push(evidence),
        }
        if is_fresh(subject, &target, Kind::Pods)
            && let Some(other) = serves_another(subject, &target, repository, to)
        {
            return (
                Verdict::Failed,
                format!("a ready pod of {name} in {lower} runs {other}, not {to}"),
            );
        }
        let Some(runs) = delivery.runs.as_ref().filter(|_| app.smoke) else {
            continue;
        };
        let newest_first = belongs::runs::smoke(subject.store(), delivery, &target);
        let speaks = belongs::runs::speaks_for(runs, &newest_first, to);
        match speaks.map(|run| (run, &run.phase)) {
            Some((_, RunPhase::Succeeded)) => smoked.push(name.as_str()),
            Some((run, _)) if run.was_stopped() => unknown.push(format!(
                "the smoke run {} of {name} in {lower} was stopped",
                run.id.name
            )),
            Some((run, phase)) => {
                return (
                    Verdict::Failed,
                    format!(
                        "the smoke run {} of {name} in {lower} is {}",
                        run.id.name,
                        phase.as_str()
                    ),
                );
            }
            None => unknown.push(format!("no smoke run of {name} {to} is left in {lower}")),
        }
    }
    if unknown.is_empty() {
        let smoke = if smoked.is_empty() {
            "no smoke run follows there".to_owned()
        } else {
            format!("smoke passed: {}", smoked.join(", "))
        };
        (
            Verdict::Passed,
            format!("{to} is Healthy in {lower}; {smoke}"),
        )
    } else {
        (Verdict::Unknown, unknown.join("; "))
    }
}

/// Whether the Application of an app is Healthy and has rendered the version.
fn rendered_well(
    subject: &Subject<'_>,
    app: &AppDeclared,
    lower: &Environment,
    to: &Version,
) -> (Verdict, String) {
    let delivery = subject.delivery();
    let name = &app.app;
    let live = belongs::application(subject.store(), delivery, lower, name.as_str());
    let Some(live) = live else {
        let evidence = format!("the Application {name} in {lower} was not read");
        return (Verdict::Unknown, evidence);
    };
    if live.health != Health::Healthy {
        let evidence = format!("{name} in {lower} is {}", live.health.as_str());
        return (Verdict::Failed, evidence);
    }
    let argo_cd = delivery.argo_cd.as_ref();
    let annotation = argo_cd.and_then(|a| a.version_annotation.as_ref());
    let rendered = annotation
        .and_then(|key| live.annotations.get(key))
        .filter(|version| !version.is_empty());
    match rendered {
        Some(rendered) if **rendered != *to.as_str() => (
            Verdict::Failed,
            format!("{name} in {lower} has rendered {rendered}, not {to}"),
        ),
        None if annotation.is_some() && app.repositories.len() == 1 => (
            Verdict::Unknown,
            format!("the Application {name} in {lower} does not say which version it has rendered"),
        ),
        _ => (Verdict::Passed, String::new()),
    }
}

/// A version of the repository's image, other than `to`, that a ready pod of the app runs: pods can be healthy on an
/// older version than the rendered one.
fn serves_another(
    subject: &Subject<'_>,
    target: &Target,
    repository: &Repository,
    to: &Version,
) -> Option<Version> {
    let pods = belongs::pods(subject.store(), subject.delivery(), target);
    let others = pods
        .into_iter()
        .filter(|pod| pod.ready && !pod.deleting && pod.job.is_none())
        .flat_map(|pod| &pod.containers)
        .filter(|container| image_name(&container.image) == repository.as_str())
        .filter_map(|container| container.tag())
        .filter(|tag| *tag != to.as_str());
    others.min().map(Version::new)
}
