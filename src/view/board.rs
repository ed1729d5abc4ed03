//! Board: rows of apps, a cell per environment, the gates between them, and a fold line for what is calm.

use super::pen::{Line, Pen};
use super::{recent, theme::Theme};
use crate::action::{Action, Place};
use crate::board::status::{Status, TargetKind};
use crate::board::{CalmSmoke, FoldKind, Row, shown};
use crate::model::{Environment, Target, Version, span::span};
use crate::screen::layout::Panes;
use crate::screen::{self, keys};
use crate::state::{BoardLine, Pane, State};
use crate::store::source::Reach;
use crate::store::{Kind, Source};
use crate::text::{Safe, fit};
use ratatui::layout::Rect;
use ratatui::style::Style;

const MARK: usize = 2;
/// Brackets, version, a space, word or age.
const CELL: usize = 16;
const WORD: usize = 6;
const LONGEST_WORD: usize = 8;
const GATE: usize = 3;
const NAME: usize = 20;
const NAME_LEAST: usize = 10;
const NAME_MOST: usize = 40;

/// Where the columns stand for a width.
struct Columns {
    name: usize,
    /// The first environment that is shown, and how many are.
    first: usize,
    count: usize,
}

impl Columns {
    fn new(state: &State, columns: usize) -> Self {
        let all = state.board.environments.len();
        let wide = |count: usize| count * CELL + count.saturating_sub(1) * GATE;
        let count = (1..=all)
            .rev()
            .find(|count| MARK + NAME_LEAST + wide(*count) <= columns)
            .unwrap_or(1)
            .min(all);
        let left = columns.saturating_sub(MARK + wide(count));
        // A few columns more than needed change nothing: names stand where they stand.
        let name = if left <= NAME + 4 {
            left.min(NAME)
        } else {
            (left - 4).min(NAME_MOST)
        };
        // Where not all fit, those around the selected one do.
        let selected = state
            .ui
            .board
            .selected
            .as_ref()
            .and_then(|target| {
                state
                    .board
                    .environments
                    .iter()
                    .position(|e| *e == target.environment)
            })
            .unwrap_or(all.saturating_sub(1));
        let first = selected
            .saturating_sub(count.saturating_sub(1))
            .min(all.saturating_sub(count));
        Self { name, first, count }
    }

    /// The column of the opening bracket of the nth environment.
    fn cell(&self, environment: usize) -> usize {
        MARK + self.name + (environment - self.first) * (CELL + GATE)
    }

    fn shown(&self) -> std::ops::Range<usize> {
        self.first..self.first + self.count
    }
}

pub fn draw(state: &State, pen: &mut Pen<'_>, panes: &Panes, area: Rect) {
    let mut pen = pen.within(area);
    if pen.rows() == 0 {
        return;
    }
    let columns = Columns::new(state, pen.columns());
    head(state, &mut pen, &columns);
    let recent = screen::recent::lines(state, area);
    let rows = pen.rows().saturating_sub(1 + recent);
    let lines = state.lines();
    if lines.is_empty() {
        for (y, line) in empty(state).iter().enumerate().take(rows) {
            pen.line(1 + y, line);
        }
    }
    let top = screen::layout::lines_in_sight(state, panes).start;
    for (y, line) in lines.iter().skip(top).take(rows).enumerate() {
        match line {
            BoardLine::Row(key) => {
                if let Some(found) = state.board.row(key) {
                    row(state, &mut pen, &columns, 1 + y, found);
                }
            }
            BoardLine::Fold(kind, count) => fold(state, &mut pen, 1 + y, *kind, *count),
        }
    }
    if recent > 0 {
        let below = Rect {
            y: area.y + area.height - recent as u16,
            height: recent as u16,
            ..area
        };
        recent::draw(state, &mut pen.within(below));
    }
}

/// Why the board is empty, and what to press.
fn empty(state: &State) -> Vec<Line> {
    let key = |action| keys::first(state, Place::Board, action);
    if !state.ui.board.filter.is_empty() && !state.board.is_empty() {
        let filter = &state.ui.board.filter;
        let typed = crate::state::filter::Filter::parse(filter);
        let why = match typed.unknown(&state.board) {
            _ if typed.is_unreadable() => {
                format!("  The expression cannot be read, so no row is shown: {filter}")
            }
            Some(unknown) => format!("  {unknown}"),
            None => format!("  No row matches {filter}"),
        };
        return vec![
            Line::from(why),
            Line::from(format!("  {} clears the filter.", key(Action::Back))),
        ];
    }
    let git = state.store.source(&Source::Git);
    if let Some(fault) = git.and_then(|git| git.worst_fault()) {
        return vec![
            Line::from(format!("  The repository cannot be read: {}", fault.detail)),
            Line::from(format!("  {}", fault.hint)),
            Line::from(format!("  {} shows the sources.", key(Action::Sources))),
        ];
    }
    if state.store.tree.is_none() {
        return vec![
            Line::from("  Reading the repository; nothing is known yet."),
            Line::from(format!("  {} shows the sources.", key(Action::Sources))),
        ];
    }
    vec![
        Line::from(format!(
            "  No version file stands at {} on {}",
            state.delivery.declared.path, state.delivery.branch
        )),
        Line::from("  Check [declared] in the delivery file: leverframe config check."),
    ]
}

