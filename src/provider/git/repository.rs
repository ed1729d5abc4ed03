//! A delivery's *repository*: where its facts are read, at which commit, and how that commit gets here.
//!
//! A local path is read as it is (`origin/main` where it has one, else its own main) and never fetched. A URL is kept as
//! a bare clone in the cache directory, private to the user, fetched incrementally by the git program. Deliberately
//! absent: writing (`commit.rs`, `push.rs`) and the meaning of the files.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::Duration;

use git2::{ObjectType, Oid};
use jiff::Timestamp;

use super::lacks::Lacks;
use super::mirror::open_mirror;
use super::program::{Call, Ended, Unfinished, redact};

/// A file in our own mirror that is written after every fetch.
const FETCHED: &str = "leverframe-fetched";
/// Files above this are not read; a tag file has a hundred bytes.
pub const LARGEST_FILE: usize = 1 << 20;
/// The first clone of a large repository.
pub const CLONE_LIMIT: Duration = Duration::from_secs(900);
/// A fetch of what is new.
pub const FETCH_LIMIT: Duration = Duration::from_secs(60);

/// Where a repository is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A clone or a bare repository on this machine.
    Path(PathBuf),
    /// A remote, mirrored below a cache directory.
    Url { url: String, cache: PathBuf },
}

/// A repository and the branch that is deployed from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub location: Location,
    /// Without `refs/heads/`.
    pub branch: String,
}

impl Source {
    /// What to call it on a screen: the path, or the URL without credentials.
    pub fn name(&self) -> String {
        match &self.location {
            Location::Path(path) => path.display().to_string(),
            Location::Url { url, .. } => redact(url),
        }
    }
}

/// What went wrong with a repository. Nothing was changed in any of these cases unless the text says so.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    #[error("{name} cannot be opened as a git repository: {why}")]
    Open { name: String, why: String },
    #[error("{name} is {lacks}")]
    NotWhole { name: String, lacks: Lacks },
    #[error("{name} has no branch {branch}{hint}")]
    NoBranch {
        name: String,
        branch: String,
        hint: String,
    },
    #[error("the cache directory {dir} cannot be used: {why}. Set another one or make it writable")]
    Cache { dir: String, why: String },
    #[error("{name}: git {verb} failed: {said}")]
    Program {
        name: String,
        verb: String,
        said: String,
    },
    #[error("{name}: {source}")]
    Unfinished { name: String, source: Unfinished },
    #[error("{name}: objects cannot be read{where_}: {why}", where_ = .mirror.as_ref().map(|dir| format!(" in its mirror {dir}")).unwrap_or_default())]
    Objects {
        name: String,
        why: String,
        /// The folder, where it is our own mirror.
        mirror: Option<String>,
    },
    #[error("{0} is not a branch name")]
    BranchName(String),
    #[error("{name}: no file fits {template}; {looked_at} files were looked at")]
    NoFileFits {
        name: String,
        template: String,
        looked_at: usize,
    },
}

/// What stands at a path of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    Absent,
    File {
        blob: Oid,
        bytes: Vec<u8>,
    },
    /// More than [`LARGEST_FILE`] bytes, not read.
    Large {
        blob: Oid,
        size: usize,
    },
    Symlink,
    Submodule,
    Directory,
}

impl Entry {
    /// What is odd about something that should be a file, in words.
    pub fn odd(&self) -> Option<String> {
        match self {
            Self::Absent | Self::File { .. } => None,
            Self::Large { size, .. } => Some(format!("{size} bytes long, not read")),
            Self::Symlink => Some("a symbolic link".to_owned()),
            Self::Submodule => Some("a submodule".to_owned()),
            Self::Directory => Some("a directory".to_owned()),
        }
    }
}

/// A repository that is open for reading on one thread.
pub struct Repository {
    pub(super) git: git2::Repository,
    source: Source,
}

impl Repository {
    /// The repository as errors name it.
    pub fn name(&self) -> String {
        self.source.name()
    }
}

impl std::fmt::Debug for Repository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Repository")
            .field(&self.source.name())
            .finish()
    }
}

