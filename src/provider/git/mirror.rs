//! A *mirror*: our own bare copy of a remote, in a folder of the cache that is private to the user.
//!
//! What it holds can be fetched again, so a mirror that is damaged (a full disk, a power cut) is made anew beside itself and
//! then takes its place. Deliberately absent: repositories of the user's, which are never repaired.

use std::fs::{self, DirBuilder, File, Permissions};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use git2::{ObjectType, Oid};

use super::program::redact;
use super::repository::{Error, Location, Repository, Source};
use super::send::SENT;

/// The folder of a URL's mirror.
///
/// # Errors
/// When this is no URL that git should be given.
fn folder(url: &str, cache: &Path) -> Result<PathBuf, Error> {
    if url.starts_with('-') || url.contains("::") || url.chars().any(char::is_control) {
        return Err(Error::Open {
            name: redact(url),
            why: "this is not a URL that git should be given".to_owned(),
        });
    }
    let hash = Oid::hash_object(ObjectType::Blob, url.as_bytes())
        .map_err(|e| unusable(cache, e.message()))?;
    Ok(cache.join(format!("{hash}.git")))
}

/// The folder of a URL's mirror, created empty where it is missing.
///
/// # Errors
/// When the cache cannot be used, or this is no URL that git should be given.
pub(super) fn open_mirror(url: &str, cache: &Path) -> Result<PathBuf, Error> {
    let dir = folder(url, cache)?;
    create(&dir, url, cache)?;
    Ok(dir)
}

fn create(dir: &Path, url: &str, cache: &Path) -> Result<(), Error> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .and_then(|()| fs::set_permissions(dir, Permissions::from_mode(0o700)))
        .map_err(|e| unusable(cache, e))?;
    // Both steps are looked at every time: an earlier start may have ended between them.
    let git = if dir.join("HEAD").exists() {
        git2::Repository::open_bare(dir)
    } else {
        git2::Repository::init_bare(dir)
    };
    let git = git.map_err(|e| unusable(cache, e.message()))?;
    if git.find_remote("origin").is_err() {
        git.remote("origin", url)
            .map_err(|e| unusable(cache, e.message()))?;
    }
    Ok(())
}

fn unusable(cache: &Path, why: impl ToString) -> Error {
    Error::Cache {
        dir: cache.display().to_string(),
        why: why.to_string(),
    }
}

/// Fetches a damaged mirror's remote into a new folder and puts that in its place. What the old one keeps of plans that
/// were sent goes along as far as it can be read.
///
/// # Errors
/// When the remote cannot be fetched, another console is at it, or the cache cannot be written. The old mirror then stays.
pub(super) fn make_anew(source: &Source) -> Result<(), Error> {
    let Location::Url { url, cache } = &source.location else {
        return Err(Error::Open {
            name: source.name(),
            why: "it is no mirror of ours, so it is not made anew".to_owned(),
        });
    };
    let dir = folder(url, cache)?;
    let beside = |suffix: &str| dir.with_extension(suffix);
    let lock = File::create(beside("lock")).map_err(|e| unusable(cache, e))?;
    lock.try_lock()
        .map_err(|_| unusable(cache, "another console makes its mirror anew"))?;
    let (fresh, damaged) = (beside("fresh"), beside("damaged"));
    // What an earlier try left.
    for left in [&fresh, &damaged] {
        if left.exists() {
            fs::remove_dir_all(left).map_err(|e| unusable(cache, e))?;
        }
    }
    create(&fresh, url, cache)?;
    let repository = Repository::open_folder(&fresh, source)?;
    let fetched = repository.fetch();
    if let (Ok(_), Ok(old)) = (&fetched, git2::Repository::open_bare(&dir)) {
        carry_over(&old, &repository.git);
    }
    drop(repository);
    let swapped = fetched.and_then(|_| {
        fs::rename(&dir, &damaged)
            .and_then(|()| fs::rename(&fresh, &dir))
            .map_err(|e| unusable(cache, e))
    });
    // Whichever of them is left over; nobody misses it.
    let _ = fs::remove_dir_all(if swapped.is_ok() { damaged } else { fresh });
    swapped
}

