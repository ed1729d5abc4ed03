//! A *push*: one commit sent to a branch of the remote by the git program, and how that ended.
//!
//! A push that the far side rejected because the branch moved changed nothing; anything that broke off after it could
//! have been received is *lost*, which is neither done nor not done. Deliberately absent: force, and trying again
//! (`send.rs` decides that).

use std::time::Duration;

use git2::Oid;

use super::program::{Call, Ended, Unfinished};
use super::repository::{Error, Repository};

/// What became of one push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pushed {
    /// The far side reports the branch at our commit.
    Done,
    /// Somebody was faster, or held the lock. Nothing was changed.
    Behind(String),
    /// The far side said no: a protected branch, a hook. Nothing was changed.
    Rejected(String),
    /// It never got as far as sending. Nothing was changed.
    NotSent(String),
    /// Broken off after it may have been received.
    Lost(String),
}

/// Whatever `push.*` says: the commit and nothing else, and no question for a passphrase.
const ALWAYS: &str = "--porcelain --no-follow-tags --no-signed --recurse-submodules=no";

/// Where a repository's commits go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum To {
    /// The remote that its branch is read from.
    Origin,
    /// A bare repository's own branch, through its hooks.
    Itself,
}

/// Where a repository is written, if it may be.
///
/// # Errors
/// With the remedy, for a clone whose branch has no remote.
pub fn destination(repository: &Repository) -> Result<To, String> {
    let reference = repository.reference().map_err(|e| e.to_string())?;
    if reference.starts_with("refs/remotes/") {
        Ok(To::Origin)
    } else if repository.git.is_bare() {
        Ok(To::Itself)
    } else {
        Err(format!(
            "{} has a work tree and its branch {} comes from no remote called origin, so there is nowhere to push to. Name \
             the remote's URL as the repository.",
            repository.source().name(),
            repository.source().branch
        ))
    }
}

/// Pushes one commit to `refs/heads/BRANCH`, never forced.
pub fn push(repository: &Repository, to: To, commit: Oid, branch: &str, limit: Duration) -> Pushed {
    let refspec = format!("{commit}:refs/heads/{branch}");
    let ended = call(repository, limit)
        .left_to_end()
        .run(arguments(repository, to, &[], &refspec));
    read_report(ended, has_push_hook(repository))
}

/// Why it is not known that a branch can be pushed to, in the words of the far side or of git.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unpushable {
    /// The far side says no, or there is nowhere to push to.
    Refused(String),
    /// It ended before there was an answer to the question, which may be a login that was refused.
    Unanswered(String),
}

/// Asks whether the far side would take a push to the branch from us. Protection of the branch shows only when it is
/// really pushed.
///
/// # Errors
/// With what the far side, or git, said.
pub fn probe(repository: &Repository, limit: Duration) -> Result<(), Unpushable> {
    let to = destination(repository).map_err(Unpushable::Refused)?;
    let tip = repository.tip();
    let tip = tip.map_err(|e| Unpushable::Unanswered(e.to_string()))?;
    let refspec = format!("{tip}:refs/heads/{}", repository.source().branch);
    let ended = call(repository, limit).run(arguments(
        repository,
        to,
        &["--dry-run", "--no-verify"],
        &refspec,
    ));
    match read_report(ended, false) {
        Pushed::Done | Pushed::Behind(_) => Ok(()),
        Pushed::Rejected(why) => Err(Unpushable::Refused(why)),
        Pushed::NotSent(why) | Pushed::Lost(why) => Err(Unpushable::Unanswered(why)),
    }
}

fn call(repository: &Repository, limit: Duration) -> Call {
    // An empty one takes back those of the configuration, which the far side may act on (`ci.skip`).
    let call = repository.call("push", limit).config("push.pushOption=");
    // Hooks expect to start at the top of the work tree.
    call.in_directory(
        repository
            .git
            .workdir()
            .unwrap_or_else(|| repository.git.path()),
    )
}

