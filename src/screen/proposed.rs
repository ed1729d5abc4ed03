//! Proposed: which levers are offered for a target, in the order of their use, and which of them first. Footer and list of
//! levers ask here.
//!
//! Deliberately absent: what a lever does, or why it does not move ([`super::levers`]).

use super::levers::{decide_against_trouble, decide_all, decide_marked};
use crate::belongs::{repositories, runs};
use crate::board::direction::{compare_versions, taken_away};
use crate::board::gate::closed_lately;
use crate::board::status::Status;
use crate::journal::{PlanState, Record};
use crate::model::{Now, Order, Repository, RunPhase, Target, Version, Word};
use crate::plan::check::{Check, CheckName, Verdict};
use crate::plan::{Lever, Moves, Plan, PlanId, Refusal, Request};
use crate::state::State;
use crate::text::{Safe, end_sentence, wrap_at_most};

/// What is offered for the cells that would be moved.
pub struct Proposed {
    /// What is ready now and may be proposed, with its plans; what helps against the trouble first.
    pub ready: Vec<(Lever, Vec<Plan>)>,
    /// The levers against the trouble that are still waiting for facts.
    pub asking: Vec<Lever>,
    /// The levers against the trouble that decides what comes first.
    pub cures: Vec<Lever>,
}

/// The levers against the trouble of each cell that would be moved.
type Cures = Vec<(Target, Vec<Lever>)>;

/// Lines that say why the levers are open, where nobody opened them.
const WHY: usize = 3;

/// The levers against a target's trouble, the first to pull first. A version that was lost by accident and cannot be promoted
/// again is brought back by a roll back where that leads up; else what is left is to hold.
pub fn against_trouble(state: &State, target: &Target) -> Vec<Lever> {
    let Some(status) = state.board.status(target) else {
        return Vec::new();
    };
    let mut levers = status.levers();
    if is_lost(status) && !brings_version(&under_way(state, target)) {
        let promotion = decide_against_trouble(state, Lever::Promote, target);
        let is_kept_back = match promotion {
            Ok(plan) => plan.brings_what_was_bad().is_some(),
            Err(refusal) => !refusal.is_asking,
        };
        let back = || decide_against_trouble(state, Lever::RollBack, target);
        if is_kept_back {
            let leads_up = back().is_ok_and(|plan| brings(state, &plan) == Order::Higher);
            levers.push(if leads_up {
                Lever::RollBack
            } else {
                Lever::Hold
            });
        }
    }
    levers
}

/// The cells that would be moved: those that are marked, else the selected one. The trouble of the first decides what comes
/// first.
fn moved_targets<'a>(state: &'a State, target: &'a Target) -> Vec<&'a Target> {
    match state.moved_marks() {
        None => vec![target],
        Some(marks) => marks.iter().collect(),
    }
}

/// The levers that are under way in any cell that would be moved.
pub fn under_way_of_moved(state: &State, target: &Target) -> Vec<Lever> {
    let targets = moved_targets(state, target).into_iter();
    targets
        .flat_map(|target| under_way(state, target))
        .collect()
}

/// Whether one of the levers that are under way brings a version: a refresh, or a hold, cures nothing and hides no cure.
fn brings_version(under_way: &[Lever]) -> bool {
    under_way
        .iter()
        .any(|lever| lever.moves() == Moves::Version)
}

/// Whether the worst about a target is that it lost a version by accident.
fn is_lost(status: &Status) -> bool {
    status.attention.first() == Some(&Word::Lower)
}

/// Whether what stood is left for a higher version or a lower one.
fn brings(state: &State, plan: &Plan) -> Order {
    let (Some(file), Some(from), Some(to)) = (&plan.request.repository, &plan.from, &plan.to)
    else {
        return Order::Unknown;
    };
    compare_versions(&state.store, &state.delivery, file, to, from)
}

/// Whether what stands below a plan's target, in the file that it moves, came there by accident.
fn is_accident_below(state: &State, plan: &Plan) -> bool {
    let target = &plan.request.target;
    let lower = state.delivery.lower(&target.environment);
    let below = lower.and_then(|lower| {
        state.board.status(&Target {
            environment: lower.name.clone(),
            app: target.app.clone(),
        })
    });
    below.is_some_and(|below| {
        // Which file a word is about is known of the worst one.
        let is_another = is_lost(below)
            && below.troubled_file.is_some()
            && below.troubled_file != plan.request.repository;
        below.attention.contains(&Word::Lower) && !is_another
    })
}

