//! The git *writer*: sends a plan's one commit, and looks for a plan whose answer was lost.
//!
//! Deliberately absent: every write that is no commit, and sending anything a second time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use tokio::sync::mpsc;

use super::commit;
use super::edit::Set;
use super::repository::{Location, Repository, Source};
use super::seek::PLAN_TRAILER;
use super::send::{self, FileEdit, PURSUIT, Proposal, Search, Sent, Try};
use crate::delivery::Delivery;
use crate::plan::{Edit, Outcome, Plan, Write};
use crate::provider::Writer;

/// Writes into one delivery's repository. Read-only mode makes none.
#[derive(Debug, Clone)]
pub struct Committer {
    source: Source,
    delivery: Arc<Delivery>,
}

impl Committer {
    pub fn new(source: Source, delivery: Arc<Delivery>) -> Self {
        Self { source, delivery }
    }

    /// What a plan sends, as the engine wants it; none where it is no commit.
    fn proposal(&self, plan: &Plan) -> Option<Proposal> {
        let Write::Commit {
            edits,
            subject,
            branch,
        } = &plan.write
        else {
            return None;
        };
        let reason = plan.request.reason.as_deref().unwrap_or_default();
        let trailers = [
            (PLAN_TRAILER, plan.id.as_str()),
            // The client address belongs in the journal, not in public history.
            ("Leverframe-Actor", plan.who.login.as_str()),
            ("Leverframe-Reason", reason),
        ];
        Some(Proposal {
            plan: plan.id.to_string(),
            files: self.files(edits),
            message: commit::message(subject, &trailers),
            branch: branch.clone(),
            pursuit: PURSUIT,
        })
    }

    /// Edits by file, in the order of the plan.
    fn files(&self, edits: &[Edit]) -> Vec<FileEdit> {
        let mut files: Vec<FileEdit> = Vec::new();
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        for edit in edits {
            let set = Set {
                path: edit.key.clone(),
                value: edit.value(&self.delivery),
            };
            let place = *places.entry(&edit.path).or_insert(files.len());
            if place == files.len() {
                files.push(FileEdit {
                    path: edit.path.clone(),
                    scalars: Vec::new(),
                });
            }
            files[place].scalars.push((set, edit.from.clone()));
        }
        files
    }

    fn outcome(&self, sent: Sent, plan: &Plan, branch: Option<&str>) -> Outcome {
        let name = self.source.name();
        match sent {
            Sent::Applied(commit) => Outcome::Applied {
                evidence: match branch {
                    None => format!("commit {commit}"),
                    Some(branch) => self.compare(branch),
                },
            },
            Sent::Moved {
                path,
                key,
                shown,
                now,
                head,
            } => {
                let word = |text: Option<String>| text.unwrap_or_else(|| "not there".to_owned());
                let short: String = head.to_string().chars().take(7).collect();
                Outcome::Refused {
                    because: format!(
                        "{key} in {path} moved meanwhile: it was {} when this was shown and is {} at {short}. Nothing was \
                         changed. Look at it again and decide anew.",
                        word(shown),
                        word(now),
                    ),
                }
            }
            Sent::Refused(why) => Outcome::Refused {
                because: format!("{why}. Nothing was changed."),
            },
            Sent::Failed { because, protected } => Outcome::Failed {
                lost: false,
                because: format!("{name} was not changed: {because}"),
                remedy: if protected {
                    format!(
                        "The branch {} may be protected: use the branch mechanism (version_by or gate_by = \"branch\" in the \
                         delivery file), or ask who may push.",
                        self.source.branch
                    )
                } else {
                    "Look at what git said, then make the plan again.".to_owned()
                },
            },
            Sent::Unknown(why) => Outcome::Unknown {
                because: format!(
                    "the push of plan {} was sent to {name}, and no answer came: {why}. It is looked for, not sent again.",
                    plan.id
                ),
            },
        }
    }

    /// Where a pushed branch can be looked at, where the repository's host is known to have such pages.
    fn compare(&self, branch: &str) -> String {
        let url = match &self.source.location {
            Location::Url { url, .. } => Some(url.clone()),
            Location::Path(_) => Repository::open(&self.source)
                .ok()
                .and_then(|repository| repository.origin()),
        };
        let page = url.as_deref().and_then(page);
        match page {
            Some(page) => format!(
                "branch {branch}: {page}/compare/{}...{branch}",
                self.source.branch
            ),
            None => format!("branch {branch}"),
        }
    }
}

