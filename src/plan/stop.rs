//! Stop: shuts a run in flight down. Its exit handler still runs, but where a retry strategy of the whole run covers
//! the handler, Argo Workflows ends it after its first step.
//!
//! Deliberately absent: terminating (no exit handler) and deleting.

use super::checks::Checks;
use super::subject::{Draft, Subject};
use super::{
    CheckName, Guard, Holds, Lever, Plan, Reach, Refusal, Request, Write, gates, hops, mark, reach,
    runs,
};
use crate::belongs::runs as belongs;
use crate::board::direction::compare_versions;
use crate::delivery::Mechanism;
use crate::model::{Environment, Order, Run, Version};
use crate::store::{Kind, Source};
use serde_json::json;

pub(super) fn plan(subject: &Subject<'_>) -> Result<Plan, Refusal> {
    let Some(runs) = &subject.delivery().runs else {
        return Err(subject.refusal("The delivery has no runs.", ""));
    };
    let run = find(subject)?;
    if run.phase.is_over() {
        return Err(subject.refusal(
            format!(
                "The run {} is over: it {}.",
                run.id.name,
                run.phase.as_str()
            ),
            "",
        ));
    }
    if let Some(shutdown) = run.shutdown.as_ref().filter(|_| run.is_stopping()) {
        return Err(subject.refusal(
            format!(
                "The run {} was asked to shut down already ({shutdown}).",
                run.id.name
            ),
            "",
        ));
    }
    let mut checks = Checks::new(subject.request.lever);
    checks.pass(
        CheckName::Identity,
        format!(
            "{} {} {}",
            run.id,
            if belongs::is_of_target(
                subject.store(),
                subject.delivery(),
                &subject.request.target,
                run
            ) {
                "is of"
            } else {
                "leads to"
            },
            subject.request.target
        ),
    );
    gates::parent(subject, subject.environment(), &mut checks);
    // Taking back what the run has brought already needs a plan of its own, where a version may be changed by hand.
    let offered = (subject.stage.version_by != Mechanism::None && has_raised(subject, run))
        .then_some(Lever::RollBack);
    let passing = reach::passing(run, subject.store(), subject.delivery());
    let first = passing
        .as_ref()
        .and_then(|(version, reach)| Some((version, reach.environments.first()?)));
    let effect = match first {
        Some((version, into)) => {
            let version = version.short();
            format!("it would bring {version} into {into} when it passes")
        }
        None => "it would promote nothing".to_owned(),
    };
    let ordered = ordered(subject, run).map(|by| format!("; {by}"));
    let late = if belongs::is_deploy(runs, run) {
        "; what it has written already stays written"
    } else {
        ""
    };
    let (handler, undone) = exit_handler(run);
    let back = first.and_then(|(version, into)| takes_back(subject, run, version, into));
    let warnings = back.into_iter().chain(undone).chain(others(subject, run));
    let warnings: Vec<String> = warnings.collect();
    let mut patch = json!({"spec": {"shutdown": "Stop"}});
    mark::stop(
        &mut patch,
        &run.id.name,
        subject.context.id,
        &subject.context.who.login,
        subject.request.reason.as_deref(),
    );
    subject.conclude(Draft {
        request: Request {
            repository: run.repository(&runs.repository_label),
            run: Some(run.id.clone()),
            ..subject.request.clone()
        },
        from: None,
        to: None,
        evidence: format!(
            "{} is {}; {effect}{late}{}{handler}",
            run.id.name,
            run.state_in_words(),
            ordered.unwrap_or_default()
        ),
        reach: Reach {
            because: vec!["stopping a run changes no environment".into()],
            ..Reach::default()
        },
        checks,
        write: Write::Patch {
            id: run.id.clone(),
            plural: "workflows".into(),
            resource_version: run.resource_version.clone(),
            patch,
            guards: vec![Guard::NotOver],
            // Argo Workflows rewrites a run at every step, and a run that moves is the one to be stopped.
            holds: Holds::WhileGuarded,
        },
        hops: vec![hops::stopped(run.environment(), &run.id.name)],
        debt: None,
        warning: (!warnings.is_empty()).then(|| warnings.join(" ")),
        next: offered,
        choices: Vec::new(),
        rests_on: vec![(Source::Cluster(run.environment().clone()), Some(Kind::Runs))],
    })
}

