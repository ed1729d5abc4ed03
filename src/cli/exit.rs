//! Exit: how a command ended, as a number that scripts can rely on.

use crate::model::{Environment, Fault, FaultKind};
use crate::plan::Outcome;
use std::fmt;

macro_rules! exits {
    ($($(#[$doc:meta])* $Variant:ident $code:literal $meaning:literal)*) => {
        /// The contract of exit codes, stated in README.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Exit {
            $($(#[$doc])* $Variant,)*
            /// Ended by a signal or a vanished terminal: 128 and the signal's number.
            Signal(u8),
        }

        impl Exit {
            /// Every code that a command chooses, with its meaning, as README has it.
            pub const ALL: &'static [(Exit, &'static str)] = &[$((Exit::$Variant, $meaning),)*];

            pub const fn code(self) -> u8 {
                match self {
                    $(Exit::$Variant => $code,)*
                    Exit::Signal(code) => code,
                }
            }
        }
    };
}

exits! {
    Ok 0 "done; everything asked for was read"
    Failed 1 "failed; nothing was changed unless the text says so"
    Usage 2 "usage: flags, configuration, or nothing is configured"
    /// The console's own no: nothing was sent.
    Refused 3 "refused by the plan's checks, or not confirmed; nothing was sent"
    Auth 4 "a credential is missing, expired, or may not"
    Unreachable 5 "a source could not be reached"
    /// It was sent, and its effect did not show in time, or not for long.
    Late 6 "sent, and what follows is overdue or was cut short (`--wait`)"
    /// It was sent, and nothing is known of what became of it.
    Unknown 7 "sent, and the outcome is unknown: never send again before you looked"
    Interrupted 130 "interrupted"
}

impl Exit {
    pub fn of_fault(fault: &Fault) -> Exit {
        match fault.kind {
            FaultKind::Unauthorized | FaultKind::Forbidden => Exit::Auth,
            FaultKind::Unreachable | FaultKind::Throttled => Exit::Unreachable,
            _ => Exit::Failed,
        }
    }

    pub fn of_outcome(outcome: &Outcome) -> Exit {
        match outcome {
            Outcome::Applied { .. } => Exit::Ok,
            Outcome::Refused { .. } => Exit::Refused,
            Outcome::Failed { .. } => Exit::Failed,
            Outcome::Unknown { .. } => Exit::Unknown,
        }
    }
}

/// Why a command ended otherwise than well, and with which code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    pub exit: Exit,
    /// Full sentences, ready for standard error.
    pub said: String,
}

impl Failure {
    pub fn new(exit: Exit, said: impl Into<String>) -> Self {
        Self {
            exit,
            said: said.into(),
        }
    }
    /// Something was asked of a cluster that the configuration does not name.
    pub fn unconfigured(environment: &Environment) -> Self {
        Self::usage(format!(
            "The cluster of {environment} is not configured: add [environments.{environment}] to the configuration."
        ))
    }
    pub fn usage(said: impl Into<String>) -> Self {
        Self::new(Exit::Usage, said)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said)
    }
}

impl std::error::Error for Failure {}

impl From<crate::config::Complaints> for Failure {
    fn from(complaints: crate::config::Complaints) -> Self {
        Failure::usage(complaints.to_string())
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Failure::new(Exit::of_fault(&fault), fault.to_string())
    }
}
