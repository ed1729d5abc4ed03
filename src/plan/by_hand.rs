//! By hand: a plan as commands that do the same without this console, so that an operator who goes around it at least
//! closes the right gate.
//!
//! Deliberately absent: running them.

use super::show::template;
use super::{Lever, Plan, Write, mark};
use crate::delivery::Delivery;
use crate::model::Environment;
use crate::text::{Safe, is_hidden, to_json_pretty};
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

/// Commands, and a patch, that do the same by hand: kubeconfig file, context and namespace always explicit.
pub fn commands(plan: &Plan, delivery: &Delivery, clusters: &Clusters) -> String {
    let mut text = format!(
        "# {} {}: what leverframe would do, by hand\n",
        plan.request.lever.title(),
        line(&plan.request.target.to_string())
    );
    let reason = plan.request.reason.as_deref();
    if let Some(reason) = reason {
        let _ = writeln!(text, "# because: {}", line(reason));
    }
    match &plan.write {
        Write::Commit {
            edits,
            subject,
            branch,
        } => {
            let remote = match branch {
                Some(branch) => format!("HEAD:refs/heads/{branch}"),
                None => format!("HEAD:refs/heads/{}", delivery.branch),
            };
            let _ = writeln!(
                text,
                "git fetch origin {0} && git switch --detach FETCH_HEAD",
                quote(&delivery.branch)
            );
            for edit in edits {
                let _ = writeln!(
                    text,
                    "# {} {}: {} -> {}",
                    line(&edit.path),
                    line(&edit.key),
                    line(edit.from.as_deref().unwrap_or("absent")),
                    line(&edit.to)
                );
                let _ = writeln!(
                    text,
                    "yq -i {} {}",
                    quote(&format!(".{} = {}", edit.key, yaml(&edit.to))),
                    quote(&edit.path)
                );
            }
            text.push_str("git diff\n");
            let mut message = format!("{subject}\n\nLeverframe-Plan: {}", plan.id);
            if let Some(reason) = reason {
                let _ = write!(message, "\nLeverframe-Reason: {}", line(reason));
            }
            let _ = writeln!(text, "git commit -am {}", quote(&message));
            let _ = writeln!(text, "git push origin {}", quote(&remote));
        }
        Write::Create {
            environment,
            namespace,
            object,
            ..
        } => {
            let mut object = object.clone();
            // The object gets the plan's own name, so that pasting twice, or after a lost answer, makes one run and no
            // more.
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
                    mark::ORIGIN,
                    mark::ATTEMPT,
                ] {
                    annotations.remove(ours);
                }
            }
            let json = to_json_pretty(&object).unwrap_or_default();
            let _ = writeln!(
                text,
                "kubectl {} create -f - <<'LEVERFRAME'\n{json}\nLEVERFRAME",
                options(clusters, environment, namespace)
            );
            text.push_str("# Once it was made, this answers AlreadyExists.\n");
            text.push_str(&argo(plan, clusters));
        }
        Write::Patch {
            id, plural, patch, ..
        } => {
            let options = options(clusters, &id.environment, &id.namespace);
            let _ = writeln!(
                text,
                "kubectl {options} patch {plural}.argoproj.io {} --type merge -p {}",
                quote(&id.name),
                quote(&patch.to_string())
            );
            if patch.pointer("/spec/shutdown").is_some() {
                let _ = writeln!(text, "# or: argo {options} stop {}", quote(&id.name));
            }
        }
    }
    if let Some(warning) = &plan.warning {
        let _ = writeln!(text, "# {}", line(warning));
    }
    text
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
        Some(origin) => (
            "or, another run each time it is run",
            format!("resubmit {}", quote(&origin.id.name)),
        ),
        None => (
            "or",
            format!(
                "submit --name {} --from {}",
                quote(name),
                quote(&format!("workflowtemplate/{}", template(object)))
            ),
        ),
    };
    format!(
        "# {when}: argo {} {command}{parameters}\n",
        options(clusters, environment, namespace)
    )
}

/// A word for a shell, quoted wherever it holds anything but plain letters. What a terminal or its line editor would obey
/// when the word is pasted is written by its number, in the form that bash, zsh and ksh know: `$'v1\x1b'`.
pub fn quote(word: &str) -> String {
    let plain = |b: u8| {
        b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/' | b':' | b'@' | b'=')
    };
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else if word.contains(is_hidden) {
        let letters: String = word.chars().map(by_number).collect();
        format!("$'{letters}'")
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// A letter as it is written between `$'` and `'`.
fn by_number(letter: char) -> String {
    match letter {
        '\n' => r"\n".to_owned(),
        '\'' | '\\' => format!("\\{letter}"),
        letter if is_hidden(letter) => {
            let mut bytes = [0; 4];
            let bytes = letter.encode_utf8(&mut bytes).bytes();
            bytes.map(|byte| format!("\\x{byte:02x}")).collect()
        }
        letter => letter.to_string(),
    }
}

/// A text on one line, so that nothing from outside leaves a comment.
fn line(text: &str) -> Safe {
    Safe::line(text)
}

/// A value in an expression of yq: a boolean as it is, everything else a text.
fn yaml(value: &str) -> String {
    match value {
        "true" | "false" => value.to_owned(),
        text => format!("\"{}\"", text.replace('\\', r"\\").replace('"', "\\\"")),
    }
}
