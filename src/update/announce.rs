//! Announce: says by the last lines, the bell and the terminal's title how a plan ended or that it is overdue, whichever
//! console or command noted it in the journal, and once.
//!
//! Deliberately absent: what the journal held when this console was opened, and what an operator just said of a plan here.

use crate::effect::Effect;
use crate::journal::{Journal, PlanState, Record};
use crate::plan::{Outcome, PlanId};
use crate::screen::message::stands_in_words;
use crate::state::{Notice, State};

/// Remembers how a plan stands, before an entry about it is added. One whose intent comes with the entry has no outcome.
pub(super) fn note_before(state: &mut State, plan: &PlanId) {
    let known = state.journal.get(plan);
    let before = known.map_or(PlanState::Open, Record::plan_state);
    state.unannounced.entry(plan.clone()).or_insert(before);
}

/// Takes a journal that was read again from its beginning in place of the one that is known. A plan that was not known is
/// news where it was made after all that were: others stood in a file that came back.
pub(super) fn replace_journal(state: &mut State, journal: Journal) {
    let newest = state.journal.records.iter().map(|r| r.plan.made_at).max();
    let plans = journal.records.iter().map(|record| &record.plan);
    let is_news = |id: &PlanId, made_at| {
        state.journal.get(id).is_some() || newest.is_none_or(|newest| newest < made_at)
    };
    let news: Vec<PlanId> = plans
        .filter(|plan| is_news(&plan.id, plan.made_at))
        .map(|plan| plan.id.clone())
        .collect();
    for plan in &news {
        note_before(state, plan);
    }
    state.journal = journal;
}

/// Says of each plan that entries came about since the last look what has become of it, in the order of the plans.
pub(super) fn announce_news(state: &mut State, effects: &mut Vec<Effect>) {
    let unannounced = std::mem::take(&mut state.unannounced);
    if unannounced.is_empty() {
        return;
    }
    let records = state.journal.records.iter();
    let news: Vec<News> = records
        .filter_map(|record| {
            let before = *unannounced.get(&record.plan.id)?;
            News::find(state, record, before)
        })
        .collect();
    for news in news {
        announce(state, news, effects);
    }
}

/// What has become of a plan.
struct News {
    plan: PlanId,
    text: String,
    is_bad: bool,
    is_end: bool,
}

impl News {
    fn find(state: &State, record: &Record, before: PlanState) -> Option<Self> {
        use PlanState::{CutShort, Done, Late, NotDone};
        let now = record.plan_state();
        let request = &record.plan.request;
        let plan = record.plan.id.clone();
        if before != now && matches!(now, Done | Late | CutShort) {
            let stands = stands_in_words(state, record);
            return Some(Self {
                plan,
                text: format!("{}: {stands}", request.name_movement()),
                is_bad: now != Done,
                is_end: true,
            });
        }
        match &record.outcome {
            Some((_, Outcome::Applied { evidence })) if before == NotDone && now != NotDone => {
                let text = format!(
                    "Plan {} ({} {}) has arrived: {evidence}. Look at it before you send anything else for the same.",
                    state.journal.short(&plan),
                    request.lever.title(),
                    request.name_target()
                );
                Some(Self {
                    plan,
                    text,
                    is_bad: true,
                    is_end: false,
                })
            }
            _ => None,
        }
    }
}

fn announce(state: &mut State, news: News, effects: &mut Vec<Effect>) {
    let is_of_notice = |notice: &mut Notice| notice.accepts.as_ref() == Some(&news.plan);
    if news.is_end {
        state.ui.notice.take_if(is_of_notice);
    }
    if !state.ui.is_quiet {
        effects.push(Effect::Bell);
        effects.push(Effect::Title(news.text.clone()));
    }
    if news.is_bad {
        return state.warn_about(&news.plan, news.text);
    }
    state.forget_warnings_about(&news.plan);
    // Good news must not replace a sentence about the last key; the journal shows it in any case.
    if state.ui.notice.is_none() {
        state.tell(news.text);
    }
}
