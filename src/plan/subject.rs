//! Subject: the target of a request with its files and apps, or the refusal where it is not clear what is meant.

use super::checks::Checks;
use super::{
    Check, Choice, Context, Hop, Lever, Plan, Reach, Refusal, Remedy, Request, Way, Write,
};
use crate::belongs::{self, lists};
use crate::board::status::status;
use crate::delivery::{Delivery, Stage};
use crate::model::{
    App, AppDeclared, Application, Declared, Environment, Repository, Target, Version,
};
use crate::page::Page;
use crate::store::{Kind, Source, Store};
use crate::text::end_sentence;

/// A target, found.
pub(super) struct Subject<'a> {
    pub request: &'a Request,
    pub context: Context<'a>,
    pub stage: &'a Stage,
    /// The files that the app has here.
    pub repositories: Vec<Repository>,
}

/// What a lever decided, before the rows that all levers share.
pub(super) struct Draft {
    /// The request with its file or run named.
    pub request: Request,
    pub from: Option<Version>,
    pub to: Option<Version>,
    pub evidence: String,
    pub reach: Reach,
    pub checks: Checks,
    pub write: Write,
    pub hops: Vec<Hop>,
    pub debt: Option<String>,
    pub warning: Option<String>,
    pub next: Option<Lever>,
    /// The versions that may be chosen instead.
    pub choices: Vec<Choice>,
    /// What the decision rests on.
    pub rests_on: Vec<(Source, Option<Kind>)>,
}

/// The repositories among which a request must choose; the one first whose version waits for this lever.
pub(super) fn choices(request: &Request, context: Context<'_>) -> Vec<Repository> {
    if !request.lever.writes_files() || request.repository.is_some() {
        return Vec::new();
    }
    match files(context.store, &request.target) {
        Some(mut files) if files.len() > 1 => {
            let help = status(
                context.store,
                context.delivery,
                &request.target,
                context.now,
            )
            .and_then(|status| status.late)
            .filter(|help| help.lever == request.lever);
            // A stable sort: the others stand in the order of the app's list.
            files.sort_by_key(|file| {
                help.as_ref().and_then(|h| h.repository.as_ref()) != Some(file)
            });
            files
        }
        _ => Vec::new(),
    }
}

/// The files that exist of a target; none if neither an app nor a file has its name.
fn files(store: &Store, target: &Target) -> Option<Vec<Repository>> {
    let mut files = belongs::repositories(store, target)?;
    files.retain(|file| store.declared(&target.environment, file).is_some());
    Some(files)
}

impl<'a> Subject<'a> {
    pub fn find(request: &'a Request, context: Context<'a>) -> Result<Self, Refusal> {
        let refuse = |because: &str, remedy: Remedy| {
            Err(Refusal {
                lever: request.lever,
                target: request.target.clone(),
                because: because.to_owned(),
                remedy,
                checks: Vec::new(),
                is_asking: false,
            })
        };
        if context.read_only {
            return refuse(
                "This console is read-only: it has no writer at all.",
                "Pull levers by a configuration, without --delivery, --read-only, read_only and LEVERFRAME_READ_ONLY.".into(),
            );
        }
        let environment = &request.target.environment;
        let Some(stage) = context.delivery.stage(environment) else {
            return refuse(
                &format!("The delivery has no environment {environment} in its list."),
                Remedy::default(),
            );
        };
        let found = files(context.store, &request.target);
        let repositories = match found {
            Some(repositories) => repositories,
            // What lives in a cluster alone can still be synced or stopped by its own identity.
            None if !request.lever.writes_files() => Vec::new(),
            None if context.store.tree.is_none() => {
                return refuse(
                    "The repository was not read yet, so nothing is known of the target.",
                    Remedy::by(
                        "Wait until git was read, or look at the sources.",
                        Way::Open(Page::Sources),
                    ),
                );
            }
            None => {
                return refuse(
                    "No app and no file of that name is declared there.",
                    Remedy::default(),
                );
            }
        };
        if let Some(chosen) = &request.repository
            && request.lever.writes_files()
            && !repositories.contains(chosen)
        {
            return refuse(
                &format!("{} has no file {chosen} there.", request.target.app),
                Remedy::default(),
            );
        }
        Ok(Self {
            request,
            context,
            stage,
            repositories,
        })
    }

    pub fn refusal(&self, because: impl Into<String>, remedy: impl Into<Remedy>) -> Refusal {
        Refusal {
            lever: self.request.lever,
            target: self.request.target.clone(),
            because: because.into(),
            remedy: remedy.into(),
            checks: Vec::new(),
            is_asking: false,
        }
    }

    /// A refusal because something is still being read; the operator only has to wait.
    pub fn asking(&self, because: impl Into<String>, remedy: impl Into<Remedy>) -> Refusal {
        Refusal {
            is_asking: true,
            ..self.refusal(because, remedy)
        }
    }

