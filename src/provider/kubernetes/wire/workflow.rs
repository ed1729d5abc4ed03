//! Workflow: one run of Argo Workflows, with its nodes wherever the object keeps them.
//!
//! Nodes stand in `nodes`, or gzipped in `compressedNodes`; packed otherwise or offloaded to a database they are *unread*, which
//! is said. Deliberately absent: the templates that the status stores.

use super::{Meta, Wire, maybe, text, time};
use crate::model::{self, Environment, Node, NodeKind, NodePhase, Nodes, RunPhase, Texts};
use crate::store::{Fact, Kind};
use base64::Engine as _;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::Arc;

/// Unpacked nodes larger than this are not read: no run is, and a bomb would be.
const LARGEST_NODES: u64 = 64 * 1024 * 1024;

/// What Argo Workflows says of a step that a memoized resubmit keeps.
const KEPT: &str = "original pod:";

const TEMPLATE_LABEL: &str = "workflows.argoproj.io/workflow-template";

#[derive(Deserialize)]
pub struct Workflow {
    metadata: Meta,
    #[serde(default)]
    spec: Option<Box<RawValue>>,
    #[serde(default, deserialize_with = "maybe")]
    status: Status,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    #[serde(deserialize_with = "text")]
    shutdown: Option<Arc<str>>,
    suspend: Option<bool>,
    workflow_template_ref: Option<TemplateRef>,
    #[serde(deserialize_with = "maybe")]
    arguments: Arguments,
    #[serde(deserialize_with = "text")]
    on_exit: Option<Arc<str>>,
    retry_strategy: Option<RetryStrategy>,
    #[serde(deserialize_with = "maybe")]
    templates: Vec<Template>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Template {
    #[serde(deserialize_with = "text")]
    name: Option<Arc<str>>,
    retry_strategy: Option<RetryStrategy>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RetryStrategy {
    #[serde(deserialize_with = "text")]
    expression: Option<Arc<str>>,
}

impl Spec {
    /// Adds what the run has from its template: what stands in the run itself is before that.
    fn complete(&mut self, stored: Stored) {
        self.on_exit = self.on_exit.take().or(stored.on_exit);
        self.retry_strategy = self.retry_strategy.take().or(stored.retry_strategy);
        self.templates.extend(stored.templates);
    }

    /// The expression of the strategy by which a node of a template is tried again: the template's own, else the run's.
    fn retry_expression(&self, template: &str) -> Option<Arc<str>> {
        let mut templates = self.templates.iter();
        // What stands elsewhere may have a strategy of its own.
        let template = templates.find(|t| t.name.as_deref() == Some(template))?;
        let strategy = template.retry_strategy.as_ref();
        strategy
            .or(self.retry_strategy.as_ref())?
            .expression
            .clone()
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct TemplateRef {
    #[serde(deserialize_with = "text")]
    name: Option<Arc<str>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Arguments {
    #[serde(deserialize_with = "maybe")]
    parameters: Vec<Parameter>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Parameter {
    name: Arc<str>,
    value: Option<Box<RawValue>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    #[serde(deserialize_with = "text")]
    phase: Option<Arc<str>>,
    #[serde(deserialize_with = "text")]
    message: Option<Arc<str>>,
    #[serde(deserialize_with = "time")]
    started_at: Option<Timestamp>,
    #[serde(deserialize_with = "time")]
    finished_at: Option<Timestamp>,
    #[serde(deserialize_with = "text")]
    progress: Option<Arc<str>>,
    #[serde(deserialize_with = "maybe")]
    nodes: BTreeMap<Arc<str>, WireNode>,
    #[serde(deserialize_with = "text")]
    compressed_nodes: Option<Arc<str>>,
    #[serde(deserialize_with = "text")]
    offload_node_status_version: Option<Arc<str>>,
    stored_workflow_template_spec: Option<Stored>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Stored {
    #[serde(deserialize_with = "maybe")]
    arguments: Arguments,
    #[serde(deserialize_with = "text")]
    on_exit: Option<Arc<str>>,
    retry_strategy: Option<RetryStrategy>,
    #[serde(deserialize_with = "maybe")]
    templates: Vec<Template>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct WireNode {
    #[serde(deserialize_with = "maybe")]
    id: Arc<str>,
    #[serde(deserialize_with = "maybe")]
    name: Arc<str>,
    #[serde(deserialize_with = "text")]
    display_name: Option<Arc<str>>,
    #[serde(rename = "type", deserialize_with = "text")]
    kind: Option<Arc<str>>,
    #[serde(deserialize_with = "text")]
    template_name: Option<Arc<str>>,
    template_ref: Option<NodeTemplate>,
    #[serde(deserialize_with = "text")]
    phase: Option<Arc<str>>,
    #[serde(rename = "boundaryID", deserialize_with = "text")]
    boundary: Option<Arc<str>>,
    #[serde(deserialize_with = "text")]
    message: Option<Arc<str>>,
    #[serde(deserialize_with = "time")]
    started_at: Option<Timestamp>,
    #[serde(deserialize_with = "time")]
    finished_at: Option<Timestamp>,
    #[serde(deserialize_with = "maybe")]
    node_flag: Flags,
    #[serde(deserialize_with = "maybe")]
    outputs: Outputs,
    #[serde(deserialize_with = "maybe")]
    children: Vec<Arc<str>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct NodeTemplate {
    #[serde(deserialize_with = "text")]
    name: Option<Arc<str>>,
    #[serde(deserialize_with = "text")]
    template: Option<Arc<str>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Flags {
    hooked: bool,
    retried: bool,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Outputs {
    exit_code: Option<Arc<str>>,
}

impl Wire for Workflow {
    const KIND: Kind = Kind::Runs;
    const IS_LARGE: bool = true;

    fn meta(&self) -> &Meta {
        &self.metadata
    }

    fn fact(self, environment: &Environment) -> Fact {
        Fact::Run(self.model(environment))
    }
}

impl Workflow {
    fn model(self, environment: &Environment) -> model::Run {
        let Workflow {
            metadata,
            spec: raw,
            status,
        } = self;
        let raw = raw.map_or_else(|| Arc::from("{}"), |raw| Arc::from(raw.get()));
        // an odd spec leaves a run that can be looked at and not repeated
        let mut spec: Spec = serde_json::from_str(&raw).unwrap_or_default();
        let mut parameters = values(std::mem::take(&mut spec.arguments));
        if let Some(mut stored) = status.stored_workflow_template_spec {
            parameters.extend(values(std::mem::take(&mut stored.arguments)));
            spec.complete(stored);
        }
        // What the run does is said by its reference; a label may be changed afterwards.
        let template = spec.workflow_template_ref.take().and_then(|t| t.name);
        let (nodes, suspended, memoized) = nodes(
            status.nodes,
            status.compressed_nodes,
            status.offload_node_status_version,
        );
        let mut all = nodes.read().iter();
        let root = all.find(|node| node.name == metadata.name);
        model::Run {
            id: metadata.id(environment),
            retry_expression: root.and_then(|root| spec.retry_expression(&root.template)),
            retries_all: spec.retry_strategy.is_some(),
            exit_handler: spec.on_exit,
            resource_version: metadata.resource_version,
            template: template.or_else(|| metadata.labels.get(TEMPLATE_LABEL).cloned()),
            labels: metadata.labels,
            annotations: metadata.annotations,
            generate_name: metadata.generate_name.filter(|n| !n.is_empty()),
            owners: metadata
                .owner_references
                .map(|raw| Arc::from(raw.get()))
                .filter(|raw: &Arc<str>| !matches!(&**raw, "null" | "[]")),
            spec: raw,
            parameters,
            phase: status
                .phase
                .map_or(RunPhase::Pending, |phase| RunPhase::parse(&phase)),
            message: status.message,
            shutdown: spec.shutdown,
            suspended: spec.suspend == Some(true) || suspended,
            created: metadata.creation_timestamp,
            started: status.started_at,
            finished: status.finished_at,
            progress: status.progress,
            nodes,
            memoized,
        }
    }
}

/// Values as text: in etcd they may be texts, numbers or booleans, and Argo takes all of them for texts.
fn values(arguments: Arguments) -> Texts {
    let value = |raw: Box<RawValue>| {
        let raw = raw.get();
        match serde_json::from_str::<Arc<str>>(raw) {
            Ok(text) => text,
            Err(_) => Arc::from(raw),
        }
    };
    let parameters = arguments.parameters.into_iter();
    parameters
        .filter_map(|p| Some((p.name, value(p.value?))))
        .collect()
}

/// The nodes in Argo's own order of looking; whether one waits to be resumed; whether one was kept of the run before, as only
/// a memoized resubmit does.
fn nodes(
    plain: BTreeMap<Arc<str>, WireNode>,
    packed: Option<Arc<str>>,
    offloaded: Option<Arc<str>>,
) -> (Nodes, bool, bool) {
    let nodes = if !plain.is_empty() {
        plain
    } else if let Some(packed) = packed {
        match unpack(&packed) {
            Ok(nodes) => nodes,
            Err(why) => return (Nodes::Unread(why), false, false),
        }
    } else if offloaded.is_some() {
        let why = "The steps are offloaded to Argo's database: open the run in Argo.";
        return (Nodes::Unread(Arc::from(why)), false, false);
    } else {
        BTreeMap::new()
    };
    let suspended = nodes
        .values()
        .any(|n| n.kind.as_deref() == Some("Suspend") && n.phase.as_deref() == Some("Running"));
    let memoized = nodes
        .values()
        .filter_map(|n| n.message.as_deref())
        .any(|message| message.starts_with(KEPT));
    let nodes = nodes.into_iter().map(|(id, node)| node.model(id)).collect();
    (Nodes::Read(Arc::new(nodes)), suspended, memoized)
}

fn unpack(packed: &str) -> Result<BTreeMap<Arc<str>, WireNode>, Arc<str>> {
    let unread =
        |why: &str| Arc::from(format!("The steps are packed {why}: open the run in Argo."));
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(packed)
        .map_err(|_| unread("in a way that cannot be read"))?;
    match bytes.as_slice() {
        [0x1f, 0x8b, ..] => {}
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            return Err(unread("with zstd, which is not unpacked here"));
        }
        _ => return Err(unread("with brotli, which is not unpacked here")),
    }
    let mut json = Vec::new();
    let mut unpacked = flate2::read::MultiGzDecoder::new(bytes.as_slice()).take(LARGEST_NODES + 1);
    unpacked
        .read_to_end(&mut json)
        .map_err(|_| unread("in a way that cannot be read"))?;
    if json.len() as u64 > LARGEST_NODES {
        return Err(unread("and larger than any run is"));
    }
    serde_json::from_slice(&json).map_err(|_| unread("in a way that cannot be read"))
}

impl WireNode {
    fn model(self, key: Arc<str>) -> Node {
        let template = match self.template_ref {
            Some(reference) => match (reference.name, reference.template) {
                (Some(name), Some(template)) => Arc::from(format!("{name}/{template}")),
                (name, template) => template.or(name).unwrap_or_default(),
            },
            None => self.template_name.unwrap_or_default(),
        };
        Node {
            id: if self.id.is_empty() { key } else { self.id },
            display_name: self.display_name.unwrap_or_else(|| self.name.clone()),
            name: self.name,
            kind: NodeKind::parse(self.kind.as_deref().unwrap_or_default()),
            phase: NodePhase::parse(self.phase.as_deref().unwrap_or("Pending")),
            template,
            boundary: self.boundary,
            children: self.children,
            message: self.message,
            started: self.started_at,
            finished: self.finished_at,
            exit_code: self.outputs.exit_code,
            hooked: self.node_flag.hooked,
            retried: self.node_flag.retried,
        }
    }
}

#[cfg(test)]
mod tests;
