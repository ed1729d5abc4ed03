//! Names the commit that is built, for `--version` and `leverframe info`: the same commit gives the same bytes.
//!
//! `LEVERFRAME_COMMIT` and `LEVERFRAME_COMMIT_DATE` say it where there is no git; a crate from a registry says it itself.
//! Debug builds name none, so that a commit does not make everything be compiled again.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=LEVERFRAME_COMMIT");
    println!("cargo::rerun-if-env-changed=LEVERFRAME_COMMIT_DATE");
    let is_release = variable("PROFILE").as_deref() == Some("release");
    let (commit, date) = named()
        .or_else(|| is_release.then(from_git).flatten())
        .or_else(|| Some((from_package()?, String::new())))
        .unwrap_or_default();
    println!("cargo::rustc-env=LEVERFRAME_COMMIT={commit}");
    println!("cargo::rustc-env=LEVERFRAME_COMMIT_DATE={date}");
    let built = match (commit.as_str(), date.as_str()) {
        ("", _) if is_release => "commit unknown".to_owned(),
        ("", _) => "debug build".to_owned(),
        (commit, "") => format!("commit {commit}"),
        (commit, date) => format!("commit {commit}, {date}"),
    };
    let version = variable("CARGO_PKG_VERSION").unwrap_or_default();
    println!("cargo::rustc-env=LEVERFRAME_VERSION={version} ({built})");
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn named() -> Option<(String, String)> {
    let commit = variable("LEVERFRAME_COMMIT")?;
    Some((
        commit,
        variable("LEVERFRAME_COMMIT_DATE").unwrap_or_default(),
    ))
}

/// The commit that is checked out, and its date; marked where files differ from it.
fn from_git() -> Option<(String, String)> {
    let folder = variable("CARGO_MANIFEST_DIR")?;
    // A package that was unpacked inside of somebody else's repository is not of its commit.
    let top = git(&["rev-parse", "--show-toplevel"])?;
    if Path::new(&top).canonicalize().ok()? != Path::new(&folder).canonicalize().ok()? {
        return None;
    }
    for name in ["HEAD", "logs/HEAD"] {
        println!(
            "cargo::rerun-if-changed={}",
            git(&["rev-parse", "--git-path", name])?
        );
    }
    for changed in ["src", "yard/src", "config", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={changed}");
    }
    let commit = git(&["rev-parse", "--short=10", "HEAD"])?;
    let date = git(&["show", "--no-patch", "--format=%cs", "HEAD"])?;
    let is_changed = !git(&["status", "--porcelain", "--untracked-files=no"])?.is_empty();
    let mark = if is_changed { " with changes" } else { "" };
    Some((format!("{commit}{mark}"), date))
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let said = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| said.trim().to_owned())
}

/// The commit that cargo noted in a package.
fn from_package() -> Option<String> {
    let text = std::fs::read_to_string(".cargo_vcs_info.json").ok()?;
    let (_, rest) = text.split_once("\"sha1\"")?;
    let commit: String = rest
        .chars()
        .skip_while(|letter| !letter.is_ascii_hexdigit())
        .take_while(char::is_ascii_hexdigit)
        .take(10)
        .collect();
    (!commit.is_empty()).then_some(commit)
}
