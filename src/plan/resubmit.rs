//! Resubmit: runs a failed run again, as Argo Workflows' own resubmit forms it, but under a name that can be made only once.
//!
//! Parameters stay frozen as they were; `tests only` alone sets the gate parameter to false. Deliberately absent: the
//! memoized form, and retrying, which deletes the evidence.

use super::checks::Checks;
use super::subject::{Draft, Subject};
use super::{
    Lever, Origin, Plan, Refusal, Request, Verdict, Weight, Write, copy, gates, hops,
    is_resubmittable, mark, reach, runs,
};
use crate::delivery::Runs;
use crate::model::span::span;
use crate::model::{Environment, Nodes, Order, Repository, Run, Version};
use crate::store::{Kind, Source};

/// From this attempt on a reason is wanted.
const WANTS_REASON: usize = 3;

/// A run with what its frozen parameters say.
pub(super) struct Repeated<'a> {
    pub run: &'a Run,
    pub runs: &'a Runs,
    repository: Repository,
    version: Version,
    /// It tests what was delivered; else it delivers.
    smoke: bool,
    pub attempt: u32,
    /// Where the version goes by itself if the new run passes.
    path: Vec<Environment>,
}

pub(super) fn plan(subject: &Subject<'_>) -> Result<Plan, Refusal> {
    let repeated = find(subject)?;
    let Repeated {
        run, runs, version, ..
    } = &repeated;
    let tests_only = subject.request.lever == Lever::TestsOnly;
    let mut checks = Checks::new();
    checks.pass(
        "identity",
        Weight::Refuses,
        format!("{} is of {}", run.id, subject.request.target),
    );
    wanted(subject, &repeated, &mut checks);
    newer_in_next(subject, &repeated, &mut checks);
    not_repeated(subject, run, &mut checks);
    if !tests_only {
        gate(subject, &repeated, &mut checks);
        gates::held_after(subject, &repeated.path, &repeated.repository, &mut checks);
    }
    attempts(subject, &repeated, &mut checks);
    checks.not_checked(
        "elsewhere",
        Weight::Reason,
        "names of failing tests are not read",
    );
    let because = reach::sentences(subject, &repeated.path, version);
    let reach = reach::of(subject, &repeated.path, because);
    gates::hours(subject, &reach, &mut checks);
    let suffix = format!("r{}-{}", repeated.attempt, mark::digest(&run.id.uid));
    let base = copy::generate_name(run);
    let name = mark::name(&base, &suffix);
    let object = copy::formulate(subject, &repeated, &name, &base, tests_only)?;
    let mut following = vec![
        hops::created(run.environment(), &name),
        hops::run_over(
            run.environment(),
            &name,
            Some("Succeeded"),
            subject.delivery().usual.smoke,
        ),
    ];
    following.extend(hops::along(
        subject,
        &repeated.path,
        &repeated.repository,
        version,
        subject.delivery().usual.promotion,
        "the promoting step, and the deploy run behind it",
    ));
    let age = run
        .finished
        .map(|at| {
            format!(
                " {} ago",
                span(subject.context.now.duration_since(at).as_secs())
            )
        })
        .unwrap_or_default();
    let goes = match repeated.path.first() {
        Some(first) => format!(
            "passing brings {} into {first}, which has {}",
            version.short(),
            subject
                .declared(first, &repeated.repository)
                .and_then(|f| f.version.as_ref())
                .map_or("no version", Version::short)
        ),
        None => "passing promotes nothing".to_owned(),
    };
    let evidence = format!(
        "{} {}{age}; attempt {}; {goes}",
        run.id.name,
        run.phase.as_str(),
        repeated.attempt
    );
    subject.conclude(Draft {
        request: Request {
            repository: Some(repeated.repository.clone()),
            run: Some(run.id.clone()),
            ..subject.request.clone()
        },
        from: Some(version.clone()),
        to: Some(version.clone()),
        evidence,
        reach,
        checks,
        write: Write::Create {
            environment: run.environment().clone(),
            namespace: runs.namespace.clone(),
            plural: "workflows".into(),
            name: name.into(),
            object,
            origin: Some(Origin {
                id: run.id.clone(),
                attempt: repeated.attempt,
                phase: run.phase.as_str().to_owned(),
            }),
        },
        hops: following,
        debt: None,
        warning: None,
        next: None,
        rests_on: vec![(Source::Cluster(run.environment().clone()), Some(Kind::Runs))],
    })
}

