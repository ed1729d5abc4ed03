//! File: finding a configuration file, and reading it only where nobody else can have written it.

use crate::complaint::{Complaint, Complaints};
use crate::trust::{Distrust, check_trust};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// A configuration file is small; what is larger is something else.
const LARGEST: u64 = 1 << 20;

/// The process's environment variables, or a test's.
pub type Variables<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// A variable that is set and not empty.
pub fn variable(variables: Variables<'_>, name: &str) -> Option<OsString> {
    variables(name).filter(|value| !value.is_empty())
}

/// The home directory, by `HOME`.
pub fn home(variables: Variables<'_>) -> Option<PathBuf> {
    variable(variables, "HOME").map(PathBuf::from)
}

/// One of the XDG directories with `leverframe` in it; relative values of the variable do not count, as its specification
/// has it.
pub fn xdg(variables: Variables<'_>, name: &str, below_home: &str) -> Option<PathBuf> {
    variable(variables, name)
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| home(variables).map(|home| home.join(below_home)))
        .map(|dir| dir.join("leverframe"))
}

/// Where the configuration is: `-c FILE`, else `LEVERFRAME_CONFIG`, else the file in the XDG directory where there is one.
/// None: nothing is configured. A file that was named is returned whether it is there or not.
pub fn find(named: Option<&Path>, variables: Variables<'_>) -> Option<PathBuf> {
    if let Some(path) = named {
        return Some(path.to_owned());
    }
    if let Some(path) = variable(variables, "LEVERFRAME_CONFIG") {
        return Some(PathBuf::from(path));
    }
    let usual = xdg(variables, "XDG_CONFIG_HOME", ".config")?.join("leverframe.toml");
    usual.symlink_metadata().is_ok().then_some(usual)
}

/// The path meant by a text of a configuration file: `~/` is the home, other relative ones count from the file's folder.
pub fn resolve(text: &str, folder: &Path, variables: Variables<'_>) -> PathBuf {
    if let Some(rest) = text.strip_prefix("~/")
        && let Some(home) = home(variables)
    {
        return home.join(rest);
    }
    folder.join(text)
}

/// Reads a configuration file. `shown_by` is the command that prints one to begin with.
///
/// # Errors
/// When it is not there, cannot be read, is too large, is not UTF-8, or can be written by somebody else.
pub fn read(path: &Path, shown_by: &str) -> Result<String, Complaints> {
    let complaint = |what: String, remedy: &str| {
        Complaints::from(Complaint {
            file: path.to_owned(),
            line: None,
            key: String::new(),
            what,
            remedy: remedy.to_owned(),
        })
    };
    let metadata = std::fs::metadata(path).map_err(|error| {
        complaint(
            format!("It cannot be read: {error}."),
            &format!("Name another file, or begin with what `{shown_by}` prints."),
        )
    })?;
    if !metadata.is_file() {
        return Err(complaint(
            "It is not a file.".into(),
            "Name the file itself.",
        ));
    }
    if metadata.len() > LARGEST {
        return Err(complaint(
            format!("It is {} bytes long.", metadata.len()),
            "A configuration file has some hundred lines.",
        ));
    }
    if let Err(Distrust { why, remedy }) = check_trust(path, &metadata) {
        return Err(complaint(why, &remedy));
    }
    let bytes = std::fs::read(path).map_err(|error| {
        complaint(
            format!("It cannot be read: {error}."),
            "Make it readable, or name another file.",
        )
    })?;
    String::from_utf8(bytes).map_err(|_| complaint("It is not UTF-8.".into(), "Save it as UTF-8."))
}