/// `this run is plan 1ad1, a roll back from v2609 by root`: who ordered the run, whose work a stop undoes. By the plan of the
/// journal that made it, else by what another one's left on it; none where no plan did.
fn ordered(subject: &Subject<'_>, run: &Run) -> Option<String> {
    let Some(record) = runs::made_by(subject, run) else {
        let who = run.ordered_by()?;
        let why = run.reason().map(|why| format!(" ({why})"));
        let why = why.unwrap_or_default();
        let back = moves_back(subject, run).map(|back| format!(": it {back}"));
        let back = back.unwrap_or_default();
        return Some(format!("this run was ordered by {who}{why}{back}"));
    };
    let plan = &record.plan;
    let from = plan
        .from
        .as_ref()
        .map(|from| format!(" from {}", from.short()))
        .unwrap_or_default();
    Some(format!(
        "this run is plan {}, a {}{from} by {}",
        subject.context.journal.short(&plan.id),
        plan.request.lever.title(),
        plan.who.login
    ))
}

/// Who ordered the run that a request stops, where that may be somebody else; none where it is one's own or a robot's.
pub(super) fn of_another(subject: &Subject<'_>, request: &Request) -> Option<String> {
    let run = request.run.as_ref();
    let run = run.filter(|_| request.lever == Lever::Stop)?;
    let run = belongs::by_id(subject.store(), run)?;
    let said = ordered(subject, run)?;
    runs::is_of_another(subject, run).then_some(said)
}

/// `takes production back from v2609 to v2606`; none where the run does not, or its order is not known.
fn moves_back(subject: &Subject<'_>, run: &Run) -> Option<String> {
    let (into, _) = runs::leads_to(subject.delivery(), run)?;
    let version = run.version(&subject.delivery().runs.as_ref()?.version_label)?;
    let from = runs::takes_from(subject, run, &into)?;
    let file = run.repository(&subject.delivery().runs.as_ref()?.repository_label)?;
    let stands = subject.declared(&into, &file)?.version.as_ref();
    let takes = match stands == Some(&version) {
        true => "has taken",
        false => "takes",
    };
    let (from, version) = (from.short(), version.short());
    Some(format!("{takes} {into} back from {from} to {version}"))
}

/// Whether what stands in the target is the version of the run, which brought it since it began in place of a lower one.
fn has_raised(subject: &Subject<'_>, run: &Run) -> bool {
    let (store, delivery) = (subject.store(), subject.delivery());
    let runs = delivery.runs.as_ref();
    let file = runs.and_then(|runs| run.repository(&runs.repository_label));
    let version = runs.and_then(|runs| run.version(&runs.version_label));
    let (Some(file), Some(version), Some(begun)) = (file, version, run.begun()) else {
        return false;
    };
    let environment = subject.environment();
    let stands = subject.declared(environment, &file);
    let stands = stands.and_then(|stands| stands.version.as_ref());
    let moved = store.history.last_move(environment, &file);
    let came = moved.filter(|moved| moved.to.as_ref() == Some(&version) && moved.at >= begun);
    let before = came.and_then(|came| came.from.as_ref());
    stands == Some(&version)
        && before.is_some_and(|before| {
            compare_versions(store, delivery, &file, before, &version) == Order::Lower
        })
}

/// That the run takes a version away, whoever meant it or did not: stopped, it leaves that standing.
fn takes_back(
    subject: &Subject<'_>,
    run: &Run,
    version: &Version,
    into: &Environment,
) -> Option<String> {
    let stands = runs::takes_from(subject, run, into)?;
    let (stands, version) = (stands.short(), version.short());
    Some(format!(
        "GOES BACK: it takes {into} from {stands} to {version}; stopped, it leaves {stands} there."
    ))
}

