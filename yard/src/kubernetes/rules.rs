//! Rules: what every stored object keeps to: a name, legible labels, a kind that fits, and who may set which metadata.

use rand::Rng;
use rand::rngs::StdRng;
use serde_json::{Map, Value, json};

use super::kinds::Kind;
use super::status::Status;

/// The present, as Kubernetes writes it: UTC, whole seconds.
pub fn now() -> String {
    jiff::Timestamp::now()
        .strftime("%Y-%m-%dT%H:%M:%SZ")
        .to_string()
}

/// The metadata, to change it.
pub(super) fn metadata(value: &mut Value) -> Result<&mut Map<String, Value>, Status> {
    value
        .get_mut("metadata")
        .and_then(Value::as_object_mut)
        .ok_or_else(|| {
            Status::bad_request("the object provided is unrecognized: it has no metadata")
        })
}

/// The body must be an object of this kind; what it leaves out is filled in.
pub(super) fn identify(kind: &Kind, value: &mut Value) -> Result<(), Status> {
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

/// Sets a field, or removes it.
pub(super) fn set(value: &mut Value, field: &str, to: Option<Value>) {
    if let Some(map) = value.as_object_mut() {
        match to {
            Some(to) => drop(map.insert(field.to_owned(), to)),
            None => drop(map.remove(field)),
        }
    }
}

/// Whether anything but the metadata differs: the next generation, for kinds without a status of their own path.
pub(super) fn differs_outside_metadata(new: &Value, old: &Value) -> bool {
    let (Some(new), Some(old)) = (new.as_object(), old.as_object()) else {
        return true;
    };
    let counts = |map: &Map<String, Value>| map.keys().filter(|key| *key != "metadata").count();
    counts(new) != counts(old)
        || new
            .iter()
            .any(|(key, value)| key != "metadata" && old.get(key) != Some(value))
}

/// Writes the resource version.
pub(super) fn stamp(value: &mut Value, version: u64) {
    if let Some(meta) = value.get_mut("metadata").and_then(Value::as_object_mut) {
        meta.insert("resourceVersion".to_owned(), json!(version.to_string()));
    }
}

/// One letter of a generated name.
pub(super) fn word(random: &mut StdRng) -> char {
    // Kubernetes' own alphabet for generated names: no vowels, no 0, 1 or 3.
    const LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
    LETTERS
        .get(random.random_range(0..LETTERS.len()))
        .copied()
        .map_or('x', char::from)
}

/// A new uid.
pub(super) fn uid(random: &mut StdRng) -> String {
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
pub(super) fn legible(kind: &Kind, name: &str, meta: &Map<String, Value>) -> Result<(), Status> {
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

/// Whether it is a DNS-1123 subdomain.
pub(super) fn is_name(name: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    name.len() <= 253
        && edge(name.chars().next())
        && edge(name.chars().last())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.')
}
