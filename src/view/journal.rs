//! Journal: plans, what came of them, what is awaited, and the debts that are open; newest first.
//!
//! Deliberately absent: acting on them; Enter settles or undoes through `update`.

use super::list::Page;
use super::pen::Line;
use super::theme::Theme;
use crate::action::{Action, Place};
use crate::journal::{PlanState, Record};
use crate::model::{Mute, span::span};
use crate::plan::{Outcome, show, waits::next_step};
use crate::screen::copy::branch_link;
use crate::screen::list::List;
use crate::screen::message::came_since;
use crate::screen::{keys, mute, time::when};
use crate::state::State;
use crate::text::wrap;
use jiff::Timestamp;

/// Columns for how a plan stands: the longest word, and a space.
const STANDS: usize = 10;

/// What is muted, then the plans; the records come oldest first, their rows newest first.
pub fn page<'a>(
    state: &'a State,
    mutes: &'a [&'a Mute],
    records: &'a [Record],
    list: &List<'_>,
    columns: usize,
    theme: Theme,
) -> Page<'a> {
    let length = records.len();
    let debts = state.journal.debts().count();
    let levers = keys::first(state, Place::Board, Action::Levers);
    let of_plan = list.record().map(|record| {
        (
            format!("plan {}", record.plan.id),
            detail(state, record, columns, theme),
        )
    });
    let of_mute = list.mute().map(|mute| {
        (
            format!("muted {}", mute.target),
            mute_detail(state, mute, columns, theme),
        )
    });
    let detail = of_plan.or(of_mute);
    let mut empty = vec![format!(
        "No lever was pulled yet; {levers} on a cell of the board opens its levers."
    )];
    if let Some(fault) = &state.journal_fault {
        empty.push(format!(
            "Nothing can be journalled, so nothing is sent: {fault}"
        ));
    }
    Page {
        title: format!(
            "journal, plans: {length}, open debts: {debts}{}{}",
            match mutes.len() {
                0 => String::new(),
                muted => format!(", muted: {muted}"),
            },
            unreadable(state)
        ),
        head: Line::from(format!(
            "{:<7}{:<7}{:<STANDS$}{:<9}WHAT",
            "PLAN", "MADE", "STANDS", "WHO"
        )),
        row: Box::new(move |n| {
            if let Some(mute) = mutes.get(n) {
                return mute_row(state, mute, theme);
            }
            let Some(record) = records.iter().rev().nth(n - mutes.len()) else {
                return Line::new();
            };
            let (word, look) = state_word(record, theme);
            let plan = &record.plan;
            let line = Line::new()
                .say(format!("{:<7}", state.journal.short(&plan.id)))
                .say(format!("{:<7}", short(plan.made_at, state)))
                .look(format!("{word:<STANDS$}"), look)
                .say(crate::text::fit(
                    &crate::text::Safe::line(&plan.who.login),
                    8,
                ))
                .say(format!(
                    " {} {}",
                    plan.request.lever.title(),
                    plan.request.name_target()
                ))
                .say(
                    show::moves(plan)
                        .map(|m| format!("  {m}"))
                        .unwrap_or_default(),
                );
            match record.debt() {
                Some(_) => line.look("  debt", theme.warning()),
                None => line,
            }
        }),
        empty,
        detail,
    }
}

fn mute_row(state: &State, mute: &Mute, theme: Theme) -> Line {
    let made = short(mute.at, state);
    Line::new()
        .say(format!("{:<7}", "-"))
        .say(format!("{made:<7}"))
        .look(format!("{:<STANDS$}", "muted"), theme.meant())
        .say(crate::text::fit(&crate::text::Safe::line(&mute.by), 8))
        .say(format!(" {}  {}", mute.target, mute.reason))
}

fn mute_detail(state: &State, mute: &Mute, columns: usize, theme: Theme) -> Vec<Line> {
    let key = keys::first(state, Place::Journal, Action::Mute);
    let says = mute::says(mute, state.now);
    let text = format!(
        "muted {}, {says}. {key} lifts it.",
        when(mute.at, state.now)
    );
    wrap(&text, columns, columns)
        .into_iter()
        .map(|line| Line::new().safe(line, theme.plain()))
        .collect()
}

/// For the title, where lines cannot be read.
fn unreadable(state: &State) -> String {
    match state
        .journal
        .unreadable
        .iter()
        .map(|l| l.lines)
        .sum::<u64>()
    {
        0 => String::new(),
        1 => ", 1 line cannot be read".into(),
        lines => format!(", {lines} lines cannot be read"),
    }
}

fn short(at: Timestamp, state: &State) -> String {
    let age = state.now.duration_since(at).as_secs();
    if age < 12 * 3_600 {
        when(at, state.now)
            .split(' ')
            .next_back()
            .unwrap_or_default()
            .to_owned()
    } else {
        format!("{} ago", span(age))
            .split(' ')
            .next()
            .unwrap_or_default()
            .to_owned()
    }
}

