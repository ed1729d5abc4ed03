//! Wire: the objects as a cluster writes them, slim and forgiving, and what each means in the model's words.
//!
//! Only what is shown or decided upon is read; everything else is skipped while parsing. Words that a newer server may add
//! stay text. Deliberately absent: writing these types back, which would lose what they do not know.

pub mod application;
pub mod happening;
mod intern;
pub mod workflow;
pub mod workload;

pub use application::Application;
pub use happening::Happening;
pub use workflow::Workflow;
pub use workload::{Deployment, Job, Pod};

use crate::model::{Environment, ObjectId, Texts};
use crate::store::{Fact, Kind};
use intern::intern;
use jiff::Timestamp;
use serde::de::{DeserializeOwned, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, de};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// An object of one kind.
pub trait Wire: DeserializeOwned + Send + 'static {
    const KIND: Kind;
    /// Its objects are large, so that its first list is read page by page: of a watch-list servers encode each object twice.
    const IS_LARGE: bool = false;
    fn meta(&self) -> &Meta;
    /// The name of the object that it is about, where it is about another one.
    fn about(&self) -> Option<&str> {
        None
    }
    /// What it means in the model's words.
    fn fact(self, environment: &Environment) -> Fact;
}

/// Who an object is.
#[derive(Deserialize, Clone, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Meta {
    pub name: Arc<str>,
    #[serde(default = "nothing", deserialize_with = "shared")]
    pub namespace: Arc<str>,
    #[serde(default = "nothing")]
    pub uid: Arc<str>,
    #[serde(default = "nothing")]
    pub resource_version: Arc<str>,
    #[serde(default)]
    pub generation: i64,
    #[serde(default, deserialize_with = "time")]
    pub creation_timestamp: Option<Timestamp>,
    #[serde(default, deserialize_with = "time")]
    pub deletion_timestamp: Option<Timestamp>,
    #[serde(default)]
    pub generate_name: Option<Arc<str>>,
    #[serde(default, deserialize_with = "texts")]
    pub labels: Texts,
    #[serde(default, deserialize_with = "texts")]
    pub annotations: Texts,
    /// As JSON: a resubmit copies them.
    #[serde(default)]
    pub owner_references: Option<Box<RawValue>>,
}

impl Meta {
    pub fn id(&self, environment: &Environment) -> ObjectId {
        ObjectId {
            environment: environment.clone(),
            namespace: self.namespace.clone(),
            name: self.name.clone(),
            uid: self.uid.clone(),
        }
    }

    pub fn annotation(&self, key: &str) -> Option<&Arc<str>> {
        self.annotations.get(key)
    }

    /// The name of the first owner of a kind.
    pub fn owner(&self, kind: &str) -> Option<Arc<str>> {
        #[derive(Deserialize)]
        struct Owner {
            kind: Arc<str>,
            name: Arc<str>,
        }
        let owners = self.owner_references.as_ref()?;
        let owners: Vec<Owner> = serde_json::from_str(owners.get()).ok()?;
        let mut of_kind = owners.into_iter().filter(|owner| *owner.kind == *kind);
        of_kind.next().map(|owner| owner.name)
    }
}

/// The path of a kind in a namespace, or in all where that is empty.
pub fn path(kind: Kind, namespace: &str) -> String {
    let (group, plural) = match kind {
        Kind::Applications => ("/apis/argoproj.io/v1alpha1", "applications"),
        Kind::Runs => ("/apis/argoproj.io/v1alpha1", "workflows"),
        Kind::Deployments => ("/apis/apps/v1", "deployments"),
        Kind::Pods => ("/api/v1", "pods"),
        Kind::Jobs => ("/apis/batch/v1", "jobs"),
        Kind::Happenings => ("/api/v1", "events"),
    };
    if namespace.is_empty() {
        format!("{group}/{plural}")
    } else {
        format!(
            "{group}/namespaces/{}/{plural}",
            super::call::encode(namespace)
        )
    }
}

/// Reads one object. If it cannot be read, the error names it, as far as its name is readable, and says why.
///
/// # Errors
/// Name (or `?`) and reason.
pub fn read<T: Wire>(json: &[u8]) -> Result<T, (Arc<str>, Arc<str>)> {
    serde_json::from_slice(json).map_err(|e| (name(json), Arc::from(e.to_string())))
}

/// The name of an object, even if nothing else of it is readable.
fn name(json: &[u8]) -> Arc<str> {
    #[derive(Deserialize)]
    struct Named {
        metadata: Name,
    }
    #[derive(Deserialize)]
    struct Name {
        name: Arc<str>,
    }
    serde_json::from_slice::<Named>(json).map_or_else(|_| Arc::from("?"), |n| n.metadata.name)
}

fn nothing() -> Arc<str> {
    intern("")
}

/// A text that many objects repeat.
fn shared<'de, D: Deserializer<'de>>(from: D) -> Result<Arc<str>, D::Error> {
    Ok(intern(&Text::deserialize(from)?.0))
}

/// Null where a value is expected means that there is none.
pub(super) fn maybe<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    from: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}

/// A time, or none where there is none or it is not one.
pub(super) fn time<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
    let text = Option::<Text<'de>>::deserialize(from)?;
    Ok(text.and_then(|text| text.0.parse().ok()))
}

/// A text, or none where there is none or it is empty (Go leaves zero values in).
pub(super) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Arc<str>>, D::Error> {
    let text = Option::<Text<'de>>::deserialize(from)?.map(|text| text.0);
    Ok(text.filter(|t| !t.is_empty()).map(|text| intern(&text)))
}

/// A text as it stands in the bytes where that can be done, so that nothing is copied that is only looked up.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Labels or annotations, without the copy of the whole object that kubectl keeps among them.
fn texts<'de, D: Deserializer<'de>>(from: D) -> Result<Texts, D::Error> {
    struct Read;
    impl<'de> Visitor<'de> for Read {
        type Value = Texts;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map of texts")
        }
        fn visit_unit<E: de::Error>(self) -> Result<Texts, E> {
            Ok(Texts::default())
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Texts, A::Error> {
            let mut texts = Vec::new();
            while let Some(key) = map.next_key::<Text<'de>>()?.map(|key| key.0) {
                if key == "kubectl.kubernetes.io/last-applied-configuration" {
                    map.next_value::<IgnoredAny>()?;
                } else {
                    texts.push((intern(&key), intern(&map.next_value::<Text<'de>>()?.0)));
                }
            }
            Ok(texts.into_iter().collect())
        }
    }
    from.deserialize_any(Read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_api() {
        assert_eq!(
            path(Kind::Applications, "argo cd"),
            "/apis/argoproj.io/v1alpha1/namespaces/argo%20cd/applications"
        );
        assert_eq!(path(Kind::Pods, ""), "/api/v1/pods");
    }

    #[test]
    fn an_odd_object_is_reported_by_its_name() {
        let odd = br#"{"metadata":{"name":"odd","labels":5}}"#;
        let (name, why) = read::<Pod>(odd).err().unwrap();
        assert_eq!(&*name, "odd");
        assert!(why.contains("expected a map of texts"), "{why}");
        assert_eq!(&*read::<Pod>(b"7").err().unwrap().0, "?");
    }

    #[test]
    fn what_kubectl_remembers_is_left_out() {
        let meta: Meta = serde_json::from_str(
            r#"{"name":"a","annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{}","k":"v"},"labels":null}"#,
        )
        .unwrap();
        assert_eq!(meta.annotations.len(), 1);
        assert!(meta.labels.is_empty());
    }
}
