//! Reasons: the status words of a target, each with the sentence that explains it.
//!
//! Deliberately absent: the order of rows, and what a lever may do about it.

use super::direction::{came_again, lost, taken_away, taken_back};
use super::here::Here;
use super::late::Help;
use super::status::{FactsAt, GateState, Image, Smoke, Status};
use crate::belongs::runs;
use crate::model::retry::clock;
use crate::model::*;
use crate::text::end_sentence;

/// The words of a target and why.
#[derive(Default)]
pub(super) struct Reasons {
    /// Words with the sentences that explain them, most telling first.
    pub words: Vec<(Word, String)>,
    /// What may help the hop that is late.
    pub late: Option<Help>,
}

/// A version, after its file where the target has several: `licensify-feed v81`.
pub(super) fn name_version(status: &Status, image: &Image, version: &Version) -> String {
    match status.images.len() {
        0 | 1 => version.short().to_owned(),
        _ => format!("{} {}", image.repository, version.short()),
    }
}

/// For so many seconds it is said that a version came again which had been rolled back from. Later somebody may have meant it.
const UNDONE_S: i64 = 3_600;

impl<'a> FactsAt<'a> {
    pub(super) fn reasons(
        &self,
        status: &Status,
        here: &Here<'a>,
        application: Option<&'a Application>,
    ) -> Reasons {
        let mut reasons = Vec::new();
        reasons.extend(self.crash(status));
        reasons.extend(self.gone(status, here, application));
        reasons.extend(self.deleting(application));
        reasons.extend(self.lower(status));
        reasons.extend(self.smoke_failed(status));
        reasons.extend(self.hook(status, here, application));
        reasons.extend(self.out_of_sync(status, here, application));
        reasons.extend(self.stands_still(application));
        let mut is_again_said = false;
        if let Some((Word::Crash | Word::Smoke | Word::Hook, because)) = reasons.first_mut() {
            because.push_str(&self.came_again(status));
            is_again_said = true;
        }
        let explained = !reasons.is_empty();
        let late = self
            .rollout_late(status, application)
            .or_else(|| self.progressing_late(status, application))
            .or_else(|| self.arrival_late(status))
            .filter(|_| !explained);
        let help = late.as_ref().and_then(|late| late.help.clone());
        // Said once, where it explains most.
        let mut still_syncs = self.still_syncs(status, here, application);
        let late = late.map(|late| (Word::Stuck, late.because));
        let back = self.back(status, is_again_said);
        for (word, because) in late.into_iter().chain(back) {
            let more = std::mem::take(&mut still_syncs);
            reasons.push((word, format!("{because}{more}")));
        }
        reasons.extend(self.held(status));
        reasons.extend(self.branch(status));
        reasons.extend(self.mixed(status).filter(|_| !explained));
        reasons.extend(self.odd(status, here));
        reasons.extend(self.unread(status, here));
        // These words say nothing of the pods themselves; BACK's sentence has it in its place.
        if let Some((Word::Lower | Word::Held | Word::Branch, because)) = reasons.first_mut() {
            *because = format!("{}{}", end_sentence(because), self.still_here(status));
        }
        Reasons {
            words: reasons,
            late: help,
        }
    }

    fn crash(&self, status: &Status) -> Option<(Word, String)> {
        let live = status.live.as_ref()?;
        let reason = live.waiting.as_deref().or(live.restarting.as_deref())?;
        let age = live
            .waiting_since
            .map(|at| format!(", {}", self.now.age(at)))
            .unwrap_or_default();
        let old = live.pods_ready - live.newest_ready;
        let serve = match (old, live.pods_ready) {
            (_, 0) => " No pod serves.".to_owned(),
            (0, ready) => format!(" {ready} pods serve."),
            (old, _) => format!(" {old} old pods still serve."),
        };
        let unsmoked = if self.delivery.runs.is_some() && live.waiting.is_some() {
            " Smoke cannot start: not Healthy."
        } else {
            ""
        };
        Some((
            Word::Crash,
            format!(
                "{}/{} new, {reason}{age}.{serve}{unsmoked}",
                live.newest_ready,
                live.newest.max(live.newest_ready)
            ),
        ))
    }

