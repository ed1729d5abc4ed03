//! Version: the write that changes which version an environment declares, by whichever mechanism the delivery allows.

use super::checks::Checks;
use super::subject::Subject;
use super::{CheckName, Edit, Hop, Refusal, Verdict, Write, hops, mark, reach};
use crate::delivery::{Deploy, Mechanism};
use crate::model::{Environment, Repository, Version};
use serde_json::{Map, Value, json};

/// A write of a version, with what follows from it.
pub(super) struct Written {
    pub write: Write,
    /// Where it goes by itself, the target's environment first.
    pub path: Vec<Environment>,
    pub hops: Vec<Hop>,
    /// The write closes the gate behind the target as well.
    pub holds: bool,
    pub warning: Option<&'static str>,
}

/// The row `release`, where the version is none.
pub(super) fn check_release(subject: &Subject<'_>, version: &Version, checks: &mut Checks) {
    if subject.delivery().versions.is_branch(version) {
        checks.add(
            CheckName::Release,
            Verdict::Failed,
            format!(
                "{} is the build of a branch, not a release",
                version.short()
            ),
            "",
        );
    }
}

/// Brings `version` into the subject's environment. `hold`: and closes the gate behind it, where one write can.
pub(super) fn write(
    subject: &Subject<'_>,
    repository: &Repository,
    version: &Version,
    hold: bool,
) -> Result<Written, Refusal> {
    match subject.stage.version_by {
        Mechanism::None => Err(subject.refusal(
            format!(
                "Nobody may change a version in {} by hand, says the delivery.",
                subject.environment()
            ),
            "",
        )),
        Mechanism::Workflow => workflow(subject, repository, version),
        Mechanism::Commit => commit(subject, repository, version, hold, None),
        Mechanism::Branch => {
            let branch = format!("leverframe/{}", subject.context.id);
            commit(subject, repository, version, hold, Some(branch))
        }
    }
}

fn workflow(
    subject: &Subject<'_>,
    repository: &Repository,
    version: &Version,
) -> Result<Written, Refusal> {
    let delivery = subject.delivery();
    let Some((runs, deploy)) = delivery
        .runs
        .as_ref()
        .and_then(|runs| Some((runs, runs.deploy.as_ref()?)))
    else {
        return Err(subject.refusal(
            "The delivery changes versions by a workflow, but names no deploy template.",
            "Add it to the delivery file.",
        ));
    };
    let parameters = parameters(deploy, subject.environment(), repository, version);
    let promotes = parameters
        .iter()
        .find(|(name, _)| *name == *runs.promote_parameter)
        .map_or(delivery.declared.promote.is_none(), |(_, value)| {
            value == "true"
        });
    let name = mark::name(&deploy.template, subject.context.id.as_str());
    let mut labels = Map::new();
    labels.insert(mark::TEMPLATE.into(), json!(&*deploy.template));
    for (key, value) in &parameters {
        if mark::label(value).as_deref() == Some(value) {
            labels.insert(key.clone(), json!(value));
        }
    }
    let mut annotations = Map::new();
    mark::annotate(
        &mut annotations,
        subject.context.id,
        &subject.context.who.login,
        subject.request.reason.as_deref(),
    );
    let arguments: Vec<Value> = parameters
        .iter()
        .map(|(name, value)| json!({"name": name, "value": value}))
        .collect();
    let object = json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {
            "name": name,
            "generateName": format!("{}-", deploy.template),
            "namespace": &*runs.namespace,
            "labels": labels,
            "annotations": annotations,
        },
        "spec": {
            "workflowTemplateRef": {"name": &*deploy.template},
            "arguments": {"parameters": arguments},
        },
    });
    let path = reach::along(subject, subject.environment(), repository, promotes);
    let mut following = vec![hops::created(&deploy.environment, &name)];
    following.extend(hops::along(
        subject,
        &path,
        repository,
        version,
        delivery.usual.commit,
        &format!("the steps of {name} in {}", deploy.environment),
    ));
    Ok(Written {
        write: Write::Create {
            environment: deploy.environment.clone(),
            namespace: runs.namespace.clone(),
            plural: "workflows".into(),
            name: name.into(),
            object,
            origin: None,
        },
        path,
        hops: following,
        holds: false,
        warning: None,
    })
}

