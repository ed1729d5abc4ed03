//! Lists: in which list of its cluster what belongs to a target stands, and whether that list was read.
//!
//! What stands in a list that was read whole is all there is; what would stand in one that was not is unknown, not absent.

use super::{namespace, namespaces};
use crate::delivery::Delivery;
use crate::model::{Environment, Target};
use crate::store::{ClusterList, Kind, Store};

/// Where a target's objects of a kind are listed; none where the delivery has none of that kind.
pub fn list_of(
    store: &Store,
    delivery: &Delivery,
    target: &Target,
    kind: Kind,
) -> Option<ClusterList> {
    let namespace = match kind {
        Kind::Applications => &delivery.argo_cd.as_ref()?.namespace,
        Kind::Runs => &delivery.runs.as_ref()?.namespace,
        Kind::Deployments | Kind::Pods | Kind::Jobs | Kind::Happenings => {
            namespace(store, delivery, &target.environment, &target.app)?
        }
    };
    Some(ClusterList::new(kind, namespace))
}

/// Why a target's objects of a kind are not known, worded to follow a comma or a colon; none where the list was read,
/// so that what it lacks is absent.
pub fn unread(store: &Store, delivery: &Delivery, target: &Target, kind: Kind) -> Option<String> {
    match list_of(store, delivery, target, kind) {
        Some(list) => store
            .unread(&target.environment, &list)
            .map(|why| why.to_string()),
        None => Some(format!("not read: the delivery has no {}", kind.word())),
    }
}

/// Every list of an environment that is read as long as the console runs, for all of its apps.
pub fn all_lists(
    store: &Store,
    delivery: &Delivery,
    environment: &Environment,
) -> Vec<ClusterList> {
    let mut lists = Vec::new();
    let argo_cd = delivery.argo_cd.as_ref().map(|of| &of.namespace);
    lists.extend(argo_cd.map(|namespace| ClusterList::new(Kind::Applications, namespace)));
    let runs = delivery.runs.as_ref().map(|of| &of.namespace);
    lists.extend(runs.map(|namespace| ClusterList::new(Kind::Runs, namespace)));
    let namespaces = namespaces(store, delivery, environment);
    for kind in [Kind::Deployments, Kind::Pods] {
        lists.extend(namespaces.iter().map(|name| ClusterList::new(kind, name)));
    }
    // The pods of runs.
    let pods = runs.map(|namespace| ClusterList::new(Kind::Pods, namespace));
    lists.extend(pods.filter(|pods| delivery.workloads.is_some() && !lists.contains(pods)));
    lists
}
