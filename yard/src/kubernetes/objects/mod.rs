//! Objects: what the yard's API server holds, raw JSON by kind, namespace and name, and what changed lately.
//!
//! One lock and one counter of resource versions, as etcd has one. Deliberately absent: garbage collection and
//! controllers; those are the simulator's, as they are nobody's on a bare API server.

mod changing;

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::Value;
use tokio::sync::watch;

use super::kinds::{self, Kind};
use super::rules::stamp;
use super::selector::Selector;
use super::status::Status;

/// Changes that a watch can still start from; older ones are compacted away. Each holds whole objects, so that a yard that
/// plays all night must not keep many.
const KEPT_CHANGES: usize = 1024;

/// One object as it stands, with its bytes ready to send.
#[derive(Debug)]
pub struct Stored {
    /// The object.
    pub value: Value,
    /// The same, serialised once for every reader.
    pub bytes: Bytes,
}

impl Stored {
    fn new(value: Value) -> Arc<Stored> {
        let bytes = Bytes::from(value.to_string());
        Arc::new(Stored { value, bytes })
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    kind: usize,
    namespace: String,
    name: String,
}

struct Change {
    version: u64,
    key: Key,
    before: Option<Arc<Stored>>,
    after: Option<Arc<Stored>>,
    /// The object as a DELETED event shows it, with the deletion's own version.
    last: Option<Arc<Stored>>,
}

struct Contents {
    version: u64,
    /// A watch may start here or later.
    floor: u64,
    items: BTreeMap<Key, Arc<Stored>>,
    changes: VecDeque<Change>,
    random: StdRng,
}

/// Every object of one server.
pub struct Objects {
    contents: Mutex<Contents>,
    head: watch::Sender<u64>,
}

/// One page of a list.
pub struct Page {
    /// The objects in key order.
    pub items: Vec<Arc<Stored>>,
    /// The version that a watch continues from.
    pub version: u64,
    /// Where the next page starts (after this namespace and name), and how many remain.
    pub rest: Option<((String, String), usize)>,
}

/// How a changed object is written back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateMethod {
    /// PATCH.
    Patch,
    /// PUT.
    Replace,
}

