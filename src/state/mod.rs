//! State: all that the console knows and shows, in one value.
//!
//! Deliberately absent: channels, handles and clocks. Only [`mod@crate::update`] changes it; a view is a function of it.

mod board;
pub mod filter;
#[cfg(test)]
mod fixture;
pub mod lines;
mod notice;

pub use board::{BoardUi, DrawnBoard, Found};
pub use lines::BoardLine;
pub use notice::{Notice, Warning};

use crate::belongs::logs::LogChoice;
use crate::board::{Board, FoldKind};
use crate::delivery::Delivery;
use crate::journal::{Journal, PlanState};
use crate::keymap::Keymap;
use crate::model::log::{ErrorLines, Filter, Log, Pattern};
use crate::model::{Fault, ObjectId, Target};
use crate::plan::{Actor, Changed, Lever, Plan, PlanId, Refusal, Request};
use crate::provider::Call;
use crate::store::Store;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

pub struct State {
    pub delivery: Arc<Delivery>,
    pub keys: Arc<Keymap>,
    pub settings: Settings,
    pub store: Store,
    pub journal: Journal,
    /// Plans that entries of the journal came about since it was said last what has become of plans: how each stood before.
    pub unannounced: BTreeMap<PlanId, PlanState>,
    /// Why nothing can be journalled; none where it can.
    pub journal_fault: Option<Fault>,
    /// Calls made to the outside, newest last, bounded.
    pub calls: VecDeque<Call>,
    /// Plans whose outcome is not known: how often each was looked for, and when it is next.
    pub looks: BTreeMap<PlanId, (u32, Timestamp)>,
    /// Derived from the facts whenever they changed.
    pub board: Board,
    /// The store's generation that the board was derived from; none yet.
    pub board_of: Option<u64>,
    pub ui: Ui,
    pub now: Timestamp,
    /// Columns and rows.
    pub size: (u16, u16),
}

/// What does not change while the console runs.
#[derive(Clone, Debug)]
pub struct Settings {
    pub who: Actor,
    /// Shown in the header.
    pub host: String,
    pub read_only: bool,
    /// The scenario of the practice yard, where this is one.
    pub demo: Option<String>,
    /// The people's time zone, and its name in the header.
    pub zone: TimeZone,
    pub zone_name: String,
    /// Colours, glyphs.
    pub theme: ThemeSettings,
    /// How each environment's cluster is reached, for the commands that are copied.
    pub clusters: crate::plan::show::Clusters,
    /// Sources that a login command is configured for.
    pub logins: BTreeSet<crate::store::Source>,
    /// Bytes that a log may hold.
    pub log_cap: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ThemeSettings {
    /// No colour at all (NO_COLOR, TERM=dumb).
    pub no_colour: bool,
    /// Only what every terminal draws.
    pub ascii: bool,
}

/// What is on the screen.
#[derive(Debug, Default)]
pub struct Ui {
    /// Views gone into, the last is shown; empty: the board.
    pub views: Vec<View>,
    /// The view left last, for `-`.
    pub last: Option<View>,
    pub pane: Pane,
    pub zoom: bool,
    pub board: BoardUi,
    pub run: Option<RunUi>,
    pub log: Option<LogUi>,
    pub list: ListUi,
    pub overlay: Option<Overlay>,
    /// A lever is going through several marked cells.
    pub bulk: Option<Bulk>,
    /// Counts overlays: keys read before the present one was painted do not count in it.
    pub overlay_number: u64,
    pub overlay_painted: Option<Timestamp>,
    /// When several letters last came together in it; the key that answers counts again a moment later.
    pub letters_together: Option<Timestamp>,
    pub terminal: TerminalUi,
    pub prompt: Option<Prompt>,
    /// What is muted once the reason is typed.
    pub muting: Option<(Target, crate::model::Until)>,
    pub notice: Option<Notice>,
    /// What must be known, oldest first.
    pub warnings: Vec<Warning>,
    /// Texts typed before, newest last: reasons, filters, searches.
    pub reasons: Vec<String>,
    /// Neither the bell nor the terminal's title reports plans.
    pub is_quiet: bool,
    /// The last key that did nothing, and its place, so that this is said once.
    pub idle: Option<(crate::action::Place, crate::keymap::Chord)>,
    pub follows: u64,
}

impl Ui {
    /// Whether something is asked whose answer is sent or journalled, so that it matters what the terminal has.
    pub fn asks(&self) -> bool {
        let prompt = self.prompt.as_ref();
        self.overlay.is_some() || prompt.is_some_and(|p| p.kind == PromptKind::MuteReason)
    }
}

/// How the terminal answers, which decides when keys count in a plan.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TerminalUi {
    /// It has answered when it was asked what it shows.
    pub answers: bool,
    /// The program between the console and the terminal, which answers in its stead.
    pub relay: Option<&'static str>,
}