    pub fn delivery(&self) -> &'a Delivery {
        self.context.delivery
    }

    pub fn store(&self) -> &'a Store {
        self.context.store
    }

    pub fn environment(&self) -> &'a Environment {
        &self.stage.name
    }

    /// The one file that is meant.
    pub fn repository(&self) -> Result<Repository, Refusal> {
        if let Some(chosen) = &self.request.repository {
            return Ok(chosen.clone());
        }
        match &self.repositories[..] {
            [one] => Ok(one.clone()),
            [] => Err(self.refusal(
                "No file declares a version of it there.",
                "Add the file by a pull request first.",
            )),
            several => Err(self.refusal(
                format!(
                    "{} has {} images, each with a version of its own.",
                    self.request.target.app,
                    several.len()
                ),
                format!("Say which is meant: {}.", list(several)),
            )),
        }
    }

    pub fn declared(
        &self,
        environment: &Environment,
        repository: &Repository,
    ) -> Option<&'a Declared> {
        self.store().declared(environment, repository)
    }

    /// The Application of the target, where its cluster was read.
    pub fn application(&self) -> Option<&'a Application> {
        belongs::application(
            self.store(),
            self.delivery(),
            self.environment(),
            self.request.target.app.as_str(),
        )
    }

    /// The apps that ship from a repository in an environment: a write moves them all.
    pub fn siblings(
        &self,
        environment: &Environment,
        repository: &Repository,
    ) -> Vec<&'a AppDeclared> {
        belongs::apps_of(self.store(), environment, repository).collect()
    }

    /// A version, after its file where the target has several: `licensify-feed v81`.
    pub fn name_version(&self, repository: &Repository, version: &Version) -> String {
        match self.repositories.len() {
            0 | 1 => version.short().to_owned(),
            _ => format!("{repository} {}", version.short()),
        }
    }

    pub fn is_production(&self, environment: &Environment) -> bool {
        let stage = self.delivery().stage(environment);
        stage.is_some_and(|stage| stage.production)
    }

    /// Who else moves with the target, as a sentence; empty where nobody does.
    pub fn moves_with(&self, environment: &Environment, repository: &Repository) -> String {
        let others: Vec<&str> = self
            .siblings(environment, repository)
            .iter()
            .map(|a| a.app.as_str())
            .filter(|app| *app != self.request.target.app.as_str())
            .collect();
        if others.is_empty() {
            String::new()
        } else {
            format!("; moves {} too", others.join(", "))
        }
    }

    /// Whether all pods of an app are ready and run a version already.
    pub fn runs_only(&self, environment: &Environment, app: &App, version: &Version) -> bool {
        let target = Target {
            environment: environment.clone(),
            app: app.clone(),
        };
        status(self.store(), self.delivery(), &target, self.context.now)
            .and_then(|status| status.live)
            .is_some_and(|live| live.is_only(version))
    }

    /// Whether the cluster of an environment is configured, so that effects there can be seen.
    pub fn sees(&self, environment: &Environment) -> bool {
        self.store().cluster(environment).is_some()
    }

    /// Adds the rows that all levers share, and concludes.
    pub fn conclude(&self, draft: Draft) -> Result<Plan, Refusal> {
        let mut checks = Checks::new(self.request.lever);
        super::checks::shared(self, &draft, &mut checks);
        let rests_on = draft.rests_on.iter().map(|(source, _)| source);
        let read = super::checks::read_in_words(&self.context, rests_on, &draft.write);
        checks.extend(draft.checks);
        if let Some((check, remedy)) = checks.refusing() {
            return Err(Refusal {
                because: end_sentence(&check.evidence),
                remedy: remedy.clone(),
                checks: checks.list(),
                ..self.refusal("", "")
            });
        }
        let checks: Vec<Check> = checks.list();
        Ok(Plan {
            id: self.context.id.clone(),
            request: Request {
                is_of_several: self.repositories.len() > 1,
                ..draft.request
            },
            who: self.context.who.clone(),
            made_at: self.context.now,
            from: draft.from,
            to: draft.to,
            evidence: draft.evidence,
            read,
            reach: draft.reach,
            checks,
            write: draft.write,
            hops: draft.hops,
            debt: draft.debt,
            warning: draft.warning,
            next: draft.next,
            choices: draft.choices,
        })
    }
}

impl Subject<'_> {
    /// Why the target's objects of a kind are not known, worded to follow a comma or a colon; none where they were
    /// read.
    pub(super) fn unread(&self, kind: Kind) -> Option<String> {
        let target = &self.request.target;
        lists::unread(self.store(), self.delivery(), target, kind)
    }
}

pub(super) fn list<T: std::fmt::Display>(things: &[T]) -> String {
    let texts: Vec<String> = things.iter().map(ToString::to_string).collect();
    texts.join(", ")
}
