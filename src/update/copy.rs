//! Copy: a value, a link, commands or a line of Markdown of a target, for the clipboard.
//!
//! Deliberately absent: the clipboard itself (an effect).

use crate::action::Action;
use crate::effect::Effect;
use crate::model::Target;
use crate::plan::show::{options, quote};
use crate::state::{Overlay, State};

pub fn act(state: &mut State, action: Action, effects: &mut Vec<Effect>) {
    let Some(Overlay::Copy { target }) = &state.ui.overlay else {
        return;
    };
    let target = target.clone();
    let text = match action {
        Action::CopyValue => value(state, &target),
        Action::CopyLink => links(state, &target).into_iter().next(),
        Action::CopyCommands => Some(commands(state, &target)),
        Action::CopyMarkdown => markdown(state, &target),
        _ => {
            state.close_overlay();
            return;
        }
    };
    state.close_overlay();
    give(state, text, effects);
}

/// The link of what is selected, shown and copied.
pub fn link(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(target) = state.target().cloned() else {
        state.complain("Nothing is selected; j and k select a row.");
        return;
    };
    match links(state, &target).into_iter().next() {
        Some(text) => show(state, text, effects),
        None => state.complain("The delivery file names no link for this; see [links] there."),
    }
}

fn give(state: &mut State, text: Option<String>, effects: &mut Vec<Effect>) {
    match text {
        Some(text) => show(state, text, effects),
        None => state.complain("There is nothing of that kind to copy here."),
    }
}

/// What came of copying so many bytes, as far as can be known: no terminal answers.
pub fn counted(text: &str) -> String {
    format!("{} bytes for the terminal's clipboard (OSC 52)", text.len())
}

/// Copies a text and shows it whole, for terminals that take none.
fn show(state: &mut State, text: String, effects: &mut Vec<Effect>) {
    state.open_overlay(Overlay::Copied { text: text.clone() });
    effects.push(Effect::Copy(text));
}

fn value(state: &State, target: &Target) -> Option<String> {
    state
        .board
        .status(target)?
        .version
        .as_ref()
        .map(|v| v.as_str().to_owned())
}

/// Links that the delivery names, filled in; the most telling first.
fn links(state: &State, target: &Target) -> Vec<String> {
    let run = super::run::opened(state).map(|run| run.id.name.to_string());
    state.delivery.links(target, run.as_deref())
}

/// Commands that show the same by hand; kubeconfig file, context and namespace always explicit.
fn commands(state: &State, target: &Target) -> String {
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
    let workloads = &state.delivery.workloads;
    lines.push(format!(
        "kubectl {} get pods -l {}",
        options(clusters, environment, &workloads.namespace),
        quote(&format!("{}={}", workloads.app_label, target.app))
    ));
    if let Some(runs) = &state.delivery.runs {
        lines.push(format!(
            "kubectl {} get workflows.argoproj.io -l {}",
            options(clusters, environment, &runs.namespace),
            quote(&format!("{}={}", runs.app_label, target.app))
        ));
    }
    lines.join("\n") + "\n"
}

fn markdown(state: &State, target: &Target) -> Option<String> {
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