    /// Who moved a version: whoever ordered it.
    fn by<'c>(&'c self, change: &'c Change) -> &'c str {
        runs::who_ordered(self.store, self.delivery, change).actor
    }

    fn lower(&self, status: &Status) -> Option<(Word, String)> {
        status.images.iter().find_map(|image| {
            let version = image.declared.as_ref()?.version.as_ref()?;
            let (lost, moved) = self.lost_of(status, image, version)?;
            let lost_named = name_version(status, image, lost);
            let (age, by) = (self.now.age(moved.at), self.by(moved));
            let came = match moved.from.as_ref() == Some(lost) {
                true => format!(", {version} replaced it {age} ago ({by}),"),
                // Others stood here between them.
                false => format!("; {version} came {age} ago ({by}),"),
            };
            let because = format!("{lost_named} stood here before{came} and nobody meant it.");
            Some((Word::Lower, because))
        })
    }

    /// The version of a file that was lost by accident, and the change that brought the one that stands now.
    pub(super) fn lost_of(
        &self,
        status: &Status,
        image: &Image,
        now: &Version,
    ) -> Option<(&'a Version, &'a Change)> {
        if self.taken_back(status, image, now).is_some() {
            return None;
        }
        let environment = &status.target.environment;
        lost(
            self.store,
            self.delivery,
            environment,
            &image.repository,
            now,
        )
    }

    pub(super) fn smoke_failed(&self, status: &Status) -> Option<(Word, String)> {
        let smoke = status
            .smoke
            .as_ref()
            .filter(|s| s.current && s.has_failed())?;
        let version = smoke.version.as_ref().map(Version::short).unwrap_or("?");
        let age = smoke
            .at
            .map(|at| format!(" {} ago", self.now.age(at)))
            .unwrap_or_default();
        let name = &smoke.run.name;
        let because = match smoke.decided {
            Some(until) => format!(
                "smoke failed, its run backs off until {}, decided: no try follows. {version} stops here ({name}).",
                clock(until)
            ),
            None => format!("smoke failed{age}; {version} stops here ({name})."),
        };
        let again = self.stopped_since(status, smoke).unwrap_or_default();
        Some((Word::Smoke, format!("{because}{again}")))
    }

    /// That it was run again since and somebody stopped that, who and why, to follow a sentence.
    fn stopped_since(&self, status: &Status, smoke: &Smoke) -> Option<String> {
        let names = self.delivery.runs.as_ref()?;
        let all = runs::smoke(self.store, self.delivery, &status.target).into_iter();
        let mut of_version = all.filter(|run| run.version(&names.version_label) == smoke.version);
        let newest = of_version.next().filter(|run| run.id != smoke.run)?;
        let stopped = newest.was_stopped() || newest.is_stopping();
        let how = match newest.is_stopping() {
            true => "is being stopped".to_owned(),
            false => format!("was stopped {} ago", self.now.age(newest.finished?)),
        };
        let by = newest.stopped_by().map(|by| format!(" {by}"));
        let by = by.unwrap_or_default();
        let sentence = format!("It was run again, and {} {how}{by}", newest.id.name);
        stopped.then(|| format!(" {}", end_sentence(&sentence)))
    }

    pub(super) fn taken_back(
        &self,
        status: &Status,
        image: &Image,
        version: &Version,
    ) -> Option<TakenBack> {
        taken_back(
            self.store,
            self.delivery,
            &status.target.environment,
            &image.repository,
            version,
            &self.now,
        )
    }

    /// The roll back that took a version away from here.
    pub(super) fn taken_away(
        &self,
        status: &Status,
        image: &Image,
        version: &Version,
    ) -> Option<TakenBack> {
        let environment = &status.target.environment;
        taken_away(
            self.store,
            self.delivery,
            environment,
            &image.repository,
            version,
        )
    }

