//! Checks: the list that a plan collects, and the checks that every lever shares.
//!
//! Deliberately absent: the override of a later issue; until then every refusing row refuses.

use super::subject::{Draft, Subject};
use super::{Check, CheckName, Context, Holds, Lever, Remedy, Verdict, Way, Weight, Write};
use super::{fresh, in_flight, one_cluster};
use crate::journal::Journal;
use crate::model::Environment;
use crate::model::span::span;
use crate::page::Page;
use crate::store::Source;
use jiff::Timestamp;

/// Rows as they were checked for one lever, each with the next thing to do should it fail.
pub(super) struct Checks {
    lever: Lever,
    rows: Vec<(Check, Remedy)>,
}

impl Checks {
    pub fn new(lever: Lever) -> Self {
        Self {
            lever,
            rows: Vec::new(),
        }
    }

    /// Adds a check that weighs what the table says.
    pub fn add(
        &mut self,
        name: CheckName,
        verdict: Verdict,
        evidence: impl Into<String>,
        remedy: impl Into<Remedy>,
    ) {
        // A check without a weight for this lever still refuses: a gap in the table must not let a write through.
        let weight = name.weight(self.lever).unwrap_or(Weight::Refuses);
        self.weigh(name, weight, verdict, evidence, remedy);
    }

    /// Adds a check that weighs less than the table says, because of what was found.
    pub fn weigh(
        &mut self,
        name: CheckName,
        weight: Weight,
        verdict: Verdict,
        evidence: impl Into<String>,
        remedy: impl Into<Remedy>,
    ) {
        let check = Check {
            name,
            weight,
            verdict,
            evidence: evidence.into(),
        };
        self.rows.push((check, remedy.into()));
    }

    pub fn pass(&mut self, name: CheckName, evidence: impl Into<String>) {
        self.add(name, Verdict::Passed, evidence, "");
    }

    pub fn not_checked(&mut self, name: CheckName, evidence: &str) {
        self.add(name, Verdict::NotChecked, evidence, "");
    }

    pub fn extend(&mut self, other: Checks) {
        self.rows.extend(other.rows);
    }

    /// The first row that refuses, with its remedy. A failed one says more than an unknown one.
    pub fn refusing(&self) -> Option<(&Check, &Remedy)> {
        let refusing = || self.rows.iter().filter(|(check, _)| check.refuses());
        refusing()
            .find(|(check, _)| check.verdict == Verdict::Failed)
            .or_else(|| refusing().next())
            .map(|(check, remedy)| (check, remedy))
    }

    pub fn list(&self) -> Vec<Check> {
        self.rows.iter().map(|(check, _)| check.clone()).collect()
    }
}

/// The rows that stand in every column of the table.
pub(super) fn shared(subject: &Subject<'_>, draft: &Draft, checks: &mut Checks) {
    checks.pass(CheckName::Scalars, shown(&draft.write));
    one_cluster::check(subject, draft, checks);
    credential(subject, &draft.write, checks);
    match subject.context.journal_fault {
        None => checks.pass(CheckName::Journal, "the intent can be journalled"),
        Some(fault) => checks.add(
            CheckName::Journal,
            Verdict::Failed,
            format!("the intent cannot be journalled: {}", fault.detail),
            fault.hint.clone(),
        ),
    }
    journal_lines(subject, checks);
    fresh::check(subject, &draft.rests_on, checks);
    certificate(subject, draft, checks);
    in_flight::check(subject, draft, checks);
    let production = draft.reach.production || subject.stage.production;
    if production {
        let (verdict, evidence) = if subject.context.who.shared {
            (
                Verdict::Failed,
                format!(
                    "the login {} is shared by several people, and this is production",
                    subject.context.who.login
                ),
            )
        } else {
            (
                Verdict::Passed,
                format!("login {} is one person's", subject.context.who.login),
            )
        };
        checks.add(
            CheckName::SharedLogin,
            verdict,
            evidence,
            "Log in under your own name.",
        );
    }
}

/// An unreadable line may be the intent of a plan that moves the same and is still under way.
fn journal_lines(subject: &Subject<'_>, checks: &mut Checks) {
    match unread_lately(subject.context.journal, subject.context.now) {
        None => checks.pass(
            CheckName::JournalLines,
            "every line of the journal was read that may matter",
        ),
        Some(evidence) => checks.add(
            CheckName::JournalLines,
            Verdict::Failed,
            evidence,
            "Look in the file what was intended there, and at the target what became of it. It stops holding plans back a \
             day after it was written.",
        ),
    }
}

/// The sentence about unreadable lines that may hide a plan under way; none where there are no such lines.
pub fn unread_lately(journal: &Journal, now: Timestamp) -> Option<String> {
    let mut unread = journal.unread_lately(now);
    let first = unread.next()?;
    let others = match unread.count() {
        0 => String::new(),
        others => format!(" ({others} further places)"),
    };
    Some(format!(
        "the journal may hide a plan that is under way: {first}{others}"
    ))
}

/// What the writer compares again at the last moment.
fn shown(write: &Write) -> String {
    match write {
        Write::Commit { edits, .. } => {
            let scalars: Vec<String> = edits
                .iter()
                .map(|e| {
                    format!(
                        "{} {}: {}",
                        e.path,
                        e.key,
                        e.from.as_deref().unwrap_or("absent")
                    )
                })
                .collect();
            scalars.join("; ")
        }
        Write::Create {
            origin: Some(origin),
            ..
        } => format!(
            "{} is {}, uid {}, attempt {}",
            origin.id.name,
            origin.phase,
            origin.id.uid,
            origin.attempt.saturating_sub(1)
        ),
        Write::Create { name, .. } => format!("no object {name} exists"),
        Write::Patch {
            id,
            resource_version,
            holds,
            ..
        } => match holds {
            Holds::AsSeen => format!("{id} at resourceVersion {resource_version}"),
            Holds::WhileGuarded => format!("{id}, uid {}", id.uid),
        },
    }
}

