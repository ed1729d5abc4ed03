//! Hold and release: close or open the gate into the target's environment, which stands in the file of the one below.
//!
//! Deliberately absent: freezing many apps at once.

use super::below::{PROMOTE_NEXT, Stays, may_stay, stays};
use super::checks::Checks;
use super::good::Past;
use super::subject::{Draft, Subject};
use super::{
    CheckName, Lever, Plan, Reach, Refusal, Request, Verdict, Write, arrivals, gates, hops, reach,
    runs, version,
};
use crate::board::direction::{self, compare_versions};
use crate::delivery::{Mechanism, Stage};
use crate::model::span::span;
use crate::model::{Environment, Order, Repository, Version};
use crate::store::Source;

pub(super) fn plan(subject: &Subject<'_>) -> Result<Plan, Refusal> {
    let delivery = subject.delivery();
    let environment = subject.environment();
    let Some(lower) = delivery.lower(environment) else {
        return Err(subject.refusal(
            format!("{environment} is the first environment: no gate leads into it."),
            "",
        ));
    };
    let Some(key) = &delivery.declared.gate else {
        return Err(subject.refusal("The delivery has no gates.", ""));
    };
    let repository = subject.repository()?;
    let Some(file) = subject.declared(&lower.name, &repository) else {
        return Err(subject.refusal(
            format!(
                "{} has no file {repository}, and the gate would stand there.",
                lower.name
            ),
            "",
        ));
    };
    let branch = match lower.gate_by {
        Mechanism::Commit => None,
        Mechanism::Branch => Some(format!("leverframe/{}", subject.context.id)),
        Mechanism::Workflow | Mechanism::None => {
            return Err(subject.refusal(
                format!(
                    "Nobody may change the gate {} -> {environment} from here, says the delivery.",
                    lower.name
                ),
                "",
            ));
        }
    };
    let open = subject.request.lever == Lever::Release;
    let hop = format!("{} -> {environment}", lower.name);
    let mut checks = Checks::new(subject.request.lever);
    identity(subject, lower, &repository, file.gate, open, &mut checks);
    runs::overtaken(subject, environment, &[(&repository, None)], &mut checks);
    gates::parent(subject, &lower.name, &mut checks);
    let below = file.version.as_ref().filter(|_| open);
    let stays = below.and_then(|below| stays(subject, lower, &repository, below));
    if open {
        waiting(subject, lower, &repository, stays.as_ref(), &mut checks);
        if let Some(below) = below {
            Past::new(subject, environment, &repository).check(below, &mut checks);
        }
    }
    let edit = version::edit(
        subject,
        &lower.name,
        &repository,
        key,
        Some(file.gate.to_string()),
        &open.to_string(),
    )?;
    let template = if open {
        &delivery.subjects.release
    } else {
        &delivery.subjects.hold
    };
    let line = version::fill(template, &lower.name, &repository, file.version.as_ref());
    let here = subject
        .declared(environment, &repository)
        .and_then(|f| f.version.clone());
    let (from, to, reach) = if open {
        // What stands here already is brought no more than what stays.
        let stands = here.is_some() && here == file.version;
        let stays = stays.is_some() || stands;
        let reach = opened(subject, lower, &repository, file.version.as_ref(), stays);
        // What stays is not what will run, so nobody is asked to type it.
        match stays {
            true => (None, None, reach),
            false => (here, file.version.clone(), reach),
        }
    } else {
        let because = vec![format!("closing the gate {hop} changes no environment")];
        (
            None,
            None,
            Reach {
                because,
                ..Reach::default()
            },
        )
    };
    let may_promote = subject.stage.version_by != Mechanism::None;
    // Nobody is led to bring again what was bad here, or of which that is not known yet.
    let mut rows = checks.list().into_iter();
    let was_bad = rows.any(|row| row.name == CheckName::BadHere && row.verdict != Verdict::Passed);
    let advice = stays.as_ref().and_then(|stays| stays.advice);
    let advice = advice.filter(|_| !was_bad);
    let next = advice.filter(|advice| *advice == PROMOTE_NEXT && may_promote);
    let next = next.map(|_| Lever::Promote);
    let told = stays.as_ref().map(|stays| match advice {
        Some(advice) => format!("{}: {advice}", stays.because),
        None => stays.because.clone(),
    });
    let above = stays.as_ref().zip(below);
    let above = above.and_then(|(_, below)| above_too(subject, &reach, &repository, below));
    let merged = branch.is_some();
    let warnings = merged.then(|| hops::UNTIL_MERGED.to_owned());
    let unknown = below.and_then(|below| may_stay(subject, lower, &repository, below));
    let warnings: Vec<String> = warnings
        .into_iter()
        .chain(told.or(unknown))
        .chain(above)
        .collect();
    let mut following: Vec<_> = branch.iter().map(|b| hops::branch(b)).collect();
    following.push(hops::gate(subject, &lower.name, &repository, open, merged));
    let evidence = format!(
        "{key} of {repository} in {}: {} -> {open}{}",
        lower.name,
        file.gate,
        subject.moves_with(environment, &repository)
    );
    subject.conclude(Draft {
        request: Request {
            repository: Some(repository.clone()),
            ..subject.request.clone()
        },
        from,
        to,
        evidence,
        reach,
        checks,
        write: Write::Commit {
            edits: vec![edit],
            subject: line,
            branch,
        },
        hops: following,
        debt: (!open).then(|| format!("the gate {hop} of {repository} is held")),
        warning: (!warnings.is_empty()).then(|| warnings.join("; ")),
        next,
        choices: Vec::new(),
        rests_on: vec![(Source::Git, None)],
    })
}