    /// The roll back that brought what stands, while something is owed for it.
    pub(super) fn owed_back(
        &self,
        status: &Status,
        image: &Image,
        now: &Version,
    ) -> Option<TakenBack> {
        let back = self.taken_back(status, image, now);
        back.filter(|back| !back.is_left)
    }

    /// Each file of the target that was rolled back on purpose, while nobody has said yet that it may stay so; and each that
    /// came again after that, unless another word has said so.
    fn back(&self, status: &Status, is_again_said: bool) -> Option<(Word, String)> {
        let images = status.images.iter();
        let (stories, waits): (Vec<String>, Vec<String>) = images
            .filter_map(|image| {
                let back = self.back_in_words(status, image);
                let is_undone = || !is_again_said && self.is_undone(status, image);
                let again = || self.again_in_words(status, image);
                back.or_else(|| Some((is_undone().then(again)??, String::new())))
            })
            .unzip();
        if stories.is_empty() {
            return None;
        }
        let still = self.still_here(status);
        let because = format!("{}{still}{}", stories.join(" "), waits.concat());
        Some((Word::Back, because))
    }

    /// Who rolled a file back, when and why, and what carries that version on; and which version of it waits below, to follow.
    fn back_in_words(&self, status: &Status, image: &Image) -> Option<(String, String)> {
        let version = image.declared.as_ref()?.version.as_ref()?;
        let back = self.owed_back(status, image, version)?;
        let why = back
            .reason
            .as_ref()
            .map(|reason| format!(": {reason}"))
            .unwrap_or_default();
        let story = format!(
            "rolled back from {} {} ago by {}{why}.{}",
            name_version(status, image, &back.from),
            self.now.age(back.at),
            back.by,
            self.goes_on(status, &image.repository, &back.from)
        );
        Some((
            story,
            self.waits_below(status, image, &back).unwrap_or_default(),
        ))
    }

    /// That a smoke run of the app still brings a version of a file into the next environment, to follow a sentence.
    fn goes_on(&self, status: &Status, file: &Repository, version: &Version) -> String {
        let Some(names) = &self.delivery.runs else {
            return String::new();
        };
        let (store, delivery, here) = (self.store, self.delivery, &status.target.environment);
        let mut carrying = runs::carrying(store, delivery, here, file, version);
        let is_own = |run: &Run| runs::smoke_app(names, run) == Some(status.target.app.as_str());
        let found = carrying.find(|(run, _)| is_own(run));
        found.map_or_else(String::new, |(run, next)| {
            let (name, version) = (&run.id.name, version.short());
            format!(" {name} brings {version} into {next} when it passes.")
        })
    }

    /// The version in the environment below that a roll back took away from here: this one, or one before.
    fn waits_below(&self, status: &Status, image: &Image, back: &TakenBack) -> Option<String> {
        let lower = &self.delivery.lower(&status.target.environment)?.name;
        let file = self.store.declared(lower, &image.repository)?;
        let theirs = file.version.as_ref().filter(|theirs| **theirs != back.to)?;
        let away = self.taken_away(status, image, theirs)?;
        let theirs_named = name_version(status, image, theirs);
        let before = match *theirs == back.from {
            true => String::new(),
            false => format!(", rolled back {} ago,", self.now.age(away.at)),
        };
        Some(format!(" {theirs_named}{before} still waits in {lower}."))
    }

    /// What was rolled back from here has just come again by itself: whoever rolled back has to know, however well it looks.
    pub(super) fn is_undone(&self, status: &Status, image: &Image) -> bool {
        let (history, here) = (&self.store.history, &status.target.environment);
        // Asked of each calm row: nearly none has moved lately, so that hardly a history is walked.
        let moved = history.last_move(here, &image.repository);
        let is_young = moved.is_some_and(|moved| {
            moved.kind == ActorKind::Robot && !self.now.is_past(moved.at, UNDONE_S)
        });
        is_young && self.came_again_of(status, image).is_some()
    }

    /// The roll back of the present version of a file, and the change that brought it again.
    fn came_again_of(&self, status: &Status, image: &Image) -> Option<(TakenBack, &'a Change)> {
        let (store, delivery, here) = (self.store, self.delivery, &status.target.environment);
        let version = image.declared.as_ref()?.version.as_ref()?;
        came_again(store, delivery, here, &image.repository, version)
    }

