//! By hand: a plan as commands that do the same without this console, so that an operator who goes around it at least
//! closes the right gate.
//!
//! Deliberately absent: running them.

use super::shell::{quote, say};
use super::show::template;
use super::{Edit, Lever, Plan, Write, mark};
use crate::delivery::Delivery;
use crate::model::{Environment, is_object_name};
use crate::text::{Safe, to_json_pretty};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// How an environment's cluster is reached, as it is configured.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cluster {
    pub kubeconfig: String,
    pub context: String,
}

/// The clusters by environment.
pub type Clusters = BTreeMap<Environment, Cluster>;

/// The options by which kubectl (and argo) reach a namespace of an environment, whatever the shell around them is set to. An
/// environment without a cluster gets names that no file has: a command that fails is better than one that goes elsewhere.
pub fn options(clusters: &Clusters, environment: &Environment, namespace: &str) -> String {
    let unknown = |what: &str| quote(&format!("<{what} of {environment}>"));
    let (file, context) = match clusters.get(environment) {
        Some(cluster) => (quote(&cluster.kubeconfig), quote(&cluster.context)),
        None => (unknown("kubeconfig"), unknown("context")),
    };
    format!(
        "--kubeconfig {file} --context {context} -n {}",
        quote(namespace)
    )
}

/// Commands that do the same by hand: kubeconfig file, context and namespace always explicit.
pub fn commands(plan: &Plan, delivery: &Delivery, clusters: &Clusters) -> String {
    let lever = plan.request.lever.title();
    let target = plan.request.name_target();
    let mut text = say(&format!(
        "{lever} {target}: what leverframe would do, by hand"
    ));
    let reason = plan.request.reason.as_deref();
    if let Some(reason) = reason {
        text.push_str(&say(&format!("because: {reason}")));
    }
    match &plan.write {
        Write::Commit {
            edits,
            subject,
            branch,
        } => {
            let mut message = format!(
                "-m {} --trailer {}",
                quote(subject),
                quote(&format!("Leverframe-Plan: {}", plan.id))
            );
            if let Some(reason) = reason {
                let trailer = format!("Leverframe-Reason: {}", Safe::line(reason));
                let _ = write!(message, " --trailer {}", quote(&trailer));
            }
            let to = branch.as_deref().unwrap_or(&delivery.branch);
            text.push_str(&commit(edits, &message, &delivery.branch, to));
        }
        Write::Create {
            environment,
            namespace,
            object,
            ..
        } => {
            let json = to_json_pretty(&without_plan(object)).unwrap_or_default();
            let _ = writeln!(
                text,
                "kubectl {} create -f - <<'LEVERFRAME'\n{json}\nLEVERFRAME",
                options(clusters, environment, namespace)
            );
            text.push_str(&say("Once it was made, this answers AlreadyExists."));
            text.push_str(&argo(plan, clusters));
        }
        Write::Patch { id, .. } if !is_object_name(&id.name) => {
            text.push_str(&no_command(&id.name))
        }
        Write::Patch {
            id, plural, patch, ..
        } => {
            let options = options(clusters, &id.environment, &id.namespace);
            let name = quote(&id.name);
            let _ = writeln!(
                text,
                "kubectl {options} patch --type merge -p {} -- {plural}.argoproj.io {name}",
                quote(&patch.to_string())
            );
            if patch.pointer("/spec/shutdown").is_some() {
                let _ = writeln!(text, ": or: argo {options} stop -- {name}");
            }
        }
    }
    if let Some(warning) = &plan.warning {
        text.push_str(&say(warning));
    }
    text
}