/// Whether what stands at a plan's target was rolled back from in the environment below.
fn has_left_below(state: &State, plan: &Plan) -> bool {
    let target = &plan.request.target;
    let Some(lower) = state.delivery.lower(&target.environment) else {
        return false;
    };
    let (store, delivery) = (&state.store, &state.delivery);
    let files = repositories(store, target).unwrap_or_default();
    files.iter().any(|file| {
        let declared = store.declared(&target.environment, file);
        let stands = declared.and_then(|file| file.version.as_ref());
        stands.is_some_and(|version| {
            taken_away(store, delivery, &lower.name, file, version).is_some()
        })
    })
}

/// Whether the run that a stop ends would bring a version anywhere.
fn brings_by_run(state: &State, plan: &Plan) -> bool {
    let run = plan.request.run.as_ref();
    let run = run.and_then(|run| runs::by_id(&state.store, run));
    let passing = run.and_then(|run| crate::plan::passing(run, &state.store, &state.delivery));
    passing.is_some_and(|(_, reach)| !reach.environments.is_empty())
}

/// Why what would move is not proposed though it is a cure.
fn kept_back(state: &State, plan: &Plan) -> Option<String> {
    if let Some(evidence) = plan.brings_what_was_bad() {
        return Some(evidence.to_owned());
    }
    let target = &plan.request.target;
    let lower = &state.delivery.lower(&target.environment)?.name;
    let is_lost = state.board.status(target).is_some_and(is_lost);
    let version = plan.to.as_ref().map(Version::short).unwrap_or_default();
    match plan.request.lever {
        Lever::Promote if is_lost => None,
        Lever::Promote | Lever::Release if is_accident_below(state, plan) => {
            Some(format!("{version} came to {lower} by accident"))
        }
        Lever::Release if brings(state, plan) == Order::Lower => Some(format!(
            "{version} stands in {lower}, which is lower than what stands here"
        )),
        _ => None,
    }
}

/// Whether a release would open a gate that was closed lately, or that a plan of this journal closed. Any other closed gate
/// is how the app is delivered.
fn ends_hold(state: &State, plan: &Plan) -> bool {
    let lower = state.delivery.lower(&plan.request.target.environment);
    let (Some(lower), Some(file)) = (lower, &plan.request.repository) else {
        return false;
    };
    let (store, delivery, environment) = (&state.store, &state.delivery, &lower.name);
    let closed = state.journal.debts().filter_map(|held| held.plan.closes());
    let mut closed = closed.filter(|edit| edit.environment == *environment);
    closed.any(|edit| edit.repository == *file)
        || closed_lately(store, delivery, environment, file, &Now::new(state.now))
}

/// Whether a plan wants a reason because of what it moves: a failed row, or a version of which nobody knows that it is well
/// below. Of the connection and the hour every lever wants one, and what brings nothing is always safe.
fn speaks_against(plan: &Plan) -> bool {
    let is_against = |check: &Check| match check.name {
        CheckName::Certificate | CheckName::Hours => false,
        CheckName::Smoke => true,
        _ => check.verdict == Verdict::Failed,
    };
    let is_safe = matches!(
        plan.request.lever,
        Lever::TestsOnly | Lever::Hold | Lever::Stop
    );
    let mut checks = plan.checks.iter();
    !is_safe && checks.any(|check| check.wants_reason() && is_against(check))
}

/// Whether a lever that would move may be proposed, by the trouble of each target that it moves: none that would make that
/// worse or carry an accident further, and none that would change how an app is delivered.
fn may_be_proposed(state: &State, cures: &Cures, lever: Lever, plans: &[Plan]) -> bool {
    plans.iter().all(|plan| {
        let target = &plan.request.target;
        let status = state.board.status(target);
        let has = |word| status.is_some_and(|status| status.attention.contains(&word));
        let mut own = cures.iter().filter(|(moved, _)| moved == target);
        let is_cure = own.any(|(_, levers)| levers.contains(&lever));
        if kept_back(state, plan).is_some() || (speaks_against(plan) && !is_cure) {
            return false;
        }
        match lever {
            // It would bring to the pods what nobody meant, or nothing at all.
            Lever::Sync => is_cure,
            Lever::Refresh => {
                let is_behind = status.is_some_and(|status| status.parent_has_it == Some(false));
                is_cure || (is_behind && !has(Word::Lower) && !has_left_below(state, plan))
            }
            // If it passes, what nobody meant goes on to the next environment.
            Lever::Resubmit => !has(Word::Lower),
            Lever::Release => ends_hold(state, plan),
            Lever::RollBack if status.is_some_and(is_lost) => {
                brings(state, plan) == Order::Higher && is_cure
            }
            // Whoever rolled back is not led further back, unless what was brought is in trouble itself, or was undone.
            Lever::RollBack => {
                let undone = status.and_then(|status| status.undone.as_ref());
                let is_undone = undone.is_some() && undone == plan.request.repository.as_ref();
                !has(Word::Back) || is_cure || is_undone
            }
            // Where it brings nothing, it would only end the tests of what stands.
            Lever::Stop => brings_by_run(state, plan),
            Lever::Promote | Lever::TestsOnly | Lever::Hold => true,
        }
    })
}

