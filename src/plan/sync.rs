//! Sync and refresh: ask Argo CD to apply what it has, or to look at git again (at the parent app, which renders versions).
//!
//! Deliberately absent: pruning, forcing, and syncing another revision than the Application's own.

use super::checks::Checks;
use super::subject::{Draft, Subject};
use super::{
    CheckName, Guard, Holds, Lever, Plan, Reach, Refusal, Remedy, Request, Verdict, Way, Write,
    arrivals, gates, hops, mark, runs,
};
use crate::belongs::{self, application};
use crate::board::status;
use crate::model::{App, Application, Repository, Target, Version, live};
use crate::page::Page;
use crate::store::{Kind, Source};
use serde_json::{Value, json};

/// Annotation by which Argo CD is asked to look again; its controller takes it off when done.
pub const REFRESH: &str = "argocd.argoproj.io/refresh";

pub(super) fn sync(subject: &Subject<'_>) -> Result<Plan, Refusal> {
    let app = found(subject, subject.request.target.app.as_str())?;
    let mut checks = Checks::new(subject.request.lever);
    checks.pass(CheckName::Identity, format!("Application {}", app.id));
    operation(app, &mut checks);
    conditions(app, &mut checks);
    prune(subject, app, &mut checks);
    let argo_cd = subject.delivery().argo_cd.as_ref();
    let is_parent = argo_cd.and_then(|a| a.parent.as_deref()) == Some(&*app.id.name);
    if is_parent {
        gates::parent_row_shown(subject, &app.id.name, &mut checks);
    } else {
        gates::parent(subject, subject.environment(), &mut checks);
    }
    let (from, to) = versions(subject, app);
    is_rendered(subject, to.as_ref(), &mut checks);
    overtaken(subject, to.as_ref(), &mut checks);
    // A sync of the parent renders every app that waits for it.
    let reach = match is_parent {
        true => arrivals::of_refresh(subject, to.as_ref()),
        false => arrivals::of_sync(subject, to.as_ref()),
    };
    let evidence = format!(
        "{}, {}{}",
        app.sync.as_str(),
        app.health.as_str(),
        match &app.out_of_sync[..] {
            [] => String::new(),
            differing => format!("; {} differ: {}", differing.len(), some(differing)),
        }
    );
    let mut following = vec![hops::synced(subject, &app.id.name)];
    if let Some(version) = to.as_ref().filter(|_| !is_without_pods(subject)) {
        following.push(hops::hop(
            super::HopEffect::RolledOut {
                environment: subject.environment().clone(),
                app: subject.request.target.app.clone(),
                version: version.clone(),
            },
            subject.delivery().usual.rollout,
            format!("the pods of {}", app.id.name),
        ));
    }
    let mut operation = json!({
        "initiatedBy": {"username": subject.context.who.login},
        "info": [{"name": mark::OPERATION_PLAN, "value": subject.context.id.as_str()}],
        "sync": {"prune": false, "syncStrategy": {"hook": {}}},
    });
    if !app.sync_options.is_empty() {
        let options: Vec<&str> = app.sync_options.iter().map(|o| &**o).collect();
        operation["sync"]["syncOptions"] = json!(options);
    }
    if let Some(retry) = &app.retry {
        operation["retry"] = serde_json::from_str::<Value>(retry).map_err(|_| {
            subject.refusal(
                "The retry policy of the Application cannot be copied: it is no JSON.",
                "Sync it in Argo CD itself.",
            )
        })?;
    }
    let patch = json!({"operation": operation, "status": {"operationState": null}});
    let mut write = patched(subject, app, patch, vec![Guard::NoOperation]);
    mark::reason(&mut write, subject.request.reason.as_deref());
    conclude(
        subject,
        app,
        checks,
        write,
        following,
        (from, to),
        evidence,
        reach,
    )
}

/// The app surely runs nothing (an app of settings alone), so there is no rollout to wait for.
fn is_without_pods(subject: &Subject<'_>) -> bool {
    let (store, delivery) = (subject.store(), subject.delivery());
    let target = &subject.request.target;
    let is_read = |kind| belongs::lists::unread(store, delivery, target, kind).is_none();
    is_read(Kind::Deployments)
        && is_read(Kind::Pods)
        && belongs::deployments(store, delivery, target).is_empty()
        && belongs::pods(store, delivery, target).is_empty()
}

