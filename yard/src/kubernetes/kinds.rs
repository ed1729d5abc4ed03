//! Kinds: the resources that the yard's API server knows.
//!
//! It is a table and no discovery: what neither the console nor the simulator calls is not here.

/// One resource and how it behaves.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// API group, empty for the core one.
    pub group: &'static str,
    /// API version within the group.
    pub version: &'static str,
    /// Plural name, as in the URL.
    pub resource: &'static str,
    /// Kind, as in the objects.
    pub kind: &'static str,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// Whether `/status` exists; the main resource then ignores changes of status.
    pub status: bool,
    /// Field selectors beyond `metadata.name` and `metadata.namespace`.
    pub fields: &'static [&'static str],
}

const fn kind(
    group: &'static str,
    resource: &'static str,
    kind: &'static str,
    namespaced: bool,
    status: bool,
    fields: &'static [&'static str],
) -> Kind {
    let version = if group.is_empty() || matches!(group.as_bytes(), b"apps" | b"batch") {
        "v1"
    } else {
        "v1alpha1"
    };
    Kind {
        group,
        version,
        resource,
        kind,
        namespaced,
        status,
        fields,
    }
}

/// Every resource. The argoproj.io ones have no status subresource, as in their real definitions.
pub static KINDS: [Kind; 11] = [
    kind("", "namespaces", "Namespace", false, true, &[]),
    kind("", "nodes", "Node", false, true, &[]),
    kind(
        "",
        "pods",
        "Pod",
        true,
        true,
        &["spec.nodeName", "status.phase"],
    ),
    kind(
        "",
        "events",
        "Event",
        true,
        false,
        &[
            "involvedObject.kind",
            "involvedObject.name",
            "involvedObject.namespace",
            "involvedObject.uid",
            "reason",
            "type",
        ],
    ),
    kind("apps", "deployments", "Deployment", true, true, &[]),
    kind("apps", "replicasets", "ReplicaSet", true, true, &[]),
    kind("batch", "jobs", "Job", true, true, &[]),
    kind("batch", "cronjobs", "CronJob", true, true, &[]),
    kind(
        "argoproj.io",
        "applications",
        "Application",
        true,
        false,
        &[],
    ),
    kind("argoproj.io", "workflows", "Workflow", true, false, &[]),
    kind(
        "argoproj.io",
        "workflowtemplates",
        "WorkflowTemplate",
        true,
        false,
        &[],
    ),
];

impl Kind {
    /// `applications.argoproj.io`, or `pods` for the core group: how messages name a resource.
    pub fn qualified(&self) -> String {
        if self.group.is_empty() {
            self.resource.to_owned()
        } else {
            format!("{}.{}", self.resource, self.group)
        }
    }

    /// `argoproj.io/v1alpha1`, or `v1` for the core group.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_owned()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// `Application.argoproj.io`, or `Pod`: how 422 messages name a kind.
    pub fn qualified_kind(&self) -> String {
        if self.group.is_empty() {
            self.kind.to_owned()
        } else {
            format!("{}.{}", self.kind, self.group)
        }
    }

    /// Whether it is defined by a CustomResourceDefinition in life.
    pub fn custom(&self) -> bool {
        self.group == "argoproj.io"
    }
}

/// The kind served under a URL's group, version and resource.
pub fn find(group: &str, version: &str, resource: &str) -> Option<&'static Kind> {
    KINDS
        .iter()
        .find(|kind| kind.group == group && kind.version == version && kind.resource == resource)
}

/// The kind of an object, by its own `apiVersion` and `kind`.
pub fn kind_of(object: &serde_json::Value) -> Option<&'static Kind> {
    let api_version = object["apiVersion"].as_str()?;
    let name = object["kind"].as_str()?;
    KINDS
        .iter()
        .find(|kind| kind.kind == name && kind.api_version() == api_version)
}