fn head(state: &State, pen: &mut Pen<'_>, columns: &Columns) {
    let style = pen.theme.title(state.ui.pane == Pane::Board);
    pen.put(MARK, 0, &Safe::own("APP"), columns.name, style);
    for place in columns.shown() {
        let environment = &state.board.environments[place];
        let at = columns.cell(place);
        if place > columns.first {
            let (glyph, look) = pen.theme.gate(state.board.usual_gate(place));
            pen.put(at - GATE, 0, &Safe::line(&glyph.to_string()), 1, look);
        }
        let stale =
            is_stale(state, &Source::Cluster(environment.clone())) || is_stale(state, &Source::Git);
        let name = Safe::line(&environment.as_str().to_uppercase());
        let room = CELL - 1 - if stale { 2 } else { 0 };
        let end = pen.put(at + 1, 0, &name, room, style);
        if stale {
            let look = pen.theme.warning();
            pen.put(end, 0, &Safe::own(" ?"), 2, look);
        }
    }
}

fn is_stale(state: &State, source: &Source) -> bool {
    state
        .store
        .source(source)
        .is_some_and(|about| about.reach(state.now) != Reach::Ok)
}

fn row(state: &State, pen: &mut Pen<'_>, columns: &Columns, y: usize, row: &Row) {
    let theme = pen.theme;
    let marked = row
        .cells
        .iter()
        .flatten()
        .any(|status| state.ui.board.marks.contains(&status.target));
    if marked {
        let look = theme.bold();
        pen.put(0, y, &Safe::own("x"), 1, look);
    }
    let name = if row.under {
        format!("+{}", row.key.app)
    } else {
        row.key.app.as_str().to_owned()
    };
    pen.put(MARK, y, &Safe::line(&name), columns.name, theme.plain());
    for place in columns.shown() {
        let at = columns.cell(place);
        let Some(Some(status)) = row.cells.get(place) else {
            pen.put(at + 1, y, &Safe::own("-"), 1, theme.dim());
            continue;
        };
        if place > columns.first {
            gate(pen, at - GATE, y, status);
        }
        cell(state, pen, at, y, status);
    }
}

fn gate(pen: &mut Pen<'_>, x: usize, y: usize, status: &Status) {
    let (glyph, look) = pen.theme.gate(status.gate_in.state);
    pen.put(x, y, &Safe::line(&glyph.to_string()), 1, look);
    let waiting = match status.waiting {
        None | Some(0) => return,
        Some(n @ 1..=9) => n.to_string(),
        Some(_) => "+".to_owned(),
    };
    let look = pen.theme.plain();
    pen.put(x + 1, y, &Safe::line(&waiting), 1, look);
}

fn cell(state: &State, pen: &mut Pen<'_>, x: usize, y: usize, status: &Status) {
    let theme = pen.theme;
    let version = Safe::line(&version_of(status));
    let (word, look) = word_or_age(state, theme, status);
    let room = room_of(&word);
    let left = CELL - 3 - room;
    let text = format!("{} {}", fit(&version, left), fit(&word, room));
    let selected =
        state.ui.board.fold.is_none() && state.ui.board.selected.as_ref() == Some(&status.target);
    pen.put(x + 1, y, &Safe::line(&text), CELL - 2, theme.plain());
    pen.put(x + 1 + left + 1, y, &Safe::line(&word), room, look);
    if selected {
        pen.put(x, y, &Safe::own("["), 1, theme.bold());
        pen.put(x + CELL - 1, y, &Safe::own("]"), 1, theme.bold());
        pen.tint(x, y, CELL, theme.selected());
    }
}

/// How many columns a word has: a long one takes them from the version.
fn room_of(word: &Safe) -> usize {
    word.width().clamp(WORD, LONGEST_WORD)
}

/// The word of a cell that is stale, with the mark that an age has. Where there is no room for it, and where it would cut a
/// version that is whole without it, the head of the column alone has one.
fn marked(status: &Status, word: &'static str) -> Safe {
    let marked = Safe::line(&format!("{word}?"));
    let word = Safe::own(word);
    let version = Safe::line(&version_of(status));
    let is_whole = |beside: &Safe| version.width() + room_of(beside) <= CELL - 3;
    let fits = marked.width() <= LONGEST_WORD && (is_whole(&marked) || !is_whole(&word));
    if fits { marked } else { word }
}