fn arguments(repository: &Repository, to: To, more: &[&str], refspec: &str) -> Vec<String> {
    let mut arguments: Vec<String> = ALWAYS
        .split(' ')
        .chain(more.iter().copied())
        .map(str::to_owned)
        .collect();
    arguments.push(match to {
        To::Origin => "origin".to_owned(),
        To::Itself => repository.git.path().display().to_string(),
    });
    arguments.push(refspec.to_owned());
    arguments
}

/// The branch of the remote as it is now, brought here under a name of our own: a user's own tracking branches are
/// theirs to fetch.
///
/// # Errors
/// When the remote cannot be read.
pub fn head(repository: &Repository, to: To, limit: Duration) -> Result<Oid, Error> {
    match to {
        To::Itself => repository.tip(),
        To::Origin if repository.is_mirror() => repository.fetch(),
        To::Origin => {
            let branch = &repository.source().branch;
            let ours = format!("refs/leverframe/head/{branch}");
            repository.fetch_refspec(&format!("+refs/heads/{branch}:{ours}"), limit)?;
            repository
                .git
                .refname_to_id(&ours)
                .map_err(|e| repository.objects(&e))
        }
    }
}

/// A branch of the remote, where it is there.
///
/// # Errors
/// When the remote cannot be read.
pub fn branch(
    repository: &Repository,
    to: To,
    branch: &str,
    limit: Duration,
) -> Result<Option<Oid>, Error> {
    let full = format!("refs/heads/{branch}");
    if to == To::Itself {
        return Ok(repository.git.refname_to_id(&full).ok());
    }
    let ended = repository
        .call("ls-remote", limit)
        .run(["origin", full.as_str()]);
    let ended = repository.finished("ls-remote", ended)?;
    Ok(ended
        .stdout
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .find(|(_, name)| *name == full)
        .and_then(|(oid, _)| oid.parse().ok()))
}

fn has_push_hook(repository: &Repository) -> bool {
    let configured = repository
        .git
        .config()
        .and_then(|config| config.get_path("core.hooksPath"))
        .ok();
    // git takes a relative path from where the hook is run: the top of the work tree, or the bare repository itself.
    let top = repository
        .git
        .workdir()
        .unwrap_or_else(|| repository.git.path());
    let dir = match configured {
        Some(path) => top.join(path),
        None => repository.git.commondir().join("hooks"),
    };
    !repository.is_mirror() && dir.join("pre-push").exists()
}

/// How the push ended, by the report that the git program printed.
fn read_report(ended: Result<Ended, Unfinished>, hook: bool) -> Pushed {
    let ended = match ended {
        Ok(ended) => ended,
        Err(Unfinished::NotStarted(why)) => return Pushed::NotSent(why),
        Err(unfinished @ Unfinished::TimedOut { .. }) => {
            return Pushed::Lost(unfinished.to_string());
        }
    };
    // `FLAG \t FROM:TO \t SUMMARY (REASON)`
    let line = ended.stdout.lines().find_map(|line| {
        let mut fields = line.split('\t');
        let flag = fields.next().filter(|flag| flag.len() == 1)?;
        let (_, summary) = (fields.next()?, fields.next()?);
        Some((flag.to_owned(), summary.to_owned()))
    });
    let said = words(&ended.stderr);
    match line {
        Some((flag, _)) if ended.success() && matches!(flag.as_str(), " " | "*" | "=") => {
            Pushed::Done
        }
        Some((flag, summary)) if flag == "!" => rejected(&summary, &said),
        None if is_before_sending(&ended) => Pushed::NotSent(said),
        None if hook && ended.code == Some(1) && !is_cut(&ended.stderr) => {
            Pushed::Rejected(format!("the pre-push hook here refused: {said}"))
        }
        _ => Pushed::Lost(if said.is_empty() {
            format!("git push ended with code {:?} and no report", ended.code)
        } else {
            said
        }),
    }
}