/// What becomes of the exit handler: a part of the evidence where it runs, a warning where parts of it stay undone.
fn exit_handler(run: &Run) -> (String, Option<String>) {
    match &run.exit_handler {
        None => (String::new(), None),
        Some(handler) if run.retries_all => (
            String::new(),
            Some(format!(
                "LEFT UNDONE: the exit handler {handler} begins, but the run's retry strategy covers it too, and a stop ends it \
                 behind its first step: what it does after that (it may tell people) does not happen."
            )),
        ),
        Some(handler) => (format!("; its exit handler {handler} still runs"), None),
    }
}

/// The run that is named, else the newest in flight of the target.
fn find<'a>(subject: &Subject<'a>) -> Result<&'a Run, Refusal> {
    if let Some(id) = &subject.request.run {
        return belongs::by_id(subject.store(), id)
            .ok_or_else(|| {
                subject.refusal(
                    format!("The run {} is not there any more.", id.name),
                    "Look which runs there are now.",
                )
            })
            .and_then(|run| {
                let ours = belongs::is_of_target(
                    subject.store(),
                    subject.delivery(),
                    &subject.request.target,
                    run,
                ) || runs::leads_here(subject, run);
                ours.then_some(run).ok_or_else(|| {
                    subject.refusal(
                        format!(
                            "The run {} is not one of {}, and does not lead to it.",
                            run.id, subject.request.target
                        ),
                        "Name the app and the environment that it is of.",
                    )
                })
            });
    }
    // One that is stopping already is named only where no other is left to stop.
    let order = |a: &&Run, b: &&Run| {
        let by_need = a.is_stopping().cmp(&b.is_stopping());
        by_need.then_with(|| belongs::newest_first(a, b))
    };
    let found = in_flight(subject).into_iter().min_by(order);
    found.ok_or_else(|| {
        let target = &subject.request.target;
        match runs::unread_into(subject, &target.environment).first() {
            Some(why) => subject.refusal(
                format!("Which runs lead to {target} is not known: {why}."),
                "Try again once they were read, or stop the run with argo.",
            ),
            None => subject.refusal(format!("No run in flight leads to {target}."), ""),
        }
    })
}

/// The runs in flight of the target: its own smoke runs, and those that bring a version into it.
fn in_flight<'a>(subject: &Subject<'a>) -> Vec<&'a Run> {
    let own = belongs::smoke(subject.store(), subject.delivery(), &subject.request.target);
    let own = own.into_iter().filter(|run| !run.phase.is_over());
    let leading = subject
        .repositories
        .iter()
        .flat_map(|repository| runs::into(subject, subject.environment(), repository))
        .map(|found| found.run);
    let mut found: Vec<&Run> = own.chain(leading).collect();
    found.sort_by(|a, b| belongs::newest_first(a, b));
    found.dedup_by(|a, b| a.id == b.id);
    found
}

/// The other runs in flight of the target, which go on: where several are, the one that is meant has to be chosen.
fn others(subject: &Subject<'_>, meant: &Run) -> Option<String> {
    let runs = subject.delivery().runs.as_ref()?;
    let name = |run: &&Run| {
        let file = run.repository(&runs.repository_label);
        let version = run.version(&runs.version_label);
        let what = [
            file.map(|f| f.to_string()),
            version.map(|v| v.short().to_owned()),
        ];
        let what: Vec<String> = what.into_iter().flatten().collect();
        format!("{} ({})", run.id, what.join(" "))
    };
    let others = in_flight(subject).into_iter();
    let others = others.filter(|run| run.id != meant.id && !run.is_stopping());
    let names: Vec<String> = others.map(|run| name(&run)).collect();
    (!names.is_empty()).then(|| {
        format!(
            "NOT STOPPED, and in flight too: {}. Choose one of these among the runs where it is meant instead.",
            names.join(", ")
        )
    })
}
