//! Page: the views of the console, one row each. What a view shows stands in [`crate::view`].

table! {
    /// A view of the console, whatever it is about.
    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
    pub enum Page: PageRow {
        /// How it is called in sentences.
        title: &'static str,
        /// One sentence: what stands there.
        help: &'static str,
        /// The name of the action that opens it, in `keys.toml` and in the palette.
        action: &'static str,
        /// The command that prints the same; none where there is none.
        command: Option<&'static str>,
    }
    Board {
        title: "board",
        help: "Focus the board.",
        action: "pane-1",
        command: Some("leverframe status"),
    }
    Run {
        title: "run",
        help: "Focus the run.",
        action: "pane-2",
        command: Some("leverframe runs"),
    }
    Log {
        title: "log",
        help: "Focus the log.",
        action: "pane-3",
        command: Some("leverframe logs"),
    }
    Target {
        title: "describe",
        help: "Describe the target: declared, synced, rolled out, running.",
        action: "describe",
        command: Some("leverframe target"),
    }
    History {
        title: "history",
        help: "Who moved what when, and how long each version stood.",
        action: "history",
        command: Some("leverframe history"),
    }
    Sources {
        title: "sources",
        help: "How each source is doing.",
        action: "sources",
        command: Some("leverframe sources"),
    }
    Journal {
        title: "journal",
        help: "Plans, outcomes and debts.",
        action: "journal",
        command: Some("leverframe journal"),
    }
    Calls {
        title: "calls",
        help: "Every call made to the outside, with target and latency.",
        action: "calls",
        command: None,
    }
    Help {
        title: "keys",
        help: "Every key of this place, with its reason when it is off.",
        action: "help",
        command: None,
    }
}
