//! Copy: what can be copied of what is selected: its value, a link, commands that show the same, a line of Markdown.
//!
//! Deliberately absent: the clipboard (an effect).

use super::list;
use super::recent::name_mover;
use super::run::{opened, stopped_by};
use super::sentence::as_of;
use super::time::when;
use crate::belongs::lists;
use crate::journal::Record;
use crate::model::{Change, ObjectId, Run, Target, Version, is_object_name};
use crate::plan::show::{self, no_command, options, quote};
use crate::plan::{Write, waits};
use crate::state::{ListKey, Pane, State, Subject, View};
use crate::store::{Kind, Source};

/// The sentence after copying so many bytes. Whether the terminal took them cannot be known, because none answers.
pub fn counted(text: &str) -> String {
    format!("{} bytes for the terminal's clipboard (OSC 52)", text.len())
}

/// What is selected in the view that one looks at.
pub fn subject(state: &State) -> Option<Subject> {
    let run = || {
        let run = opened(state)?;
        let target = state.ui.run.as_ref()?.target.clone();
        Some(Subject::Run(run.id.clone(), target))
    };
    let cell = || state.target().cloned().map(Subject::Cell);
    match (state.view(), state.ui.pane) {
        (View::Run | View::Log, _) | (View::Board, Pane::Run | Pane::Log) => run().or_else(cell),
        (View::Board | View::Target(_), _) => cell(),
        (View::History(target), _) => match list::opened(state)?.selected_key() {
            Some(ListKey::Change(commit, repository)) => {
                Some(Subject::Change(target.clone(), commit, repository))
            }
            _ => cell(),
        },
        (View::Journal, _) => {
            let record = list::selected_record(state)?;
            Some(Subject::Plan(record.plan.id.clone()))
        }
        (View::Sources, _) => list::selected_source(state).cloned().map(Subject::Source),
        (View::Calls | View::Help(_), _) => None,
    }
}

/// A title for what is selected.
pub fn title(state: &State, subject: &Subject) -> String {
    match subject {
        Subject::Cell(target) => target.to_string(),
        Subject::Run(id, target) => format!("run {} of {target}", id.name),
        Subject::Change(target, ..) => match change(state, subject) {
            Some(change) => format!("{} of {target}", moved(change)),
            None => target.to_string(),
        },
        Subject::Plan(id) => format!("plan {}", state.journal.short(id)),
        Subject::Source(source) => source.to_string(),
    }
}

/// The value to copy: a version, an id, a name.
pub fn value(state: &State, subject: &Subject) -> Option<String> {
    match subject {
        Subject::Cell(target) => {
            let version = state.board.status(target)?.version.as_ref()?;
            Some(version.as_str().to_owned())
        }
        Subject::Run(id, _) => Some(id.name.to_string()),
        Subject::Change(..) => {
            let change = change(state, subject)?;
            let version = change.to.as_ref().map(Version::as_str);
            Some(version.unwrap_or(&change.commit).to_owned())
        }
        Subject::Plan(id) => Some(id.to_string()),
        Subject::Source(source) => Some(source.to_string()),
    }
}

/// The most telling of the links that the delivery names for it.
pub fn link(state: &State, subject: &Subject) -> Option<String> {
    let delivery = &state.delivery;
    match subject {
        Subject::Cell(target) => delivery.links(target, None).into_iter().next(),
        Subject::Run(id, target) => delivery.links(target, Some(&id.name)).into_iter().next(),
        Subject::Change(_, commit, _) => delivery.commit_link(commit),
        Subject::Plan(id) => {
            let record = state.journal.get(id)?;
            let target = &record.plan.request.target;
            let branch = branch_link(state, record);
            branch.or_else(|| delivery.links(target, None).into_iter().next())
        }
        Subject::Source(_) => None,
    }
}

/// The compare link of the branch that a plan pushed.
pub fn branch_link(state: &State, record: &Record) -> Option<String> {
    match &record.plan.write {
        Write::Commit { branch, .. } => state.delivery.branch_link(branch.as_deref()?),
        _ => None,
    }
}

