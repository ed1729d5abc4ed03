//! Action: what a key can mean. One table: keys, footer, help, man page and README come from it.
//!
//! Deliberately absent: letters. They stand in `config/keys.toml` and are looked up in [`crate::keymap`].

use crate::plan::Lever;

/// The place that a key is pressed in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Place {
    /// Everywhere but in text fields and overlays.
    Any,
    Board,
    Run,
    Log,
    Target,
    History,
    Sources,
    Journal,
    Calls,
    Help,
    /// The list of levers of the selected cell.
    Levers,
    /// The list of what can be copied.
    Copy,
    Confirm,
    /// A text field: filter, search, palette, reason, version.
    Text,
}

impl Place {
    pub const ALL: [Place; 14] = [
        Place::Any,
        Place::Board,
        Place::Run,
        Place::Log,
        Place::Target,
        Place::History,
        Place::Sources,
        Place::Journal,
        Place::Calls,
        Place::Help,
        Place::Levers,
        Place::Copy,
        Place::Confirm,
        Place::Text,
    ];

    /// The name of its section in `keys.toml`.
    pub fn name(self) -> &'static str {
        match self {
            Place::Any => "any",
            Place::Board => "board",
            Place::Run => "run",
            Place::Log => "log",
            Place::Target => "target",
            Place::History => "history",
            Place::Sources => "sources",
            Place::Journal => "journal",
            Place::Calls => "calls",
            Place::Help => "help",
            Place::Levers => "levers",
            Place::Copy => "copy",
            Place::Confirm => "confirm",
            Place::Text => "text",
        }
    }
}

macro_rules! actions {
    ($($variant:ident $name:literal $title:literal $help:literal)*) => {
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Action {
            $($variant,)*
        }
        /// Every action: name in `keys.toml`, title in the footer, sentence in the help.
        pub const ACTIONS: &[(Action, &str, &str, &str)] = &[$((Action::$variant, $name, $title, $help),)*];
    };
}

