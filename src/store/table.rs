//! Table: the objects of one kind in one cluster, found by their name and by the app that they are labelled with.
//!
//! Deliberately absent: whose app that is. A label is what an object says of itself; `belongs` decides whether it counts.

use crate::model::ObjectId;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Namespace and name. The uid tells a recreated object apart.
type Key = (Arc<str>, Arc<str>);

/// Objects of one kind in one cluster.
#[derive(Debug)]
pub struct Table<T> {
    /// By namespace, then by name, so that a look-up by two borrowed words allocates nothing.
    rows: HashMap<Arc<str>, HashMap<Arc<str>, Row<T>>>,
    /// The objects of each app, so that a question about one app does not read those of all.
    by_app: HashMap<Arc<str>, Vec<Key>>,
    /// By namespace, the names that its running list has brought so far.
    listing: HashMap<Arc<str>, HashSet<Arc<str>>>,
}

#[derive(Debug)]
struct Row<T> {
    /// Boxed: a table keeps room for half as many rows again, and copies all of them when it grows.
    object: Box<T>,
    app: Option<Arc<str>>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            rows: HashMap::new(),
            by_app: HashMap::new(),
            listing: HashMap::new(),
        }
    }
}

impl<T> Table<T> {
    /// Puts an object in the place of an older one of its name. Returns the apps that it was and is of.
    pub(super) fn put(
        &mut self,
        id: &ObjectId,
        object: T,
        app: Option<&Arc<str>>,
    ) -> [Option<Arc<str>>; 2] {
        let key = (id.namespace.clone(), id.name.clone());
        if let Some(listed) = self.listing.get_mut(&key.0) {
            listed.insert(key.1.clone());
        }
        let before = self.remove(&key);
        if let Some(app) = app {
            self.by_app
                .entry(app.clone())
                .or_default()
                .push(key.clone());
        }
        let app = app.cloned();
        let row = Row {
            object: Box::new(object),
            app: app.clone(),
        };
        self.rows.entry(key.0).or_default().insert(key.1, row);
        [before, app]
    }

    /// Removes an object that is gone. Returns the app that it was of.
    pub(super) fn gone(&mut self, id: &ObjectId) -> Option<Arc<str>> {
        self.remove(&(id.namespace.clone(), id.name.clone()))
    }

    fn remove(&mut self, key: &Key) -> Option<Arc<str>> {
        let app = self.rows.get_mut(&key.0)?.remove(&key.1)?.app?;
        if let Some(keys) = self.by_app.get_mut(&app) {
            keys.retain(|known| known != key);
            if keys.is_empty() {
                self.by_app.remove(&app);
            }
        }
        Some(app)
    }

    pub(super) fn begin(&mut self, namespace: &Arc<str>) {
        self.listing.insert(namespace.clone(), HashSet::new());
    }

    /// What the list of a namespace did not name is gone.
    pub(super) fn end(&mut self, namespace: &Arc<str>) {
        let Some(listed) = self.listing.remove(namespace) else {
            return;
        };
        let Some(rows) = self.rows.get_mut(namespace) else {
            return;
        };
        // Their apps are gathered first: many objects may be of one app, and each would look through all of them.
        let mut apps: HashSet<Arc<str>> = HashSet::new();
        rows.retain(|name, row| {
            let stays = listed.contains(name);
            apps.extend(row.app.iter().filter(|_| !stays).cloned());
            stays
        });
        for app in apps {
            if let Some(keys) = self.by_app.get_mut(&app) {
                keys.retain(|(of, name)| of != namespace || listed.contains(name));
                if keys.is_empty() {
                    self.by_app.remove(&app);
                }
            }
        }
    }

    /// How many objects of a namespace are known.
    pub(super) fn count(&self, namespace: &str) -> usize {
        self.rows.get(namespace).map_or(0, HashMap::len)
    }

    fn row(&self, namespace: &str, name: &str) -> Option<&Row<T>> {
        self.rows.get(namespace)?.get(name)
    }

    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.rows
            .values()
            .flat_map(HashMap::values)
            .map(|row| &*row.object)
    }

    /// The objects that are labelled with an app, in no order.
    pub fn of_app(&self, app: &str) -> impl Iterator<Item = &T> {
        let keys = self.by_app.get(app).map_or(&[][..], Vec::as_slice);
        keys.iter()
            .filter_map(|(namespace, name)| self.get(namespace, name))
    }

    pub fn get(&self, namespace: &str, name: &str) -> Option<&T> {
        self.row(namespace, name).map(|row| &*row.object)
    }

    pub fn len(&self) -> usize {
        self.rows.values().map(HashMap::len).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> ObjectId {
        id_in("apps", name)
    }

    fn id_in(namespace: &str, name: &str) -> ObjectId {
        ObjectId {
            environment: "staging".into(),
            namespace: namespace.into(),
            name: name.into(),
            uid: "u".into(),
        }
    }

    fn of_app(table: &Table<u8>, app: &str) -> Vec<u8> {
        let mut found: Vec<u8> = table.of_app(app).copied().collect();
        found.sort_unstable();
        found
    }

    #[test]
    fn an_object_is_found_by_the_app_that_it_has_now() {
        let (router, draft) = (Arc::from("router"), Arc::from("draft-router"));
        let mut table = Table::default();
        table.put(&id("a"), 1, Some(&router));
        table.put(&id("b"), 2, Some(&router));
        assert_eq!(of_app(&table, "router"), [1, 2]);
        let moved = table.put(&id("a"), 3, Some(&draft));
        assert_eq!(moved, [Some(router.clone()), Some(draft)]);
        assert_eq!(
            (of_app(&table, "router"), of_app(&table, "draft-router")),
            (vec![2], vec![3])
        );
        assert_eq!(table.gone(&id("b")), Some(router));
        assert!(of_app(&table, "router").is_empty());
    }

    #[test]
    fn what_a_list_did_not_name_is_found_no_more() {
        let router = Arc::from("router");
        let mut table = Table::default();
        table.put(&id("a"), 1, Some(&router));
        table.put(&id("b"), 2, None);
        table.begin(&"apps".into());
        table.put(&id("c"), 3, Some(&router));
        table.end(&"apps".into());
        assert_eq!(of_app(&table, "router"), [3]);
        assert_eq!(table.len(), 1);
    }

    /// Two namespaces are two lists: the end of one says nothing of the other, even while both run.
    #[test]
    fn a_list_takes_nothing_from_another_namespace() {
        let mut table = Table::default();
        for (namespace, object) in [("apps", 1), ("licensify", 2)] {
            table.put(&id_in(namespace, "a"), object, None);
            table.begin(&namespace.into());
        }
        table.put(&id_in("licensify", "b"), 3, None);
        table.end(&"licensify".into());
        assert_eq!(table.get("apps", "a"), Some(&1));
        assert_eq!(table.get("licensify", "a"), None);
        table.end(&"apps".into());
        assert_eq!((table.count("apps"), table.count("licensify")), (0, 1));
    }
}
