//! Overlay: questions and refusals over a view: levers, copies, which file, a refusal, settling a plan.
//!
//! Deliberately absent: the confirmation, which has a file of its own ([`super::confirm`]).

use super::pen::{Line, Pen};
use super::{confirm, levers};
use crate::action::{Action, Place};
use crate::journal::Journal;
use crate::plan::{PlanId, Refusal, show};
use crate::screen::confirm::parts::check as check_lines;
use crate::screen::copy::title;
use crate::screen::levers::why_open;
use crate::screen::{keys, mute, time::when};
use crate::state::{Overlay, State};
use crate::text::wrap;
use ratatui::layout::{Position, Rect};

/// Draws the overlay over everything but the last two lines (the confirmation over everything).
pub fn draw(state: &State, pen: &mut Pen<'_>, main: Rect, whole: Rect) -> Option<Position> {
    match state.ui.overlay.as_ref()? {
        Overlay::Confirm(ui) => return confirm::draw(state, &mut pen.within(whole), ui),
        Overlay::Levers {
            target,
            selected,
            after,
        } => {
            let why = after.as_ref().and_then(|plan| why_open(state, plan));
            levers::draw(
                state,
                &mut pen.within(main),
                target,
                *selected,
                why.as_deref(),
            );
        }
        Overlay::Copy { subject } => {
            let title = title(state, subject);
            copy(state, &mut pen.within(main), &title);
        }
        Overlay::Which {
            request,
            choices,
            selected,
        } => {
            let title = format!("{} {}: which file", request.lever.title(), request.target);
            let rows: Vec<String> = choices
                .iter()
                .map(|choice| {
                    let stage = &request.target.environment;
                    let version = state
                        .store
                        .declared(stage, choice)
                        .and_then(|declared| declared.version.as_ref())
                        .map_or("no version", |v| v.short())
                        .to_owned();
                    format!("{choice}  {version}")
                })
                .collect();
            choose(&mut pen.within(main), &title, &[], &rows, *selected);
        }
        Overlay::Mute { target, selected } => {
            let rows = mute::choices(state, target).into_iter();
            let rows: Vec<String> = rows.map(|(_, text)| text).collect();
            choose(
                &mut pen.within(main),
                &format!("mute {target}"),
                &[],
                &rows,
                *selected,
            );
        }
        Overlay::Refused(refusal) => refused(state, &mut pen.within(main), refusal),
        Overlay::Undo { plan, selected } => {
            undo(state, &mut pen.within(main), plan, *selected);
        }
        Overlay::Settle { plan, selected } => {
            draw_settle(state, &mut pen.within(main), plan, *selected);
        }
    }
    None
}

/// A cleared part of so many lines at the foot of another.
pub fn at_foot<'a>(pen: &'a mut Pen<'_>, lines: usize) -> Pen<'a> {
    let area = pen.area();
    let lines = (lines as u16).min(area.height);
    let mut part = pen.within(Rect {
        y: area.bottom() - lines,
        height: lines,
        ..area
    });
    part.clear();
    part
}

fn copy(state: &State, pen: &mut Pen<'_>, what: &str) {
    let theme = pen.theme;
    let rows = [
        Action::CopyValue,
        Action::CopyLink,
        Action::CopyCommands,
        Action::CopyMarkdown,
    ];
    let mut pen = at_foot(pen, rows.len() + 1);
    pen.rule(0, &format!("copy of {what}"), theme.bold());
    for (at, action) in rows.into_iter().enumerate() {
        let line = Line::new()
            .say(" ")
            .look(keys::first(state, Place::Copy, action), theme.bold())
            .say(format!(" {:<12}{}", action.title(), action.help()));
        pen.line(1 + at, &line);
    }
}