/// What an opened gate reaches. Where the version below stays there it counts all the same, because later ones get as far.
fn opened(
    subject: &Subject<'_>,
    lower: &Stage,
    repository: &Repository,
    below: Option<&Version>,
    stays: bool,
) -> Reach {
    let path = reach::along(subject, subject.environment(), repository, true);
    let because = vec![format!(
        "what passes in {} comes by itself from then on",
        lower.name
    )];
    let reach = arrivals::of_version(subject, repository, below, &path, Vec::new());
    let onwards = match below {
        Some(_) if stays => reach::later_sentences(subject, &path),
        Some(below) => reach::sentences(subject, &path, below),
        None => Vec::new(),
    };
    let (arrives, arrivals) = match stays {
        true => (Vec::new(), Vec::new()),
        false => (reach.because, reach.arrivals),
    };
    Reach {
        because: [because, onwards, arrives].concat(),
        arrivals,
        ..reach
    }
}

/// What is promoted stops where it was brought: of a version that stays below, which environments further up need a
/// promotion of their own though their gates are open; none where there are none.
fn above_too(
    subject: &Subject<'_>,
    reach: &Reach,
    repository: &Repository,
    below: &Version,
) -> Option<String> {
    let has_it = |environment: &Environment| {
        let file = subject.declared(environment, repository);
        file.and_then(|file| file.version.as_ref()) == Some(below)
    };
    let above = reach.environments.iter().skip(1);
    let names: Vec<&str> = above
        .filter(|environment| !has_it(environment))
        .map(Environment::as_str)
        .collect();
    (!names.is_empty()).then(|| {
        format!(
            "{} needs a promotion of its own; only later versions go on by themselves",
            names.join(" and ")
        )
    })
}

fn identity(
    subject: &Subject<'_>,
    lower: &Stage,
    repository: &Repository,
    is_open: bool,
    open: bool,
    checks: &mut Checks,
) {
    let hop = format!("{} -> {}", lower.name, subject.environment());
    let state = if is_open { "open" } else { "closed" };
    if is_open != open {
        checks.pass(
            CheckName::Identity,
            format!("the gate {hop} of {repository} is {state}"),
        );
        return;
    }
    let by = subject
        .store()
        .history
        .last_gate_move(&lower.name, repository)
        .map(|c| {
            let age = span(subject.context.now.duration_since(c.at).as_secs());
            format!(", since {age}, by {}", c.actor)
        })
        .unwrap_or_default();
    checks.add(
        CheckName::Identity,
        Verdict::Failed,
        format!("the gate {hop} of {repository} is {state} already{by}"),
        "",
    );
}

/// The version below, where the target's environment was rolled back from it.
fn rolled_back_from<'a>(
    subject: &Subject<'a>,
    lower: &Stage,
    repository: &Repository,
) -> Option<&'a Version> {
    let history = &subject.store().history;
    let environment = subject.environment();
    let stands = |environment| subject.declared(environment, repository)?.version.as_ref();
    let below = stands(&lower.name).filter(|below| stands(environment) != Some(*below))?;
    let (store, delivery) = (subject.store(), subject.delivery());
    let moved = history.last_move(environment, repository);
    let moved = moved.filter(|moved| moved.from.as_ref() == Some(below));
    let to = moved.and_then(|moved| moved.to.as_ref());
    let was_lowered = to
        .is_some_and(|to| compare_versions(store, delivery, repository, to, below) == Order::Lower);
    let is_taken_away =
        || direction::taken_away(store, delivery, environment, repository, below).is_some();
    (was_lowered || is_taken_away()).then_some(below)
}

/// Release: the version that was rolled back from still waits below, so releasing would deploy it again.
fn waiting(
    subject: &Subject<'_>,
    lower: &Stage,
    repository: &Repository,
    stays: Option<&Stays>,
    checks: &mut Checks,
) {
    let history = &subject.store().history;
    let environment = subject.environment();
    let below = subject
        .declared(&lower.name, repository)
        .and_then(|f| f.version.as_ref());
    let bad = rolled_back_from(subject, lower, repository);
    let remedy = "Bring a newer version into the environment below first, or promote by hand.";
    match (below, bad) {
        (_, Some(bad)) if stays.is_some_and(|stays| !stays.is_promoted) => checks.pass(
            CheckName::Waiting,
            format!(
                "{environment} went back from {bad}, which stands in {} without promotion: no gate brings it again",
                lower.name
            ),
        ),
        (_, Some(bad)) => checks.add(
            CheckName::Waiting,
            Verdict::Failed,
            format!(
                "{environment} was rolled back from {bad}, and {bad} still stands in {}: {}",
                lower.name,
                // The run that tested it brings nothing any more, but a run that begins after this one does.
                match stays {
                    Some(_) => "its next smoke run there would deploy it again",
                    None => "releasing would deploy it again",
                }
            ),
            remedy,
        ),
        (Some(below), _)
            if history.is_complete() || history.last_move(environment, repository).is_some() =>
        {
            checks.pass(
                CheckName::Waiting,
                format!(
                    "{below} stands in {}, not what was rolled back from",
                    lower.name
                ),
            )
        }
        _ => checks.add(
            CheckName::Waiting,
            Verdict::Unknown,
            format!("what waits in {} is not known yet", lower.name),
            "Wait until git and its history were read.",
        ),
    }
}
