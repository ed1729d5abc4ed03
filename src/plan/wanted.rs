//! Wanted: the rows about a run that is repeated: whether its version is still wanted, nothing newer went by, its gates
//! are open, and how often it was tried.

use super::checks::Checks;
use super::fresh::freshness;
use super::resubmit::Repeated;
use super::subject::{Subject, list};
use super::{CheckName, Lever, Remedy, Verdict, Way, Weight, gates, mark};
use crate::belongs::runs as belongs;
use crate::board::direction::compare_versions;
use crate::model::{Nodes, Order, Repository, Run, Version};
use crate::store::Source;

/// From this attempt on a reason is wanted.
const WANTS_REASON: usize = 3;

pub(super) fn wanted(subject: &Subject<'_>, repeated: &Repeated<'_>, checks: &mut Checks) {
    let environment = subject.environment();
    let version = &repeated.version;
    let declared = subject
        .declared(environment, &repeated.repository)
        .and_then(|f| f.version.as_ref());
    let remedy = "Resubmit the newest run of the wanted version instead.";
    if let Some(evidence) = old(subject) {
        let evidence = format!("which version {environment} wants now is not known: {evidence}");
        checks.add(CheckName::Wanted, Verdict::Unknown, evidence, remedy);
        return;
    }
    let Some(declared) = declared else {
        let evidence = format!("which version {environment} wants is not known");
        checks.add(CheckName::Wanted, Verdict::Unknown, evidence, remedy);
        return;
    };
    let (verdict, evidence) = if declared == version {
        (
            Verdict::Passed,
            format!("{environment} still wants {version}"),
        )
    } else if repeated.smoke {
        (
            Verdict::Failed,
            format!("the run is of {version}, and {environment} wants {declared} by now"),
        )
    } else {
        // For a run that delivers: its version is not there yet, is not older than what is there, and was not taken
        // back.
        let stood = stood_before(subject, &repeated.repository, version);
        let store = subject.store();
        match compare_versions(
            store,
            subject.delivery(),
            &repeated.repository,
            version,
            declared,
        ) {
            Order::Higher if stood == Some(true) => (
                Verdict::Failed,
                format!(
                    "{version} stood in {environment} already, which was moved from it to {declared} since"
                ),
            ),
            Order::Higher if stood.is_none() => (
                Verdict::Unknown,
                format!(
                    "history is still being read: whether {version} was taken back from {environment} is not known"
                ),
            ),
            Order::Higher => (
                Verdict::Passed,
                format!("{environment} has {declared}, which is lower than {version}"),
            ),
            Order::Unknown => (
                Verdict::Unknown,
                format!("whether {version} is newer than {declared} in {environment} is not known"),
            ),
            _ => (
                Verdict::Failed,
                format!("{environment} has {declared}, and the run would bring {version}"),
            ),
        }
    };
    checks.add(CheckName::Wanted, verdict, evidence, remedy);
}

/// Whether a version stood here before: if it is higher than the one that stands now, it was taken back. None while the
/// walk has not reached the file's last change.
fn stood_before(subject: &Subject<'_>, repository: &Repository, version: &Version) -> Option<bool> {
    let history = &subject.store().history;
    let mut moves = history
        .changes_of(subject.environment(), repository)
        .iter()
        .filter(|c| c.moves_version())
        .peekable();
    let met = history.is_complete() || moves.peek().is_some();
    met.then(|| moves.any(|c| c.from.as_ref() == Some(version)))
}

pub(super) fn newer_in_next(subject: &Subject<'_>, repeated: &Repeated<'_>, checks: &mut Checks) {
    let promotes = !repeated.path.is_empty();
    // A run that promotes nothing overtakes nothing there.
    let weight = match CheckName::Next.weight(subject.request.lever) {
        Some(weight) if promotes => weight,
        _ => Weight::Shown,
    };
    let Some(next) = subject.delivery().next(subject.environment()) else {
        return;
    };
    let version = &repeated.version;
    let remedy = Remedy::by(
        "Leave it, or resubmit tests only.",
        Way::Pull(Lever::TestsOnly),
    );
    let file = subject.declared(&next.name, &repeated.repository);
    let unknown = match (&subject.store().tree, file) {
        (None, _) => Some("git was not read".to_owned()),
        (_, Some(file)) if file.version.is_none() => {
            Some("its file names none that can be read".to_owned())
        }
        _ => old(subject),
    };
    if let Some(evidence) = unknown {
        let evidence = format!("which version {} has is not known: {evidence}", next.name);
        checks.weigh(CheckName::Next, weight, Verdict::Unknown, evidence, remedy);
        return;
    }
    let Some(there) = file.and_then(|f| f.version.as_ref()) else {
        checks.pass(CheckName::Next, format!("{} has no file of it", next.name));
        return;
    };
    let store = subject.store();
    let order = compare_versions(
        store,
        subject.delivery(),
        &repeated.repository,
        there,
        version,
    );
    let verdict = match order {
        Order::Higher => Verdict::Failed,
        Order::Lower | Order::Same => Verdict::Passed,
        Order::Unknown => by_history(subject, &repeated.repository, there, version),
    };
    let evidence = match verdict {
        Verdict::Failed => format!("{} has the newer {there}", next.name),
        Verdict::Passed => format!("{} has {there}, not newer than {version}", next.name),
        _ => format!(
            "whether {there} in {} is newer than {version} is not known",
            next.name
        ),
    };
    checks.weigh(CheckName::Next, weight, verdict, evidence, remedy);
}

