//! Runs: what runs in flight will do when they pass, by their frozen parameters.

use super::below::{Comes, comes_untested};
use super::checks::Checks;
use super::fresh::freshness;
use super::subject::Subject;
use super::{CheckName, Lever, PlanId, Remedy, Verdict, Way, hops};
use crate::belongs::runs::{
    CLOCKS_DIFFER, delivering, deploys_into, in_flight, newest_first, promotes_into, smoke_app,
};
use crate::board::direction::compare_versions;
use crate::delivery::Delivery;
use crate::journal::Record;
use crate::model::{Environment, Order, Repository, Run, Version};
use crate::store::{Kind, Source};
use jiff::Timestamp;

fn is_true(run: &Run, key: &str) -> bool {
    run.parameter_or_label(key) == Some("true")
}

/// Where a run writes if it passes, and whether what it writes is promoted on from there.
pub(super) fn leads_to(delivery: &Delivery, run: &Run) -> Option<(Environment, bool)> {
    let runs = delivery.runs.as_ref()?;
    if smoke_app(runs, run).is_some() {
        return promotes_into(delivery, run).map(|next| (next.clone(), true));
    }
    let environment = Environment::new(deploys_into(runs, run)?);
    delivery.stage(&environment)?;
    Some((environment, is_true(run, &runs.promote_parameter)))
}

/// A run in flight that will write a version into an environment.
pub(super) struct InFlight<'a> {
    pub run: &'a Run,
    pub into: Environment,
    pub repository: Repository,
    pub version: Version,
}

/// Runs in flight of a repository whose version ends up in `environment`, directly or through open gates.
pub(super) fn into<'a>(
    subject: &Subject<'a>,
    environment: &Environment,
    repository: &Repository,
) -> Vec<InFlight<'a>> {
    let delivery = subject.delivery();
    let Some(runs) = &delivery.runs else {
        return Vec::new();
    };
    let mut found: Vec<InFlight<'a>> = in_flight(subject.store())
        .filter_map(|run| {
            Some(InFlight {
                run,
                into: leads_on_to(subject, environment, repository, run)?,
                repository: repository.clone(),
                version: run.version(&runs.version_label)?,
            })
        })
        .collect();
    // The run that began first stands first.
    found.sort_by(|a, b| newest_first(b.run, a.run));
    found
}

/// The environment that a run writes first, if the version goes on from there to `environment` through open gates.
fn leads_on_to(
    subject: &Subject<'_>,
    environment: &Environment,
    repository: &Repository,
    run: &Run,
) -> Option<Environment> {
    let delivery = subject.delivery();
    let label = &delivery.runs.as_ref()?.repository_label;
    (run.repository(label).as_ref() == Some(repository)).then_some(())?;
    let (first, promotes) = leads_to(delivery, run)?;
    let reaches = super::reach::along(subject, &first, repository, promotes);
    reaches.contains(environment).then_some(first)
}

/// Whether a run brings a version of one of the target's files into it, when it passes.
pub(super) fn leads_here(subject: &Subject<'_>, run: &Run) -> bool {
    let here = subject.environment();
    subject
        .repositories
        .iter()
        .any(|repository| leads_on_to(subject, here, repository, run).is_some())
}

/// The plan of the journal that made a run.
pub(super) fn made_by<'a>(subject: &Subject<'a>, run: &Run) -> Option<&'a Record> {
    let plan = run.made_by()?;
    subject.context.journal.get(&PlanId::new(plan))
}

/// `your own roll back (deploy-image-7f3a @ production)`; of a run that no plan of the journal made its name, and what it
/// says itself.
fn whose(subject: &Subject<'_>, run: &Run) -> String {
    let name = format!("{} @ {}", run.id.name, run.environment());
    let Some(record) = made_by(subject, run) else {
        return match (run.ordered_by(), run.reason()) {
            (Some(who), Some(why)) => format!("{name}, ordered by {who} ({why}),"),
            (Some(who), None) => format!("{name}, ordered by {who},"),
            (None, _) => name,
        };
    };
    let (who, lever) = (&record.plan.who, record.plan.request.lever.title());
    match who == subject.context.who {
        true => format!("your own {lever} ({name})"),
        false => format!("the {lever} by {} ({name})", who.login),
    }
}