/// A commit of the edits alone: made in a work tree of its own on the fetched head, so that nothing which lies about in the
/// operator's clone goes along, and in one subshell, so that what comes after a failure is not run.
fn commit(edits: &[Edit], message: &str, from: &str, to: &str) -> String {
    let mut lines = vec![
        "set -e".to_owned(),
        format!("git fetch origin {}", quote(&format!("refs/heads/{from}"))),
        "tree=$(mktemp -d)".to_owned(),
        "trap 'git worktree remove --force \"$tree\" || rmdir \"$tree\"' EXIT".to_owned(),
        "git worktree add --detach \"$tree\" FETCH_HEAD".to_owned(),
    ];
    let mut files: Vec<&str> = Vec::new();
    for edit in edits {
        let is_version = !matches!(edit.to.as_str(), "true" | "false");
        if let Some(from) = edit.from.as_deref().filter(|_| is_version) {
            lines.push(format!(
                "[ \"$(yq {} \"$tree\"/{})\" = {} ] || {{ echo {}; exit 1; }}",
                quote(&format!(".{}", edit.key)),
                quote(&edit.path),
                quote(from),
                quote("It has changed since the plan was made. Nothing was pushed.")
            ));
        }
        lines.push(format!(
            "yq -i {} \"$tree\"/{}",
            quote(&format!(".{} = {}", edit.key, yaml(&edit.to))),
            quote(&edit.path)
        ));
        if !files.contains(&&*edit.path) {
            files.push(&edit.path);
        }
    }
    let files: String = files.iter().map(|f| format!(" {}", quote(f))).collect();
    let git = "git --literal-pathspecs -C \"$tree\"";
    lines.push(format!("{git} --no-pager diff"));
    // Another program may have written the file anew in its own style.
    lines.push(format!(
        "[ \"$({git} diff --numstat | awk '{{ to += $1; from += $2 }} END {{ print to, from }}')\" = {} ] || {{ echo {}; exit 1; }}",
        quote(&format!("{0} {0}", edits.len())),
        quote("yq has changed more than the plan does. Nothing was pushed.")
    ));
    lines.push(format!("{git} commit {message} --{files}"));
    lines.push(format!(
        "{git} push origin {}",
        quote(&format!("HEAD:refs/heads/{to}"))
    ));
    format!("(\n{}\n)\n", lines.join("\n"))
}

/// The object as one makes it by hand. It keeps the plan's own name, so that pasting twice, or after a lost answer, makes one
/// run and no more.
fn without_plan(object: &serde_json::Value) -> serde_json::Value {
    let mut object = object.clone();
    if let Some(metadata) = object.get_mut("metadata").and_then(|m| m.as_object_mut()) {
        metadata.remove("generateName");
    }
    if let Some(annotations) = object
        .pointer_mut("/metadata/annotations")
        .and_then(|a| a.as_object_mut())
    {
        for ours in [
            mark::PLAN,
            mark::ACTOR,
            mark::REASON,
            mark::RUN,
            mark::ORIGIN,
            mark::ATTEMPT,
        ] {
            annotations.remove(ours);
        }
    }
    object
}

/// Why a name from outside has no command: programs take what begins with a dash for an option.
pub fn no_command(name: &str) -> String {
    say(&format!(
        "{name} is no name that an object can have, so there is no command for it."
    ))
}

/// The same with Argo Workflows' own program, where it has a command for it.
fn argo(plan: &Plan, clusters: &Clusters) -> String {
    let Write::Create {
        environment,
        namespace,
        name,
        object,
        origin,
        ..
    } = &plan.write
    else {
        return String::new();
    };
    let parameters: String = object
        .pointer("/spec/arguments/parameters")
        .and_then(|p| p.as_array())
        .into_iter()
        .flatten()
        .filter_map(|p| Some((p["name"].as_str()?, p["value"].as_str()?)))
        // A copy keeps its parameters; only what differs would be named.
        .filter(|(_, value)| {
            origin.is_none() || (plan.request.lever == Lever::TestsOnly && *value == "false")
        })
        .map(|(name, value)| format!(" -p {}", quote(&format!("{name}={value}"))))
        .collect();
    // A resubmission cannot be given a name.
    let (when, command) = match origin {
        Some(origin) if !is_object_name(&origin.id.name) => return no_command(&origin.id.name),
        Some(origin) => (
            "or, another run each time it is run",
            format!("resubmit{parameters} -- {}", quote(&origin.id.name)),
        ),
        None => (
            "or",
            format!(
                "submit --name {} --from {}{parameters}",
                quote(name),
                quote(&format!("workflowtemplate/{}", template(object)))
            ),
        ),
    };
    format!(
        ": {when}: argo {} {command}\n",
        options(clusters, environment, namespace)
    )
}

/// A value in an expression of yq: a boolean as it is, everything else a text.
fn yaml(value: &str) -> String {
    match value {
        "true" | "false" => value.to_owned(),
        text => format!("\"{}\"", text.replace('\\', r"\\").replace('"', "\\\"")),
    }
}
