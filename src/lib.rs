//! leverframe: a keyboard-driven console for release operations.
//!
//! A lever frame stands in a railway signal box: one lever per movement, and an interlocking that makes an unsafe pull
//! impossible. Here a key is the lever, and the *plan* is the interlocking.
//!
//! ```text
//!    providers: git · kubernetes (Argo CD, Argo Workflows, Deployments, Pods)
//!       |  wire types -> model, stamped (source, subscription, seen_at)         ^ write(&Plan), once, never retried
//!       v                                                                      |
//!    Feed --bounded channel--> Message::Delta --+                              |
//!    key -> keymap -> Action -> Message::Act ---+--> update(&mut State) -> Vec<Effect> -- Apply(plan) / Follow / Refresh / Record
//!    timer --------------> Message::Ticked -----+        |
//!    outcome ------------> Message::Outcome ----+        v
//!       ^                                            State = Store + Ui + Journal view + now + size
//!       |                                                |
//!       |                 view(&State) -> Frame <--------+     frame bytes -> one writer thread -> tty
//!       +------- Outcome: applied | refused | failed | unknown
//! ```
//!
//! One `State`, one `Message`, one `update`, one `view(&State)`. What is where on the screen and what it is about, `update`
//! and `view` both ask of [`screen`]; they do not know each other. Every view reads the same fact table, and the costly
//! mistake here is a wrong write, so "what did it know, what did it decide, what did it send" are each a value that can
//! be printed. The rules that hold this up are checked by `tests/house`.
//!
//! The practice yard is a crate of its own, `leverframe-yard`: it knows nothing of the console, and only `demo` opens it.
//!
//! # Words
//!
//! One word, one meaning, in code, on the screen and in README. `tests/house` holds the status words, the levers and the
//! outcomes to what the program says of them, and README to this list.
//!
//! ## Read on the screen
//!
//! - **environment**: A stage of the delivery with a cluster of its own; versions travel from the lowest to production.
//! - **app**: What one Argo CD Application deploys in an environment.
//! - **repository**: What an app's image is built from; it names the version file, which several apps may share.
//! - **version**: One build of a repository, as its tag is written in the version file.
//! - **target**: One app in one environment: a cell of the board, and what a lever acts on.
//! - **declared**: What git says should run in a target.
//! - **live**: What the ready pods of a target run, whatever is declared.
//! - **sync status**: Whether the cluster holds what was rendered from git, in Argo CD's words (`Synced`, `OutOfSync`).
//! - **health status**: Whether it works, in Argo CD's words (`Healthy`, `Progressing`, `Degraded`).
//! - **phase**: How far a run, a step or an operation is, in Argo's words (`Running`, `Succeeded`, `Failed`, `Error`).
//! - **operation**: One sync of an Application by Argo CD, with its tries.
//! - **hook**: A Job that belongs to a sync, such as a migration.
//! - **run**: One Argo Workflow.
//! - **smoke run**: The run that tests a version after its sync and, while the gate is open, promotes it.
//! - **step**: One part of a run, with a log of its own where it has a pod.
//! - **line**: One line of a log.
//! - **gate**: The key in an environment's version file that lets versions go on by themselves to the next environment.
//! - **status word**: What a cell shows in place of its age when something is wrong there; the worst one of the target.
//! - **CRASH**: Pods of the newest rollout crash, now or again and again, or cannot start.
//! - **GONE**: No Application where one should be: nothing is delivered there.
//! - **DELETING**: Its Application is being deleted, and what runs goes with it.
//! - **LOWER**: Lower than it was, and nobody meant it.
//! - **SMOKE**: The smoke run of the declared version failed.
//! - **HOOK**: A hook of the sync failed, be it tried again or not.
//! - **STUCK**: A hop takes longer than usual, or nothing moves until somebody lets it.
//! - **SYNC**: Out of sync, failing to sync, degraded, or cannot be compared.
//! - **BACK**: Rolled back on purpose, and something is still owed; or what was rolled back came again by itself.
//! - **HELD**: The gate into this environment was closed lately.
//! - **BRANCH**: A branch build stands where releases should.
//! - **MIXED**: Pods of several versions serve.
//! - **ODD**: The file says something strange.
//! - **?**: Not read, or too old to rely on.
//! - **trouble**: Cells with a status word that is not muted. A row without trouble is *calm* and folded.
//! - **mute**: Take a cell's words out of the counts with a reason, for some hours or until it changes.
//! - **mark**: Choose cells, so that a lever goes through them one plan after the other.
//! - **parent**: The app of apps that renders the declared versions of an environment into its Applications.
//! - **orphan**: A version file that no app names.
//! - **source**: Git, or one cluster: what facts are read from, each with its own age.
//! - **lever**: A change that an operator may ask for; *ready*, or *off* with the reason.
//! - **promote**: Bring the version from the environment below into this cell.
//! - **roll back**: Bring back the newest earlier version that was good here.
//! - **resubmit**: Run the failed run again; if it passes it promotes.
//! - **resubmit, tests only**: Run the failed run again with the gate parameter false.
//! - **sync**: Sync the Application.
//! - **refresh**: Have Argo CD look at git again, at the parent app.
//! - **hold**: Close the gate into this cell.
//! - **release**: Open the gate into this cell.
//! - **stop a run**: Stop the run in flight.
//! - **plan**: What a lever would do, decided from the facts and shown before anything is sent: one write, its checks, its
//!   reach and what follows.
//! - **check**: One condition that a plan asks; it passes, fails or is unknown; what does not pass refuses or wants a
//!   reason.
//! - **reach**: Every environment that a plan can change by itself.
//! - **hop**: One thing that follows a write by itself, such as a commit, a sync or a rollout, with its usual time.
//! - **overdue**: A hop took more than twice the time in which nine of ten are over.
//! - **cut short**: What a plan waited for ended without bringing it, or another version followed before.
//! - **outcome**: What the answer to a write proves. Success is never taken from it, but from the facts that follow.
//! - **applied**: The far side took it.
//! - **refused**: A precondition did not hold any more. Nothing was changed.
//! - **failed**: The far side said no, and nothing was changed; or it was called lost, because it was not there long after it
//!   was sent. Lost ones are applied after all where their mark is seen later.
//! - **unknown**: It was sent and no answer came. It is looked for, and never sent again by itself.
//! - **settle**: Say by hand what became of a plan whose outcome is unknown.
//! - **debt**: What an operator owes after a hold or a roll back: to open the gate again, or to say that it stays.
//! - **undo**: The plan that pays a debt.
//! - **journal**: The file of every plan, its outcome and its debts; written before anything is sent.
//! - **fault**: Why a source gives no answer. It ages the facts of that source and takes none away.
//!
//! ## Met in the code
//!
//! - **delivery**: How one organisation moves versions, as data.
//! - **provider**: One kind of system outside, with its wire types: git, Kubernetes.
//! - **feed**: What keeps reading a provider and sends deltas; dropping it ends the reading.
//! - **fact**: One thing that a provider says is so, kept until it says otherwise.
//! - **delta**: A fact, or the end of one, with its source and the moment it was read.
//! - **store**: All facts, each with its age; it draws no conclusions.
//! - **status**: The conclusions about one target. The *board* holds one for each cell; to *derive* is to draw them.
//! - **family**: The rows of one repository, which stand, fold and unfold together.
//! - **twin**: An app that shares another's version file and never promotes.
//! - **request**: What is asked of a lever, captured whole at the key press.
//! - **write**: The one change outside that a plan makes, as a value.
//! - **precondition**: What the writer compares once more at the last moment.
//! - **refusal**: Why there is no plan, with the remedy.
//! - **remedy**: What to do next, by a lever or a view that the console or the command line then names in its own way.
//! - **message**: What happened, in the past tense; `update` takes it.
//! - **effect**: What the loop shall do, in the imperative; `update` gives it. A *hop effect* is what a hop waits to see.
//! - **press**: One key with the moment at which it was read.
//! - **place**: What a key is pressed in: a view, a list, a text field.
//! - **action**: What a key means in its place.
//! - **overlay**: What stands over a view and takes the keys: a plan, a list of levers, a question.
//! - **slot**: Where the value of a key stands in a version file, or why it cannot be changed there.
//! - **tail**: Reading a growing file from where it was read last.
//! - **walk**: Reading the history of git, newest first.
//! - **yard**: The practice world that `demo` opens, with servers and a controller of its own on loopback.

#[macro_use]
mod table;

pub mod action;
pub mod app;
pub mod apply;
pub mod belongs;
pub mod board;
pub mod cli;
pub mod complaint;
pub mod config;
pub mod connect;
pub mod delivery;
pub mod effect;
pub mod journal;
pub mod keymap;
pub mod lever;
pub mod log_file;
pub mod message;
pub mod model;
pub mod page;
pub mod plan;
pub mod private_file;
pub mod provider;
pub mod screen;
pub mod secret;
pub mod state;
pub mod store;
pub mod terminal;
pub mod text;
pub mod trust;
pub mod update;
pub mod view;

#[cfg(test)]
#[path = "../tests/common/cases.rs"]
mod cases;