actions! {
    Left "left" "left" "Move to the cell on the left."
    Down "down" "down" "Move down."
    Up "up" "up" "Move up."
    Right "right" "right" "Move to the cell on the right."
    Top "top" "top" "Go to the first row."
    Bottom "bottom" "bottom" "Go to the last row."
    PageDown "page-down" "page down" "Go a page down."
    PageUp "page-up" "page up" "Go a page up."
    Enter "enter" "open" "Go in: from a cell to its newest run, to its step, to its log."
    Back "back" "back" "Go back."
    Quit "quit" "quit" "Leave leverframe."
    NextPane "next-pane" "pane" "Focus the next pane."
    Pane1 "pane-1" "board" "Focus the board."
    Pane2 "pane-2" "run" "Focus the run."
    Pane3 "pane-3" "log" "Focus the log."
    LastView "last-view" "last view" "Return to the view before this one."
    Zoom "zoom" "zoom" "Show the focused pane alone, without borders."
    Describe "describe" "describe" "Describe the target: declared, synced, rolled out, running."
    History "history" "history" "Who moved what when, and how long each version stood."
    Events "events" "events" "Kubernetes Events of the target."
    Sources "sources" "sources" "How each source is doing."
    Calls "calls" "calls" "Every call made to the outside, with target and latency."
    Journal "journal" "journal" "Plans, outcomes and debts."
    Help "help" "keys" "Every key of this place, with its reason when it is off."
    Palette "palette" "palette" "Type an action by its name."
    Filter "filter" "filter" "Filter the table."
    Sort "sort" "sort again" "Put the rows in order again."
    Fold "fold" "unfold" "Unfold or fold the calm rows, orphan files and apps without a file."
    Mark "mark" "mark" "Mark the target."
    Copy "copy" "copy" "Copy a value, commands or a Markdown line."
    Link "link" "link" "Show and copy the link of what is selected."
    Levers "levers" "levers" "Open the levers of the selected cell."
    Refresh "refresh-source" "read again" "Ask the sources again now."
    Repaint "repaint" "repaint" "Draw the screen anew."
    Suspend "suspend" "suspend" "Suspend leverframe; fg brings it back."
    Cancel "cancel" "cancel" "Cancel what is being typed or asked; never quits."
    Search "search" "search" "Search the log."
    SearchNext "search-next" "next" "Go to the next match."
    SearchBack "search-back" "previous" "Go to the match before."
    FilterLines "filter-lines" "filter lines" "Show only the lines that match."
    ErrorNext "error-next" "next error" "Go to the next error."
    ErrorBack "error-back" "error before" "Go to the error before."
    Follow "follow" "follow" "Follow the end of the log."
    Wrap "wrap" "wrap" "Wrap long lines."
    SaveLog "save" "save" "Save the log to a file."
    Newer "newer" "newer" "The newer run, or the next container."
    Older "older" "older" "The older run, or the container before."
    Previous "previous" "previous container" "The log of the previous container."
    Confirm "confirm" "confirm" "Unfold a part, press a button, or act when the typed version matches."
    NextPart "next-part" "parts" "Go to the next part of the plan."
    PreviousPart "previous-part" "part before" "Go to the part before."
    CopyPlan "copy-plan" "copy as commands" "Copy the plan as commands and a patch."
    Earlier "earlier" "earlier" "An earlier text."
    Later "later" "later" "A later text."
    PullPromote "promote" "promote" "Bring the version from the environment below into this cell."
    PullRollBack "roll-back" "roll back" "Bring back the version that stood longest before this one."
    PullResubmit "resubmit" "resubmit" "Run the failed run again; if it passes it promotes."
    PullTestsOnly "tests-only" "tests only" "Run the failed run again with the gate parameter false."
    PullSync "sync" "sync" "Sync the Application."
    PullRefresh "refresh" "refresh" "Have Argo CD look at git again, at the parent app."
    PullHold "hold" "hold" "Close the gate into this cell."
    PullRelease "release" "release" "Open the gate into this cell."
    PullStop "stop" "stop a run" "Stop the run in flight."
    CopyValue "copy-value" "value" "Copy the version."
    CopyLink "copy-link" "link" "Copy the link."
    CopyCommands "copy-commands" "commands" "Copy the commands that show the same, context and namespace explicit."
    CopyMarkdown "copy-markdown" "Markdown" "Copy a line of Markdown."
    RollBackTo "roll-back-to" "roll back to it" "Roll back to the selected version."
    Settle "settle" "settle or undo" "Settle a plan whose outcome is unknown by hand, or undo a debt."
    Login "login" "log in" "Leave the screen, run the login command, come back."
}

impl Action {
    fn row(self) -> Option<&'static (Action, &'static str, &'static str, &'static str)> {
        ACTIONS.iter().find(|(action, ..)| *action == self)
    }
    pub fn name(self) -> &'static str {
        self.row().map_or("", |row| row.1)
    }
    pub fn title(self) -> &'static str {
        self.row().map_or("", |row| row.2)
    }
    pub fn help(self) -> &'static str {
        self.row().map_or("", |row| row.3)
    }
    pub fn by_name(name: &str) -> Option<Action> {
        ACTIONS.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    /// The lever that the action pulls.
    pub fn lever(self) -> Option<Lever> {
        Some(match self {
            Action::PullPromote => Lever::Promote,
            Action::PullRollBack => Lever::RollBack,
            Action::PullResubmit => Lever::Resubmit,
            Action::PullTestsOnly => Lever::TestsOnly,
            Action::PullSync => Lever::Sync,
            Action::PullRefresh => Lever::Refresh,
            Action::PullHold => Lever::Hold,
            Action::PullRelease => Lever::Release,
            Action::PullStop => Lever::Stop,
            _ => return None,
        })
    }

    pub fn of_lever(lever: Lever) -> Action {
        match lever {
            Lever::Promote => Action::PullPromote,
            Lever::RollBack => Action::PullRollBack,
            Lever::Resubmit => Action::PullResubmit,
            Lever::TestsOnly => Action::PullTestsOnly,
            Lever::Sync => Action::PullSync,
            Lever::Refresh => Action::PullRefresh,
            Lever::Hold => Action::PullHold,
            Lever::Release => Action::PullRelease,
            Lever::Stop => Action::PullStop,
        }
    }
}