/// The web page of a repository on a host that is known to have compare pages.
fn page(url: &str) -> Option<String> {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("ssh://"))
        .map(str::to_owned)
        .or_else(|| {
            url.split_once(':')
                .map(|(host, path)| format!("{host}/{path}"))
        })?;
    let (host, path) = rest.split_once('/')?;
    let host = host.rsplit('@').next()?;
    let host = host.split(':').next()?;
    let path = path.trim_end_matches('/').trim_end_matches(".git");
    let known = host == "github.com" || host.starts_with("github.");
    (known && path.split('/').count() == 2).then(|| format!("https://{host}/{path}"))
}

impl Writer for Committer {
    fn write<'a>(
        &'a self,
        plan: &'a Plan,
        tried: &'a (dyn Fn(&str) + Send + Sync),
    ) -> BoxFuture<'a, Outcome> {
        async move {
            let Some(proposal) = self.proposal(plan) else {
                return Outcome::Refused {
                    because:
                        "This plan is no commit, so it is not git's to write. Nothing was changed."
                            .to_owned(),
                };
            };
            let branch = proposal.branch.clone();
            let source = self.source.clone();
            let (tell, mut told) = mpsc::unbounded_channel();
            let sending = tokio::task::spawn_blocking(move || match Repository::open(&source) {
                Err(e) => Sent::Failed {
                    because: e.to_string(),
                    protected: false,
                },
                Ok(repository) => send::send(&repository, &proposal, &mut |this| {
                    let Some(note) = note(this) else {
                        return Ok(());
                    };
                    // A further try is journalled before it is made.
                    let (heard, hears) = sync_channel(1);
                    let unheard = "nobody journals what is tried, so no further try was made";
                    tell.send((note, heard)).map_err(|_| unheard.to_owned())?;
                    hears.recv().map_err(|_| unheard.to_owned())
                }),
            });
            while let Some((note, heard)) = told.recv().await {
                tried(&note);
                let _ = heard.send(());
            }
            match sending.await {
                Ok(sent) => self.outcome(sent, plan, branch.as_deref()),
                Err(e) => Outcome::Unknown {
                    because: format!("sending plan {} broke off in this console: {e}", plan.id),
                },
            }
        }
        .boxed()
    }

    fn look_for<'a>(
        &'a self,
        plan: &'a Plan,
        sent_at: Timestamp,
    ) -> BoxFuture<'a, Option<Outcome>> {
        async move {
            let proposal = self.proposal(plan)?;
            let branch = proposal.branch.clone();
            let source = self.source.clone();
            let found = tokio::task::spawn_blocking(move || {
                let repository = Repository::open(&source).ok()?;
                Some(send::look_for(&repository, &proposal.plan, proposal.branch.as_deref(), sent_at))
            });
            match found.await.ok()?? {
                Search::Applied(commit) => Some(self.outcome(Sent::Applied(commit), plan, branch.as_deref())),
                Search::NotThere => Some(Outcome::Failed {
                    because: format!(
                        "{} does not have plan {}, and it can not arrive any more. Nothing was changed.",
                        self.source.name(),
                        plan.id
                    ),
                    remedy: "Make the plan again, if it is still wanted.".to_owned(),
                    lost: true,
                }),
                Search::Unknown(_) => None,
            }
        }
        .boxed()
    }
}

/// What the journal keeps of a further try; the first one is the intent itself.
fn note(this: &Try) -> Option<String> {
    let why = this.after.as_deref()?;
    let head: String = this.head.to_string().chars().take(7).collect();
    Some(format!(
        "try {} on {head}: the one before was rejected, {why}",
        this.number
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compare_pages_are_only_given_for_hosts_that_have_them() {
        for url in [
            "https://user:secret@github.com/alphagov/govuk-helm-charts.git",
            "git@github.com:alphagov/govuk-helm-charts.git",
            "ssh://git@github.com:22/alphagov/govuk-helm-charts",
        ] {
            assert_eq!(
                page(url).as_deref(),
                Some("https://github.com/alphagov/govuk-helm-charts"),
                "{url}"
            );
        }
        for url in [
            "/srv/git/x.git",
            "file:///x",
            "https://example.org/a/b",
            "git@github.com:a/b/c",
        ] {
            assert_eq!(page(url), None, "{url}");
        }
    }
}