/// What a lever against the trouble would do, to the cell or to all that are marked.
fn decide_cure(state: &State, lever: Lever, target: &Target) -> Result<Vec<Plan>, Refusal> {
    match state.moved_marks() {
        None => decide_against_trouble(state, lever, target).map(|plan| vec![plan]),
        Some(_) => decide_marked(state, lever, target),
    }
}

/// What is offered, in the order of its use. What brings a version that was bad here is never proposed: then what is left is
/// to hold.
pub fn in_order_of_use(state: &State, target: &Target) -> Proposed {
    let moved = moved_targets(state, target).into_iter();
    let cures: Cures = moved
        .map(|target| (target.clone(), against_trouble(state, target)))
        .collect();
    let mut first = cures
        .first()
        .map(|(_, own)| own.clone())
        .unwrap_or_default();
    let (mut ready, mut asking) = (Vec::new(), Vec::new());
    for (lever, decision) in decide_all(state, target, &first) {
        let is_cure = first.contains(&lever);
        let decision = match is_cure {
            true => decide_cure(state, lever, target),
            false => decision,
        };
        match decision {
            Ok(plans)
                if plans
                    .iter()
                    .any(|plan| plan.brings_what_was_bad().is_some()) =>
            {
                if is_cure && !first.contains(&Lever::Hold) {
                    first.push(Lever::Hold);
                }
            }
            Ok(plans) => ready.push((lever, plans)),
            Err(refusal) if refusal.is_asking && is_cure => asking.push(lever),
            Err(_) => {}
        }
    }
    ready.retain(|(lever, plans)| may_be_proposed(state, &cures, *lever, plans));
    // While something moves the cell nothing is proposed but what its trouble still wants: any other lever would undo it.
    let under_way = under_way_of_moved(state, target);
    if !under_way.is_empty() {
        // What still brings another version, or the first cure itself, cures the trouble that is seen: then only a hold is
        // wanted beside it.
        let is_being_cured = first.first().is_some_and(|cure| under_way.contains(cure));
        let brings = is_being_cured || brings_version(&under_way);
        let is_wanted = |lever| !under_way.contains(&lever) && (!brings || lever == Lever::Hold);
        ready.retain(|(lever, _)| first.contains(lever) && is_wanted(*lever));
    }
    // Where nothing is wrong, a roll back undoes what is good, so it comes after all others.
    let place = |lever: &Lever| {
        let cure = first.iter().position(|known| known == lever);
        let usual = first.len() + usize::from(*lever == Lever::RollBack);
        cure.unwrap_or(usual)
    };
    ready.sort_by_key(|(lever, _)| place(lever));
    Proposed {
        ready,
        asking,
        cures: first,
    }
}

/// Why the lever against the target's trouble is not proposed: it would bring what was bad here; or it is refused, and
/// something was lost by accident. While a change is under way, or nothing may be moved at all, that is said elsewhere.
pub fn why_not_proposed(state: &State, target: &Target) -> Option<String> {
    let status = state.board.status(target)?;
    let may_move = || !state.settings.read_only && !brings_version(&under_way(state, target));
    let levers = status.levers().into_iter();
    let mut brings = levers.filter(|lever| matches!(lever.moves(), Moves::Version | Moves::Gate));
    brings.find_map(|lever| {
        let evidence = match decide_against_trouble(state, lever, target) {
            Ok(plan) => kept_back(state, &plan)?,
            Err(refusal) if is_lost(status) && !refusal.is_asking && may_move() => {
                let mut clauses = refusal.because.split("; ");
                clauses.next()?.to_owned()
            }
            Err(_) => return None,
        };
        Some(format!(
            "{} is not proposed: {}",
            lever.title(),
            end_sentence(&evidence)
        ))
    })
}

/// Where the list of levers opens: on what a plan that was sent leaves to be done, else on what is proposed first.
fn proposed_first(state: &State, target: &Target, sent: Option<&PlanId>) -> Option<Lever> {
    if let Some((next, _)) = sent.and_then(|sent| left_open(state, sent)) {
        return Some(next);
    }
    let proposed = in_order_of_use(state, target);
    let ready = proposed.ready.into_iter().map(|(lever, _)| lever);
    proposed.asking.into_iter().chain(ready).next()
}

/// The line of the list of levers that is selected: where somebody moved the cursor to, else what is proposed now; where
/// nothing is, hold, which brings no version.
pub fn cursor(
    state: &State,
    target: &Target,
    moved_to: Option<usize>,
    sent: Option<&PlanId>,
) -> usize {
    moved_to.unwrap_or_else(|| {
        let first = proposed_first(state, target, sent).unwrap_or(Lever::Hold);
        let line = Lever::ALL.iter().position(|lever| *lever == first);
        line.unwrap_or_default()
    })
}

