//! Configuration: what the operator wrote, checked and resolved into a [`Config`]. Every complaint names file, line, key and
//! remedy.
//!
//! Deliberately absent: connecting to anything (`leverframe config check` does), and defaults for addresses.

pub mod built_in;
pub mod delivery;
pub mod file;
mod rules;
mod section;

pub use file::{Variables, find};

pub use crate::complaint::{Complaint, Complaints};
use crate::complaint::{Page, of_toml};
use crate::delivery::Delivery;
use crate::keymap::Keymap;
use crate::model::Environment;
use jiff::tz::TimeZone;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Everything that is configured, resolved.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file it came from; none where it was put together from flags.
    pub file: Option<PathBuf>,
    pub delivery: Arc<Delivery>,
    /// A path on this machine or a URL.
    pub repository: RepositoryAt,
    /// Where mirrors of remote repositories are kept.
    pub cache: PathBuf,
    /// The program that logs in to git, with its arguments.
    pub git_login: Option<Login>,
    /// Clusters that are configured; environments without one are shown by what git says alone.
    pub clusters: BTreeMap<Environment, ClusterAt>,
    pub read_only: bool,
    pub zone: TimeZone,
    pub zone_name: String,
    pub shared_logins: Vec<String>,
    /// It is the practice yard, which nobody shares: uid 0 is no shared login there.
    pub practice: bool,
    /// Bytes that one log may hold.
    pub log_cap: usize,
    /// Folder of the journal.
    pub journal: PathBuf,
    pub keys: Arc<Keymap>,
}

/// Where the delivery's repository is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RepositoryAt {
    Path(PathBuf),
    Url(String),
}

/// How a cluster is reached.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClusterAt {
    pub kubeconfig: PathBuf,
    /// Always named: a console must not change its cluster because somebody ran `kubectl config use-context`.
    pub context: String,
    pub login: Option<Login>,
}

/// A program that renews a credential; it may use the terminal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Login(pub Vec<String>);