/// Copies what is kept of plans that were sent, with the objects that the remote does not have. A plan whose objects are
/// damaged is left out: it is then looked for by its trailer alone.
fn carry_over(old: &git2::Repository, new: &git2::Repository) {
    let Ok(kept) = old.references_glob(&format!("{SENT}*")) else {
        return;
    };
    for reference in kept.flatten() {
        let (Ok(name), Some(commit)) = (reference.name(), reference.target()) else {
            continue;
        };
        if copy(old, new, commit).is_ok() {
            let _ = new.reference(name, commit, true, "leverframe: from the mirror before");
        }
    }
}

/// Copies an object and what it leads to, but for a commit's parents, which are the remote's.
fn copy(old: &git2::Repository, new: &git2::Repository, id: Oid) -> Result<(), git2::Error> {
    let (from, to) = (old.odb()?, new.odb()?);
    if to.exists(id) {
        return Ok(());
    }
    let object = from.read(id)?;
    match object.kind() {
        ObjectType::Commit => copy(old, new, old.find_commit(id)?.tree_id())?,
        ObjectType::Tree => {
            for entry in old.find_tree(id)?.iter() {
                if entry.kind() != Some(ObjectType::Commit) {
                    copy(old, new, entry.id())?;
                }
            }
        }
        _ => {}
    }
    to.write(object.kind(), object.data()).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Fixture;
    use super::*;

    #[test]
    fn a_damaged_mirror_is_made_anew_with_what_it_keeps() {
        let fixture = Fixture::bare();
        let tip = fixture.commit(&[("tags/a", b"image_tag: v1\n")], "one");
        let cache = fixture.beside("cache");
        let url = format!("file://{}", fixture.path().display());
        let source = Source {
            location: Location::Url {
                url: url.clone(),
                cache: cache.clone(),
            },
            branch: "main".to_owned(),
        };
        let mirror = Repository::open(&source).unwrap();
        assert_eq!(mirror.fetch().unwrap(), tip);
        let fetched = objects(mirror.git_dir());
        // A commit of ours that was sent, and whose fate nobody knows.
        let file = super::super::commit::File {
            path: "tags/a".to_owned(),
            bytes: b"image_tag: v2\n".to_vec(),
        };
        let mut config = mirror.git.config().unwrap();
        config.set_str("user.name", "Some Body").unwrap();
        config.set_str("user.email", "some@example.org").unwrap();
        let sent = super::super::commit::build(&mirror, tip, &[file], "Sent").unwrap();
        let name = format!("{SENT}7f3a");
        mirror.git.reference(&name, sent, true, "").unwrap();
        damage(&fetched);
        drop(mirror);
        let mirror = Repository::open(&source).unwrap();
        let error = mirror.damage().unwrap();
        let dir = folder(&url, &cache).unwrap();
        assert!(
            error.to_string().contains(dir.to_str().unwrap()),
            "it names its folder: {error}"
        );
        // libgit2 keeps a pack in memory by its path as long as a repository of it is open.
        drop(mirror);
        make_anew(&source).unwrap();
        let mirror = Repository::open(&source).unwrap();
        assert!(mirror.damage().is_none());
        assert_eq!(mirror.tip().unwrap(), tip);
        assert_eq!(mirror.git.refname_to_id(&name).unwrap(), sent);
        assert!(mirror.read(sent, "tags/a").is_ok());
        let mut names: Vec<_> = fs::read_dir(&cache)
            .unwrap()
            .map(|entry| entry.unwrap().path().extension().unwrap().to_owned())
            .collect();
        names.sort();
        assert_eq!(names, ["git", "lock"], "nothing else is left");
        // A remote that is away: what is there stays.
        damage(&objects(mirror.git_dir()));
        drop(mirror);
        fs::rename(fixture.path(), fixture.beside("away")).unwrap();
        assert!(make_anew(&source).is_err());
        assert!(dir.join("HEAD").exists());
    }

    /// The files of all objects, packed or not.
    fn objects(git_dir: &Path) -> Vec<PathBuf> {
        let folders = fs::read_dir(git_dir.join("objects")).unwrap();
        let files = folders.flat_map(|folder| fs::read_dir(folder.unwrap().path()).unwrap());
        files.map(|file| file.unwrap().path()).collect()
    }

    /// As a full disk or a power cut leaves them.
    fn damage(objects: &[PathBuf]) {
        assert!(!objects.is_empty());
        for path in objects {
            fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
            let file = File::options().write(true).open(path).unwrap();
            file.set_len(file.metadata().unwrap().len() / 2).unwrap();
        }
    }
}