/// A view that fills the main area. Board, run and log stand side by side where there is room.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum View {
    #[default]
    Board,
    Run,
    Log,
    Target(Target),
    History(Target),
    Sources,
    Journal,
    Calls,
    /// Help for the place that was left.
    Help(crate::action::Place),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Pane {
    #[default]
    Board,
    Run,
    Log,
}

#[derive(Debug)]
pub struct RunUi {
    pub target: Target,
    /// None: the target has no run.
    pub run: Option<ObjectId>,
    /// Selected node.
    pub node: Option<Arc<str>>,
    /// The log beside it opens as soon as the step has one.
    pub awaits_log: bool,
    pub top: usize,
}

#[derive(Debug)]
pub struct LogUi {
    /// The number of the subscription.
    pub follow: u64,
    pub target: Target,
    /// What can be shown here, for `[` and `]`; and which is.
    pub sources: Vec<LogChoice>,
    pub source: usize,
    pub log: Log,
    /// Where reports of errors begin, for the jumps.
    pub errors: ErrorLines,
    /// Number of the first visible line since the beginning of the log.
    pub top: u64,
    /// Number of the line that searches and jumps start from.
    pub selected: u64,
    pub following: bool,
    pub wrap: bool,
    pub search_text: String,
    pub search: Option<Pattern>,
    pub filter_text: String,
    /// The lines that match the filter; none: all are shown.
    pub filter: Option<Filter>,
    pub ended: bool,
    pub fault: Option<Fault>,
    /// Jump to the first error once the log is complete (a finished step's log opens there).
    pub seek_error: bool,
}

impl LogUi {
    /// What the shown log is called.
    pub fn title(&self) -> &str {
        self.sources.get(self.source).map_or("", |c| &c.title)
    }
}

/// Cursor of the plain lists (history, sources, journal, calls, help, target): line and first visible line.
#[derive(Clone, Debug, Default)]
pub struct ListUi {
    /// What is selected, where its lines are things that an action is about: it stays selected wherever it moves.
    pub key: Option<ListKey>,
    /// The line that was selected last.
    pub selected: usize,
    pub top: usize,
}

/// The identity of a line of a plain list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ListKey {
    /// A commit's change of one file.
    Change(Arc<str>, crate::model::Repository),
    Plan(PlanId),
    /// A muted cell.
    Muted(Target),
    Source(crate::store::Source),
    /// A row of a pod of the target.
    Pod(ObjectId, usize),
    /// The heading of the target's Kubernetes Events.
    Events,
}

#[derive(Debug)]
pub enum Overlay {
    /// The levers of a cell.
    Levers {
        target: Target,
        /// The line that somebody moved the cursor to; none: it stands on what is proposed.
        selected: Option<usize>,
        /// The plan that was sent just before, which wants another one to be whole: that is why they are open.
        after: Option<PlanId>,
    },
    /// What can be copied of what is selected.
    Copy {
        subject: Subject,
    },
    /// An app of several images: which file is meant.
    Which {
        request: crate::plan::Request,
        choices: Vec<crate::model::Repository>,
        selected: usize,
    },
    /// A cell: for how long it is muted.
    Mute {
        target: Target,
        selected: usize,
    },
    Confirm(Box<ConfirmUi>),
    Refused(Box<Refusal>),
    /// A plan that left a debt: undo it, or leave it as it is.
    Undo {
        plan: PlanId,
        selected: usize,
    },
    /// A plan whose outcome is unknown: `I looked: done / not done`.
    Settle {
        plan: PlanId,
        selected: usize,
    },
}

