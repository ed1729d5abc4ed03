//! Roll back: brings back a version that stood here before, by default the newest that was good here.
//!
//! Deliberately absent: Argo CD's own rollback, which auto-sync undoes at once, and undoing migrations.

use super::checks::Checks;
use super::fresh::is_fresh;
use super::good::Past;
use super::subject::{Draft, Subject};
use super::{
    CheckName, Choice, Lever, Plan, Refusal, Remedy, Request, Verdict, Way, arrivals, gates, runs,
    version,
};
use crate::belongs::runs as belongs;
use crate::board::{direction, status};
use crate::delivery::Mechanism;
use crate::journal::PlanState;
use crate::model::span::span;
use crate::model::{Environment, Now, Repository, Run, Version};
use crate::page::Page;
use crate::store::{Kind, Source};
use jiff::Timestamp;

pub(super) fn plan(subject: &Subject<'_>) -> Result<Plan, Refusal> {
    let environment = subject.environment();
    let repository = subject.repository()?;
    let from = subject
        .declared(environment, &repository)
        .and_then(|file| file.version.clone());
    let past = Past::new(subject, environment, &repository);
    let choices = past.choices();
    let to = match &subject.request.version {
        Some(version) => version.clone(),
        None => proposed(
            subject,
            &past,
            &repository,
            from.as_ref(),
            choices.as_deref(),
        )?,
    };
    let mut checks = Checks::new(subject.request.lever);
    identity(subject, &repository, from.as_ref(), &to, &mut checks);
    let known = past.evidence(&to);
    match &known {
        Some(_) => checks.pass(CheckName::Image, "it ran here before"),
        None => checks.add(
            CheckName::Image,
            Verdict::Unknown,
            format!("{to} never stood in {environment}, as far as history was read"),
            Remedy::by(
                "Choose a version from the history.",
                Way::Open(Page::History),
            ),
        ),
    }
    version::check_release(subject, &to, &mut checks);
    past.check(&to, &mut checks);
    runs::overtaken(
        subject,
        environment,
        &[(&repository, Some(&to))],
        &mut checks,
    );
    onward(subject, &repository, from.as_ref(), &mut checks);
    gates::parent(subject, environment, &mut checks);
    gates::held_into(subject, &repository, &mut checks);
    let from_word = from.as_ref().map_or("what stands now", Version::short);
    checks.add(
        CheckName::Migrations,
        Verdict::Unknown,
        format!("not read between {} and {from_word}", to.short()),
        "",
    );
    let written = version::write(subject, &repository, &to, true)?;
    let mut rows = checks.list().into_iter();
    let is_overtaken =
        rows.any(|row| row.name == CheckName::Overtaken && row.verdict == Verdict::Failed);
    let undone = undone_by(subject, &repository, written.holds, is_overtaken);
    let because = undone.iter().cloned().collect();
    let reach = arrivals::of_version(subject, &repository, Some(&to), &written.path, because);
    gates::hours(subject, &reach, &mut checks);
    let debt = format!(
        "{repository} in {environment} was rolled back from {} to {}{}",
        from.as_ref().map_or("?", Version::short),
        to.short(),
        if written.holds {
            ", and the gate behind it was closed"
        } else {
            ""
        }
    );
    let evidence = format!(
        "{}{}{}{}",
        describe_roll_back(subject, &repository, from.as_ref()),
        known.unwrap_or_else(|| "it is not known whether it stood here".to_owned()),
        comes_after(subject, &to),
        subject.moves_with(environment, &repository)
    );
    let next = undone
        .is_some()
        .then(|| subject.delivery().lower(environment))
        .flatten()
        .filter(|lower| matches!(lower.gate_by, Mechanism::Commit | Mechanism::Branch))
        .map(|_| Lever::Hold);
    subject.conclude(Draft {
        // Asked again it is about the same version: what is proposed by then may be one further down.
        request: Request {
            repository: Some(repository),
            version: Some(to.clone()),
            ..subject.request.clone()
        },
        from,
        to: Some(to),
        evidence,
        reach,
        checks,
        write: written.write,
        hops: written.hops,
        debt: Some(debt),
        warning: warning(written.warning, undone),
        next,
        choices: choices.unwrap_or_default(),
        rests_on: vec![(Source::Git, None)],
    })
}