/// The higher version that a run takes an environment back from, by what it was ordered to bring: the one that stands there,
/// or that stood there until the run wrote. None where the order is not known.
pub(super) fn takes_from<'a>(
    subject: &Subject<'a>,
    run: &Run,
    into: &Environment,
) -> Option<&'a Version> {
    let (store, delivery) = (subject.store(), subject.delivery());
    let runs = delivery.runs.as_ref()?;
    let file = run.repository(&runs.repository_label)?;
    let version = run.version(&runs.version_label)?;
    let stands = subject.declared(into, &file)?.version.as_ref()?;
    let from = match *stands == version {
        false => stands,
        true => {
            let moved = store.history.last_move(into, &file)?;
            let is_its = moved.to.as_ref() == Some(&version) && moved.at >= run.begun()?;
            moved.from.as_ref().filter(|_| is_its)?
        }
    };
    let order = compare_versions(store, delivery, &file, &version, from);
    (order == Order::Lower).then_some(from)
}

/// Whether a run is somebody's roll back: by the plan of the journal that made it, else by what it was ordered to bring. What
/// tests or promotes is none, whatever has come since. What repeats a plan's run is as much of one as that was.
fn is_roll_back(subject: &Subject<'_>, run: &Run, into: &Environment) -> bool {
    match made_by(subject, run) {
        Some(record) => record.plan.request.lever == Lever::RollBack,
        None => run.was_ordered() && led_back(subject, run, into) == Some(true),
    }
}

/// Whether a run brings a version lower than the one that stood when it began, and nothing further; none: not known.
fn led_back(subject: &Subject<'_>, run: &Run, into: &Environment) -> Option<bool> {
    let (store, delivery) = (subject.store(), subject.delivery());
    let runs = delivery.runs.as_ref()?;
    let file = run.repository(&runs.repository_label)?;
    let version = run.version(&runs.version_label)?;
    let begun = run.begun()?;
    let changes = store.history.changes_of(into, &file).iter();
    // What was committed in the moment when it began stood before, whatever the clocks say: a run takes longer to write.
    let is_since = |at: Timestamp| at.duration_since(begun) > CLOCKS_DIFFER;
    let mut since = changes.filter(|change| change.moves_version() && is_since(change.at));
    let stood = match since.next_back() {
        Some(first) => first.from.as_ref()?,
        None => subject.declared(into, &file)?.version.as_ref()?,
    };
    let is_lower = compare_versions(store, delivery, &file, &version, stood) == Order::Lower;
    let only_delivers = deploys_into(runs, run).is_some() && !is_true(run, &runs.promote_parameter);
    Some(is_lower && only_delivers)
}

/// Whether somebody else may have ordered a run: another one of the journal's people, or whoever writes another journal, since
/// one login (`root`, `ubuntu`) is of many people on many machines.
pub(super) fn is_of_another(subject: &Subject<'_>, run: &Run) -> bool {
    let Some(record) = made_by(subject, run) else {
        return run.ordered_by().is_some();
    };
    let (me, who) = (subject.context.who, &record.plan.who);
    who.login != me.login || (me.shared && who.from != me.from)
}

fn would_bring(subject: &Subject<'_>, flight: &InFlight<'_>) -> String {
    let version = subject.name_version(&flight.repository, &flight.version);
    // Each gate between is open, else the run would not lead here; but a hold closes the last one of them.
    let is_last = flight.into == *subject.environment() || subject.request.lever == Lever::Hold;
    let into = match is_last {
        true => flight.into.to_string(),
        false => format!(
            "{}, and from there on into {}",
            flight.into,
            subject.environment()
        ),
    };
    let whose = whose(subject, flight.run);
    let is_meant = made_by(subject, flight.run).is_some() || flight.run.ordered_by().is_some();
    match is_meant {
        true => {
            format!("{whose} still brings {version} into {into}: wait for it, or stop it first")
        }
        false => format!("{whose} would bring {version} into {into}: stop it first"),
    }
}

/// A run in flight that writes exactly a wanted version into a file by itself, whoever made it.
pub(super) struct Bringer {
    /// `deploy-image-7f3a @ production is bringing v3083 into production`.
    pub evidence: String,
    /// It takes so long that it may never write.
    pub is_late: bool,
}

pub(super) fn bringer(
    subject: &Subject<'_>,
    environment: &Environment,
    repository: &Repository,
    wanted: &Version,
) -> Option<Bringer> {
    let bringing = delivering(subject.store(), subject.delivery(), environment, repository);
    let (run, version) = bringing
        .into_iter()
        .find(|(_, version)| version == wanted)?;
    let late_s = hops::late_after(subject.delivery().usual.commit);
    let is_late = run
        .begun()
        .is_some_and(|begun| subject.context.now.duration_since(begun).as_secs() > late_s);
    let is_bringing = match is_late {
        true => "is late in bringing",
        false => "is bringing",
    };
    let (whose, version) = (whose(subject, run), version.short());
    Some(Bringer {
        evidence: format!("{whose} {is_bringing} {version} into {environment}"),
        is_late,
    })
}