    /// That what harms was rolled back from here before, to follow a sentence; empty where it was not.
    fn came_again(&self, status: &Status) -> String {
        let images = status.images.iter();
        let said = images.filter_map(|image| self.again_in_words(status, image));
        said.map(|said| format!(" {said}")).collect()
    }

    /// Who rolled the present version of a file back before, when and why, and what brought it again; none where nobody did.
    fn again_in_words(&self, status: &Status, image: &Image) -> Option<String> {
        let version = image.declared.as_ref()?.version.as_ref()?;
        let (back, came) = self.came_again_of(status, image)?;
        let why = back.reason.map(|reason| format!(": {reason}"));
        Some(format!(
            "{} rolled {} back {} ago{}, and it came again {} ago ({}).",
            back.by,
            name_version(status, image, version),
            self.now.age(back.at),
            why.unwrap_or_default(),
            self.now.age(came.at),
            self.by(came)
        ))
    }

    fn held(&self, status: &Status) -> Option<(Word, String)> {
        let gate = &status.gate_in;
        if gate.state != GateState::Held {
            return None;
        }
        let who = gate.by.as_deref().unwrap_or("somebody");
        let age = gate.since.map(|at| self.now.age(at)).unwrap_or_default();
        let from = gate
            .environment
            .as_ref()
            .map(Environment::as_str)
            .unwrap_or("?");
        Some((
            Word::Held,
            format!("{from}'s gate was closed {age} ago by {who}."),
        ))
    }

    fn branch(&self, status: &Status) -> Option<(Word, String)> {
        let version = status
            .images
            .iter()
            .filter_map(|i| i.declared.as_ref()?.version.as_ref())
            .find(|v| self.delivery.versions.is_branch(v))?;
        let by = status
            .images
            .iter()
            .find_map(|i| {
                self.store
                    .history
                    .last_move(&status.target.environment, &i.repository)
            })
            .map(|change| format!(", since {} by {}", self.now.age(change.at), self.by(change)))
            .unwrap_or_default();
        Some((
            Word::Branch,
            format!("{} is a branch build{by}.", version.short()),
        ))
    }

    fn mixed(&self, status: &Status) -> Option<(Word, String)> {
        let live = status.live.as_ref().filter(|l| l.mixed)?;
        let late = status
            .since
            .is_none_or(|at| self.now.is_past(at, self.delivery.usual.rollout.1));
        let list: Vec<String> = live
            .versions
            .iter()
            .map(|(v, n)| format!("{n} of {}", v.short()))
            .collect();
        late.then(|| {
            (
                Word::Mixed,
                format!("pods of several versions serve: {}.", list.join(", ")),
            )
        })
    }

    /// The file, or the run that speaks for the target or is on its way, says two things.
    fn odd(&self, status: &Status, here: &Here<'a>) -> Option<(Word, String)> {
        let runs = self.delivery.runs.as_ref();
        let smoke = here.smoke(status.target.app.as_str());
        let mut labels = smoke.into_iter().filter(|run| {
            let speaks = status.smoke.as_ref().is_some_and(|s| s.run == run.id);
            speaks || !run.phase.is_over()
        });
        let run = labels.find_map(|run| runs::contradictions(runs?, run).into_iter().next());
        let file = self
            .odd_file(status)
            .map(|odd| format!("the file is odd: {odd}"));
        let odd: Vec<String> = file.into_iter().chain(run).collect();
        (!odd.is_empty()).then(|| (Word::Odd, format!("{}.", odd.join("; "))))
    }

    fn odd_file(&self, status: &Status) -> Option<String> {
        let words: Vec<String> = status
            .images
            .iter()
            .flat_map(|i| {
                i.declared
                    .iter()
                    .flat_map(|d| &d.odd)
                    .map(|odd| format!("{}: {odd}", i.repository))
            })
            .collect();
        (!words.is_empty()).then(|| words.join("; "))
    }
}
