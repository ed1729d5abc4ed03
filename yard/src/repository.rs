//! Repository: a bare git repository whose main branch only the robot may push to, as in life.
//!
//! Protection is an update hook and a secret, so that a person's push fails here with the words of the real host and no
//! code of the console knows the difference. Built by `git fast-import`: a thousand commits are one stream and one pack.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::history::Commit;

/// The variable that carries the robot's secret to the hook.
pub const ROBOT_VARIABLE: &str = "LEVERFRAME_YARD_ROBOT";

/// The repository and the robot's secret.
#[derive(Debug, Clone)]
pub struct Repository {
    path: PathBuf,
    secret: String,
}

impl Repository {
    /// Builds it in a new folder `charts.git` under `folder`, which must be private.
    pub fn create(folder: &Path, secret: String, commits: &[Commit]) -> io::Result<Repository> {
        let path = folder.join("charts.git");
        let run = |command: &mut Command, what: &str| -> io::Result<()> {
            let output = command.stdin(Stdio::null()).output()?;
            if output.status.success() {
                return Ok(());
            }
            Err(io::Error::other(format!(
                "git {what}: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            )))
        };
        run(
            git()
                .args([
                    "init",
                    "--quiet",
                    "--bare",
                    "--initial-branch=main",
                    "--template=",
                ])
                .arg(&path),
            "init",
        )?;
        let hooks = path.join("hooks");
        fs::create_dir_all(&hooks)?;
        let hook = hooks.join("update");
        fs::write(&hook, update_hook(&secret))?;
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o700))?;
        // A person's own core.hooksPath must not switch the protection off; and somebody whose name git does not know may
        // practise under this one.
        let config = format!(
            "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n\thooksPath = {}\n[receive]\n\tdenyNonFastForwards = true\n[gc]\n\tauto = 0\n[user]\n\tname = Practising operator\n\temail = operator@yard.example\n",
            quoted(&hooks)
        );
        fs::write(path.join("config"), config)?;
        import(&path, commits)?;
        Ok(Repository { path, secret })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The robot's secret, which lets its pushes in.
    pub fn secret(&self) -> &str {
        &self.secret
    }
}

/// The git program, without the caller's repository, identity and configuration.
pub fn git() -> Command {
    let mut git = Command::new("git");
    for name in [
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    ] {
        git.env_remove(name);
    }
    git.env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0");
    git
}

fn quoted(path: &Path) -> String {
    format!(
        "\"{}\"",
        path.display()
            .to_string()
            .replace('\\', "\\\\")
            .replace('"', "\\\"")
    )
}

fn update_hook(secret: &str) -> String {
    format!(
        r#"#!/bin/sh
# Only the robot may move main. Everybody's other branches are welcome.
[ "$1" = refs/heads/main ] || exit 0
[ "${ROBOT_VARIABLE}" = "{secret}" ] && exit 0
{{
  echo "error: GH006: Protected branch update failed for refs/heads/main."
  echo
  echo "- Changes must be made through a pull request."
  echo "- At least 1 approving review is required by reviewers with write access."
}} >&2
exit 1
"#
    )
}

fn import(path: &Path, commits: &[Commit]) -> io::Result<()> {
    let mut stream = Vec::new();
    for commit in commits {
        let (author, at) = (&commit.author, commit.at);
        write!(
            stream,
            "commit refs/heads/main\nauthor {author} {at} +0000\ncommitter {author} {at} +0000\n"
        )?;
        write!(
            stream,
            "data {}\n{}\n",
            commit.message.len(),
            commit.message
        )?;
        for (path, content) in &commit.files {
            write!(
                stream,
                "M 100644 inline {path}\ndata {}\n{content}\n",
                content.len()
            )?;
        }
        stream.push(b'\n');
    }
    let mut child = git()
        .arg("-C")
        .arg(path)
        .args([
            "-c",
            "fastimport.unpackLimit=0",
            "-c",
            "core.compression=0",
            "fast-import",
            "--quiet",
            "--date-format=raw",
        ])
        // Otherwise glibc gives back and takes again the memory of every delta: 45,000 system calls, four fifths of the time.
        .env("MALLOC_TRIM_THRESHOLD_", "268435456")
        .env("MALLOC_TOP_PAD_", "16777216")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let fed = match child.stdin.take() {
        Some(mut stdin) => stdin.write_all(&stream),
        None => Err(io::Error::other("git fast-import has no input")),
    };
    let output = child.wait_with_output()?;
    if output.status.success() && fed.is_ok() {
        return Ok(());
    }
    Err(io::Error::other(format!(
        "git fast-import: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scenario;
    use crate::history::history;

    fn push(repository: &Repository, secret: Option<&str>, to: &str) -> (bool, String) {
        let mut command = git();
        command
            .arg("-C")
            .arg(repository.path())
            .arg("push")
            .arg(repository.path());
        if let Some(secret) = secret {
            command.env(ROBOT_VARIABLE, secret);
        }
        // The parent of main's head, one commit back, and then forward again.
        let output = command
            .arg(format!("refs/heads/next:{to}"))
            .output()
            .unwrap();
        (
            output.status.success(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    }

    #[test]
    fn main_moves_for_the_robot_and_for_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let history = history(Scenario::CALM, 1, 1_795_000_000);
        let repository =
            Repository::create(folder.path(), "open-sesame".to_owned(), &history.commits).unwrap();
        let raw = git2::Repository::open_bare(repository.path()).unwrap();
        let head = raw
            .find_reference("refs/heads/main")
            .unwrap()
            .peel_to_commit()
            .unwrap();
        let mut walk = raw.revwalk().unwrap();
        walk.push(head.id()).unwrap();
        assert_eq!(walk.count(), history.commits.len());
        let text = String::from_utf8(
            raw.find_blob(
                head.tree()
                    .unwrap()
                    .get_path(Path::new("charts/app-config/image-tags/production/router"))
                    .unwrap()
                    .id(),
            )
            .unwrap()
            .content()
            .to_vec(),
        )
        .unwrap();
        assert!(text.starts_with("image_tag: v247\n"), "{text}");
        let who = git2::Signature::now("A Person", "person@example.org").unwrap();
        let next = raw
            .commit(None, &who, &who, "Next", &head.tree().unwrap(), &[&head])
            .unwrap();
        raw.reference("refs/heads/next", next, false, "test")
            .unwrap();

        let (done, said) = push(&repository, None, "refs/heads/main");
        assert!(
            !done && said.contains("GH006: Protected branch update failed"),
            "{said}"
        );
        let (done, said) = push(&repository, Some("wrong"), "refs/heads/main");
        assert!(!done, "{said}");
        let (done, said) = push(&repository, None, "refs/heads/leverframe/7f3a");
        assert!(done, "{said}");
        let (done, said) = push(&repository, Some("open-sesame"), "refs/heads/main");
        assert!(done, "{said}");
        assert_eq!(raw.refname_to_id("refs/heads/main").unwrap(), next);
    }
}
