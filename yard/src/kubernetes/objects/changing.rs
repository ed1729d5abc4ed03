//! Changing: create, seed, change and delete, with the rules that a real server keeps at each.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Objects, Stored, UpdateMethod, key};
use crate::kubernetes::kinds::{self, Kind};
use crate::kubernetes::rules::{
    differs_outside_metadata, identify, is_name, legible, metadata, now, set, uid, word,
};
use crate::kubernetes::status::Status;

impl Objects {
    /// Creates an object from a request's body.
    pub fn create(
        &self,
        kind: &'static Kind,
        namespace: &str,
        mut value: Value,
        dry: bool,
    ) -> Result<Arc<Stored>, Status> {
        identify(kind, &mut value)?;
        let mut contents = self.lock();
        let random: String = (0..5).map(|_| word(&mut contents.random)).collect();
        let uid = uid(&mut contents.random);
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
                && !contents.items.contains_key(&key(spaces, "", namespace))
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
        if contents.items.contains_key(&key) {
            return Err(Status::already_exists(kind, &name));
        }
        Ok(self.store(&mut contents, key, value, dry))
    }

    /// Puts a whole object of the opening world as it is, with its status and its age; replaces one of that name.
    pub fn insert(&self, mut value: Value) -> Result<(), Status> {
        let kind = kinds::kind_of(&value)
            .ok_or_else(|| Status::bad_request("the object has no kind served here"))?;
        let mut contents = self.lock();
        let uid = uid(&mut contents.random);
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
        self.store(&mut contents, key, value, false);
        Ok(())
    }

    /// Changes one object: `change` makes the new one from the old; the rules on metadata, status and generation follow.
    pub fn change(
        &self,
        kind: &'static Kind,
        (namespace, name): (&str, &str),
        method: UpdateMethod,
        status_only: bool,
        dry: bool,
        change: impl FnOnce(&Value) -> Result<Value, Status>,
    ) -> Result<Arc<Stored>, Status> {
        let mut contents = self.lock();
        let key = key(kind, namespace, name);
        let old = contents
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
        if version.is_empty() && method == UpdateMethod::Replace && kind.custom() {
            let cause = "Invalid value: 0: must be specified for an update";
            return Err(Status::invalid(
                kind,
                name,
                "metadata.resourceVersion",
                cause,
            ));
        }
        if !uid.is_empty() && uid != was("uid") {
            return Err(match method {
                UpdateMethod::Patch => {
                    let cause = format!("Invalid value: \"{uid}\": field is immutable");
                    Status::invalid(kind, name, "metadata.uid", &cause)
                }
                UpdateMethod::Replace => Status::precondition(kind, name, "UID", &uid, was("uid")),
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
            return Ok(self.remove(&mut contents, &key, dry).unwrap_or(old));
        }
        if new == old.value {
            return Ok(old);
        }
        Ok(self.store(&mut contents, key, new, dry))
    }

    /// Deletes one object, at once unless finalizers hold it; the answer is the object as it stood last.
    pub fn delete(
        &self,
        kind: &'static Kind,
        (namespace, name): (&str, &str),
        preconditions: &Value,
        dry: bool,
    ) -> Result<Arc<Stored>, Status> {
        let mut contents = self.lock();
        let key = key(kind, namespace, name);
        let old = contents
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
            return Ok(self.store(&mut contents, key, marked, dry));
        }
        Ok(self.remove(&mut contents, &key, dry).unwrap_or(old))
    }
}
