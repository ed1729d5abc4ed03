//! Clusters: which environments of the delivery are one cluster's same objects, whatever the operator calls their contexts.
//!
//! A write to one of them is a write to the other, so no lever moves either. Deliberately absent: what a name suggests.

use super::namespace;
use crate::delivery::Delivery;
use crate::model::{App, Environment};
use crate::store::{Cluster, Store};

/// The other environments in which an app consists of the same objects as in this one.
pub fn same_as<'a>(
    store: &Store,
    delivery: &'a Delivery,
    environment: &Environment,
    app: &App,
) -> Vec<&'a Environment> {
    // Applications and runs have the same namespace in every environment, so they clash; an app with neither may live
    // apart.
    let alike = delivery.argo_cd.is_some() || delivery.runs.is_some();
    let lives_in = |environment: &Environment| namespace(store, delivery, environment, app);
    let others = delivery.environments.iter().map(|stage| &stage.name);
    others
        .filter(|other| *other != environment)
        .filter(|other| is_one_cluster(store, environment, other))
        .filter(|other| alike || lives_in(environment) == lives_in(other))
        .collect()
}

/// Whether an app is the same objects in two environments.
pub fn share_objects(
    store: &Store,
    delivery: &Delivery,
    one: &Environment,
    other: &Environment,
) -> bool {
    let listed = |environment| store.tree.as_ref()?.apps.get(environment);
    let (Some(apps), Some(_)) = (listed(one), listed(other)) else {
        return is_one_cluster(store, one, other);
    };
    let mut apps = apps.iter().map(|app| &app.app);
    apps.any(|app| same_as(store, delivery, one, app).contains(&other))
}

/// Whether two environments are read from one cluster: by its address, or by an object that both of them have.
fn is_one_cluster(store: &Store, one: &Environment, other: &Environment) -> bool {
    let (Some(one), Some(other)) = (store.cluster(one), store.cluster(other)) else {
        return false;
    };
    let by_address = one.address.is_some() && one.address == other.address;
    by_address || shares_object(one, other)
}

/// The configured environments whose kubeconfig could not be read yet, so that it is not known which cluster they are.
pub fn unknown(store: &Store) -> Vec<&Environment> {
    let clusters = store.clusters.iter();
    clusters
        .filter(|(_, cluster)| cluster.address.is_none())
        .map(|(environment, _)| environment)
        .collect()
}

/// Uids are unique: an object with the same uid behind two addresses is one object.
fn shares_object(one: &Cluster, other: &Cluster) -> bool {
    one.applications.iter().any(|application| {
        let id = &application.id;
        let twin = other.applications.get(&id.namespace, &id.name);
        twin.is_some_and(|twin| !id.uid.is_empty() && twin.id.uid == id.uid)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::ArgoCd;
    use crate::model::ClusterAddress;
    use crate::store::fixture::Fixture;
    use crate::store::{News, Source};
    use std::sync::Arc;

    fn address(world: &mut Fixture, environment: &str, url: &str, proxy: Option<&str>) {
        let address = ClusterAddress {
            url: url.into(),
            proxy: proxy.map(Arc::from),
        };
        world.news(Source::Cluster(environment.into()), News::Address(address));
    }

    fn same(world: &Fixture) -> Vec<String> {
        same_as(
            &world.store,
            &world.delivery,
            &"production".into(),
            &"publisher".into(),
        )
        .into_iter()
        .map(ToString::to_string)
        .collect()
    }

    fn shares(world: &Fixture) -> bool {
        let (one, other) = ("staging".into(), "production".into());
        share_objects(&world.store, &world.delivery, &one, &other)
    }

    #[test]
    fn environments_behind_one_address_are_one_cluster_unless_their_proxies_differ() {
        let mut world = Fixture::new();
        assert!(same(&world).is_empty(), "nothing is known of any");
        for environment in ["integration", "staging", "production"] {
            address(&mut world, environment, "https://10.0.0.1", None);
        }
        assert_eq!(same(&world), ["integration", "staging"]);
        address(&mut world, "integration", "https://10.0.0.2", None);
        address(
            &mut world,
            "staging",
            "https://10.0.0.1",
            Some("http://p:1"),
        );
        assert!(same(&world).is_empty());
    }

    #[test]
    fn a_cluster_of_which_nothing_is_known_is_named() {
        let mut world = Fixture::new();
        for environment in ["integration", "production"] {
            let source = Source::Cluster(environment.into());
            world.store.expect(source);
        }
        address(&mut world, "production", "https://10.0.0.1", None);
        assert_eq!(unknown(&world.store), [&Environment::new("integration")]);
    }

    /// Two apps of one name in two namespaces of one cluster are two apps, where nothing else of them is one object.
    #[test]
    fn one_cluster_with_a_namespace_for_each_environment_is_no_one_object() {
        let mut world = Fixture::new();
        world.app("publisher", &["publisher"]);
        for environment in ["staging", "production"] {
            address(&mut world, environment, "https://10.0.0.1", None);
            let apps = world.tree.apps.get_mut(&environment.into()).unwrap();
            apps[0].namespace = Some(environment.into());
        }
        world.store.tree = Some(Arc::new(world.tree.clone()));
        assert_eq!(same(&world), ["staging"], "its Application is one object");
        assert!(shares(&world));
        world.delivery.argo_cd = None;
        world.delivery.runs = None;
        assert!(same(&world).is_empty());
        assert!(!shares(&world));
        world.delivery.argo_cd = Some(ArgoCd {
            namespace: "argo".into(),
            parent: None,
            version_annotation: None,
        });
        assert_eq!(same(&world), ["staging"]);
    }
}