fn choose(pen: &mut Pen<'_>, title: &str, says: &[String], rows: &[String], selected: usize) {
    let theme = pen.theme;
    let columns = pen.columns();
    let texts: Vec<_> = says
        .iter()
        .flat_map(|text| wrap(text, columns, columns))
        .collect();
    let mut pen = at_foot(pen, 1 + texts.len() + rows.len());
    pen.rule(0, title, theme.bold());
    for (at, text) in texts.iter().enumerate() {
        pen.line(1 + at, &Line::new().safe(text.clone(), theme.plain()));
    }
    let room = pen.rows().saturating_sub(1 + texts.len());
    let skip = (selected + 1).saturating_sub(room);
    for (y, (at, row)) in rows.iter().enumerate().skip(skip).take(room).enumerate() {
        let line = if at == selected {
            Line::new()
                .look("[", theme.bold())
                .say(row)
                .look("]", theme.bold())
                .map(|own| own.patch(theme.selected()))
        } else {
            Line::new().say(" ").say(row)
        };
        pen.line(1 + texts.len() + y, &line);
    }
}

fn refused(state: &State, pen: &mut Pen<'_>, refusal: &Refusal) {
    let theme = pen.theme;
    let columns = pen.columns();
    let mut lines: Vec<Line> = Vec::new();
    let mut says = |text: &str| {
        for line in wrap(text, columns, columns) {
            lines.push(Line::new().safe(line, theme.plain()));
        }
    };
    says(&refusal.because);
    if !refusal.remedy.is_empty() {
        says(&keys::remedy(state, &refusal.remedy));
    }
    for check in refusal.checks.iter().filter(|c| show::is_telling(c)) {
        lines.extend(
            check_lines(check, columns, 3)
                .into_iter()
                .map(|line| theme.styled(line)),
        );
    }
    let back = keys::first(state, Place::Confirm, Action::Back);
    lines.push(Line::from(format!("Nothing was sent. {back} closes.")));
    let mut pen = at_foot(pen, 1 + lines.len());
    let title = format!("REFUSED {} {}", refusal.lever.title(), refusal.target);
    pen.rule(0, &title, theme.warning());
    for (at, line) in lines.iter().enumerate() {
        pen.line(1 + at, line);
    }
}

fn undo(state: &State, pen: &mut Pen<'_>, plan: &PlanId, selected: usize) {
    let short = state.journal.short(plan);
    let record = state.journal.get(plan);
    let request = record.and_then(Journal::undo);
    let (says, what) = match &request {
        Some(request) => {
            let story = request.undoes.as_ref().map(|undone| undone.story.clone());
            let to = request.version.as_ref();
            let to = to.map(|to| format!(" to {}", to.short()));
            let title = request.lever.title();
            let what = format!("{title} {}{}", request.target, to.unwrap_or_default());
            (story.into_iter().collect(), what)
        }
        None => (
            vec!["The plan left nothing to undo.".to_owned()],
            "nothing".to_owned(),
        ),
    };
    let rows = [
        format!("undo it: {what}, as a plan of its own"),
        "leave it as it is: closes the debt, writes nothing".to_owned(),
    ];
    choose(
        pen,
        &format!("debt of plan {short}"),
        &says,
        &rows,
        selected,
    );
}

fn draw_settle(state: &State, pen: &mut Pen<'_>, plan: &PlanId, selected: usize) {
    let short = state.journal.short(plan);
    let says = match state.journal.get(plan) {
        Some(record) => vec![
            format!(
                "{} {}, made {} by {}: sent, and no answer came. It is never sent again by itself.",
                record.plan.request.lever.title(),
                record.plan.request.target,
                when(record.plan.made_at, state.now),
                record.plan.who.login
            ),
            show::write(&record.plan)
                .into_iter()
                .next()
                .unwrap_or_default(),
        ],
        None => vec!["The plan is not in the journal.".into()],
    };
    let rows = [
        "look again: search the world for the plan's id".to_owned(),
        "I looked: it was done".to_owned(),
        "I looked: it was not done".to_owned(),
    ];
    choose(pen, &format!("settle plan {short}"), &says, &rows, selected);
}
