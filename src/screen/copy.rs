//! Copy: what can be copied of a target: its version, a link, commands, a line of Markdown.
//!
//! Deliberately absent: the clipboard (an effect).

use crate::belongs::lists;
use crate::model::Target;
use crate::plan::show::{options, quote};
use crate::state::State;
use crate::store::Kind;

/// What came of copying so many bytes, as far as can be known: no terminal answers.
pub fn counted(text: &str) -> String {
    format!("{} bytes for the terminal's clipboard (OSC 52)", text.len())
}

/// The version.
pub fn value(state: &State, target: &Target) -> Option<String> {
    state
        .board
        .status(target)?
        .version
        .as_ref()
        .map(|v| v.as_str().to_owned())
}

/// Links that the delivery names, filled in; the most telling first.
pub fn links(state: &State, target: &Target) -> Vec<String> {
    let run = super::run::opened(state).map(|run| run.id.name.to_string());
    state.delivery.links(target, run.as_deref())
}

/// Commands that show the same by hand; kubeconfig file, context and namespace always explicit.
pub fn commands(state: &State, target: &Target) -> String {
    let mut lines = Vec::new();
    let environment = &target.environment;
    let clusters = &state.settings.clusters;
    if let Some(status) = state.board.status(target) {
        for image in &status.images {
            lines.push(format!(
                "git log --first-parent -5 {} -- {}",
                quote(&format!("origin/{}", state.delivery.branch)),
                quote(&state.delivery.path(environment, &image.repository))
            ));
        }
    }
    if let Some(argo_cd) = &state.delivery.argo_cd {
        lines.push(format!(
            "kubectl {} get applications.argoproj.io {}",
            options(clusters, environment, &argo_cd.namespace),
            quote(target.app.as_str())
        ));
    }
    let pods = lists::list_of(&state.store, &state.delivery, target, Kind::Pods);
    if let (Some(workloads), Some(pods)) = (&state.delivery.workloads, pods) {
        lines.push(format!(
            "kubectl {} get pods -l {}",
            options(clusters, environment, &pods.namespace),
            quote(&format!("{}={}", workloads.app_label, target.app))
        ));
    }
    if let Some(runs) = &state.delivery.runs {
        lines.push(format!(
            "kubectl {} get workflows.argoproj.io -l {}",
            options(clusters, environment, &runs.namespace),
            quote(&format!("{}={}", runs.app_label, target.app))
        ));
    }
    lines.join("\n") + "\n"
}

/// A line of Markdown for a chat.
pub fn markdown(state: &State, target: &Target) -> Option<String> {
    let status = state.board.status(target)?;
    let version = status.version.as_ref().map_or("no version", |v| v.as_str());
    let because = status.because.join(" ");
    Some(
        format!(
            "**{}** @ {}: `{version}` {because}",
            target.app, target.environment
        )
        .trim_end()
        .to_owned(),
    )
}