/// Commands that show the same by hand; kubeconfig file, context and namespace always explicit.
pub fn commands(state: &State, subject: &Subject) -> Option<String> {
    let clusters = &state.settings.clusters;
    match subject {
        Subject::Cell(target) => Some(commands_of_cell(state, target)),
        Subject::Run(id, _) => Some(commands_of_run(state, id)),
        Subject::Change(target, commit, repository) => {
            let path = state.delivery.path(&target.environment, repository);
            Some(format!("git show {} -- {}\n", quote(commit), quote(&path)))
        }
        Subject::Plan(id) => {
            let record = state.journal.get(id)?;
            Some(show::commands(&record.plan, &state.delivery, clusters))
        }
        Subject::Source(Source::Git) => {
            let branch = quote(&format!("refs/heads/{}", state.delivery.branch));
            Some(format!("git ls-remote origin {branch}\n"))
        }
        Subject::Source(Source::Cluster(environment)) => {
            let workloads = state.delivery.workloads.as_ref().map(|w| &w.namespace);
            let argo_cd = state.delivery.argo_cd.as_ref().map(|a| &a.namespace);
            let namespace = workloads.or(argo_cd)?;
            let options = options(clusters, environment, namespace);
            Some(format!("kubectl {options} get --raw /version\n"))
        }
    }
}

fn commands_of_run(state: &State, id: &ObjectId) -> String {
    if !is_object_name(&id.name) {
        return no_command(&id.name);
    }
    let options = options(&state.settings.clusters, &id.environment, &id.namespace);
    let pods = quote(&format!("workflows.argoproj.io/workflow={}", id.name));
    format!(
        "kubectl {options} get -o yaml -- workflows.argoproj.io {}\nkubectl {options} get pods -l {pods}\n",
        quote(&id.name)
    )
}

fn commands_of_cell(state: &State, target: &Target) -> String {
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
    let app = target.app.as_str();
    if !is_object_name(app) {
        lines.push(no_command(app).trim_end().to_owned());
        return lines.join("\n") + "\n";
    }
    if let Some(argo_cd) = &state.delivery.argo_cd {
        lines.push(format!(
            "kubectl {} get -- applications.argoproj.io {}",
            options(clusters, environment, &argo_cd.namespace),
            quote(app)
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
pub fn markdown(state: &State, subject: &Subject) -> Option<String> {
    let text = match subject {
        Subject::Cell(target) => {
            let status = state.board.status(target)?;
            let version = status.version.as_ref().map_or("no version", |v| v.as_str());
            let because = as_of(state, target).into_iter();
            let because: Vec<String> = because.chain(status.because.iter().cloned()).collect();
            let because = because.join(" ");
            format!(
                "**{}** @ {}: `{version}` {because}",
                target.app, target.environment
            )
        }
        Subject::Run(id, target) => {
            let phase = opened(state).map_or("gone".to_owned(), Run::state_in_words);
            let by = stopped_by(state, id);
            format!(
                "**{}** @ {}: run `{}` {phase}{by}",
                target.app, target.environment, id.name
            )
        }
        Subject::Change(target, commit, _) => {
            let change = change(state, subject)?;
            format!(
                "**{}** @ {}: {} {}, {} (`{}`)",
                target.app,
                target.environment,
                moved(change),
                when(change.at, state.now),
                name_mover(state, change),
                &commit[..commit.len().min(7)]
            )
        }
        Subject::Plan(id) => {
            let record = state.journal.get(id)?;
            let plan = &record.plan;
            let moves = show::moves(plan).map(|moves| format!(" `{moves}`"));
            let reason = plan
                .request
                .reason
                .as_ref()
                .map(|reason| format!(" ({reason})"));
            format!(
                "{} **{}** @ {}{} by {}: {}{}",
                plan.request.lever.title(),
                plan.request.name_app(),
                plan.request.target.environment,
                moves.unwrap_or_default(),
                plan.who.login,
                waits::state_in_words(record, state.now, |remedy| remedy.with(|_| None)),
                reason.unwrap_or_default()
            )
        }
        Subject::Source(source) => {
            let about = state.store.source(source)?;
            let says = about
                .worst_fault()
                .map_or("no fault", |fault| &fault.detail);
            format!("**{source}**: {says}")
        }
    };
    Some(text.trim_end().to_owned())
}

fn change<'a>(state: &'a State, subject: &Subject) -> Option<&'a Change> {
    let Subject::Change(target, commit, repository) = subject else {
        return None;
    };
    let mut changes = state
        .store
        .history
        .changes_of(&target.environment, repository)
        .iter();
    changes.find(|change| change.commit == *commit)
}

fn moved(change: &Change) -> String {
    super::recent::moved(change)
}