impl Objects {
    /// None yet; `seed` decides the uids and generated names.
    pub fn new(seed: u64) -> Objects {
        // A real server's counter is far from 1 too: resourceVersion=1 is expired there as here.
        let start = 1000;
        let contents = Contents {
            version: start,
            floor: start,
            items: BTreeMap::new(),
            changes: VecDeque::new(),
            random: StdRng::seed_from_u64(seed),
        };
        Objects {
            contents: Mutex::new(contents),
            head: watch::Sender::new(start),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells when the counter moves.
    pub fn head(&self) -> watch::Receiver<u64> {
        self.head.subscribe()
    }

    /// One object.
    pub fn get(&self, kind: &'static Kind, namespace: &str, name: &str) -> Option<Arc<Stored>> {
        self.lock().items.get(&key(kind, namespace, name)).cloned()
    }

    /// Objects of a kind, in one namespace or (empty) all, at most `limit` (0: all). A page that goes on from an earlier
    /// one names that one's version and its last namespace and name, and shows the state of that version.
    pub fn list(
        &self,
        kind: &'static Kind,
        namespace: &str,
        selector: &Selector,
        limit: usize,
        after: Option<&(u64, (String, String))>,
    ) -> Page {
        let contents = self.lock();
        let number = index(kind);
        let from = match after {
            Some((_, (namespace, name))) => Bound::Excluded(key(kind, namespace, name)),
            None => Bound::Included(key(kind, namespace, "")),
        };
        let within =
            |key: &Key| key.kind == number && (namespace.is_empty() || key.namespace == namespace);
        let now = contents
            .items
            .range((from.clone(), Bound::Unbounded))
            .take_while(|(key, _)| within(key));
        let mut found: BTreeMap<&Key, &Arc<Stored>> = now.collect();
        let version = after.map_or(contents.version, |(version, _)| *version);
        let first = contents
            .changes
            .partition_point(|change| change.version <= version);
        for change in contents.changes.range(first..).rev() {
            let later = match &from {
                Bound::Excluded(from) => change.key > *from,
                _ => true,
            };
            if within(&change.key) && later {
                match &change.before {
                    Some(before) => drop(found.insert(&change.key, before)),
                    None => drop(found.remove(&change.key)),
                }
            }
        }
        let (mut items, mut last, mut remain) = (Vec::new(), None, 0);
        for (key, stored) in found
            .into_iter()
            .filter(|(_, stored)| selector.picks(&stored.value))
        {
            if limit > 0 && items.len() == limit {
                remain += 1;
            } else {
                last = Some((key.namespace.clone(), key.name.clone()));
                items.push(stored.clone());
            }
        }
        let rest = last.filter(|_| remain > 0).map(|last| (last, remain));
        Page {
            items,
            version,
            rest,
        }
    }

    /// Watch events after `cursor` as lines of JSON, and the cursor after them; 410 where they are compacted.
    pub fn since(
        &self,
        cursor: u64,
        kind: &'static Kind,
        namespace: &str,
        selector: &Selector,
    ) -> Result<(Vec<u8>, u64), Status> {
        let contents = self.lock();
        if cursor < contents.floor {
            return Err(Status::expired(format!(
                "too old resource version: {cursor} ({})",
                contents.floor
            )));
        }
        let first = contents
            .changes
            .partition_point(|change| change.version <= cursor);
        let number = index(kind);
        let mut lines = Vec::new();
        for change in contents.changes.range(first..) {
            if change.key.kind != number
                || !(namespace.is_empty() || change.key.namespace == namespace)
            {
                continue;
            }
            let picked = |stored: &Option<Arc<Stored>>| {
                stored
                    .as_ref()
                    .is_some_and(|stored| selector.picks(&stored.value))
            };
            let (word, shown) = match (picked(&change.before), picked(&change.after)) {
                (false, true) => ("ADDED", &change.after),
                (true, true) => ("MODIFIED", &change.after),
                (true, false) if change.after.is_some() => ("DELETED", &change.after),
                (true, false) => ("DELETED", &change.last),
                (false, false) => continue,
            };
            if let Some(shown) = shown {
                line(&mut lines, word, &shown.bytes);
            }
        }
        Ok((lines, contents.version))
    }

    /// Forgets the changes so far, as a compaction does: watches from before now expire.
    pub fn compact(&self) {
        let mut contents = self.lock();
        contents.floor = contents.version;
        contents.changes.clear();
    }

    /// Whether a version can still be continued from.
    pub fn remembers(&self, version: u64) -> bool {
        version >= self.lock().floor
    }

    fn store(&self, contents: &mut Contents, key: Key, mut value: Value, dry: bool) -> Arc<Stored> {
        let version = contents.version + 1;
        stamp(&mut value, version);
        let stored = Stored::new(value);
        if !dry {
            let before = contents.items.insert(key.clone(), stored.clone());
            self.record(
                contents,
                Change {
                    version,
                    key,
                    before,
                    after: Some(stored.clone()),
                    last: None,
                },
            );
        }
        stored
    }

    fn remove(&self, contents: &mut Contents, key: &Key, dry: bool) -> Option<Arc<Stored>> {
        let before = if dry {
            contents.items.get(key).cloned()
        } else {
            contents.items.remove(key)
        }?;
        let version = contents.version + 1;
        let mut value = before.value.clone();
        stamp(&mut value, version);
        let last = Stored::new(value);
        if !dry {
            let change = Change {
                version,
                key: key.clone(),
                before: Some(before),
                after: None,
                last: Some(last.clone()),
            };
            self.record(contents, change);
        }
        Some(last)
    }

    fn record(&self, contents: &mut Contents, change: Change) {
        contents.version = change.version;
        contents.changes.push_back(change);
        if contents.changes.len() > KEPT_CHANGES
            && let Some(gone) = contents.changes.pop_front()
        {
            contents.floor = gone.version;
        }
        self.head.send_replace(contents.version);
    }
}

/// Appends one watch event.
pub fn line(into: &mut Vec<u8>, word: &str, object: &[u8]) {
    into.extend_from_slice(b"{\"type\":\"");
    into.extend_from_slice(word.as_bytes());
    into.extend_from_slice(b"\",\"object\":");
    into.extend_from_slice(object);
    into.extend_from_slice(b"}\n");
}

fn key(kind: &'static Kind, namespace: &str, name: &str) -> Key {
    Key {
        kind: index(kind),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    }
}

fn index(kind: &'static Kind) -> usize {
    kinds::KINDS
        .iter()
        .position(|known| std::ptr::eq(known, kind))
        .unwrap_or(usize::MAX)
}