/// The lever that a plan which was sent leaves to be pulled, and why, as long as that holds: what the plan moves is still on
/// its way or stands, and the lever would move.
fn left_open(state: &State, sent: &PlanId) -> Option<(Lever, String)> {
    let record = state.journal.get(sent)?;
    let plan = &record.plan;
    let next = plan.next?;
    use PlanState::{CutShort, Late, NotDone};
    if matches!(record.plan_state(), NotDone | CutShort | Late) {
        return None;
    }
    let request = &plan.request;
    if let Some(file) = &request.repository {
        let declared = state.store.declared(&request.target.environment, file);
        let stands = declared.and_then(|file| file.version.as_ref());
        let has_come = stands == plan.to.as_ref();
        let is_coming = stands == plan.from.as_ref() && !is_run_stopped(state, plan);
        if !has_come && !is_coming {
            return None;
        }
    }
    let offered = Request {
        repository: request.repository.clone(),
        ..state.request(next, &request.target)
    };
    let id = PlanId::new("0000000000000000");
    crate::plan::plan(&offered, &state.context(&id)).ok()?;
    let warning = plan
        .warning
        .as_deref()
        .map(end_sentence)
        .unwrap_or_default();
    let (lever, title) = (request.lever.title(), next.title());
    let text = format!("After this {lever} comes {title}, where you want it. {warning}");
    Some((next, text.trim_end().to_owned()))
}

/// Whether the run that a plan made can bring nothing any more.
fn is_run_stopped(state: &State, plan: &Plan) -> bool {
    let Some((environment, namespace, name)) = plan.write.creates() else {
        return false;
    };
    let cluster = state.store.cluster(environment);
    let run = cluster.and_then(|cluster| cluster.runs.get(namespace, name));
    run.is_some_and(|run| !run.may_pass() && run.phase != RunPhase::Succeeded)
}

/// Why the levers are open after a plan was sent, wrapped: what it left open, and the lever that closes that.
pub fn why_open(state: &State, sent: Option<&PlanId>, columns: usize) -> Vec<Safe> {
    let why = sent.and_then(|sent| left_open(state, sent));
    why.map_or_else(Vec::new, |(_, why)| {
        wrap_at_most(&why, columns, columns, WHY)
    })
}

/// The levers of the plans that move the target, are not over and not late. One that brings a version here from another
/// environment does what promote would do. So do runs in flight that another journal knows of, or none.
fn under_way(state: &State, target: &Target) -> Vec<Lever> {
    let files = repositories(&state.store, target).unwrap_or_default();
    let open = state.journal.open();
    let in_time = open.filter(|record| record.plan_state() != PlanState::Late);
    let levers = in_time.filter_map(|record| {
        let request = &record.plan.request;
        let is_own = request.target == *target;
        if is_own && request.lever.moves() != Moves::Version {
            return Some(request.lever);
        }
        let lever = if is_own {
            request.lever
        } else {
            Lever::Promote
        };
        let brings = |file| still_brings(state, record, target, file);
        files.iter().any(brings).then_some(lever)
    });
    let runs = files
        .iter()
        .filter_map(|file| lever_of_run(state, target, file));
    levers.chain(runs).collect()
}

/// The lever that would do what a run in flight does with a file. A version that is accused is cured by going back; what else
/// brings one is no cure of it.
fn lever_of_run(state: &State, target: &Target, file: &Repository) -> Option<Lever> {
    let (store, delivery) = (&state.store, &state.delivery);
    let environment = &target.environment;
    let (_, version) = runs::delivering(store, delivery, environment, file)
        .into_iter()
        .next()?;
    let stands = store.declared(environment, file)?.version.as_ref()?;
    let is_lower = compare_versions(store, delivery, file, &version, stands) == Order::Lower;
    let status = state.board.status(target);
    let is_accused = status.is_some_and(Status::accuses_declared);
    match is_lower {
        true => Some(Lever::RollBack),
        false => (!is_accused).then_some(Lever::Promote),
    }
}

/// Whether a plan still brings a version into a file of the target, or has brought the one that stands there and nothing
/// accuses it. Where it is in trouble itself no cure is under way, nor where another version followed.
fn still_brings(state: &State, record: &Record, target: &Target, file: &Repository) -> bool {
    let environment = &target.environment;
    let Some((hop, version)) = record.plan.declares(environment, file) else {
        return false;
    };
    let declared = state.store.declared(environment, file);
    if declared.and_then(|file| file.version.as_ref()) == Some(version) {
        let status = state.board.status(target);
        return !status.is_some_and(Status::accuses_declared);
    }
    record.seen.get(hop).is_none_or(Option::is_none)
}
