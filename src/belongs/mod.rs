//! Belongs: the one answer to what belongs to a target: its runs, its Application, its pods and other objects, its logs in
//! the order in which they speak.
//!
//! The board, plans, the console and the command line all ask here, so that they mean the same run, pod and log. An object
//! belongs to an app by its label *and* its namespace: two apps of one name in two namespaces are two apps.
//! Deliberately absent: what any of it means (the board's words), and whether a lever may act on it (plans).

pub mod logs;
pub mod runs;
#[cfg(test)]
mod tests;

use crate::delivery::Delivery;
use crate::model::*;
use crate::store::{Cluster, Store};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// In which namespace each app of one environment lives: its own where the values file names one, else the delivery's.
pub struct Namespaces<'a> {
    usual: &'a str,
    own: HashMap<&'a str, &'a str>,
}

impl<'a> Namespaces<'a> {
    pub fn new(store: &'a Store, delivery: &'a Delivery, environment: &Environment) -> Self {
        let declared = store.tree.as_ref().and_then(|t| t.apps.get(environment));
        let own = declared
            .into_iter()
            .flatten()
            .filter_map(|app| Some((app.app.as_str(), app.namespace.as_deref()?)));
        Self {
            usual: &delivery.workloads.namespace,
            own: own.collect(),
        }
    }

    fn of_app(&self, app: &str) -> &'a str {
        self.own.get(app).copied().unwrap_or(self.usual)
    }

    /// The app that an object of this namespace with these labels belongs to.
    pub fn owner<'o>(
        &self,
        delivery: &Delivery,
        id: &ObjectId,
        labels: &'o BTreeMap<Arc<str>, Arc<str>>,
    ) -> Option<&'o str> {
        let app = labels.get(&delivery.workloads.app_label)?;
        (*id.namespace == *self.of_app(app)).then_some(&**app)
    }
}

/// Those objects of a target's cluster that are the target's, by name.
fn owned<'a, T: 'a>(
    store: &'a Store,
    delivery: &Delivery,
    target: &Target,
    all: impl FnOnce(&'a Cluster) -> Vec<&'a T>,
    about: impl Fn(&T) -> (&ObjectId, &BTreeMap<Arc<str>, Arc<str>>),
) -> Vec<&'a T> {
    let namespaces = Namespaces::new(store, delivery, &target.environment);
    let mut found = store
        .cluster(&target.environment)
        .map(all)
        .unwrap_or_default();
    found.retain(|object| {
        let (id, labels) = about(object);
        namespaces.owner(delivery, id, labels) == Some(target.app.as_str())
    });
    found.sort_by(|a, b| about(a).0.cmp(about(b).0));
    found
}

/// The pods of a target, those of hooks and Jobs included, by name.
pub fn pods<'a>(store: &'a Store, delivery: &Delivery, target: &Target) -> Vec<&'a Pod> {
    let all = |cluster: &'a Cluster| cluster.pods.iter().collect();
    owned(store, delivery, target, all, |pod| (&pod.id, &pod.labels))
}

/// The Deployments of a target, by name.
pub fn deployments<'a>(
    store: &'a Store,
    delivery: &Delivery,
    target: &Target,
) -> Vec<&'a Deployment> {
    let all = |cluster: &'a Cluster| cluster.deployments.iter().collect();
    owned(store, delivery, target, all, |x| (&x.id, &x.labels))
}

/// The Jobs of a target, by name; they are read of one target at a time.
pub fn jobs<'a>(store: &'a Store, delivery: &Delivery, target: &Target) -> Vec<&'a Job> {
    let all = |cluster: &'a Cluster| cluster.jobs.iter().collect();
    owned(store, delivery, target, all, |job| (&job.id, &job.labels))
}

/// The Kubernetes Events about objects of a target, newest first. They carry no label of the app: its objects are known by
/// their names, which begin with the app's; of two apps the longer name is meant.
pub fn happenings<'a>(store: &'a Store, target: &Target) -> Vec<&'a Happening> {
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
    let tree = store.tree.as_ref()?;
    let declared = tree
        .apps
        .get(&target.environment)
        .and_then(|apps| apps.iter().find(|app| app.app == target.app));
    if let Some(declared) = declared {
        return Some(declared.repositories.clone());
    }
    let file = Repository::new(target.app.as_str());
    store.declared(&target.environment, &file)?;
    Some(vec![file])
}