pub(super) fn refresh(subject: &Subject<'_>) -> Result<Plan, Refusal> {
    let parent = subject
        .delivery()
        .argo_cd
        .as_ref()
        .and_then(|a| a.parent.as_deref());
    let app = found(
        subject,
        parent.unwrap_or(subject.request.target.app.as_str()),
    )?;
    let mut checks = Checks::new(subject.request.lever);
    let evidence = match parent {
        Some(parent) => format!(
            "{parent} renders the version into {}",
            subject.request.target.app
        ),
        None => format!("{} is {}", app.id.name, app.sync.as_str()),
    };
    checks.pass(CheckName::Identity, format!("Application {}", app.id));
    if parent.is_some() {
        gates::parent_row_shown(subject, &app.id.name, &mut checks);
    }
    let to = declared(subject);
    let from = subject.application().and_then(|app| rendered(subject, app));
    overtaken(subject, to.as_ref(), &mut checks);
    let reach = match parent {
        Some(_) => arrivals::of_refresh(subject, to.as_ref()),
        None => arrivals::of_sync(subject, to.as_ref()),
    };
    let following = vec![hops::refreshed(subject.environment(), &app.id.name)];
    let patch = json!({"metadata": {"annotations": {REFRESH: "normal"}}});
    let write = patched(subject, app, patch, Vec::new());
    conclude(
        subject,
        app,
        checks,
        write,
        following,
        (from, to),
        evidence,
        reach,
    )
}

fn found<'a>(subject: &Subject<'a>, name: &str) -> Result<&'a Application, Refusal> {
    let environment = subject.environment();
    let app =
        application(subject.store(), subject.delivery(), environment, name).ok_or_else(|| {
            subject.refusal(
                match subject.unread(crate::store::Kind::Applications) {
                    Some(why) => format!("The Applications of {environment} are {why}."),
                    None => format!("No Application {name} is known in {environment}."),
                },
                Remedy::by(
                    "The sources show whether the cluster is configured and was read.",
                    Way::Open(Page::Sources),
                ),
            )
        })?;
    if app.deleting {
        return Err(subject.refusal(
            format!("The Application {name} in {environment} is being deleted."),
            "",
        ));
    }
    Ok(app)
}

fn patched(
    subject: &Subject<'_>,
    app: &Application,
    mut patch: Value,
    guards: Vec<Guard>,
) -> Write {
    mark::patch(&mut patch, subject.context.id);
    Write::Patch {
        id: app.id.clone(),
        plural: "applications".into(),
        resource_version: app.resource_version.clone(),
        patch,
        guards,
        holds: Holds::AsSeen,
    }
}

#[allow(clippy::too_many_arguments)]
fn conclude(
    subject: &Subject<'_>,
    app: &Application,
    checks: Checks,
    write: Write,
    hops: Vec<super::Hop>,
    (from, to): (Option<Version>, Option<Version>),
    evidence: String,
    reach: Reach,
) -> Result<Plan, Refusal> {
    subject.conclude(Draft {
        request: Request {
            repository: subject.request.repository.clone().or_else(|| sole(subject)),
            ..subject.request.clone()
        },
        from,
        to,
        evidence,
        reach,
        checks,
        write,
        hops,
        debt: None,
        warning: None,
        next: None,
        choices: Vec::new(),
        rests_on: vec![(
            Source::Cluster(app.id.environment.clone()),
            Some(Kind::Applications),
        )],
    })
}

/// The one file of the target; none for an app of several images.
fn sole(subject: &Subject<'_>) -> Option<Repository> {
    match &subject.repositories[..] {
        [one] => Some(one.clone()),
        _ => None,
    }
}

/// The version that the Application has rendered, which is what a sync applies.
pub(super) fn rendered(subject: &Subject<'_>, app: &Application) -> Option<Version> {
    let key = subject
        .delivery()
        .argo_cd
        .as_ref()?
        .version_annotation
        .as_ref()?;
    app.annotations
        .get(key)
        .filter(|v| !v.is_empty())
        .map(|v| Version::new(v))
}