/// Object caching costs hundreds of megabytes on a long history and gains nothing here; hashes were verified by the git
/// program when the objects arrived.
fn set_library_options() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        git2::opts::enable_caching(false);
        git2::opts::strict_hash_verification(false);
    });
}

impl Repository {
    /// Opens a repository. A URL's cache is created, empty, where there is none yet; nothing is fetched.
    ///
    /// # Errors
    /// When there is no repository, it belongs to somebody else, or the cache directory cannot be used.
    pub fn open(source: &Source) -> Result<Self, Error> {
        set_library_options();
        if !git2::Reference::is_valid_name(&format!("refs/heads/{}", source.branch))
            || source.branch.starts_with('-')
        {
            return Err(Error::BranchName(source.branch.clone()));
        }
        match &source.location {
            Location::Path(path) => Self::open_folder(path, source),
            Location::Url { url, cache } => Self::open_folder(&open_mirror(url, cache)?, source),
        }
    }

    /// Opens the repository of a source that is at this path.
    pub(super) fn open_folder(path: &Path, source: &Source) -> Result<Self, Error> {
        let git = git2::Repository::open(path).map_err(|e| Error::Open {
            name: source.name(),
            why: match e.code() {
                git2::ErrorCode::Owner => format!(
                    "it belongs to another user. If you trust it: git config --global --add safe.directory {}",
                    path.display()
                ),
                _ => e.message().to_owned(),
            },
        })?;
        let repository = Self {
            git,
            source: source.clone(),
        };
        match Lacks::of_clone(&repository.git) {
            Some(lacks) => Err(Error::NotWhole {
                name: source.name(),
                lacks,
            }),
            None => Ok(repository),
        }
    }

    /// Where this repository is, and its branch.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The git directory, for calls of the git program.
    pub fn git_dir(&self) -> &Path {
        self.git.path()
    }

    /// The URL of the remote, where there is one. It may hold credentials.
    pub fn origin(&self) -> Option<String> {
        let remote = self.git.find_remote("origin").ok()?;
        remote.url().ok().map(str::to_owned)
    }

    /// Whether this is our own mirror of a remote.
    pub fn is_mirror(&self) -> bool {
        matches!(self.source.location, Location::Url { .. })
    }

    /// The full name of the reference that is read.
    ///
    /// # Errors
    /// When the branch is neither there nor known of a remote.
    pub fn reference(&self) -> Result<String, Error> {
        let branch = &self.source.branch;
        let tracked = format!("refs/remotes/origin/{branch}");
        let own = format!("refs/heads/{branch}");
        for name in [tracked, own] {
            if (self.is_mirror() && name.starts_with("refs/heads/"))
                || self.git.refname_to_id(&name).is_err()
            {
                continue;
            }
            return Ok(name);
        }
        Err(Error::NoBranch {
            name: self.source.name(),
            branch: branch.clone(),
            hint: if self.is_mirror() {
                ", or it has not been fetched yet".to_owned()
            } else {
                String::new()
            },
        })
    }

    /// The newest commit of the branch, as last fetched.
    ///
    /// # Errors
    /// When the branch is not there.
    pub fn tip(&self) -> Result<Oid, Error> {
        let name = self.reference()?;
        self.git
            .find_reference(&name)
            .and_then(|reference| reference.peel_to_commit())
            .map(|commit| commit.id())
            .map_err(|e| self.objects(&e))
    }

    /// Brings what is new on the branch here and returns its newest commit. A local path is not touched.
    ///
    /// # Errors
    /// When the remote cannot be reached or refuses; what was here stays readable.
    pub fn fetch(&self) -> Result<Oid, Error> {
        if self.is_mirror() {
            let first = self.reference().is_err();
            let branch = &self.source.branch;
            let refspec = format!("+refs/heads/{branch}:refs/remotes/origin/{branch}");
            self.fetch_refspec(&refspec, if first { CLONE_LIMIT } else { FETCH_LIMIT })?;
            // Where it cannot be noted, a later start does not know how old the mirror is, and says so.
            let _ = fs::write(self.git.path().join(FETCHED), "");
        }
        self.tip()
    }