/// The run that is meant: the one that the request names by its uid, else the newest smoke run of the target.
fn find<'a>(subject: &Subject<'a>) -> Result<Repeated<'a>, Refusal> {
    let delivery = subject.delivery();
    let app = &subject.request.target.app;
    let Some(runs) = &delivery.runs else {
        return Err(subject.refusal("The delivery has no runs.", ""));
    };
    let run = match &subject.request.run {
        Some(id) => subject
            .store()
            .cluster(&id.environment)
            .and_then(|cluster| cluster.runs.get(&id.namespace, &id.name))
            .filter(|run| run.id.uid == id.uid)
            .ok_or_else(|| {
                subject.refusal(
                    format!("The run {} is not there any more.", id.name),
                    "Choose another one.",
                )
            })?,
        None => subject
            .store()
            .cluster(subject.environment())
            .into_iter()
            .flat_map(|cluster| cluster.runs.iter())
            .filter(|run| runs::is_smoke(runs, run))
            .filter(|run| runs::frozen(run, &runs.app_label) == Some(app.as_str()))
            .max_by(|a, b| (a.begun(), &a.id.name).cmp(&(b.begun(), &b.id.name)))
            .ok_or_else(|| {
                subject.refusal(
                    format!("No run of {} is known.", subject.request.target),
                    "Runs are kept for some days only; an unread cluster is told by S.",
                )
            })?,
    };
    if !is_resubmittable(&run.phase) {
        return Err(subject.refusal(
            format!(
                "The run {} is {}: only a failed run is resubmitted.",
                run.id.name,
                run.phase.as_str()
            ),
            if run.phase.is_over() {
                ""
            } else {
                "Wait until it is over, or stop it: a, then x."
            },
        ));
    }
    if run.memoized {
        return Err(subject.refusal(
            format!(
                "A step of {} was taken from a cache (memoized), and a copy made here would not keep that.",
                run.id.name
            ),
            "Resubmit it in Argo Workflows itself.",
        ));
    }
    let smoke = runs::is_smoke(runs, run);
    let ours = if smoke {
        run.environment() == subject.environment()
            && runs::frozen(run, &runs.app_label) == Some(app.as_str())
    } else {
        runs::is_deploy(runs, run)
            && runs
                .deploy
                .as_ref()
                .and_then(|d| runs::frozen(run, &d.environment_label))
                == Some(subject.environment().as_str())
            && runs::frozen(run, &runs.repository_label)
                .is_some_and(|r| subject.repositories.iter().any(|ours| ours.as_str() == r))
    };
    if !ours {
        return Err(subject.refusal(
            format!(
                "The run {} is not one of {}.",
                run.id, subject.request.target
            ),
            "",
        ));
    }
    let (Some(repository), Some(version)) = (
        runs::frozen(run, &runs.repository_label).map(Repository::new),
        runs::frozen(run, &runs.version_label).map(Version::new),
    ) else {
        return Err(subject.refusal(
            format!(
                "The run {} does not say which version it is of.",
                run.id.name
            ),
            "Look at it in Argo Workflows.",
        ));
    };
    let before = run
        .annotations
        .get(mark::ATTEMPT)
        .and_then(|n| n.parse::<u32>().ok())
        .unwrap_or(1);
    let path = if subject.request.lever == Lever::TestsOnly {
        Vec::new()
    } else {
        path(subject, run, &repository, &version)
    };
    Ok(Repeated {
        run,
        runs,
        repository,
        version,
        smoke,
        attempt: before.saturating_add(1),
        path,
    })
}

/// Where the frozen parameters lead. An environment that has the version already is not changed, and starts no run of its own.
fn path(
    subject: &Subject<'_>,
    run: &Run,
    repository: &Repository,
    version: &Version,
) -> Vec<Environment> {
    reach::from_run(
        run,
        repository,
        version,
        subject.store(),
        subject.delivery(),
    )
}

