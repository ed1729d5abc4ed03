//! Objects: what the yard's API server holds, raw JSON by kind, namespace and name, and what changed lately.
//!
//! One lock and one counter of resource versions, as etcd has one. Deliberately absent: garbage collection and
//! controllers; those are the simulator's, as they are nobody's on a bare API server.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Map, Value, json};
use tokio::sync::watch;

use super::kinds::{self, Kind};
use super::selector::Selector;
use super::status::Status;

/// Changes that a watch can still start from; older ones are compacted away.
const KEPT_CHANGES: usize = 8192;

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

struct Shelves {
    version: u64,
    /// A watch may start here or later.
    floor: u64,
    items: BTreeMap<Key, Arc<Stored>>,
    changes: VecDeque<Change>,
    random: StdRng,
}

/// Every object of one server.
pub struct Objects {
    shelves: Mutex<Shelves>,
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
pub enum Way {
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
        let shelves = Shelves {
            version: start,
            floor: start,
            items: BTreeMap::new(),
            changes: VecDeque::new(),
            random: StdRng::seed_from_u64(seed),
        };
        Objects {
            shelves: Mutex::new(shelves),
            head: watch::Sender::new(start),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shelves> {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
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
        let shelves = self.lock();
        let number = index(kind);
        let from = match after {
            Some((_, (namespace, name))) => Bound::Excluded(key(kind, namespace, name)),
            None => Bound::Included(key(kind, namespace, "")),
        };
        let within =
            |key: &Key| key.kind == number && (namespace.is_empty() || key.namespace == namespace);
        let now = shelves
            .items
            .range((from.clone(), Bound::Unbounded))
            .take_while(|(key, _)| within(key));
        let mut found: BTreeMap<&Key, &Arc<Stored>> = now.collect();
        let version = after.map_or(shelves.version, |(version, _)| *version);
        let first = shelves
            .changes
            .partition_point(|change| change.version <= version);
        for change in shelves.changes.range(first..).rev() {
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
        let shelves = self.lock();
        if cursor < shelves.floor {
            return Err(Status::expired(format!(
                "too old resource version: {cursor} ({})",
                shelves.floor
            )));
        }
        let first = shelves
            .changes
            .partition_point(|change| change.version <= cursor);
        let number = index(kind);
        let mut lines = Vec::new();
        for change in shelves.changes.range(first..) {
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
        Ok((lines, shelves.version))
    }

    /// Forgets the changes so far, as a compaction does: watches from before now expire.
    pub fn compact(&self) {
        let mut shelves = self.lock();
        shelves.floor = shelves.version;
        shelves.changes.clear();
    }

    /// Whether a version can still be continued from.
    pub fn remembers(&self, version: u64) -> bool {
        version >= self.lock().floor
    }

    /// Creates an object from a request's body.
    pub fn create(
        &self,
        kind: &'static Kind,
        namespace: &str,
        mut value: Value,
        dry: bool,
    ) -> Result<Arc<Stored>, Status> {
        identify(kind, &mut value)?;
        let mut shelves = self.lock();
        let random: String = (0..5).map(|_| word(&mut shelves.random)).collect();
        let uid = uid(&mut shelves.random);
        let meta = metadata(&mut value)?;
        let given = meta
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or("")
            .to_owned();
        let prefix = meta
            .get("generateName")
            .and_then(Value::as_str)
            .unwrap_or("");
        let name = match (given.is_empty(), prefix.is_empty()) {
            (false, _) => given,
            // The real server cuts the prefix so that the name stays a label value.
            (true, false) => format!("{}{random}", prefix.get(..58).unwrap_or(prefix)),
            (true, true) => {
                return Err(Status::invalid(
                    kind,
                    "",
                    "metadata.name",
                    "Required value: name or generateName is required",
                ));
            }
        };
        if !is_name(&name) {
            let cause = format!(
                "Invalid value: \"{name}\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character"
            );
            return Err(Status::invalid(kind, &name, "metadata.name", &cause));
        }
        legible(kind, &name, meta)?;
        if meta
            .get("resourceVersion")
            .and_then(Value::as_str)
            .is_some_and(|version| !version.is_empty())
        {
            return Err(Status::bad_request(
                "resourceVersion can not be set for Create requests",
            ));
        }
        if kind.namespaced {
            let own = meta.get("namespace").and_then(Value::as_str).unwrap_or("");
            if !own.is_empty() && own != namespace {
                return Err(Status::bad_request(
                    "the namespace of the provided object does not match the namespace sent on the request",
                ));
            }
            if let Some(spaces) = kinds::find("", "v1", "namespaces")
                && !shelves.items.contains_key(&key(spaces, "", namespace))
            {
                return Err(Status::not_found(spaces, namespace));
            }
            meta.insert("namespace".to_owned(), json!(namespace));
        }
        meta.insert("name".to_owned(), json!(name));
        meta.insert("uid".to_owned(), json!(uid));
        meta.insert("creationTimestamp".to_owned(), json!(now()));
        meta.insert("generation".to_owned(), json!(1));
        if let (true, Some(map)) = (kind.status, value.as_object_mut()) {
            match kind.resource {
                "nodes" => {}
                "pods" => drop(map.insert(
                    "status".to_owned(),
                    json!({ "phase": "Pending", "qosClass": "BestEffort" }),
                )),
                "namespaces" => drop(map.insert("status".to_owned(), json!({ "phase": "Active" }))),
                _ => drop(map.insert("status".to_owned(), json!({}))),
            }
        }
        let key = key(kind, namespace, &name);
        if shelves.items.contains_key(&key) {
            return Err(Status::already_exists(kind, &name));
        }
        Ok(self.put(&mut shelves, key, value, dry))
    }

    /// Puts a whole object of the opening world as it is, with its status and its age; replaces one of that name.
    pub fn seed(&self, mut value: Value) -> Result<(), Status> {
        let kind = kinds::of(&value)
            .ok_or_else(|| Status::bad_request("the seeded object has no kind served here"))?;
        let mut shelves = self.lock();
        let uid = uid(&mut shelves.random);
        let meta = metadata(&mut value)?;
        meta.entry("uid").or_insert(json!(uid));
        meta.entry("generation").or_insert(json!(1));
        meta.entry("creationTimestamp")
            .or_insert_with(|| json!(now()));
        let read = |field: &str| {
            meta.get(field)
                .and_then(Value::as_str)
                .unwrap_or("")
                .to_owned()
        };
        let key = key(kind, &read("namespace"), &read("name"));
        self.put(&mut shelves, key, value, false);
        Ok(())
    }

    /// Changes one object: `change` makes the new one from the old; the rules on metadata, status and generation follow.
    pub fn change(
        &self,
        kind: &'static Kind,
        (namespace, name): (&str, &str),
        way: Way,
        status_only: bool,
        dry: bool,
        change: impl FnOnce(&Value) -> Result<Value, Status>,
    ) -> Result<Arc<Stored>, Status> {
        let mut shelves = self.lock();
        let key = key(kind, namespace, name);
        let old = shelves
            .items
            .get(&key)
            .cloned()
            .ok_or_else(|| Status::not_found(kind, name))?;
        let mut new = change(&old.value)?;
        identify(kind, &mut new)?;
        let was = |field: &str| old.value["metadata"][field].as_str().unwrap_or("");
        let meta = metadata(&mut new)?;
        let is = |field: &str| {
            meta.get(field)
                .and_then(Value::as_str)
                .unwrap_or("")
                .to_owned()
        };
        if is("name") != name {
            let message = format!(
                "the name of the object ({}) does not match the name on the URL ({name})",
                is("name")
            );
            return Err(Status::bad_request(message));
        }
        let (uid, version) = (is("uid"), is("resourceVersion"));
        if !version.is_empty() && version != was("resourceVersion") {
            return Err(Status::conflict(kind, name));
        }
        if version.is_empty() && way == Way::Replace && kind.custom() {
            let cause = "Invalid value: 0: must be specified for an update";
            return Err(Status::invalid(
                kind,
                name,
                "metadata.resourceVersion",
                cause,
            ));
        }
        if !uid.is_empty() && uid != was("uid") {
            return Err(match way {
                Way::Patch => {
                    let cause = format!("Invalid value: \"{uid}\": field is immutable");
                    Status::invalid(kind, name, "metadata.uid", &cause)
                }
                Way::Replace => Status::precondition(kind, name, "UID", &uid, was("uid")),
            });
        }
        legible(kind, name, meta)?;
        for field in [
            "uid",
            "creationTimestamp",
            "namespace",
            "generation",
            "resourceVersion",
            "deletionTimestamp",
        ] {
            match old.value["metadata"].get(field) {
                Some(value) => drop(meta.insert(field.to_owned(), value.clone())),
                None => drop(meta.remove(field)),
            }
        }
        let finalized = meta.contains_key("deletionTimestamp")
            && meta
                .get("finalizers")
                .and_then(Value::as_array)
                .is_none_or(|finalizers| finalizers.is_empty());
        if status_only {
            let status = new.get("status").cloned();
            new = old.value.clone();
            set(&mut new, "status", status);
        } else if kind.status {
            set(&mut new, "status", old.value.get("status").cloned());
        }
        let stepped = if kind.status {
            new["spec"] != old.value["spec"]
        } else {
            differs_outside_metadata(&new, &old.value)
        };
        if let (true, Some(generation)) = (stepped, old.value["metadata"]["generation"].as_i64()) {
            metadata(&mut new)?.insert("generation".to_owned(), json!(generation + 1));
        }
        if finalized {
            return Ok(self.take(&mut shelves, &key, dry).unwrap_or(old));
        }
        if new == old.value {
            return Ok(old);
        }
        Ok(self.put(&mut shelves, key, new, dry))
    }

    /// Deletes one object, at once unless finalizers hold it; the answer is the object as it stood last.
    pub fn delete(
        &self,
        kind: &'static Kind,
        (namespace, name): (&str, &str),
        preconditions: &Value,
        dry: bool,
    ) -> Result<Arc<Stored>, Status> {
        let mut shelves = self.lock();
        let key = key(kind, namespace, name);
        let old = shelves
            .items
            .get(&key)
            .cloned()
            .ok_or_else(|| Status::not_found(kind, name))?;
        for (field, word) in [("uid", "UID"), ("resourceVersion", "ResourceVersion")] {
            let found = old.value["metadata"][field].as_str().unwrap_or("");
            if let Some(wanted) = preconditions[field].as_str()
                && wanted != found
            {
                return Err(Status::precondition(kind, name, word, wanted, found));
            }
        }
        let held = old.value["metadata"]["finalizers"]
            .as_array()
            .is_some_and(|finalizers| !finalizers.is_empty());
        if held {
            let mut marked = old.value.clone();
            metadata(&mut marked)?
                .entry("deletionTimestamp")
                .or_insert_with(|| json!(now()));
            return Ok(self.put(&mut shelves, key, marked, dry));
        }
        Ok(self.take(&mut shelves, &key, dry).unwrap_or(old))
    }

    fn put(&self, shelves: &mut Shelves, key: Key, mut value: Value, dry: bool) -> Arc<Stored> {
        let version = shelves.version + 1;
        stamp(&mut value, version);
        let stored = Stored::new(value);
        if !dry {
            let before = shelves.items.insert(key.clone(), stored.clone());
            self.record(
                shelves,
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

    fn take(&self, shelves: &mut Shelves, key: &Key, dry: bool) -> Option<Arc<Stored>> {
        let before = if dry {
            shelves.items.get(key).cloned()
        } else {
            shelves.items.remove(key)
        }?;
        let version = shelves.version + 1;
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
            self.record(shelves, change);
        }
        Some(last)
    }

    fn record(&self, shelves: &mut Shelves, change: Change) {
        shelves.version = change.version;
        shelves.changes.push_back(change);
        if shelves.changes.len() > KEPT_CHANGES
            && let Some(gone) = shelves.changes.pop_front()
        {
            shelves.floor = gone.version;
        }
        self.head.send_replace(shelves.version);
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

/// The present, as Kubernetes writes it: UTC, whole seconds.
pub fn now() -> String {
    jiff::Timestamp::now()
        .strftime("%Y-%m-%dT%H:%M:%SZ")
        .to_string()
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

fn metadata(value: &mut Value) -> Result<&mut Map<String, Value>, Status> {
    value
        .get_mut("metadata")
        .and_then(Value::as_object_mut)
        .ok_or_else(|| {
            Status::bad_request("the object provided is unrecognized: it has no metadata")
        })
}

/// The body must be an object of this kind; what it leaves out is filled in.
fn identify(kind: &Kind, value: &mut Value) -> Result<(), Status> {
    let wanted = [
        ("apiVersion", kind.api_version()),
        ("kind", kind.kind.to_owned()),
    ];
    let Some(map) = value.as_object_mut() else {
        return Err(Status::bad_request(
            "the object provided is unrecognized: it is not a JSON object",
        ));
    };
    for (field, wanted) in wanted {
        let found = map.entry(field).or_insert_with(|| json!(wanted));
        if found != &json!(wanted) {
            let message = format!(
                "the {field} in the data ({found}) does not match the expected {field} (\"{wanted}\")"
            );
            return Err(Status::bad_request(message));
        }
    }
    map.entry("metadata").or_insert_with(|| json!({}));
    Ok(())
}

fn set(value: &mut Value, field: &str, to: Option<Value>) {
    if let Some(map) = value.as_object_mut() {
        match to {
            Some(to) => drop(map.insert(field.to_owned(), to)),
            None => drop(map.remove(field)),
        }
    }
}

fn differs_outside_metadata(new: &Value, old: &Value) -> bool {
    let (Some(new), Some(old)) = (new.as_object(), old.as_object()) else {
        return true;
    };
    let counts = |map: &Map<String, Value>| map.keys().filter(|key| *key != "metadata").count();
    counts(new) != counts(old)
        || new
            .iter()
            .any(|(key, value)| key != "metadata" && old.get(key) != Some(value))
}

fn stamp(value: &mut Value, version: u64) {
    if let Some(meta) = value.get_mut("metadata").and_then(Value::as_object_mut) {
        meta.insert("resourceVersion".to_owned(), json!(version.to_string()));
    }
}

fn word(random: &mut StdRng) -> char {
    // Kubernetes' own alphabet for generated names: no vowels, no 0, 1 or 3.
    const LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
    LETTERS
        .get(random.random_range(0..LETTERS.len()))
        .copied()
        .map_or('x', char::from)
}

fn uid(random: &mut StdRng) -> String {
    let bits: u128 = random.random();
    let hex = format!("{bits:032x}");
    format!(
        "{}-{}-4{}-a{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[13..16],
        &hex[17..20],
        &hex[20..]
    )
}

/// Label values are at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends; or empty.
fn legible(kind: &Kind, name: &str, meta: &Map<String, Value>) -> Result<(), Status> {
    let Some(labels) = meta.get("labels").and_then(Value::as_object) else {
        return Ok(());
    };
    for value in labels.values() {
        let Some(value) = value.as_str() else {
            return Err(Status::bad_request(
                "the object provided is unrecognized: a label is not a string",
            ));
        };
        let edge = |c: Option<char>| c.is_none_or(|c| c.is_ascii_alphanumeric());
        let plain = value
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        let cause = if value.len() > 63 {
            "must be no more than 63 bytes".to_owned()
        } else if !plain || !edge(value.chars().next()) || !edge(value.chars().last()) {
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character".to_owned()
        } else {
            continue;
        };
        return Err(Status::invalid(
            kind,
            name,
            "metadata.labels",
            &format!("Invalid value: \"{value}\": {cause}"),
        ));
    }
    Ok(())
}

fn is_name(name: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    name.len() <= 253
        && edge(name.chars().next())
        && edge(name.chars().last())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.')
}