    /// When the mirror was last brought up to date, by whichever console; none where nobody noted it, or by a clock that was
    /// ahead, because then nobody knows.
    pub fn fetched_at(&self) -> Option<Timestamp> {
        let about = fs::metadata(self.git.path().join(FETCHED)).ok()?;
        let noted = Timestamp::try_from(about.modified().ok()?).ok();
        noted.filter(|at| *at <= Timestamp::now())
    }

    /// Fetches one refspec from `origin`, updating nothing but its right side. Another console that fetches into the same
    /// mirror in this moment holds a lock; it is waited for.
    pub(super) fn fetch_refspec(&self, refspec: &str, limit: Duration) -> Result<(), Error> {
        let mut pauses = [100, 300, 900].into_iter().map(Duration::from_millis);
        loop {
            let ended = self.call("fetch", limit).run([
                "--quiet",
                "--no-tags",
                "--no-prune",
                "--no-write-fetch-head",
                "--no-recurse-submodules",
                "--refmap=",
                "origin",
                refspec,
            ]);
            match self.finished("fetch", ended) {
                Err(Error::Program { said, .. }) if is_locked(&said) => match pauses.next() {
                    Some(pause) => std::thread::sleep(pause),
                    None => {
                        return Err(Error::Program {
                            name: self.source.name(),
                            verb: "fetch".to_owned(),
                            said,
                        });
                    }
                },
                other => return other.map(|_| ()),
            }
        }
    }

    /// A call of the git program in this repository, batch mode. In our own mirror no hook runs.
    pub(super) fn call(&self, verb: &str, limit: Duration) -> Call {
        let mut call = Call::new(self.git.path(), verb, limit);
        let config = self.git.config().and_then(|mut config| config.snapshot());
        let chosen = config.is_ok_and(|config| config.get_str("core.sshCommand").is_ok());
        if !chosen
            && std::env::var_os("GIT_SSH_COMMAND").is_none()
            && std::env::var_os("GIT_SSH").is_none()
        {
            call = call.batch_ssh();
        }
        if self.is_mirror() {
            // Packs carry checksums. A loose object that was cut short makes libgit2 1.9 read for ever.
            call = call
                .config("core.hooksPath=/dev/null")
                .config("fetch.unpackLimit=1");
        }
        call
    }

    /// Turns the end of a call into success or the error that names it.
    pub(super) fn finished(
        &self,
        verb: &str,
        ended: Result<Ended, Unfinished>,
    ) -> Result<Ended, Error> {
        let name = self.source.name();
        match ended {
            Ok(ended) if ended.success() => Ok(ended),
            Ok(ended) => Err(Error::Program {
                name,
                verb: verb.to_owned(),
                said: if ended.stderr.is_empty() {
                    format!("exit code {:?}", ended.code)
                } else {
                    ended.stderr
                },
            }),
            Err(source) => Err(Error::Unfinished { name, source }),
        }
    }

    pub(super) fn objects(&self, error: &git2::Error) -> Error {
        Error::Objects {
            name: self.source.name(),
            why: error.message().to_owned(),
            mirror: self
                .is_mirror()
                .then(|| self.git.path().display().to_string()),
        }
    }

    /// Why the newest commit of a mirror that has one cannot be read; none where it can.
    pub(super) fn damage(&self) -> Option<Error> {
        if !self.is_mirror() || self.reference().is_err() {
            return None;
        }
        let tree = self.tip().and_then(|tip| self.tree(tip).map(|_| ()));
        tree.err()
    }

    /// What stands at a path of a commit.
    ///
    /// # Errors
    /// When objects are missing or damaged; a path that is not there is [`Entry::Absent`].
    pub fn read(&self, commit: Oid, path: &str) -> Result<Entry, Error> {
        let tree = self.tree(commit)?;
        match tree.get_path(Path::new(path)) {
            Ok(entry) => self.entry(&entry),
            Err(e) if e.code() == git2::ErrorCode::NotFound => Ok(Entry::Absent),
            Err(e) => Err(self.objects(&e)),
        }
    }