/// A lever on several marked cells: one plan after the other.
#[derive(Clone, PartialEq, Debug)]
pub struct Bulk {
    pub lever: Lever,
    /// The id of the first plan; the others follow from it.
    pub first: PlanId,
    pub all: usize,
    /// Cells whose plan was not accepted yet; the first is the one that is shown.
    pub left: VecDeque<Target>,
    /// Plans that were accepted.
    pub sent: usize,
    /// The plan that is shown was sent, and its answer is awaited.
    pub is_sending: bool,
}

impl Bulk {
    /// The id of the plan that is shown.
    pub fn id(&self) -> PlanId {
        self.first.after(self.sent as u64)
    }
}

#[derive(Debug)]
pub struct ConfirmUi {
    pub plan: Plan,
    /// The part that is focused.
    pub part: Part,
    /// Parts that are unfolded.
    pub open: BTreeSet<Part>,
    pub reason: String,
    /// Which earlier reason is shown, counted from the newest.
    pub earlier: Option<usize>,
    pub version: String,
    /// The button that is focused, where there are buttons: false is Cancel.
    pub confirm_focused: bool,
    pub top: usize,
    /// Why Enter did not act.
    pub complaint: Option<Complaint>,
    /// The second in which the plan was decided again last.
    pub decided_at: i64,
    /// What changed under the plan while it was open.
    pub changes: Vec<Changed>,
    /// It was sent; further keys do not send again.
    pub sent: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Part {
    Checks,
    Write,
    Then,
    Reason,
    Version,
    Buttons,
}

/// Why Enter did not act, until it is cured.
#[derive(Clone, PartialEq, Debug)]
pub struct Complaint {
    pub text: String,
    pub until: Cure,
}

/// What ends a complaint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cure {
    /// A reason is typed.
    Reason,
    /// What is typed matches.
    Version,
    /// Enter is pressed again.
    Enter,
    /// Any key is pressed.
    Key,
}

/// What is selected in the view that one looks at: what `copy` and `link` are about.
#[derive(Clone, PartialEq, Debug)]
pub enum Subject {
    Cell(Target),
    Run(ObjectId, Target),
    /// A commit's change of one file of a target.
    Change(Target, Arc<str>, crate::model::Repository),
    Plan(PlanId),
    Source(crate::store::Source),
}

/// A line being typed at the foot of the screen.
#[derive(Debug)]
pub struct Prompt {
    pub kind: PromptKind,
    pub text: String,
    /// Which completion is selected (palette).
    pub selected: usize,
    /// What stood before, restored by Esc.
    pub before: String,
    /// What was selected on the board before; every letter of a filter starts from it anew.
    pub selected_before: (Option<Target>, Option<FoldKind>),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PromptKind {
    Filter,
    Search,
    FilterLines,
    Palette,
    /// Why a cell is muted.
    MuteReason,
}

impl State {
    /// A state that knows nothing yet. The size comes with the terminal.
    pub fn new(
        delivery: Arc<Delivery>,
        keys: Arc<Keymap>,
        settings: Settings,
        now: Timestamp,
    ) -> Self {
        Self {
            store: Store::new(&delivery),
            delivery,
            keys,
            settings,
            journal: Journal::default(),
            unannounced: Default::default(),
            journal_fault: None,
            calls: VecDeque::new(),
            looks: Default::default(),
            board: Board::default(),
            board_of: None,
            ui: Ui::default(),
            now,
            size: (80, 24),
        }
    }

    /// The view that is shown.
    pub fn view(&self) -> &View {
        static BOARD: View = View::Board;
        self.ui.views.last().unwrap_or(&BOARD)
    }

    /// The request of a lever for a target; a lever that is about a run means the run in sight.
    pub fn request(&self, lever: Lever, target: &Target) -> Request {
        let in_sight = matches!(self.view(), View::Run | View::Log) || self.ui.pane != Pane::Board;
        let run = self.ui.run.as_ref().filter(|ui| ui.target == *target);
        let run = run.filter(|_| in_sight).and_then(|ui| ui.run.clone());
        Request::new(lever, target.clone()).about_run(run)
    }

    /// What a plan is decided on.
    pub fn context<'a>(&'a self, id: &'a PlanId) -> crate::plan::Context<'a> {
        crate::plan::Context {
            id,
            store: &self.store,
            delivery: &self.delivery,
            journal: &self.journal,
            journal_fault: self.journal_fault.as_ref(),
            who: &self.settings.who,
            read_only: self.settings.read_only,
            now: self.now,
        }
    }
}