/// The run in flight that brings a version into `environment` when it passes, in words. Where a run would write, the
/// version must not stand yet: it starts nothing there.
pub(super) fn name_bringer(
    subject: &Subject<'_>,
    environment: &Environment,
    repository: &Repository,
    version: &Version,
) -> Option<String> {
    let flight = into(subject, environment, repository)
        .into_iter()
        .find(|flight| {
            let file = subject.declared(&flight.into, repository);
            let there = file.and_then(|file| file.version.as_ref());
            flight.version == *version && there != Some(version)
        })?;
    Some(format!(
        "{} brings {} into {environment} when it passes",
        whose(subject, flight.run),
        version.short()
    ))
}

/// The row `overtaken`: runs that would undo or overtake what is about to happen in `environment` to files, each with the
/// version that is wanted of it.
pub(super) fn overtaken(
    subject: &Subject<'_>,
    environment: &Environment,
    files: &[(&Repository, Option<&Version>)],
    checks: &mut Checks,
) {
    if subject.delivery().runs.is_none() {
        return;
    }
    let remedy = Remedy::by("Stop the run first.", Way::Pull(Lever::Stop));
    // A hold is meant to keep what a roll back brings, and a gate is not on that one's way.
    let in_flight = files.iter().flat_map(|(repository, wanted)| {
        let leading = into(subject, environment, repository).into_iter();
        leading.filter(|f| Some(&f.version) != *wanted)
    });
    let (kept, others): (Vec<InFlight<'_>>, Vec<InFlight<'_>>) = in_flight.partition(|f| {
        subject.request.lever == Lever::Hold
            && f.into == *environment
            && is_roll_back(subject, f.run, &f.into)
    });
    let unread = unread(subject, &clusters(subject, environment));
    // A hold keeps out what has no run yet, and a promotion is of what stands below.
    let may_come = subject.request.lever == Lever::RollBack && unread.is_empty();
    let comes = files.iter().filter(|_| may_come);
    let comes = comes.flat_map(|(repository, wanted)| comes_untested(subject, repository, *wanted));
    let comes: Vec<Comes> = comes.collect();
    let is_certain = !others.is_empty() || comes.iter().any(|comes| comes.is_certain);
    let brought = others.iter().map(|f| would_bring(subject, f));
    let texts: Vec<String> = brought
        .chain(comes.into_iter().map(|comes| comes.text))
        .collect();
    if !texts.is_empty() {
        let remedy = match others.is_empty() {
            true => Remedy::by("Hold the gate with it.", Way::Pull(Lever::Hold)),
            false => remedy,
        };
        let verdict = match is_certain {
            true => Verdict::Failed,
            false => Verdict::Unknown,
        };
        checks.add(CheckName::Overtaken, verdict, texts.join("; "), remedy);
        return;
    }
    if unread.is_empty() {
        let kept: Vec<String> = kept
            .iter()
            .map(|f| {
                format!(
                    "; {} still brings {}, which the hold keeps",
                    whose(subject, f.run),
                    f.version.short()
                )
            })
            .collect();
        let no_run = match kept.is_empty() {
            true => "no run in flight leads here",
            false => "no other run in flight leads here",
        };
        checks.pass(CheckName::Overtaken, format!("{no_run}{}", kept.concat()));
    } else {
        let evidence = format!("runs in flight are not known: {}", unread.join("; "));
        checks.add(CheckName::Overtaken, Verdict::Unknown, evidence, remedy);
    }
}

/// Why the runs of clusters are not known, of each one whose runs were not read just now.
pub(super) fn unread<'e>(
    subject: &Subject<'_>,
    clusters: impl IntoIterator<Item = &'e Environment>,
) -> Vec<String> {
    let unread = clusters.into_iter().filter_map(|environment| {
        let source = Source::Cluster(environment.clone());
        let (verdict, evidence) = freshness(subject, &source, Some(Kind::Runs));
        (verdict != Verdict::Passed).then_some(evidence)
    });
    unread.collect()
}

/// Why it is not known which runs write into an environment, of each cluster whose runs were not read just now.
pub(super) fn unread_into(subject: &Subject<'_>, environment: &Environment) -> Vec<String> {
    let mut clusters = clusters(subject, environment);
    // Its own smoke runs are stopped from there, too.
    if !clusters.contains(environment) {
        clusters.push(environment.clone());
    }
    unread(subject, &clusters)
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