/// MiB that one log may hold, where nothing is said.
pub const LOG_CAP_MIB: u64 = 256;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    delivery: String,
    repository: Option<String>,
    #[serde(default)]
    read_only: bool,
    time_zone: Option<String>,
    #[serde(default)]
    shared_logins: Vec<String>,
    #[serde(default)]
    practice: bool,
    log_cap_mib: Option<u64>,
    journal: Option<String>,
    keys: Option<String>,
    #[serde(default)]
    git: RawGit,
    #[serde(default)]
    environments: BTreeMap<String, RawCluster>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawGit {
    login: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCluster {
    kubeconfig: Option<String>,
    context: String,
    login: Option<Vec<String>>,
}

/// Reads the operator's file and all that it names.
///
/// # Errors
/// Everything that is wrong with it or with a file that it names.
pub fn load(path: &Path, variables: Variables<'_>) -> Result<Config, Complaints> {
    let text = file::read(path, "leverframe config show")?;
    let folder = path.parent().unwrap_or(Path::new("."));
    parse(path, &text, folder, variables)
}

/// Reads the text of an operator's file. `path` is named in complaints; relative paths count from `folder`.
///
/// # Errors
/// As [`load`].
pub fn parse(
    path: &Path,
    text: &str,
    folder: &Path,
    variables: Variables<'_>,
) -> Result<Config, Complaints> {
    let page = Page::open(path, text)?;
    let raw: Raw = toml::from_str(text).map_err(|error| {
        of_toml(
            path,
            text,
            &error,
            "`leverframe config show` prints every key with its meaning.",
        )
    })?;
    let checked =
        delivery_named(&raw.delivery, folder, variables).map_err(|Complaints(mut list)| {
            // A name that means nothing has no file of its own: it stands in this one.
            for complaint in list.iter_mut().filter(|c| c.file.as_os_str().is_empty()) {
                complaint.file = path.to_owned();
                complaint.line = page.line(&["delivery"]);
            }
            Complaints(list)
        })?;
    let mut config = base(&checked, variables);
    config.file = Some(path.to_owned());
    config.read_only = raw.read_only;
    config.shared_logins = raw.shared_logins.clone();
    config.practice = raw.practice;
    match raw
        .repository
        .as_deref()
        .or(config.delivery.repository.as_deref())
    {
        Some(repository) => config.repository = repository_at(repository, folder, variables),
        None => page.complain(
            &["delivery"],
            "The delivery file names no repository.",
            "Write repository = \"PATH or URL\" here.",
        ),
    }
    if let RepositoryAt::Url(url) = &config.repository
        && let Some(secret) = secret_of(url)
    {
        page.complain(
            &["repository"],
            format!("The URL holds a {secret}."),
            "Leave it out, and let git's credential helper keep it.",
        );
    }
    if let Some(name) = &raw.time_zone {
        match TimeZone::get(name) {
            Ok(zone) => (config.zone, config.zone_name) = (zone, place_of(name)),
            Err(_) => page.complain(
                &["time_zone"],
                format!("{name:?} is no time zone that this machine knows."),
                "Write one such as \"Europe/London\" or \"UTC\" (tzdata must be installed).",
            ),
        }
    }
    if let Some(mib) = raw.log_cap_mib {
        match usize::try_from(mib)
            .ok()
            .and_then(|m| m.checked_mul(1 << 20))
            .filter(|b| *b > 0)
        {
            Some(bytes) => config.log_cap = bytes,
            None => page.complain(
                &["log_cap_mib"],
                format!("{mib} MiB cannot be held."),
                "Write a number such as 256.",
            ),
        }
    }
    if let Some(journal) = &raw.journal {
        config.journal = file::resolve(journal, folder, variables);
    }
    config.git_login = login(&page, &["git", "login"], raw.git.login.as_ref());
    for (name, cluster) in &raw.environments {
        let environment = Environment::new(name);
        if config.delivery.stage(&environment).is_none() {
            let known: Vec<&str> = config
                .delivery
                .environments
                .iter()
                .map(|s| s.name.as_str())
                .collect();
            page.complain(
                &["environments", name],
                format!("The delivery has no environment {name:?}."),
                format!("It has: {}.", known.join(", ")),
            );
        }
        let kubeconfig = match &cluster.kubeconfig {
            Some(named) => Some(file::resolve(named, folder, variables)),
            None => usual_kubeconfig(variables),
        };
        let Some(kubeconfig) = kubeconfig else {
            page.complain(
                &["environments", name],
                "KUBECONFIG names several files, or there is no home directory.",
                "Write kubeconfig = \"PATH\" here: contexts of different files may share names.",
            );
            continue;
        };
        let at = ClusterAt {
            kubeconfig,
            context: cluster.context.clone(),
            login: login(
                &page,
                &["environments", name, "login"],
                cluster.login.as_ref(),
            ),
        };
        config.clusters.insert(environment, at);
    }
    config.keys = Arc::new(keys(raw.keys.as_deref(), folder, variables)?);
    page.close(config)
}

/// A configuration without a file: a delivery (by name or file) and a clone, no clusters, nothing fetched or written.
///
/// # Errors
/// When the delivery is not known or its file is wrong.
pub fn of_clone(
    delivery: &str,
    repository: &Path,
    variables: Variables<'_>,
) -> Result<Config, Complaints> {
    let here = Path::new(".");
    let checked = delivery_named(delivery, here, variables)?;
    let mut config = base(&checked, variables);
    config.repository = RepositoryAt::Path(repository.to_owned());
    config.keys = Arc::new(usual_keys(variables)?);
    config.read_only = true;
    Ok(config)
}

/// A configuration of a delivery with nothing else said: what the practice yard starts from.
pub fn base(checked: &delivery::Checked, variables: Variables<'_>) -> Config {
    let fallback = || std::env::temp_dir().join("leverframe");
    // A zone that only the delivery names is not worth refusing to start for.
    let zone = checked
        .time_zone
        .as_deref()
        .and_then(|name| TimeZone::get(name).ok().map(|zone| (zone, place_of(name))));
    let (zone, zone_name) = zone.unwrap_or((TimeZone::UTC, "UTC".to_owned()));
    Config {
        file: None,
        delivery: Arc::new(checked.delivery.clone()),
        repository: RepositoryAt::Url(String::new()),
        cache: file::xdg(variables, "XDG_CACHE_HOME", ".cache").unwrap_or_else(fallback),
        git_login: None,
        clusters: BTreeMap::new(),
        read_only: false,
        zone,
        zone_name,
        shared_logins: Vec::new(),
        practice: false,
        log_cap: (LOG_CAP_MIB as usize) << 20,
        journal: file::xdg(variables, "XDG_STATE_HOME", ".local/state").unwrap_or_else(fallback),
        keys: Arc::new(Keymap::default()),
    }
}

/// A delivery by its built-in name, or from a file.
///
/// # Errors
/// When it is neither, or the file is wrong.
pub fn delivery_named(
    name: &str,
    folder: &Path,
    variables: Variables<'_>,
) -> Result<delivery::Checked, Complaints> {
    if let Some(text) = built_in::delivery(name) {
        return delivery::parse(Path::new(&format!("{name}.toml (built in)")), text);
    }
    let path = file::resolve(name, folder, variables);
    if !name.contains(['/', '.']) && !path.exists() {
        return Err(Complaint {
            file: PathBuf::new(),
            line: None,
            key: "delivery".into(),
            what: format!("{name:?} is not built in."),
            remedy: remedy_for_delivery(),
        }
        .into());
    }
    delivery::parse(&path, &file::read(&path, "leverframe config show govuk")?)
}

fn remedy_for_delivery() -> String {
    format!(
        "Built in: {}. Or name a delivery file by its path.",
        built_in::names()
    )
}

/// The keys: the built-in ones, and the operator's over them.
fn keys(
    named: Option<&str>,
    folder: &Path,
    variables: Variables<'_>,
) -> Result<Keymap, Complaints> {
    let path = match named {
        Some(named) => Some(file::resolve(named, folder, variables)),
        None => Some(folder.join("keys.toml")).filter(|path| path.exists()),
    };
    match path {
        Some(path) => {
            Keymap::overridden(&path, &file::read(&path, "leverframe config show --keys")?)
        }
        None => Keymap::built_in(),
    }
}

/// The keys where no configuration file is read: the operator's own still count.
///
/// # Errors
/// When the operator's file of keys is wrong.
pub fn usual_keys(variables: Variables<'_>) -> Result<Keymap, Complaints> {
    match file::xdg(variables, "XDG_CONFIG_HOME", ".config") {
        Some(folder) => keys(None, &folder, variables),
        None => Keymap::built_in(),
    }
}

fn login(page: &Page<'_>, path: &[&str], words: Option<&Vec<String>>) -> Option<Login> {
    let words = words?;
    if words.first().is_none_or(String::is_empty) {
        page.complain(
            path,
            "There is no program in it.",
            "Write it as [\"program\", \"argument\"].",
        );
        return None;
    }
    Some(Login(words.clone()))
}

/// The one file of `KUBECONFIG`, else `~/.kube/config`.
fn usual_kubeconfig(variables: Variables<'_>) -> Option<PathBuf> {
    match file::variable(variables, "KUBECONFIG") {
        Some(named) => {
            let mut files = std::env::split_paths(&named).filter(|p| !p.as_os_str().is_empty());
            let first = files.next()?;
            files.next().is_none().then_some(first)
        }
        None => Some(file::home(variables)?.join(".kube/config")),
    }
}

/// A URL has a scheme, or is git's short form `user@host:path`; everything else is a path.
fn repository_at(text: &str, folder: &Path, variables: Variables<'_>) -> RepositoryAt {
    let is_scp = text
        .split_once(':')
        .is_some_and(|(host, _)| !host.contains('/') && !host.is_empty());
    match text.strip_prefix("file://") {
        Some(path) => RepositoryAt::Path(PathBuf::from(path)),
        None if text.contains("://") || is_scp => RepositoryAt::Url(text.to_owned()),
        None => RepositoryAt::Path(file::resolve(text, folder, variables)),
    }
}

/// What the header calls a zone: its last part.
fn place_of(zone: &str) -> String {
    zone.rsplit('/').next().unwrap_or(zone).replace('_', " ")
}

/// What a URL's userinfo gives away: everything that may be read in this file, and in process lists.
fn secret_of(url: &str) -> Option<&'static str> {
    /// How the tokens of well-known hosts begin.
    const TOKENS: [&str; 7] = [
        "ghp_",
        "gho_",
        "ghu_",
        "ghs_",
        "ghr_",
        "github_pat_",
        "glpat-",
    ];
    let (_, rest) = url.split_once("://")?;
    let (user, _) = rest.split('/').next()?.rsplit_once('@')?;
    if user.contains(':') {
        Some("password")
    } else if TOKENS.iter().any(|token| user.starts_with(token)) {
        Some("token")
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