/// The row `onward`: what is left here goes on into the next environment by runs that are under way.
fn onward(
    subject: &Subject<'_>,
    repository: &Repository,
    left: Option<&Version>,
    checks: &mut Checks,
) {
    let (store, delivery, here) = (subject.store(), subject.delivery(), subject.environment());
    let (Some(left), Some(next)) = (left, delivery.next(here)) else {
        return;
    };
    let carrying = belongs::carrying(store, delivery, here, repository, left);
    let delivering = belongs::delivering(store, delivery, &next.name, repository).into_iter();
    let delivering = delivering.filter(|(_, version)| version == left);
    let runs: Vec<(&Run, &str)> = carrying
        .map(|(run, _)| (run, "when it passes"))
        .chain(delivering.map(|(run, _)| (run, "now")))
        .collect();
    let bring = runs.iter().map(|(run, when)| {
        let from = stopped_from(subject, run, &next.name);
        let from = from.map(|cell| format!(", from {cell}"));
        format!(
            "{} @ {} brings {} into {} {when}: stop it first{}",
            run.id.name,
            run.environment(),
            left.short(),
            next.name,
            from.unwrap_or_default()
        )
    });
    let mut evidence: Vec<String> = bring.collect();
    let names = delivery.runs.as_ref();
    let delivers = names.and_then(|names| Some(&names.deploy.as_ref()?.environment));
    let delivers = delivers.filter(|environment| *environment != here);
    let read = names.map(|_| std::iter::once(here).chain(delivers));
    let unread = runs::unread(subject, read.into_iter().flatten());
    if !unread.is_empty() {
        let more = if runs.is_empty() { "" } else { " else" };
        let (left, unread) = (left.short(), unread.join("; "));
        evidence.push(format!(
            "what{more} brings {left} on is not known: {unread}"
        ));
    }
    let is_found = |run: &Run| stopped_from(subject, run, &next.name).is_none();
    let (verdict, remedy) = match runs.is_empty() {
        true if evidence.is_empty() => return,
        true => (Verdict::Unknown, Remedy::default()),
        false if runs.iter().any(|(run, _)| is_found(run)) => {
            let remedy = Remedy::by("Stop the run first.", Way::Pull(Lever::Stop));
            (Verdict::Failed, remedy)
        }
        false => (Verdict::Failed, "Stop the run first.".into()),
    };
    checks.add(CheckName::Onward, verdict, evidence.join("; "), remedy);
}

/// From where a run that brings on what is left here has to be stopped; none where a stop of the same target finds it: one of
/// another app does not, nor one that writes into the next environment by now.
fn stopped_from(subject: &Subject<'_>, run: &Run, next: &Environment) -> Option<String> {
    let names = subject.delivery().runs.as_ref()?;
    match belongs::smoke_app(names, run) {
        Some(app) if app == subject.request.target.app.as_str() => None,
        Some(app) => Some(format!("{app} in {}", subject.environment())),
        None => Some(next.to_string()),
    }
}

fn warning(unmerged: Option<&str>, undone: Option<String>) -> Option<String> {
    let undone = undone.map(|sentence| format!("NOT HELD: {sentence}"));
    let both: Vec<String> = unmerged
        .map(str::to_owned)
        .into_iter()
        .chain(undone)
        .collect();
    (!both.is_empty()).then(|| both.join("; "))
}

/// That Argo CD ends first what it syncs now, to follow other evidence.
fn comes_after(subject: &Subject<'_>, to: &Version) -> String {
    let operation = subject.application().and_then(|app| app.operation.as_ref());
    match operation.is_some_and(|operation| operation.is_running()) {
        true => format!(
            "; a sync runs, and {} comes only when it is over",
            to.short()
        ),
        false => String::new(),
    }
}

/// The newest version that was good here. While the version that stands now is arriving by a roll back, and nothing
/// speaks against it, none is proposed: who still sees the trouble would go one version too far back.
fn proposed(
    subject: &Subject<'_>,
    past: &Past<'_>,
    repository: &Repository,
    from: Option<&Version>,
    choices: Option<&[Choice]>,
) -> Result<Version, Refusal> {
    let arriving = from
        .filter(|from| !past.fails_now(from) && !has_arrived(subject, from))
        .and_then(|from| arriving(subject, repository, from));
    if let Some(arriving) = arriving {
        return Err(subject.refusal(
            arriving,
            Remedy::by(
                "Wait for its effect; to go back further choose a version from the history.",
                Way::Open(Page::History),
            ),
        ));
    }
    match choices {
        Some([first, ..]) => Ok(first.version.clone()),
        Some([]) => Err(subject.refusal(
            "No earlier version is known to have been good here: none stood long enough without complaint, passed its smoke run or still serves.",
            Remedy::by(
                "Choose one from the history.",
                Way::Open(Page::History),
            ),
        )),
        None => Err(subject.asking(
            "History is still being read: which version was good here is not known yet.",
            "Wait for it, or name the version.",
        )),
    }
}