/// Until the parent has rendered what git declares, a sync applies once more what another version has replaced.
fn is_rendered(subject: &Subject<'_>, to: Option<&Version>, checks: &mut Checks) {
    let evidence = match (declared(subject), to) {
        (Some(declared), Some(to)) if declared != *to => format!(
            "git declares {declared}, and the sync would apply {to} again, which the parent rendered before"
        ),
        // No annotation says the versions of an app of several images.
        (None, _) if is_parent_behind(subject) => {
            let files = subject.repositories.iter();
            let files = files.filter(|file| is_unrendered(subject, file));
            let files: Vec<String> = files.map(ToString::to_string).collect();
            format!(
                "the parent has not rendered the last commit of {} yet, and the sync would apply again what stood before",
                files.join(", ")
            )
        }
        _ => return,
    };
    checks.add(
        CheckName::Rendered,
        Verdict::Failed,
        evidence,
        Remedy::by(
            "Wait for the parent app, or refresh it.",
            Way::Pull(Lever::Refresh),
        ),
    );
}

fn is_parent_behind(subject: &Subject<'_>) -> bool {
    let (store, delivery) = (subject.store(), subject.delivery());
    let (target, now) = (&subject.request.target, subject.context.now);
    let status = status::status(store, delivery, target, now);
    status.is_some_and(|status| status.parent_has_it == Some(false))
}

/// The parent has not synced a file's last commit.
fn is_unrendered(subject: &Subject<'_>, file: &Repository) -> bool {
    let (store, delivery, here) = (subject.store(), subject.delivery(), subject.environment());
    let newest = store.history.changes_of(here, file).first();
    let parent = delivery.argo_cd.as_ref().and_then(|a| a.parent.as_deref());
    let parent = parent.and_then(|parent| application(store, delivery, here, parent));
    let synced = parent.and_then(|parent| parent.synced_revision.as_deref());
    let (Some(newest), Some(synced)) = (newest, synced) else {
        return false;
    };
    store.contains(synced, &newest.commit) == Some(false)
}

/// The version in the one file of the target.
fn declared(subject: &Subject<'_>) -> Option<Version> {
    let file = subject.declared(subject.environment(), &sole(subject)?)?;
    file.version.clone()
}

/// What runs, and what a sync applies.
fn versions(subject: &Subject<'_>, app: &Application) -> (Option<Version>, Option<Version>) {
    let repository = sole(subject);
    let live = repository.as_ref().and_then(|repository| {
        let mut tags = app
            .images
            .iter()
            .filter(|image| live::image_name(image) == repository.as_str())
            .filter_map(|image| live::tag_of(image));
        let first = tags.next()?;
        tags.next().is_none().then(|| Version::new(first))
    });
    (live, rendered(subject, app).or_else(|| declared(subject)))
}

/// Runs in flight that lead here are shown and do not refuse: they go on whatever is synced. Of several images each is asked
/// for what its own file declares.
fn overtaken(subject: &Subject<'_>, to: Option<&Version>, checks: &mut Checks) {
    let here = subject.environment();
    let declared = |file| subject.declared(here, file)?.version.as_ref();
    let files: Vec<(&Repository, Option<&Version>)> = match &subject.repositories[..] {
        [one] => vec![(one, to)],
        several => several.iter().map(|file| (file, declared(file))).collect(),
    };
    if !files.is_empty() {
        runs::overtaken(subject, here, &files, checks);
    }
}

fn operation(app: &Application, checks: &mut Checks) {
    let running = app.operation.as_ref().filter(|o| o.is_running());
    if let Some(operation) = running {
        checks.add(
            CheckName::Operation,
            Verdict::Failed,
            format!(
                "another operation is {}{}",
                if operation.is_retrying() {
                    "retrying"
                } else {
                    operation.phase.as_str()
                },
                operation
                    .message
                    .as_ref()
                    .map(|m| format!(": {m}"))
                    .unwrap_or_default()
            ),
            "Wait until it is over: a second one would be lost without an error.",
        );
    } else if app.operation_requested {
        checks.add(
            CheckName::Operation,
            Verdict::Failed,
            "another operation is requested already",
            "Wait until it is over: a second one would be lost without an error.",
        );
    } else {
        checks.pass(CheckName::Operation, "no other operation runs");
    }
}

