//! List: the rows of the plain views (target, history, sources, journal, calls, help) as data, each with what it is about.
//!
//! Deliberately absent: what the rows say, but for those of target and help, which are texts.

use super::line::Line;
use super::{help, layout, target};
use crate::journal::Record;
use crate::model::{Change, Mute, Repository, Target, Version};
use crate::provider::Call;
use crate::state::{ListKey, State, View};
use crate::store::{Source, SourceState};
use std::collections::VecDeque;

pub enum Rows<'a> {
    Target(Vec<target::Row>),
    /// Newest first.
    History(Vec<&'a Change>),
    Sources(Vec<(&'a Source, &'a SourceState)>),
    /// What is muted, then the plans, oldest first, as the journal keeps them: their first row is the last of these.
    Journal(Vec<&'a Mute>, &'a [Record]),
    Calls(&'a VecDeque<Call>),
    Help(Vec<Line>),
}

/// The list that is open.
pub struct List<'a> {
    pub rows: Rows<'a>,
    /// The index of the selected row now; none where what was selected is gone.
    pub selected: Option<usize>,
}

/// The list that is open; none where the board, a run or a log fills the screen.
pub fn opened(state: &State) -> Option<List<'_>> {
    let rows = match state.view() {
        View::Board | View::Run | View::Log => return None,
        View::Target(target) => {
            Rows::Target(target::rows(state, target, usize::from(state.size.0)))
        }
        View::History(target) => Rows::History(changes(state, target)),
        View::Sources => Rows::Sources(state.store.sources().collect()),
        View::Journal => Rows::Journal(muted(state), &state.journal.records),
        View::Calls => Rows::Calls(&state.calls),
        View::Help(place) => Rows::Help(help::rows(state, *place, usize::from(state.size.0))),
    };
    let selected = match &state.ui.list.key {
        None => Some(state.ui.list.selected),
        Some(key) => rows.row_of(key),
    };
    Some(List { rows, selected })
}

impl Rows<'_> {
    pub fn length(&self) -> usize {
        match self {
            Rows::Target(rows) => rows.len(),
            Rows::History(changes) => changes.len(),
            Rows::Sources(sources) => sources.len(),
            Rows::Journal(mutes, records) => mutes.len() + records.len(),
            Rows::Calls(calls) => calls.len(),
            Rows::Help(rows) => rows.len(),
        }
    }

    /// What the nth row is about; none in lists whose rows are only read.
    pub fn key(&self, n: usize) -> Option<ListKey> {
        match self {
            Rows::Target(rows) => rows.get(n)?.key.clone(),
            Rows::History(changes) => {
                let change = changes.get(n)?;
                let (commit, repository) = (change.commit.clone(), change.repository.clone());
                Some(ListKey::Change(commit, repository))
            }
            Rows::Sources(sources) => Some(ListKey::Source(sources.get(n)?.0.clone())),
            Rows::Journal(mutes, records) => {
                if let Some(mute) = mutes.get(n) {
                    return Some(ListKey::Muted(mute.target.clone()));
                }
                let record = records.iter().rev().nth(n - mutes.len())?;
                Some(ListKey::Plan(record.plan.id.clone()))
            }
            Rows::Calls(_) | Rows::Help(_) => None,
        }
    }

    /// The row that is about it now.
    fn row_of(&self, key: &ListKey) -> Option<usize> {
        match (self, key) {
            (Rows::Target(rows), ListKey::Pod(pod, at)) => {
                let is_its =
                    |row: &target::Row| matches!(&row.key, Some(ListKey::Pod(id, _)) if id == pod);
                let first = rows.iter().position(is_its)?;
                let length = rows[first..].iter().take_while(|row| is_its(row)).count();
                Some(first + (*at).min(length - 1))
            }
            (Rows::Target(rows), key) => rows.iter().position(|row| row.key.as_ref() == Some(key)),
            (Rows::History(changes), ListKey::Change(commit, repository)) => changes
                .iter()
                .position(|c| c.commit == *commit && c.repository == *repository),
            (Rows::Sources(sources), ListKey::Source(source)) => {
                sources.iter().position(|(known, _)| *known == source)
            }
            (Rows::Journal(mutes, _), ListKey::Muted(target)) => {
                mutes.iter().position(|mute| mute.target == *target)
            }
            (Rows::Journal(mutes, records), ListKey::Plan(id)) => {
                let mut newest_first = records.iter().rev();
                let place = newest_first.position(|record| record.plan.id == *id)?;
                Some(mutes.len() + place)
            }
            _ => None,
        }
    }

    /// Whether words stand over the columns.
    pub fn has_head(&self) -> bool {
        !matches!(self, Rows::Target(_) | Rows::Help(_))
    }

    /// Whether the rows are followed by details of the selected one.
    fn has_detail(&self) -> bool {
        matches!(self, Rows::Sources(_) | Rows::Journal(..))
    }
}