/// That what stands now came by a roll back, before what speaks for going back further; empty where it did not.
fn describe_roll_back(
    subject: &Subject<'_>,
    repository: &Repository,
    from: Option<&Version>,
) -> String {
    let now = subject.context.now;
    let (store, delivery) = (subject.store(), subject.delivery());
    let back = from.and_then(|from| {
        direction::taken_back(
            store,
            delivery,
            subject.environment(),
            repository,
            from,
            &Now::new(now),
        )
    });
    back.map_or_else(String::new, |back| {
        format!(
            "rolled back to {} {} ago by {}; ",
            back.to.short(),
            span(now.duration_since(back.at).as_secs()),
            back.by
        )
    })
}

/// Whether all that serves in the target is the version that stands there, rolled out whole, and no sync of a former one goes
/// on. The parent may not have rendered it yet where its pods never left.
fn has_arrived(subject: &Subject<'_>, now: &Version) -> bool {
    let target = &subject.request.target;
    let at = subject.context.now;
    let status = status::status(subject.store(), subject.delivery(), target, at);
    let is_fresh = is_fresh(subject, target, Kind::Pods);
    status.filter(|_| is_fresh).is_some_and(|status| {
        let is_rendered = match status.rendered() {
            Some(rendered) => rendered == now,
            None => status.parent_has_it != Some(false),
        };
        let is_live = status
            .live
            .as_ref()
            .is_some_and(|live| live.is_as_declared());
        is_live && is_rendered && !status.is_syncing_former()
    })
}

/// The sentence about the roll back that brought the version that stands now, while its effect is awaited: a plan of the
/// journal until it is over or late, another's commit for as long as a version usually takes to arrive.
fn arriving(subject: &Subject<'_>, repository: &Repository, now: &Version) -> Option<String> {
    let environment = subject.environment();
    let at = subject.context.now;
    let text = |back: Timestamp, by: &str, from: &Version| {
        let ago = span(at.duration_since(back).as_secs());
        let (now, from) = (now.short(), from.short());
        format!("{now} is still arriving: rolled back from {from} {ago} ago by {by}.")
    };
    let plan = subject.context.journal.open().find(|record| {
        let request = &record.plan.request;
        request.rolls_back(environment, repository)
            && record.plan.to.as_ref() == Some(now)
            && record.plan_state() == PlanState::Underway
    });
    if let Some(Plan {
        made_at,
        who,
        from: Some(from),
        ..
    }) = plan.map(|record| &record.plan)
    {
        return Some(text(*made_at, &who.login, from));
    }
    let (store, delivery) = (subject.store(), subject.delivery());
    let moved = store.history.last_move(environment, repository)?;
    let from = moved
        .from
        .as_ref()
        .filter(|_| moved.to.as_ref() == Some(now))?;
    let usual = &delivery.usual;
    let arrives_within = usual.parent_sync.1 + usual.rollout.1;
    let is_young = at.duration_since(moved.at).as_secs() < arrives_within;
    // This journal knows better of its own plans: one that is over has arrived, or never will.
    let changes = store.history.changes_of(environment, repository);
    let is_ours = subject.context.journal.brought(moved, changes).is_some();
    (is_young && !is_ours && direction::is_roll_back(store, delivery, moved)).then(|| {
        text(
            moved.at,
            belongs::who_ordered(store, delivery, moved).actor,
            from,
        )
    })
}

fn identity(
    subject: &Subject<'_>,
    repository: &Repository,
    from: Option<&Version>,
    to: &Version,
    checks: &mut Checks,
) {
    let environment = subject.environment();
    match from {
        Some(from) if from == to => checks.add(
            CheckName::Identity,
            Verdict::Failed,
            format!("{environment} has {to} already"),
            Remedy::by(
                "Choose another version from the history.",
                Way::Open(Page::History),
            ),
        ),
        Some(_) => checks.pass(
            CheckName::Identity,
            format!("{repository} in {environment}"),
        ),
        None => checks.add(
            CheckName::Identity,
            Verdict::Unknown,
            format!("the file of {repository} in {environment} names no version that can be read"),
            Remedy::by(
                "Mend the file by a pull request; look at the target first.",
                Way::Open(Page::Target),
            ),
        ),
    }
}

/// The open gate into the target, through which the next version comes; none where it is closed or this write closes
/// it.
fn undone_by(
    subject: &Subject<'_>,
    repository: &Repository,
    holds: bool,
    is_overtaken: bool,
) -> Option<String> {
    let delivery = subject.delivery();
    delivery.declared.gate.as_ref()?;
    let lower = delivery.lower(subject.environment())?;
    let open = subject.declared(&lower.name, repository)?.gate;
    (open && !holds).then(|| {
        let comes = match is_overtaken {
            true => ": what overtakes it may still come, and",
            false => ";",
        };
        format!(
            "the gate {} -> {} stays open{comes} the next release arrives about {} after it reaches {}",
            lower.name,
            subject.environment(),
            span(delivery.usual.hop.0),
            lower.name
        )
    })
}