fn rejected(summary: &str, said: &str) -> Pushed {
    let summary_said = || {
        let summary = super::program::clean(summary.as_bytes());
        if said.is_empty() {
            summary
        } else {
            format!("{summary}: {said}")
        }
    };
    let lower = summary.to_ascii_lowercase();
    if lower.starts_with("[remote failure]") {
        return Pushed::Lost(summary_said());
    }
    let raced = [
        "fetch first",
        "non-fast-forward",
        "stale info",
        "cannot lock ref",
        "failed to update ref",
        "failed to lock",
        "incorrect old value",
        "but expected",
    ];
    if raced.iter().any(|word| lower.contains(word)) {
        Pushed::Behind(super::program::clean(summary.as_bytes()))
    } else {
        Pushed::Rejected(summary_said())
    }
}

/// Whether git surely ended before it sent anything: all of its last words are about connecting, and none is about an
/// exchange that had begun. Warnings prove nothing, and a hook's complaint ends with another code.
fn is_before_sending(ended: &Ended) -> bool {
    const GREETING: [&str; 8] = [
        "Could not read from remote repository",
        "hung up upon initial contact",
        // Only for URLs, because git prints the same words about local files.
        "unable to access 'http",
        "Authentication failed",
        "could not read Username",
        "could not read Password",
        "does not appear to be a git repository",
        "unable to find remote helper",
    ];
    const BEGUN: [&str; 6] = [
        "send-pack:",
        "unexpected",
        "RPC failed",
        "roken pipe",
        "EOF",
        "signal",
    ];
    let says = |line: &str, words: &[&str]| words.iter().any(|word| line.contains(word));
    let mut died = own(&ended.stderr)
        .filter(|line| line.starts_with("fatal:"))
        .peekable();
    ended.code == Some(128)
        && died.peek().is_some()
        && died.all(|line| says(line, &GREETING))
        && !own(&ended.stderr).any(|line| says(line, &BEGUN))
}

fn is_cut(stderr: &str) -> bool {
    [
        "hung up",
        "disconnect",
        "RPC failed",
        "roken pipe",
        "onnection",
        "EOF",
        "signal",
    ]
    .iter()
    .any(|word| own(stderr).any(|line| line.contains(word)))
}

/// What git and ssh here said, without what the far side had them repeat.
fn own(stderr: &str) -> impl Iterator<Item = &str> {
    stderr.lines().filter(|line| !line.starts_with("remote:"))
}