impl<'a> List<'a> {
    /// What the selected row is about.
    pub fn selected_key(&self) -> Option<ListKey> {
        self.rows.key(self.selected?)
    }

    /// The change that is selected in a history.
    pub fn change(&self) -> Option<&'a Change> {
        match &self.rows {
            Rows::History(changes) => changes.get(self.selected?).copied(),
            _ => None,
        }
    }

    /// The plan's record that is selected in the journal.
    pub fn record(&self) -> Option<&'a Record> {
        match &self.rows {
            Rows::Journal(mutes, records) => {
                let place = self.selected?.checked_sub(mutes.len())?;
                records.iter().rev().nth(place)
            }
            _ => None,
        }
    }

    /// The mute that is selected in the journal.
    pub fn mute(&self) -> Option<&'a Mute> {
        match &self.rows {
            Rows::Journal(mutes, _) => mutes.get(self.selected?).copied(),
            _ => None,
        }
    }

    /// The source that is selected.
    pub fn source(&self) -> Option<(&'a Source, &'a SourceState)> {
        match &self.rows {
            Rows::Sources(sources) => sources.get(self.selected?).copied(),
            _ => None,
        }
    }

    /// Rows that there is room for below the title.
    pub fn room(&self, height: usize) -> usize {
        let below_title = height.saturating_sub(1 + usize::from(self.rows.has_head()));
        let told = self.selected.is_some_and(|n| n < self.rows.length());
        if self.rows.has_detail() && told {
            // Half of the room is for details of the selected row, unless the list is short.
            self.rows.length().min(below_title.div_ceil(2))
        } else {
            below_title
        }
    }

    /// Rows of it that are visible.
    pub fn visible(&self, state: &State) -> usize {
        self.room(usize::from(layout::panes(state).body.height))
    }
}

/// The version that the selected change of a history brought, and into which file, for a roll back to it.
pub fn selected_version(state: &State) -> Option<(Repository, Version)> {
    let change = opened(state)?.change()?;
    Some((change.repository.clone(), change.to.clone()?))
}

/// The plan's record that is selected in the journal.
pub fn selected_record(state: &State) -> Option<&Record> {
    opened(state)?.record()
}

/// The mute that is selected in the journal.
pub fn selected_mute(state: &State) -> Option<&Mute> {
    opened(state)?.mute()
}

/// The mutes that cover their cells now.
fn muted(state: &State) -> Vec<&Mute> {
    let mutes = state.store.mutes().values();
    mutes
        .filter(|mute| {
            let status = state.board.status(&mute.target);
            status.is_some_and(|status| status.muted.is_some())
        })
        .map(|mute| &**mute)
        .collect()
}

/// The source that is selected.
pub fn selected_source(state: &State) -> Option<&Source> {
    Some(opened(state)?.source()?.0)
}

/// Changes of all files behind a target, newest first.
fn changes<'a>(state: &'a State, target: &Target) -> Vec<&'a Change> {
    let Some(status) = state.board.status(target) else {
        return Vec::new();
    };
    let mut changes: Vec<&Change> = status
        .images
        .iter()
        .flat_map(|image| {
            state
                .store
                .history
                .changes_of(&target.environment, &image.repository)
        })
        .collect();
    changes.sort_by_key(|change| std::cmp::Reverse(change.at));
    changes
}