/// The row `conditions`: what keeps a sync from doing anything. It is only shown, because Argo CD compares anew before it
/// syncs. A SyncError is of the sync before this one, and warnings are of what is there already.
fn conditions(app: &Application, checks: &mut Checks) {
    let says = |condition: &live::Condition| format!("{}: {}", condition.kind, condition.message);
    let is_useless = |condition: &&live::Condition| {
        matches!(&*condition.kind, "ComparisonError" | "InvalidSpecError")
    };
    let useless: Vec<String> = app.conditions.iter().filter(is_useless).map(says).collect();
    let mut others = app.conditions.iter();
    if app.is_left_alone() {
        let evidence = format!(
            "its annotation {} has Argo CD leave it alone: the sync waits until that is taken off",
            live::SKIP_RECONCILE
        );
        checks.add(CheckName::Conditions, Verdict::Failed, evidence, "");
    } else if !useless.is_empty() {
        let evidence = format!(
            "while this stands, Argo CD ends a sync in Error at once: {}",
            useless.join("; ")
        );
        checks.add(CheckName::Conditions, Verdict::Failed, evidence, "");
    } else if let Some(unknown) = others.find(|condition| &*condition.kind == "UnknownError") {
        checks.add(CheckName::Conditions, Verdict::Unknown, says(unknown), "");
    } else {
        let evidence = "Argo CD says nothing that makes the sync useless";
        checks.pass(CheckName::Conditions, evidence);
    }
}

/// The row `prune`: hooks would run again. What waits to be pruned is left alone.
fn prune(subject: &Subject<'_>, app: &Application, checks: &mut Checks) {
    let last = app.operation.as_ref();
    let mut hooks: Vec<String> = last
        .into_iter()
        .flat_map(|o| &o.hooks)
        .filter(|h| &*h.stage == "PreSync")
        .map(|h| format!("{}/{}", h.kind, h.name))
        .collect();
    // A partial sync ran no hook, so their Jobs are looked at, too, where those were read.
    let target = Target {
        environment: app.id.environment.clone(),
        app: App::new(&app.id.name),
    };
    let jobs = belongs::jobs(subject.store(), subject.delivery(), &target);
    let before = jobs.into_iter().filter(|job| {
        job.hook
            .as_deref()
            .is_some_and(|h| h.split(',').any(|h| h.trim() == "PreSync"))
    });
    hooks.extend(before.map(|job| format!("Job/{}", job.id.name)));
    hooks.sort();
    hooks.dedup();
    let left = match &app.to_prune[..] {
        [] => String::new(),
        waiting => format!("; {} are left unpruned: {}", waiting.len(), some(waiting)),
    };
    // An operation that has just begun does not name its hooks yet.
    let unknown = match last {
        None => Some("no sync of it is on record"),
        Some(operation) if operation.is_running() => Some("the last sync has only begun"),
        Some(_) => None,
    };
    if let (true, Some(why)) = (hooks.is_empty(), unknown) {
        checks.add(
            CheckName::Prune,
            Verdict::Unknown,
            format!("whether hooks run before the sync is not known: {why}{left}"),
            "",
        );
    } else if hooks.is_empty() && left.is_empty() {
        checks.pass(
            CheckName::Prune,
            "nothing to prune, no hooks before the sync",
        );
    } else if hooks.is_empty() {
        checks.add(
            CheckName::Prune,
            Verdict::Failed,
            format!("no hooks before the sync{left}"),
            "",
        );
    } else {
        let evidence = format!(
            "hooks run again before the sync: {}{left}",
            hooks.join(", ")
        );
        checks.add(CheckName::Prune, Verdict::Failed, evidence, "");
    }
}

fn some(things: &[std::sync::Arc<str>]) -> String {
    let first: Vec<&str> = things.iter().take(3).map(|t| &**t).collect();
    let more = if things.len() > 3 { ", ..." } else { "" };
    format!("{}{more}", first.join(", "))
}