    /// Everything wanted in a directory of a commit, by name; nothing where there is no such directory. Names that are not
    /// UTF-8 are shown with replacement characters.
    ///
    /// # Errors
    /// When objects are missing or damaged.
    pub fn read_dir(
        &self,
        commit: Oid,
        dir: &str,
        wanted: &dyn Fn(&str) -> bool,
    ) -> Result<Vec<(String, Entry)>, Error> {
        let Some(tree) = self.subtree(commit, dir)? else {
            return Ok(Vec::new());
        };
        let mut all = Vec::with_capacity(tree.len());
        for entry in tree.iter() {
            let name = String::from_utf8_lossy(entry.name_bytes()).into_owned();
            if wanted(&name) {
                let entry = self.entry(&entry)?;
                all.push((name, entry));
            }
        }
        Ok(all)
    }

    /// The names in a directory of a commit, without reading the files.
    ///
    /// # Errors
    /// When objects are missing or damaged.
    pub fn list(&self, commit: Oid, dir: &str) -> Result<Vec<String>, Error> {
        let Some(tree) = self.subtree(commit, dir)? else {
            return Ok(Vec::new());
        };
        Ok(tree
            .iter()
            .map(|entry| String::from_utf8_lossy(entry.name_bytes()).into_owned())
            .collect())
    }

    /// The tree of a directory, where there is one.
    fn subtree(&self, commit: Oid, dir: &str) -> Result<Option<git2::Tree<'_>>, Error> {
        let root = self.tree(commit)?;
        if dir.is_empty() {
            return Ok(Some(root));
        }
        match root.get_path(Path::new(dir)) {
            Ok(entry) if entry.kind() == Some(ObjectType::Tree) => self
                .git
                .find_tree(entry.id())
                .map(Some)
                .map_err(|e| self.objects(&e)),
            Ok(_) => Ok(None),
            Err(e) if e.code() == git2::ErrorCode::NotFound => Ok(None),
            Err(e) => Err(self.objects(&e)),
        }
    }

    /// The bytes of a blob that is known from elsewhere, none when it is above [`LARGEST_FILE`].
    ///
    /// # Errors
    /// When it is missing or damaged.
    pub fn blob(&self, blob: Oid) -> Result<Option<Vec<u8>>, Error> {
        let odb = self.git.odb().map_err(|e| self.objects(&e))?;
        let (size, _) = odb.read_header(blob).map_err(|e| self.objects(&e))?;
        if size > LARGEST_FILE {
            return Ok(None);
        }
        let blob = odb.read(blob).map_err(|e| self.objects(&e))?;
        Ok(Some(blob.data().to_vec()))
    }

    fn tree(&self, commit: Oid) -> Result<git2::Tree<'_>, Error> {
        self.git
            .find_commit(commit)
            .and_then(|commit| commit.tree())
            .map_err(|e| self.objects(&e))
    }

    fn entry(&self, entry: &git2::TreeEntry<'_>) -> Result<Entry, Error> {
        Ok(match (entry.kind(), entry.filemode()) {
            (Some(ObjectType::Tree), _) => Entry::Directory,
            (Some(ObjectType::Commit), _) => Entry::Submodule,
            (_, 0o120_000) => Entry::Symlink,
            _ => {
                let blob = entry.id();
                match self.blob(blob)? {
                    Some(bytes) => Entry::File { blob, bytes },
                    None => {
                        let odb = self.git.odb().map_err(|e| self.objects(&e))?;
                        let (size, _) = odb.read_header(blob).map_err(|e| self.objects(&e))?;
                        Entry::Large { blob, size }
                    }
                }
            }
        })
    }
}

/// What git says when another process holds the reference that it wants to move.
fn is_locked(said: &str) -> bool {
    ["cannot lock ref", "Unable to create", "File exists"]
        .iter()
        .any(|word| said.contains(word))
}

#[cfg(test)]
mod tests;
