//! Belongs: the one answer to what belongs to a target: its runs, its Application, its pods and other objects, and its
//! logs in order.
//!
//! The board, plans, the console and the command line all ask here, so that they mean the same run, pod and log. An object
//! belongs to an app by its label *and* its namespace: two apps of one name in two namespaces are two apps.
//! Deliberately absent: what any of it means (the board's words), and whether a lever may act on it (plans).

pub mod clusters;
pub mod lists;
pub mod logs;
pub mod runs;
#[cfg(test)]
mod tests;

use crate::delivery::Delivery;
use crate::model::*;
use crate::store::{AppImage, Cluster, Crash, Store};
use std::collections::BTreeSet;

/// The namespace in which an app lives: its own where the values file names one, else the delivery's; none where the
/// delivery does not read workloads.
fn namespace<'a>(
    store: &'a Store,
    delivery: &'a Delivery,
    environment: &Environment,
    app: &App,
) -> Option<&'a str> {
    let usual = &delivery.workloads.as_ref()?.namespace;
    let own = store.app(environment, app);
    Some(
        own.and_then(|app| app.namespace.as_deref())
            .unwrap_or(usual),
    )
}

/// Every namespace of an environment in which an app lives.
fn namespaces<'a>(
    store: &'a Store,
    delivery: &'a Delivery,
    environment: &Environment,
) -> BTreeSet<&'a str> {
    let Some(workloads) = &delivery.workloads else {
        return BTreeSet::new();
    };
    let declared = store
        .tree
        .as_ref()
        .and_then(|tree| tree.apps.get(environment));
    let own = declared
        .into_iter()
        .flatten()
        .filter_map(|app| app.namespace.as_deref());
    own.chain([&*workloads.namespace]).collect()
}

/// The objects of the cluster that belong to a target, by name. `labelled` finds those that name its app.
fn owned<'a, T: 'a>(
    store: &'a Store,
    delivery: &Delivery,
    target: &Target,
    labelled: impl FnOnce(&'a Cluster) -> Vec<&'a T>,
    id: impl Fn(&T) -> &ObjectId,
) -> Vec<&'a T> {
    let namespace = namespace(store, delivery, &target.environment, &target.app);
    let mut found = store
        .cluster(&target.environment)
        .map(labelled)
        .unwrap_or_default();
    found.retain(|object| Some(&*id(object).namespace) == namespace);
    found.sort_by(|a, b| id(a).cmp(id(b)));
    found
}

/// The pods of a target, those of hooks and Jobs included, by name.
pub fn pods<'a>(store: &'a Store, delivery: &Delivery, target: &Target) -> Vec<&'a Pod> {
    let labelled = |cluster: &'a Cluster| cluster.pods.of_app(target.app.as_str()).collect();
    owned(store, delivery, target, labelled, |object| &object.id)
}

/// The crashes of an image's versions in a target that were seen and still count.
pub fn crashes<'a>(
    store: &'a Store,
    delivery: &'a Delivery,
    target: &'a Target,
    image: &'a str,
    now: &'a Now,
) -> impl Iterator<Item = (&'a AppImage, &'a Crash)> {
    let namespace = namespace(store, delivery, &target.environment, &target.app);
    let cluster = store.cluster(&target.environment).into_iter();
    let found = cluster.flat_map(move |cluster| cluster.crashes.of_image(image, now));
    found.filter(move |(known, _)| {
        *known.app == *target.app.as_str() && Some(&*known.namespace) == namespace
    })
}

/// The Deployments of a target, by name.
pub fn deployments<'a>(
    store: &'a Store,
    delivery: &Delivery,
    target: &Target,
) -> Vec<&'a Deployment> {
    let labelled = |cluster: &'a Cluster| cluster.deployments.of_app(target.app.as_str()).collect();
    owned(store, delivery, target, labelled, |object| &object.id)
}

/// The Jobs of a target, by name; only the open target's are read.
pub fn jobs<'a>(store: &'a Store, delivery: &Delivery, target: &Target) -> Vec<&'a Job> {
    let labelled = |cluster: &'a Cluster| cluster.jobs.of_app(target.app.as_str()).collect();
    owned(store, delivery, target, labelled, |object| &object.id)
}

/// The Kubernetes Events about objects of a target, newest first, of the namespace in which it lives. Events carry no
/// label of the app, so they are matched by the object's name, which begins with the app's; where two apps match, the
/// longer name is meant.
pub fn happenings<'a>(
    store: &'a Store,
    delivery: &Delivery,
    target: &Target,
) -> Vec<&'a Happening> {
    let namespace = namespace(store, delivery, &target.environment, &target.app);
    let longer = store
        .tree
        .as_ref()
        .and_then(|tree| tree.apps.get(&target.environment));
    let longer: Vec<&str> = longer
        .into_iter()
        .flatten()
        .map(|app| app.app.as_str())
        .filter(|app| is_named_after(app, target.app.as_str()) && *app != target.app.as_str())
        .collect();
    let mut found: Vec<&Happening> = store
        .cluster(&target.environment)
        .into_iter()
        .flat_map(|cluster| cluster.happenings.iter())
        .filter(|happening| Some(&*happening.id.namespace) == namespace)
        .filter(|happening| {
            happening.about.split_once('/').is_some_and(|(_, name)| {
                is_named_after(name, target.app.as_str())
                    && !longer.iter().any(|app| is_named_after(name, app))
            })
        })
        .collect();
    found.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.id.cmp(&b.id)));
    found
}

fn is_named_after(name: &str, app: &str) -> bool {
    name.strip_prefix(app)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

/// The Application of an app, in the delivery's own namespace of that cluster.
pub fn application<'a>(
    store: &'a Store,
    delivery: &Delivery,
    environment: &Environment,
    app: &str,
) -> Option<&'a Application> {
    let argo_cd = delivery.argo_cd.as_ref()?;
    store
        .cluster(environment)?
        .applications
        .get(&argo_cd.namespace, app)
}

/// The repositories that a target ships from: those that the values file names, whether their files exist or not; where it
/// names no such app, the file of that name. None where there is neither.
pub fn repositories(store: &Store, target: &Target) -> Option<Vec<Repository>> {
    if let Some(declared) = store.app(&target.environment, &target.app) {
        return Some(declared.repositories.clone());
    }
    let file = Repository::new(target.app.as_str());
    store.declared(&target.environment, &file)?;
    Some(vec![file])
}

/// The apps of an environment that ship from a repository, in the order of its list.
pub fn apps_of<'a>(
    store: &'a Store,
    environment: &Environment,
    repository: &Repository,
) -> impl Iterator<Item = &'a AppDeclared> {
    let tree = store.tree.as_ref();
    let apps = tree.and_then(|tree| tree.apps.get(environment));
    let apps = apps.into_iter().flatten();
    let repository = repository.clone();
    apps.filter(move |app| app.repositories.contains(&repository))
}