/// The lines of git's speech that tell a reader something, in one line.
fn words(stderr: &str) -> String {
    let lines: Vec<&str> = stderr
        .lines()
        .map(|line| line.strip_prefix("remote: ").unwrap_or(line).trim())
        .filter(|line| {
            !line.is_empty()
                && !line.starts_with("hint:")
                && !line.starts_with("error: failed to push some refs")
                && !line.starts_with("To ")
                && *line != "remote:"
        })
        .take(8)
        .collect();
    lines.join(" / ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(code: i32, stdout: &str, stderr: &str) -> Result<Ended, Unfinished> {
        Ok(Ended {
            code: Some(code),
            stdout: stdout.to_owned(),
            stderr: stderr.to_owned(),
        })
    }

    #[test]
    fn a_hooks_path_is_relative_to_the_work_tree_and_not_to_where_the_program_runs() {
        let fixture = crate::provider::git::fixture::Fixture::bare();
        fixture.commit(&[("file", b"text")], "begin");
        let clone = fixture.clone_to("clone");
        let repository = crate::provider::git::fixture::Fixture::open_at(&clone);
        let mut config = repository.git.config().unwrap();
        config.set_str("core.hooksPath", ".githooks").unwrap();
        assert!(!has_push_hook(&repository));
        std::fs::create_dir(clone.join(".githooks")).unwrap();
        std::fs::write(clone.join(".githooks/pre-push"), "#!/bin/sh\nexit 1\n").unwrap();
        assert!(has_push_hook(&repository));
    }

    #[test]
    fn reports_are_read_as_what_they_mean() {
        let to = "To ssh://git@host/x.git\n";
        for (code, line, stderr, want) in [
            (0, " \tabc:refs/heads/main\t1..2\nDone", "", "Done"),
            (
                0,
                "*\tabc:refs/heads/leverframe/7f\t[new branch]\nDone",
                "",
                "Done",
            ),
            (
                1,
                "!\tabc:refs/heads/main\t[rejected] (fetch first)\nDone",
                "",
                "Behind",
            ),
            (
                1,
                "!\tabc:refs/heads/main\t[rejected] (non-fast-forward)\nDone",
                "",
                "Behind",
            ),
            (
                1,
                "!\tabc:refs/heads/main\t[remote rejected] (failed to update ref)\nDone",
                "",
                "Behind",
            ),
            (
                1,
                "!\tabc:refs/heads/main\t[remote rejected] (incorrect old value provided)",
                "",
                "Behind",
            ),
            (
                1,
                "!\tabc:refs/heads/main\t[remote rejected] (cannot lock ref 'refs/heads/main': is at 1 but expected 2)",
                "",
                "Behind",
            ),
            (
                1,
                "!\tabc:refs/heads/main\t[remote rejected] (protected branch hook declined)",
                "remote: error: GH006: Protected branch update failed for refs/heads/main.",
                "Rejected",
            ),
            (
                1,
                "!\tabc:refs/heads/main\t[remote rejected] (pre-receive hook declined)",
                "remote: no",
                "Rejected",
            ),
            (
                1,
                "!\tabc:refs/heads/main\t[remote failure] (remote failed to report status)",
                "",
                "Lost",
            ),
            (
                128,
                "",
                "fatal: the remote end hung up unexpectedly",
                "Lost",
            ),
            (
                1,
                "",
                "send-pack: unexpected disconnect while reading sideband packet",
                "Lost",
            ),
            (
                1,
                "",
                "error: RPC failed; HTTP 502\nerror: failed to push some refs to 'x'",
                "Lost",
            ),
            (
                128,
                "",
                "git@host: Permission denied (publickey).\nfatal: Could not read from remote repository.",
                "NotSent",
            ),
            (
                128,
                "",
                "fatal: unable to access 'https://***@h/x/': Could not resolve host: h",
                "NotSent",
            ),
            (
                128,
                "",
                "fatal: could not read Username for 'https://h': terminal prompts disabled",
                "NotSent",
            ),
            (0, "", "", "Lost"),
            // Received, and then cut: what else was complained of is no answer of the far side's.
            (
                128,
                "",
                "warning: unable to access '/h/.config/git/attributes': Too many levels of symbolic links\nsend-pack: unexpected disconnect while reading sideband packet\nfatal: the remote end hung up unexpectedly",
                "Lost",
            ),
            (
                128,
                "",
                "fatal: unable to access '/h/.config/git/config': Permission denied\nfatal: the remote end hung up unexpectedly",
                "Lost",
            ),
            (
                1,
                "",
                "fatal: Could not read from remote repository.\nerror: failed to push some refs to 'x'",
                "Lost",
            ),
            (
                128,
                "",
                "warning: unable to access '/h/.config/git/attributes': Permission denied\nssh: connect to host h port 22: Connection refused\nfatal: Could not read from remote repository.\n\nPlease make sure you have the correct access rights",
                "NotSent",
            ),
        ] {
            let stdout = if line.is_empty() {
                String::new()
            } else {
                format!("{to}{line}\n")
            };
            let read = read_report(ended(code, &stdout, stderr), false);
            assert!(
                format!("{read:?}").starts_with(want),
                "{line:?} {stderr:?}: {read:?}"
            );
        }
        let hook = read_report(
            ended(
                1,
                "",
                "tests failed\nerror: failed to push some refs to 'x'",
            ),
            true,
        );
        assert_eq!(
            hook,
            Pushed::Rejected("the pre-push hook here refused: tests failed".to_owned())
        );
    }
}