fn credential(subject: &Subject<'_>, write: &Write, checks: &mut Checks) {
    match write {
        Write::Commit { .. } => match &subject.store().pushable {
            Some(Ok(())) => checks.pass(CheckName::Credential, "the repository can be pushed to"),
            Some(Err(fault)) => {
                // Only an answer can say no.
                let (verdict, what) = match fault.kind.is_refusal() {
                    true => (Verdict::Failed, "the repository may not be pushed to"),
                    false => (
                        Verdict::Unknown,
                        "whether the repository may be pushed to is not known",
                    ),
                };
                let evidence = format!("{what}: {}", fault.detail);
                checks.add(CheckName::Credential, verdict, evidence, fault.hint.clone());
            }
            None => checks.add(
                CheckName::Credential,
                Verdict::Unknown,
                "whether the repository can be pushed to is not known yet",
                Remedy::by(
                    "Wait until git was asked, or look at the sources.",
                    Way::Open(Page::Sources),
                ),
            ),
        },
        Write::Create {
            environment,
            namespace,
            plural,
            ..
        } => access(subject, environment, "create", plural, namespace, checks),
        Write::Patch { id, plural, .. } => {
            access(
                subject,
                &id.environment,
                "patch",
                plural,
                &id.namespace,
                checks,
            );
        }
    }
}

fn access(
    subject: &Subject<'_>,
    environment: &Environment,
    verb: &str,
    plural: &str,
    namespace: &str,
    checks: &mut Checks,
) {
    let what = format!("{verb} {plural} in {namespace} of {environment}");
    let Some(cluster) = subject.store().cluster(environment) else {
        checks.add(
            CheckName::Credential,
            Verdict::Failed,
            format!("the cluster of {environment} is not configured, and the write goes there"),
            format!("Name a kubeconfig and a context for {environment} in the configuration."),
        );
        return;
    };
    match cluster.may(verb, plural, namespace) {
        Some(p) if p.allowed => checks.pass(CheckName::Credential, format!("may {what}")),
        Some(p) => checks.add(
            CheckName::Credential,
            Verdict::Failed,
            format!(
                "the credential may not {what}{}",
                p.reason
                    .as_ref()
                    .map(|r| format!(": {r}"))
                    .unwrap_or_default()
            ),
            "Use a credential that may, or ask somebody whose does.",
        ),
        None => checks.add(
            CheckName::Credential,
            Verdict::Unknown,
            format!("whether the credential may {what} is not known"),
            Remedy::by(
                "Wait until the cluster was asked, or look at the sources.",
                Way::Open(Page::Sources),
            ),
        ),
    }
}

/// Whether somebody between here and a cluster could have forged the facts or could take the credential of the write.
/// Asked of the target's cluster, of the one below that a version comes from, and of what it is decided on or goes to.
fn certificate(subject: &Subject<'_>, draft: &Draft, checks: &mut Checks) {
    let target = &subject.stage.name;
    let below = subject.delivery().lower(target).map(|stage| &stage.name);
    let written = match &draft.write {
        Write::Commit { .. } => None,
        Write::Create { environment, .. } => Some(environment),
        Write::Patch { id, .. } => Some(&id.environment),
    };
    let concerned = |source: &Source| {
        let is_near = match source {
            Source::Git => matches!(draft.write, Write::Commit { .. }),
            Source::Cluster(environment) => {
                [Some(target), below, written].contains(&Some(environment))
            }
        };
        is_near || draft.rests_on.iter().any(|(rested, _)| rested == source)
    };
    let exposed: Vec<_> = subject
        .store()
        .exposed()
        .filter(|(source, _)| concerned(source))
        .collect();
    if let Some((_, exposure)) = exposed.first() {
        let said: Vec<String> = exposed
            .iter()
            .map(|(source, exposure)| format!("{source}: {}", exposure.words()))
            .collect();
        checks.add(
            CheckName::Certificate,
            Verdict::Failed,
            said.join("; "),
            exposure.remedy(),
        );
    }
}

/// What a plan rests on and where it writes, with the age of each: `production cluster, namespace apps; git main 7c1e09a
/// read 2s ago`.
pub(super) fn read_in_words<'s>(
    context: &Context<'_>,
    rests_on: impl Iterator<Item = &'s Source>,
    write: &Write,
) -> String {
    let to = match write {
        Write::Create {
            environment,
            namespace,
            ..
        } => Some(format!("{environment} cluster, namespace {namespace}")),
        _ => None,
    };
    let read = rests_on.map(|source| read(context, source));
    let parts: Vec<String> = to.into_iter().chain(read).collect();
    parts.join("; ")
}

/// `git main 7c1e09a read 2s ago`.
fn read(context: &Context<'_>, source: &Source) -> String {
    let age = context
        .store
        .source(source)
        .and_then(|s| s.age_s(context.now))
        .map(|age| format!("read {} ago", span(age)))
        .unwrap_or_else(|| "not read".to_owned());
    match source {
        Source::Git => {
            let tip = context.store.tree.as_ref().map_or("", |t| &t.tip);
            let tip = tip.get(..7).unwrap_or(tip);
            format!("git {} {tip} {age}", context.delivery.branch)
        }
        Source::Cluster(environment) => format!("{environment} cluster {age}"),
    }
}
