//! Lever: the movements that a person can ask for, one row each. What a lever does is decided in [`mod@crate::plan`].

use serde::{Deserialize, Serialize};

/// What a lever moves. Two plans that move the same thing collide.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Moves {
    /// The version that one file declares.
    Version,
    /// The gate that leads into the target, which stands in the file of the environment below.
    Gate,
    /// A run that is over, by repeating it.
    RunAgain,
    /// A run in flight, by ending it.
    RunInFlight,
    /// The Application of one app.
    Application,
    /// What Argo CD has compared of a whole environment.
    Comparison,
}

table! {
    /// A lever of the console.
    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    pub enum Lever: LeverRow {
        /// How it is called in sentences, buttons and lists.
        title: &'static str,
        /// One sentence: what it does.
        help: &'static str,
        /// The name of its action in `keys.toml` and in the palette.
        action: &'static str,
        /// The command that pulls it.
        command: &'static str,
        moves: Moves,
    }
    Promote {
        title: "promote",
        help: "Bring the version from the environment below into this cell.",
        action: "promote",
        command: "leverframe promote",
        moves: Moves::Version,
    }
    RollBack {
        title: "roll back",
        help: "Bring back the newest earlier version that was good here.",
        action: "roll-back",
        command: "leverframe rollback",
        moves: Moves::Version,
    }
    Resubmit {
        title: "resubmit",
        help: "Run the failed run again; if it passes it promotes.",
        action: "resubmit",
        command: "leverframe resubmit",
        moves: Moves::RunAgain,
    }
    /// Resubmit with the gate parameter false: nothing promotes.
    TestsOnly {
        title: "resubmit, tests only",
        help: "Run the failed run again with the gate parameter false.",
        action: "tests-only",
        command: "leverframe resubmit --tests-only",
        moves: Moves::RunAgain,
    }
    Sync {
        title: "sync",
        help: "Sync the Application.",
        action: "sync",
        command: "leverframe sync",
        moves: Moves::Application,
    }
    Refresh {
        title: "refresh",
        help: "Have Argo CD look at git again, at the parent app.",
        action: "refresh",
        command: "leverframe refresh",
        moves: Moves::Comparison,
    }
    Hold {
        title: "hold",
        help: "Close the gate into this cell.",
        action: "hold",
        command: "leverframe hold",
        moves: Moves::Gate,
    }
    Release {
        title: "release",
        help: "Open the gate into this cell.",
        action: "release",
        command: "leverframe release",
        moves: Moves::Gate,
    }
    Stop {
        title: "stop a run",
        help: "Stop the run in flight.",
        action: "stop",
        command: "leverframe stop",
        moves: Moves::RunInFlight,
    }
}

impl Lever {
    /// It changes a file, itself or through a run.
    pub const fn writes_files(self) -> bool {
        matches!(self.moves(), Moves::Version | Moves::Gate)
    }

    /// It is about one run, which is named or found.
    pub const fn is_about_a_run(self) -> bool {
        matches!(self.moves(), Moves::RunAgain | Moves::RunInFlight)
    }
}
