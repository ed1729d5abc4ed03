//! Paths: the files that the journal may be in, best first.

use std::path::{Path, PathBuf};

/// The journal's name in its folder.
const NAME: &str = "journal.jsonl";

/// The files that the journal may be in, best first. All of them are read; the first that takes an entry gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalPaths(Vec<PathBuf>);

impl JournalPaths {
    /// `journal.jsonl` in the journal's own folder (usually `$XDG_STATE_HOME/leverframe`).
    pub fn usual(folder: &Path) -> Self {
        Self(vec![folder.join(NAME)])
    }

    /// Falls back to a folder that every session of the user finds, whatever its variables say: `leverframe-UID` in
    /// `/var/tmp`, which outlives logging out. Each journal has a file of its own there, named after its folder.
    #[must_use]
    pub fn or_in_common(mut self, common: &Path) -> Self {
        if let Some(folder) = self.0.first().and_then(|file| file.parent()) {
            let uid = rustix::process::geteuid().as_raw();
            let name = folder.to_string_lossy().replace('/', "%");
            // A file's name may have 255 bytes.
            let start = name.ceil_char_boundary(name.len().saturating_sub(200));
            let name = format!("{}.jsonl", &name[start..]);
            self.0
                .push(common.join(format!("leverframe-{uid}")).join(name));
        }
        self
    }

    /// Falls back further to the user's runtime directory.
    #[must_use]
    pub fn or_in_runtime(mut self, runtime: Option<&Path>) -> Self {
        let runtime = runtime.filter(|path| path.is_absolute());
        self.0
            .extend(runtime.map(|path| path.join("leverframe").join(NAME)));
        self
    }

    /// Exactly these, best first.
    pub fn new(files: impl IntoIterator<Item = PathBuf>) -> Self {
        Self(files.into_iter().collect())
    }

    pub fn files(&self) -> &[PathBuf] {
        &self.0
    }
}
