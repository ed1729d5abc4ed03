//! Errors of a repository as the model's *faults*: which kind, said in one sentence, and what to do next.
//!
//! Deliberately absent: waiting and trying again.

use super::lacks::Lacks;
use super::program::Unfinished;
use super::push::Unpushable;
use super::repository::{Error, Source};
use crate::model::{Fault, FaultKind};

/// Turns an error into the model's fault.
pub fn fault_of_error(error: &Error) -> Fault {
    let (kind, hint) = match error {
        Error::Open { .. } | Error::BranchName(_) => (
            FaultKind::NotFound,
            "Set `repository` in leverframe.toml to a clone, a bare repository or a URL.",
        ),
        Error::NotWhole {
            lacks: Lacks::Commits,
            ..
        } => (
            FaultKind::NotFound,
            "Run `git fetch --unshallow` in it, or set `repository` in leverframe.toml to the remote's URL.",
        ),
        Error::NotWhole {
            lacks: Lacks::Files,
            ..
        } => (
            FaultKind::NotFound,
            "Set `repository` in leverframe.toml to a clone that was made without --filter, or to the remote's URL.",
        ),
        Error::NoBranch { .. } => (FaultKind::NotFound, "Set `branch` in the delivery file."),
        Error::NoFileFits { .. } => (
            FaultKind::NotFound,
            "Look at `path` in [declared] of the delivery file, and at the names of its environments.",
        ),
        Error::Cache { .. } => (FaultKind::Broken, ""),
        Error::Objects {
            mirror: Some(_), ..
        } => (
            FaultKind::Malformed,
            "It is made anew by itself. Where that fails, remove this folder: it holds nothing but what can be fetched again.",
        ),
        Error::Objects { mirror: None, .. } => (FaultKind::Malformed, "Try `git fsck` in it."),
        Error::Unfinished {
            source: Unfinished::NotStarted(_),
            ..
        } => (FaultKind::Broken, "Install git."),
        Error::Unfinished { .. } => (FaultKind::Unreachable, "It is tried again by itself."),
        Error::Program { said, .. } => said_by(said),
    };
    Fault::new(kind, error.to_string(), hint).caused_by(error)
}

/// The kind of fault and the remedy, by the words that git printed.
fn said_by(said: &str) -> (FaultKind, &'static str) {
    let any = |words: &[&str]| words.iter().any(|word| said.contains(word));
    if any(&[
        "Permission denied",
        "Authentication failed",
        "could not read Username",
        "could not read Password",
        "error: 401",
    ]) {
        (
            FaultKind::Unauthorized,
            "Load your ssh key or log in, then refresh; the `login` in leverframe.toml's [git] is run from the view of the sources.",
        )
    } else if any(&["Host key verification failed"]) {
        (
            FaultKind::Unauthorized,
            "Connect once by hand with ssh and check the host's key.",
        )
    } else if any(&["error: 403", "access denied", "not allowed"]) {
        (FaultKind::Forbidden, "Ask for access to the repository.")
    } else if any(&[
        "not appear to be a git repository",
        "not found",
        "couldn't find remote ref",
    ]) {
        (FaultKind::NotFound, "Look at `repository` and `branch`.")
    } else if any(&["error: 429"]) {
        (FaultKind::Throttled, "")
    } else if any(&["error: 5"]) {
        (FaultKind::Broken, "It is tried again by itself.")
    } else {
        (FaultKind::Unreachable, "It is tried again by itself.")
    }
}

/// The fault that keeps a branch from being pushed to, or from being known to be.
pub fn unpushable(source: &Source, why: &Unpushable) -> Fault {
    let name = source.name();
    match why {
        Unpushable::Refused(why) => {
            let (kind, hint) = match said_by(why) {
                (kind, hint) if kind.is_refusal() => (kind, hint),
                _ => (FaultKind::Forbidden, "Ask for access to the repository."),
            };
            Fault::new(
                kind,
                format!("{name} refuses pushes from here: {why}"),
                hint,
            )
        }
        Unpushable::Unanswered(why) => {
            let (kind, hint) = said_by(why);
            let what = if kind.is_refusal() {
                "refuses pushes from here"
            } else {
                "gave no answer when it was asked"
            };
            Fault::new(kind, format!("{name} {what}: {why}"), hint)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_reached_is_no_refusal_to_be_pushed_to() {
        use Unpushable::{Refused, Unanswered};
        let source = Source {
            location: super::super::repository::Location::Path("/x".into()),
            branch: "main".into(),
        };
        for (why, is_refusal) in [
            (Refused("pre-receive hook declined".into()), true),
            (
                Refused("the pre-receive hook could not connect".into()),
                true,
            ),
            (
                Unanswered("ssh: connect to host h port 22: Connection refused".into()),
                false,
            ),
            (
                Unanswered("The requested URL returned error: 502".into()),
                false,
            ),
            (Unanswered("git push was stopped after 60 s".into()), false),
            (
                Unanswered("git@h: Permission denied (publickey).".into()),
                true,
            ),
            (
                Unanswered("The requested URL returned error: 403".into()),
                true,
            ),
        ] {
            let fault = unpushable(&source, &why);
            assert_eq!(fault.kind.is_refusal(), is_refusal, "{fault}");
            assert_eq!(
                fault.detail.contains("refuses pushes"),
                is_refusal,
                "{fault}"
            );
        }
    }

    #[test]
    fn words_of_git_become_kinds() {
        for (said, kind) in [
            (
                "git@h: Permission denied (publickey).\nfatal: Could not read from remote repository.",
                FaultKind::Unauthorized,
            ),
            (
                "fatal: could not read Username for 'https://h': terminal prompts disabled",
                FaultKind::Unauthorized,
            ),
            (
                "The requested URL returned error: 403",
                FaultKind::Forbidden,
            ),
            ("ssh: Could not resolve hostname h", FaultKind::Unreachable),
            (
                "fatal: '/x' does not appear to be a git repository",
                FaultKind::NotFound,
            ),
            ("The requested URL returned error: 502", FaultKind::Broken),
        ] {
            let error = Error::Program {
                name: "x".to_owned(),
                verb: "fetch".to_owned(),
                said: said.to_owned(),
            };
            assert_eq!(fault_of_error(&error).kind, kind, "{said}");
        }
    }
}