fn wanted(subject: &Subject<'_>, repeated: &Repeated<'_>, checks: &mut Checks) {
    let weight = Weight::RefusesUnlessOverridden;
    let environment = subject.environment();
    let version = &repeated.version;
    let declared = subject
        .declared(environment, &repeated.repository)
        .and_then(|f| f.version.as_ref());
    let remedy = "Resubmit the newest run of the wanted version instead.";
    let Some(declared) = declared else {
        let evidence = format!("which version {environment} wants is not known");
        checks.add("wanted", weight, Verdict::Unknown, evidence, remedy);
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
        // A run that delivers: its version is not there yet, and must not be an older one.
        match version.order(declared) {
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
    checks.add("wanted", weight, verdict, evidence, remedy);
}

fn newer_in_next(subject: &Subject<'_>, repeated: &Repeated<'_>, checks: &mut Checks) {
    let promotes = !repeated.path.is_empty();
    let weight = if promotes {
        Weight::RefusesUnlessOverridden
    } else {
        Weight::Shown
    };
    let Some(next) = subject.delivery().next(subject.environment()) else {
        return;
    };
    let version = &repeated.version;
    let Some(there) = subject
        .declared(&next.name, &repeated.repository)
        .and_then(|f| f.version.as_ref())
    else {
        checks.pass(
            "next",
            weight,
            format!("{} has no version of it", next.name),
        );
        return;
    };
    let verdict = match there.order(version) {
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
    checks.add(
        "next",
        weight,
        verdict,
        evidence,
        "Leave it, or resubmit tests only: a, then t.",
    );
}

/// Order by arrival here, where names do not tell it: failed if `there` arrived after `version`.
fn by_history(
    subject: &Subject<'_>,
    repository: &Repository,
    there: &Version,
    version: &Version,
) -> Verdict {
    let changes = subject
        .store()
        .history
        .of(subject.environment(), repository);
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

fn not_repeated(subject: &Subject<'_>, run: &Run, checks: &mut Checks) {
    let weight = Weight::RefusesUnlessOverridden;
    let label = mark::label(&run.id.name);
    let again = subject
        .store()
        .cluster(run.environment())
        .into_iter()
        .flat_map(|cluster| cluster.runs.iter())
        .filter(|other| other.id.namespace == run.id.namespace)
        .filter(|other| other.resubmitted_from() == label.as_deref() && label.is_some())
        .max_by(|a, b| a.begun().cmp(&b.begun()));
    match again {
        Some(other) => checks.add(
            "repeated",
            weight,
            Verdict::Failed,
            format!(
                "it was resubmitted already as {}, which is {}",
                other.id.name,
                other.phase.as_str()
            ),
            "Look at that run.",
        ),
        None => checks.pass("repeated", weight, "it was not resubmitted yet"),
    }
}

fn gate(subject: &Subject<'_>, repeated: &Repeated<'_>, checks: &mut Checks) {
    let weight = Weight::RefusesUnlessOverridden;
    let (true, Some(next)) = (repeated.smoke, repeated.path.first()) else {
        checks.pass("gate", weight, "nothing would be promoted by it");
        return;
    };
    let hop = format!("{} -> {next}", subject.environment());
    match subject.declared(subject.environment(), &repeated.repository) {
        Some(file) if file.gate => checks.pass("gate", weight, format!("the gate {hop} is open")),
        Some(_) => checks.add(
            "gate",
            weight,
            Verdict::Failed,
            format!("the gate {hop} was closed since, and the run would still promote: its parameters are frozen"),
            "Resubmit tests only: a, then t.",
        ),
        None => checks.add(
            "gate",
            weight,
            Verdict::Unknown,
            format!("whether the gate {hop} is open is not known"),
            "Resubmit tests only: a, then t.",
        ),
    }
}

fn attempts(subject: &Subject<'_>, repeated: &Repeated<'_>, checks: &mut Checks) {
    let Repeated {
        run, runs, version, ..
    } = repeated;
    let app = runs::frozen(run, &runs.app_label);
    let known = subject
        .store()
        .cluster(run.environment())
        .into_iter()
        .flat_map(|cluster| cluster.runs.iter())
        .filter(|other| {
            other.template == run.template
                && runs::frozen(other, &runs.app_label) == app
                && runs::frozen(other, &runs.repository_label) == Some(repeated.repository.as_str())
                && runs::frozen(other, &runs.version_label) == Some(version.as_str())
        })
        .count();
    let attempt = known.saturating_add(1).max(repeated.attempt as usize);
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
    checks.add("attempts", Weight::Reason, verdict, evidence, "");
    if let Nodes::Unread(why) = &run.nodes {
        let evidence = format!("its steps cannot be read here: {why}");
        checks.add("steps", Weight::Shown, Verdict::Unknown, evidence, "");
    }
}
