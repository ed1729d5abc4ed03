//! Target: the pair of environment and app that a lever acts on, and the identities of the objects behind it.
//!
//! Deliberately absent: indexes and bare names. What a key acted on is captured whole when the key is pressed.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

macro_rules! name {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $type(Arc<str>);

        impl $type {
            pub fn new(name: &str) -> Self {
                Self(Arc::from(name))
            }
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl From<&str> for $type {
            fn from(name: &str) -> Self {
                Self::new(name)
            }
        }
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }
    };
}

name!(
    /// An environment by its name in the delivery file, for example `staging`.
    Environment
);
name!(
    /// An app by the name of its Argo CD Application, or of its file where no Application is known.
    App
);
name!(
    /// What ships under one version: at GOV.UK the name of the tag file and of the image.
    Repository
);

/// One app in one environment.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Target {
    pub environment: Environment,
    pub app: App,
}

impl Target {
    pub fn new(environment: &str, app: &str) -> Self {
        Self {
            environment: environment.into(),
            app: app.into(),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} @ {}", self.app, self.environment)
    }
}

/// Where a cluster is reached: what tells one from another, whatever an operator calls its context.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClusterAddress {
    /// Scheme, host, port and path, without a user.
    pub url: Arc<str>,
    /// What requests go through: behind two proxies one address may be two clusters.
    pub proxy: Option<Arc<str>>,
}

impl fmt::Display for ClusterAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)?;
        match &self.proxy {
            Some(proxy) => write!(f, " by way of {proxy}"),
            None => Ok(()),
        }
    }
}

/// One object of one cluster, told apart from a later one of the same name by its uid.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct ObjectId {
    pub environment: Environment,
    pub namespace: Arc<str>,
    pub name: Arc<str>,
    pub uid: Arc<str>,
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} @ {}", self.namespace, self.name, self.environment)
    }
}

/// Whether an object can have the name (an RFC 1123 subdomain). No other one touches a path or stands in a command.
pub fn is_object_name(name: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.');
    let end = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let bytes = name.as_bytes();
    bytes.len() <= 253
        && bytes.iter().copied().all(inner)
        && end(bytes.first())
        && end(bytes.last())
}
