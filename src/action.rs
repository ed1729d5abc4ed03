//! Action: what a key can mean. One table: keys, footer, help, man page and README come from it.
//!
//! Deliberately absent: letters. They stand in `config/keys.toml` and are looked up in [`crate::keymap`].

use crate::lever::Lever;
use crate::page::Page;

table! {
    /// The place that a key is pressed in.
    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
    pub enum Place: PlaceRow {
        /// The name of its section in `keys.toml`.
        name: &'static str,
    }
    /// Everywhere but in text fields and overlays.
    Any { name: "any" }
    Board { name: "board" }
    Run { name: "run" }
    Log { name: "log" }
    Target { name: "target" }
    History { name: "history" }
    Sources { name: "sources" }
    Journal { name: "journal" }
    Calls { name: "calls" }
    Help { name: "help" }
    /// The list of levers of the selected cell.
    Levers { name: "levers" }
    /// The list of what can be copied.
    Copy { name: "copy" }
    Confirm { name: "confirm" }
    /// A text field: filter, search, palette, reason, version.
    Text { name: "text" }
}

macro_rules! actions {
    (
        pages { $($opens:ident: $page:ident)* }
        $($variant:ident $name:literal $title:literal $help:literal)*
    ) => {
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Action {
            $($opens,)*
            $($variant,)*
            /// Pulls a lever of the selected target.
            Pull(Lever),
        }

        impl Action {
            /// Every action that is no lever.
            const OWN: &'static [Action] = &[$(Action::$opens,)* $(Action::$variant,)*];

            /// The name in `keys.toml`, the title in the footer, the sentence in the help.
            const fn row(self) -> (&'static str, &'static str, &'static str) {
                match self {
                    $(Action::$variant => ($name, $title, $help),)*
                    $(Action::$opens => (Page::$page.action(), Page::$page.title(), Page::$page.help()),)*
                    Action::Pull(lever) => (lever.action(), lever.title(), lever.help()),
                }
            }

            /// The action that opens a view.
            pub const fn of_page(page: Page) -> Action {
                match page {
                    $(Page::$page => Action::$opens,)*
                }
            }
        }
    };
}

actions! {
    pages {
        Pane1: Board
        Pane2: Run
        Pane3: Log
        Describe: Target
        History: History
        Sources: Sources
        Journal: Journal
        Calls: Calls
        Help: Help
    }

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
    LastView "last-view" "last view" "Return to the view before this one."
    Zoom "zoom" "zoom" "Show the focused pane alone, without borders."
    Events "events" "events" "Kubernetes Events of the target."
    Palette "palette" "palette" "Type an action by its name."
    Filter "filter" "filter" "Filter the table."
    Sort "sort" "sort again" "Put the rows in order again."
    TroubleNext "next-trouble" "next trouble" "Go to the next cell that shows a word."
    TroubleBack "previous-trouble" "trouble before" "Go to the cell before that shows a word."
    Fold "fold" "unfold" "Unfold or fold the calm and the muted rows, orphan files and apps without a file."
    Mark "mark" "mark" "Mark the cell: levers move all marked cells, one plan after the other."
    Mute "mute" "mute" "Mute the cell, with a reason, for some hours or until it changes; or lift that."
    Copy "copy" "copy" "Copy a value, a link, commands or a line of Markdown of what is selected."
    Link "link" "link" "Show and copy the link of what is selected."
    Levers "levers" "levers" "Open the levers of the selected cell."
    Refresh "refresh-source" "read again" "Ask the sources again now."
    Bell "bell" "bell" "Switch the bell and the terminal's title at the end of a plan off, or on again."
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
    CopyValue "copy-value" "value" "Copy the version, the id or the name."
    CopyLink "copy-link" "link" "Copy the link."
    CopyCommands "copy-commands" "commands" "Copy the commands that show the same, context and namespace explicit."
    CopyMarkdown "copy-markdown" "Markdown" "Copy a line of Markdown."
    RollBackTo "roll-back-to" "roll back to it" "Roll back to the selected version."
    Settle "settle" "settle or undo" "Settle a plan whose outcome is unknown by hand, or undo a debt."
    Login "login" "log in" "Leave the screen, run the login command, come back."

}

impl Action {
    /// What can be copied, in the order of the menu.
    pub const COPIES: [Action; 4] = [
        Action::CopyValue,
        Action::CopyLink,
        Action::CopyCommands,
        Action::CopyMarkdown,
    ];

    /// Every action, the levers last.
    pub fn all() -> impl Iterator<Item = Action> {
        let levers = Lever::ALL.into_iter().map(Action::Pull);
        Action::OWN.iter().copied().chain(levers)
    }

    pub const fn name(self) -> &'static str {
        self.row().0
    }
    pub const fn title(self) -> &'static str {
        self.row().1
    }
    pub const fn help(self) -> &'static str {
        self.row().2
    }
    pub fn by_name(name: &str) -> Option<Action> {
        Action::all().find(|action| action.name() == name)
    }

    /// The lever that the action pulls.
    pub const fn lever(self) -> Option<Lever> {
        match self {
            Action::Pull(lever) => Some(lever),
            _ => None,
        }
    }
}