fn state_word(record: &Record, theme: Theme) -> (&'static str, ratatui::style::Style) {
    match record.plan_state() {
        PlanState::Open => ("open", theme.warning()),
        PlanState::Underway => ("waiting", theme.meant()),
        PlanState::Done => ("done", theme.plain()),
        PlanState::Late => ("OVERDUE", theme.bad()),
        PlanState::CutShort => ("cut short", theme.bad()),
        PlanState::NotDone => ("not done", theme.dim()),
        PlanState::Unknown => ("UNKNOWN", theme.bad()),
    }
}

fn detail(state: &State, record: &Record, columns: usize, theme: Theme) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut say = |text: &str, look| {
        lines.extend(
            wrap(text, columns, columns)
                .into_iter()
                .map(|line| Line::new().safe(line, look)),
        );
    };
    let plain = theme.plain();
    let plan = &record.plan;
    if plan.request.named_file().is_some() {
        say(&plan.request.name_movement(), plain);
    }
    let from = plan
        .who
        .from
        .as_ref()
        .map(|f| format!(" from {f}"))
        .unwrap_or_default();
    say(
        &format!(
            "made {} by {}{from}",
            when(plan.made_at, state.now),
            plan.who.login
        ),
        plain,
    );
    if let Some(reason) = &plan.request.reason {
        say(&format!("reason: {reason}"), plain);
    }
    if let Some(write) = show::write(plan).into_iter().next() {
        say(&write, plain);
    }
    if let Some(link) = branch_link(state, record) {
        say(&link, plain);
    }
    for (at, note) in &record.tries {
        say(&format!("{} {note}", when(*at, state.now)), plain);
    }
    match &record.outcome {
        None => say(
            "No outcome is known: it is being sent, or the console ended meanwhile.",
            theme.warning(),
        ),
        Some((at, outcome)) => {
            let at = when(*at, state.now);
            let word = outcome.word();
            match outcome {
                Outcome::Applied { evidence } => say(&format!("{at} {word}: {evidence}"), plain),
                Outcome::Refused { because } => say(
                    &format!("{at} {word}, nothing was changed: {because}"),
                    plain,
                ),
                Outcome::Failed {
                    because,
                    remedy,
                    lost: true,
                } => say(
                    &format!("{at} called lost: {because} {remedy}"),
                    theme.warning(),
                ),
                Outcome::Failed {
                    because, remedy, ..
                } => {
                    say(
                        &format!("{at} {word}, nothing was changed: {because} {remedy}"),
                        theme.warning(),
                    );
                }
                Outcome::Unknown { because } => {
                    say(&format!("{at} {word}: {because}"), theme.bad())
                }
            }
        }
    }
    if let Some((at, done, by)) = &record.settled {
        let word = if *done { "done" } else { "not done" };
        say(
            &format!("{} settled by {by}: {word}", when(*at, state.now)),
            plain,
        );
    }
    let cut_short = record.cut_short_at();
    let hops = plan.hops.iter().zip(record.seen.iter().zip(&record.late));
    for (nth, (hop, (seen, late))) in hops.enumerate() {
        let awaited = show::awaited(&hop.effect, None);
        match (seen, late) {
            _ if cut_short.is_some_and(|(at, _)| nth >= at) => {
                let because = cut_short
                    .filter(|(at, _)| *at == nth)
                    .map(|(_, because)| format!(": {because}"))
                    .unwrap_or_default();
                say(&format!("will not come: {awaited}{because}"), theme.bad());
            }
            (Some(at), _) => {
                let what = show::effect(&hop.effect);
                say(&format!("{} seen: {what}", when(*at, state.now)), plain);
            }
            (None, Some(_)) => say(
                &format!(
                    "OVERDUE: {awaited}, usually ~{}. Look at {}.",
                    span(hop.usual_s),
                    hop.look
                ),
                theme.bad(),
            ),
            (None, _) if cut_short.is_some() => say(&format!("not seen: {awaited}"), theme.dim()),
            (None, None) => say(
                &format!("waiting for {awaited}, usually ~{}", span(hop.usual_s)),
                theme.dim(),
            ),
        }
    }
    if let Some(since) = came_since(state, record) {
        say(&format!("{since}."), theme.warning());
    }
    if let Some(step) = next_step(record) {
        say(step, theme.warning());
    }
    let key = keys::first(state, Place::Journal, Action::Settle);
    if let Some(debt) = record.debt() {
        say(&format!("debt: {debt}. {key} undoes it."), theme.warning());
    } else if matches!(record.plan_state(), PlanState::Unknown | PlanState::Open) {
        say(&format!("{key} settles it."), theme.warning());
    }
    lines
}