/// Why git may declare something else by now; none while git is fresh.
fn old(subject: &Subject<'_>) -> Option<String> {
    let (verdict, evidence) = freshness(subject, &Source::Git, None);
    (verdict != Verdict::Passed).then_some(evidence)
}

/// Where names have no order, arrival here decides: failed if `there` arrived after `version`.
fn by_history(
    subject: &Subject<'_>,
    repository: &Repository,
    there: &Version,
    version: &Version,
) -> Verdict {
    let changes = subject
        .store()
        .history
        .changes_of(subject.environment(), repository);
    let arrived = |v: &Version| {
        changes
            .iter()
            .position(|c| c.moves_version() && c.to.as_ref() == Some(v))
    };
    match (arrived(there), arrived(version)) {
        (Some(there), Some(ours)) if there > ours => Verdict::Passed,
        (Some(_), Some(_)) => Verdict::Failed,
        _ => Verdict::Unknown,
    }
}

pub(super) fn not_repeated(subject: &Subject<'_>, run: &Run, checks: &mut Checks) {
    let label = mark::label(&run.id.name);
    let again = label.and_then(|label| belongs::resubmission(subject.store(), run, &label));
    match again {
        Some(other) => checks.add(
            CheckName::Repeated,
            Verdict::Failed,
            format!(
                "it was resubmitted already as {}, which is {}",
                other.id.name,
                other.phase.as_str()
            ),
            "Look at that run.",
        ),
        None => checks.pass(CheckName::Repeated, "it was not resubmitted yet"),
    }
}

/// Every gate on its way must still be open: its parameters are frozen, and a run that delivers asks no gate itself.
pub(super) fn gate(subject: &Subject<'_>, repeated: &Repeated<'_>, checks: &mut Checks) {
    let hops = gates::hops(subject, &repeated.path);
    if repeated.path.is_empty() {
        checks.pass(CheckName::Gate, "nothing would be promoted by it");
        return;
    }
    if hops.is_empty() || subject.delivery().declared.gate.is_none() {
        checks.pass(CheckName::Gate, "no gate is on its way");
        return;
    }
    let remedy = if repeated.smoke {
        Remedy::by("Resubmit tests only.", Way::Pull(Lever::TestsOnly))
    } else {
        Remedy::by(
            "Promote it instead, which asks for a reason.",
            Way::Pull(Lever::Promote),
        )
    };
    let (mut open, mut closed, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
    for (from, to) in hops {
        let file = subject.declared(&from, &repeated.repository);
        let named = match file {
            Some(file) if file.gate => &mut open,
            Some(_) => &mut closed,
            None => &mut unknown,
        };
        named.push(format!("{from} -> {to}"));
    }
    let (verdict, evidence) = if let (true, Some(evidence)) = (closed.is_empty(), old(subject)) {
        (
            Verdict::Unknown,
            format!("whether the gates on its way are open now is not known: {evidence}"),
        )
    } else if !closed.is_empty() {
        (
            Verdict::Failed,
            format!(
                "the gate {} was closed since, and the run would still go through: its parameters are frozen",
                list(&closed)
            ),
        )
    } else if !unknown.is_empty() {
        (
            Verdict::Unknown,
            format!("whether the gate {} is open is not known", list(&unknown)),
        )
    } else {
        (Verdict::Passed, format!("the gate {} is open", list(&open)))
    };
    checks.add(CheckName::Gate, verdict, evidence, remedy);
}

pub(super) fn attempts(subject: &Subject<'_>, repeated: &Repeated<'_>, checks: &mut Checks) {
    let Repeated {
        run, runs, version, ..
    } = repeated;
    let alike: Vec<&Run> = subject
        .store()
        .cluster(run.environment())
        .into_iter()
        .flat_map(|cluster| cluster.runs.iter())
        .filter(|other| belongs::do_the_same(runs, run, other))
        .collect();
    // A run that passed (a later sync tests the same version again) or that was stopped does not count as a flaky try.
    let stopped = alike.iter().filter(|run| run.was_stopped()).count();
    let failed = alike.iter().filter(|run| run.has_failed()).count();
    // Those that are gone from the cluster were counted when they were resubmitted.
    let counted = (repeated.attempt as usize).saturating_sub(1 + stopped);
    let attempt = 1 + failed.max(counted);
    let (verdict, evidence) = if attempt >= WANTS_REASON {
        (
            Verdict::Failed,
            format!(
                "it would be attempt {attempt} of {version}: a flake rarely fails {} times",
                attempt - 1
            ),
        )
    } else {
        (Verdict::Passed, format!("attempt {attempt} of {version}"))
    };
    checks.add(CheckName::Attempts, verdict, evidence, "");
    if let Nodes::Unread(why) = &run.nodes {
        let evidence = format!("its steps cannot be read here: {why}");
        checks.add(CheckName::Steps, Verdict::Unknown, evidence, "");
    }
}