/// The deploy template's parameters, filled in.
fn parameters(
    deploy: &Deploy,
    environment: &Environment,
    repository: &Repository,
    version: &Version,
) -> Vec<(String, String)> {
    deploy
        .parameters
        .iter()
        .map(|(name, value)| {
            let value = value
                .replace("{environment}", environment.as_str())
                .replace("{repository}", repository.as_str())
                .replace("{version}", version.as_str());
            (name.to_string(), value)
        })
        .collect()
}

fn commit(
    subject: &Subject<'_>,
    repository: &Repository,
    version: &Version,
    hold: bool,
    branch: Option<String>,
) -> Result<Written, Refusal> {
    let delivery = subject.delivery();
    let environment = subject.environment();
    let file = subject.declared(environment, repository);
    let mut edits = vec![edit(
        subject,
        environment,
        repository,
        &delivery.declared.version,
        file.and_then(|f| f.version.as_ref()).map(|v| v.to_string()),
        version.as_str(),
    )?];
    if let Some(promote) = &delivery.declared.promote
        && file.is_some_and(|f| f.promote)
    {
        edits.push(edit(
            subject,
            environment,
            repository,
            promote,
            Some("true".into()),
            "false",
        )?);
    }
    let held = if hold {
        gate_behind(subject, repository)
    } else {
        None
    };
    let holds = held.is_some();
    edits.extend(held);
    let subject_line = fill(
        &delivery.subjects.version,
        environment,
        repository,
        Some(version),
    );
    // With the flag false it stops here; where the delivery knows no flag, the gates alone decide.
    let path = reach::along(
        subject,
        environment,
        repository,
        delivery.declared.promote.is_none(),
    );
    let mut following: Vec<Hop> = branch.iter().map(|b| hops::branch(b)).collect();
    let (usual, look) = hops::on_main(subject, branch.is_some());
    following.extend(hops::along(
        subject, &path, repository, version, usual, look,
    ));
    let warning = branch.as_ref().map(|_| hops::UNTIL_MERGED);
    Ok(Written {
        write: Write::Commit {
            edits,
            subject: subject_line,
            branch,
        },
        path,
        hops: following,
        holds,
        warning,
    })
}

/// The edit that closes the gate into the subject's environment; none where it is closed, or is changed by another mechanism.
fn gate_behind(subject: &Subject<'_>, repository: &Repository) -> Option<Edit> {
    let delivery = subject.delivery();
    let lower = delivery.lower(subject.environment())?;
    let key = delivery.declared.gate.as_ref()?;
    let open = subject.declared(&lower.name, repository)?.gate;
    if !open || lower.gate_by != subject.stage.version_by {
        return None;
    }
    let from = Some("true".into());
    // Where it cannot be changed there, holding is offered next, and says why not.
    edit(subject, &lower.name, repository, key, from, "false").ok()
}

/// The edit of one scalar, with the bytes that it changes.
///
/// # Errors
/// The file is not there, or its value cannot be changed without changing more.
pub(super) fn edit(
    subject: &Subject<'_>,
    environment: &Environment,
    repository: &Repository,
    key: &str,
    from: Option<String>,
    to: &str,
) -> Result<Edit, Refusal> {
    let mut edit = Edit {
        environment: environment.clone(),
        repository: repository.clone(),
        path: subject.delivery().path(environment, repository),
        key: key.to_owned(),
        from,
        to: to.to_owned(),
        line: None,
    };
    let Some(file) = subject.declared(environment, repository) else {
        return Err(subject.refusal(
            format!("There is no file {}.", edit.path),
            "Add the file by a pull request first.",
        ));
    };
    let value = edit.value(subject.delivery());
    let slot = file.slots.iter().find(|(known, _)| **known == *key);
    let written = match (value.unfit(), slot) {
        (Some(unfit), _) => Err(format!("it {unfit}")),
        (None, Some((_, Ok(slot)))) => Ok(slot.edit(&value)),
        (None, Some((_, Err(why)))) => Err(why.to_string()),
        (None, None) => Err("how it is written there was not read".to_owned()),
    };
    match written {
        Ok(line) => {
            edit.line = Some(line);
            Ok(edit)
        }
        Err(why) => Err(subject.refusal(
            format!("{key} in {} cannot be changed safely: {why}.", edit.path),
            "Mend the file, or change it, by a pull request.",
        )),
    }
}

/// A subject line of the delivery, filled in.
pub(super) fn fill(
    template: &str,
    environment: &Environment,
    repository: &Repository,
    version: Option<&Version>,
) -> String {
    template
        .replace("{environment}", environment.as_str())
        .replace("{repository}", repository.as_str())
        .replace("{version}", version.map_or("", Version::as_str))
}
