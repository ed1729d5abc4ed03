//! Arrivals: which apps a write really moves, and which of their versions go on into production by themselves.
//!
//! The version in a file moves every app that ships from it. A refresh makes the parent render every app of its
//! environment, so every app that waits for the parent moves, not only the one it was asked for.

use super::subject::Subject;
use super::sync::rendered;
use super::{Arrival, Reach, reach};
use crate::belongs::application;
use crate::model::{App, AppDeclared, Environment, Repository, Version};

/// One file whose version moves, and where it goes by itself, the subject's environment first.
struct Moved {
    app: App,
    repository: Repository,
    version: Option<Version>,
    path: Vec<Environment>,
}

/// What the version of a file moves along its path: every app that ships from it.
pub(super) fn of_version(
    subject: &Subject<'_>,
    repository: &Repository,
    version: Option<&Version>,
    path: &[Environment],
    mut because: Vec<String>,
) -> Reach {
    let is_there = |environment: &Environment| {
        let file = subject.declared(environment, repository);
        version.is_some() && file.and_then(|file| file.version.as_ref()) == version
    };
    let mut arrivals: Vec<Arrival> = path
        .iter()
        .filter(|environment| subject.is_production(environment) && !is_there(environment))
        .flat_map(|environment| subject.siblings(environment, repository))
        .map(|app| Arrival {
            app: app.app.clone(),
            repository: repository.clone(),
            version: version.cloned(),
        })
        .collect();
    arrivals.sort();
    arrivals.dedup();
    // One app that moves is the plan's own.
    if arrivals.len() < 2 {
        arrivals.clear();
    }
    because.extend(name_arrivals(&arrivals));
    Reach {
        arrivals,
        ..reach::find_reach(subject, path, because)
    }
}

/// What a sync of the target moves. `to`: the version that is applied, if it is known to differ from the declared one.
pub(super) fn of_sync(subject: &Subject<'_>, to: Option<&Version>) -> Reach {
    let app = &subject.request.target.app;
    let moved = files(subject, app, &subject.repositories)
        .into_iter()
        .map(|repository| moved(subject, app, repository, to))
        .collect();
    reached(subject, moved, to)
}

/// What a refresh of the parent moves: every app for which it has another version to render, and the target where that
/// is not known.
pub(super) fn of_refresh(subject: &Subject<'_>, to: Option<&Version>) -> Reach {
    let environment = subject.environment();
    let target = &subject.request.target.app;
    let tree = subject.store().tree.as_ref();
    let apps = tree.and_then(|tree| tree.apps.get(environment));
    let mut all: Vec<Moved> = Vec::new();
    for app in apps.into_iter().flatten() {
        for repository in &app.repositories {
            if waits(subject, app, repository).unwrap_or(app.app == *target) {
                all.push(moved(subject, &app.app, repository.clone(), None));
            }
        }
    }
    // An app that no list names.
    if !apps.into_iter().flatten().any(|app| app.app == *target) {
        let files = files(subject, target, &subject.repositories).into_iter();
        all.extend(files.map(|repository| moved(subject, target, repository, to)));
    }
    // While nothing was read, anything may wait for the parent, and go on from here.
    if tree.is_none() {
        for unread in &mut all {
            unread.path = reach::along(subject, environment, &unread.repository, true);
        }
    }
    let mut others: Vec<&str> = all.iter().map(|moved| moved.app.as_str()).collect();
    others.retain(|app| *app != target.as_str());
    others.dedup();
    let others = match others.len() {
        0 => None,
        1 => Some(format!(
            "the parent renders 1 other app, too: {}",
            others[0]
        )),
        n => Some(format!(
            "the parent renders {n} other apps, too: {}",
            others.join(", ")
        )),
    };
    let mut reach = reached(subject, all, to);
    reach.because.extend(others);
    reach
}

/// The files of an app; its own name while none is known.
fn files(subject: &Subject<'_>, app: &App, known: &[Repository]) -> Vec<Repository> {
    match subject.store().tree {
        None => vec![Repository::new(app.as_str())],
        Some(_) => known.to_vec(),
    }
}

/// Whether the parent has another version to render into an app than it has rendered; none where that is not known.
fn waits(subject: &Subject<'_>, app: &AppDeclared, repository: &Repository) -> Option<bool> {
    // With several images one annotation proves nothing.
    if app.repositories.len() > 1 {
        return None;
    }
    let environment = subject.environment();
    let live = application(
        subject.store(),
        subject.delivery(),
        environment,
        app.app.as_str(),
    )?;
    let rendered = rendered(subject, live)?;
    let file = subject.declared(environment, repository)?;
    Some(file.version.as_ref() != Some(&rendered))
}

/// One file and where its version goes on to, as far as it is not there yet. A twin's version never goes on.
fn moved(subject: &Subject<'_>, app: &App, repository: Repository, to: Option<&Version>) -> Moved {
    let environment = subject.environment();
    let file = subject.declared(environment, &repository);
    let version = to.cloned().or_else(|| file.and_then(|f| f.version.clone()));
    let promotes =
        file.is_none_or(|file| file.promote) && !subject.delivery().is_twin(app.as_str());
    let whole = reach::along(subject, environment, &repository, promotes);
    let path = whole
        .into_iter()
        .enumerate()
        .take_while(|(nth, e)| {
            let there = subject.declared(e, &repository);
            let there = there.and_then(|file| file.version.as_ref());
            *nth == 0 || there.is_none() || there != version.as_ref()
        })
        .map(|(_, e)| e)
        .collect();
    Moved {
        app: app.clone(),
        repository,
        version,
        path,
    }
}

/// The reach of everything that moves: the longest path of one of them, and the versions that arrive in production.
fn reached(subject: &Subject<'_>, moved: Vec<Moved>, to: Option<&Version>) -> Reach {
    let mut path = vec![subject.environment().clone()];
    for file in &moved {
        if file.path.len() > path.len() {
            path.clone_from(&file.path);
        }
    }
    let mut arrivals: Vec<Arrival> = moved
        .into_iter()
        .filter(|file| file.path.iter().any(|e| subject.is_production(e)))
        .map(|file| Arrival {
            app: file.app,
            repository: file.repository,
            version: file.version,
        })
        .collect();
    arrivals.sort();
    let what = match &arrivals[..] {
        [] => to.map_or("what it has", Version::short).to_owned(),
        [one] => one.text(),
        several => format!("{} versions", several.len()),
    };
    let mut because = reach::onward_sentences(subject, &path, &what);
    because.extend(name_arrivals(&arrivals));
    Reach {
        arrivals,
        ..reach::find_reach(subject, &path, because)
    }
}

/// What arrives, app by app; none where there is nothing to tell apart.
fn name_arrivals(arrivals: &[Arrival]) -> Option<String> {
    let texts: Vec<String> = arrivals.iter().map(Arrival::text).collect();
    (texts.len() > 1).then(|| format!("arrives in production: {}", texts.join(", ")))
}