/// What a cell says for a version.
pub fn version_of(status: &Status) -> String {
    if let Some(version) = &status.version {
        return version.short().to_owned();
    }
    let mut declared: Vec<&Version> = status
        .images
        .iter()
        .filter_map(|image| image.declared.as_ref()?.version.as_ref())
        .collect();
    declared.dedup();
    match (status.kind, declared.len()) {
        (TargetKind::NoFile, _) => "no file".into(),
        (TargetKind::Parent, _) => "parent".into(),
        (_, 0) => "none".into(),
        (_, n) => format!("{n} tags"),
    }
}

fn word_or_age(state: &State, theme: Theme, status: &Status) -> (Safe, Style) {
    let target: &Target = &status.target;
    let stale = is_stale(state, &Source::Git)
        || is_stale(state, &Source::Cluster(target.environment.clone()));
    if let Some(word) = shown(&state.board.holds, status).next() {
        let text = match stale {
            true => marked(status, word.label()),
            false => Safe::own(word.label()),
        };
        return (text, theme.word(word));
    }
    let age = match status.since {
        Some(since) => span(state.now.duration_since(since).as_secs()),
        // The walk through history has not come so far, or has ended before.
        None if status.version.is_none() => String::new(),
        None if state.store.history.is_complete() => "old".into(),
        None => "..".into(),
    };
    let mark = if stale { "?" } else { "" };
    (Safe::line(&format!("{age}{mark}")), theme.dim())
}

fn fold(state: &State, pen: &mut Pen<'_>, y: usize, kind: FoldKind, count: usize) {
    let theme = pen.theme;
    let open = state.ui.board.unfolded.contains(&kind);
    let selected = state.ui.board.fold == Some(kind);
    let sign = if open { "-" } else { "+" };
    pen.put(0, y, &Safe::own(sign), 1, theme.plain());
    let text = Safe::line(&match kind {
        FoldKind::Calm => format!("{count} calm: one version everywhere{}", as_far_as(state)),
        FoldKind::Muted => format!("{count} muted"),
        FoldKind::Orphans if count == 1 => "1 file that no app names".into(),
        FoldKind::Orphans => format!("{count} files that no app names"),
        FoldKind::NoFile if count == 1 => "1 app without a file".into(),
        FoldKind::NoFile => format!("{count} apps without a file"),
        FoldKind::Parents => format!("{count} apps of apps"),
    });
    let end = pen.put(
        MARK,
        y,
        &text,
        pen.columns().saturating_sub(MARK + 1),
        theme.plain(),
    );
    if selected {
        pen.put(1, y, &Safe::own("["), 1, theme.bold());
        pen.put(end, y, &Safe::own("]"), 1, theme.bold());
        pen.tint(1, y, end, theme.selected());
    }
}

/// How far the calm were read, and what may be said of their smoke runs: no more than is known.
fn as_far_as(state: &State) -> String {
    let names = |unread: &[&Environment]| {
        let names: Vec<&str> = unread.iter().map(|e| e.as_str()).collect();
        names.join(", ")
    };
    let environments = &state.board.environments;
    let unread_of = |kinds: &[Kind]| -> Vec<&Environment> {
        let is_read = |environment: &Environment| {
            let mut kinds = kinds.iter();
            kinds.all(|kind| state.store.is_read(environment, *kind))
        };
        environments.iter().filter(|e| !is_read(e)).collect()
    };
    let kinds: &[Kind] = match state.delivery.argo_cd {
        Some(_) => &[Kind::Applications, Kind::Pods],
        None => &[Kind::Pods],
    };
    let unread = unread_of(kinds);
    if !unread.is_empty() {
        return format!(", {} not read whole", names(&unread));
    }
    if state.delivery.runs.is_none() {
        return String::new();
    }
    let unread = unread_of(&[Kind::Runs]);
    if !unread.is_empty() {
        return format!(", smoke not read in {}", names(&unread));
    }
    let known = state.board.calm_smoke();
    let mut parts = match known {
        CalmSmoke { passed: 0, .. } => Vec::new(),
        CalmSmoke {
            others: 0,
            not_kept: 0,
            ..
        } => vec!["smoke passed".to_owned()],
        CalmSmoke { passed, .. } => vec![format!("smoke passed in {passed} cells")],
    };
    if known.others > 0 {
        parts.push(format!("not yet in {}", known.others));
    }
    // Without this it would sound as if the others had failed.
    if known.not_kept > 0 && known.passed > 0 {
        parts.push(format!("{} without a run", known.not_kept));
    }
    parts.iter().map(|part| format!(", {part}")).collect()
}
