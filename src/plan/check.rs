//! Check: the conditions that plans ask, one row of a table each: its name, what must hold, and what a failure or an
//! unknown answer means for each lever. The evidence comes with a plan.

use crate::lever::Lever;
use serde::{Deserialize, Deserializer, Serialize};

/// What failing a check means.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// Refuses.
    Refuses,
    /// Refuses as well. The rules would let a person override these, but nothing here offers that.
    RefusesUnlessOverridden,
    /// Wants a reason.
    Reason,
    /// Shown only.
    Shown,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Passed,
    Failed,
    /// Never read as passed: refuses where failing refuses, wants a reason where failing wants one.
    Unknown,
    /// This console cannot check it yet (no registry, no migrations, ...); counted on the overlay.
    NotChecked,
}

/// What a failure means for each group of levers; none where a lever does not ask the check.
#[derive(Clone, Copy)]
pub struct Weights {
    promote: Option<Weight>,
    roll_back: Option<Weight>,
    resubmit: Option<Weight>,
    /// Hold and release.
    gate: Option<Weight>,
    /// Sync, refresh and stop.
    cluster: Option<Weight>,
}

const R: Option<Weight> = Some(Weight::Refuses);
const O: Option<Weight> = Some(Weight::RefusesUnlessOverridden);
const T: Option<Weight> = Some(Weight::Reason);
const S: Option<Weight> = Some(Weight::Shown);
const NO: Option<Weight> = None;

/// In the order of the rules' columns: promote, roll back, resubmit, hold and release, the others.
const fn weights([promote, roll_back, resubmit, gate, cluster]: [Option<Weight>; 5]) -> Weights {
    Weights {
        promote,
        roll_back,
        resubmit,
        gate,
        cluster,
    }
}

table! {
    /// A row of the interlocking. The serialised word never changes: journals and scripts hold it.
    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
    #[serde(into = "&'static str")]
    pub enum CheckName: CheckRow {
        /// The stable word in journals and in JSON.
        word: &'static str,
        /// How the row is called on the screen.
        title: &'static str,
        /// One sentence: what must hold.
        help: &'static str,
        weights: Weights,
    }
    Scalars {
        word: "scalars",
        title: "scalars",
        help: "The scalars or the object that the write changes are as shown (a run that is stopped may have moved on: the same one, and not over); looked at again at the last moment.",
        weights: weights([R, R, R, R, R]),
    }
    Identity {
        word: "identity",
        title: "identity",
        help: "The target is identified without doubt, and what is wanted differs from what is there.",
        weights: weights([R, R, R, R, R]),
    }
    OneCluster {
        word: "one_cluster",
        title: "one cluster",
        help: "No other environment resolves to the same objects.",
        weights: weights([R, R, R, R, R]),
    }
    Credential {
        word: "credential",
        title: "credential",
        help: "The credential may do it.",
        weights: weights([R, R, R, R, R]),
    }
    Journal {
        word: "journal",
        title: "journal",
        help: "The intent can be journalled before anything is sent.",
        weights: weights([R, R, R, R, R]),
    }
    JournalLines {
        word: "journal_lines",
        title: "journal lines",
        help: "Every line of the journal can be read that may be of a plan under way.",
        weights: weights([O, O, O, O, O]),
    }
    Fresh {
        word: "fresh",
        title: "fresh",
        help: "The sources that the decision rests on are fresh.",
        weights: weights([O, O, O, O, O]),
    }
    Others {
        word: "others",
        title: "others",
        help: "The other sources are fresh, too.",
        weights: weights([S, S, S, S, S]),
    }
    /// Stands only where it fails.
    Certificate {
        word: "certificate",
        title: "certificate",
        help: "The certificates of the clusters and the remote that it goes to and is decided on are checked, and no credential goes over plain http.",
        weights: weights([T, T, T, T, T]),
    }
    InFlight {
        word: "in_flight",
        title: "in flight",
        help: "No plan and no run for the same is under way, was sent and not answered, or was stopped lately, and nothing else brings the same version. A roll back may be sent beside any other plan, but not twice. Stopping a run that somebody else ordered wants a reason.",
        weights: weights([O, S, O, O, O]),
    }
    SharedLogin {
        word: "shared_login",
        title: "shared login",
        help: "What reaches production is sent under one person's own login.",
        weights: weights([O, O, O, O, O]),
    }
    /// Where the order is unknown a reason is wanted.
    Direction {
        word: "direction",
        title: "direction",
        help: "The version is not lower than one that the target already had; an unknown order wants a reason.",
        weights: weights([O, NO, NO, NO, NO]),
    }
    /// Stands only where it fails.
    Release {
        word: "release",
        title: "release",
        help: "The version is a release, not the build of a branch.",
        weights: weights([T, S, NO, NO, NO]),
    }
    Smoke {
        word: "smoke",
        title: "smoke",
        help: "The version runs healthy in the environment below, and its smoke run passed there.",
        weights: weights([T, NO, NO, NO, NO]),
    }
    Image {
        word: "image",
        title: "image",
        help: "The image of the version exists.",
        weights: weights([O, O, NO, NO, NO]),
    }
    Wanted {
        word: "wanted",
        title: "wanted",
        help: "The version of the run is still the one that is wanted there.",
        weights: weights([NO, NO, O, NO, NO]),
    }
    Next {
        word: "next",
        title: "next",
        help: "The next environment has no newer version.",
        weights: weights([NO, NO, O, NO, NO]),
    }
    Repeated {
        word: "repeated",
        title: "repeated",
        help: "The run was not resubmitted already.",
        weights: weights([NO, NO, O, NO, NO]),
    }
    Gate {
        word: "gate",
        title: "gate",
        help: "Every gate on the way of the run is still open, as its frozen parameters have it.",
        weights: weights([NO, NO, O, NO, NO]),
    }
    Attempts {
        word: "attempts",
        title: "attempts",
        help: "It is not the third attempt of one version, or a later one.",
        weights: weights([NO, NO, T, NO, NO]),
    }
    Elsewhere {
        word: "elsewhere",
        title: "elsewhere",
        help: "The same test does not fail in other apps now.",
        weights: weights([NO, NO, T, NO, NO]),
    }
    Steps {
        word: "steps",
        title: "steps",
        help: "The steps of the run can be read.",
        weights: weights([NO, NO, S, NO, NO]),
    }
    Overtaken {
        word: "overtaken",
        title: "overtaken",
        help: "No run in flight would undo or overtake it.",
        weights: weights([T, T, S, T, S]),
    }
    /// Stands only where it fails.
    Onward {
        word: "onward",
        title: "onward",
        help: "No run in flight brings the version that is left into the next environment.",
        weights: weights([NO, T, NO, NO, NO]),
    }
    Parent {
        word: "parent",
        title: "parent",
        help: "The app of apps is well and syncs by itself, so that the write takes effect.",
        weights: weights([T, T, NO, T, S]),
    }
    Migrations {
        word: "migrations",
        title: "migrations",
        help: "No migration lies between the versions.",
        weights: weights([S, T, NO, NO, NO]),
    }
    BadHere {
        word: "bad_here",
        title: "bad here",
        help: "The version was not rolled back from here, does not crash here and did not while this console looked, did not fail its smoke run here, and did not stand here untested for so long that it may never have become healthy.",
        weights: weights([T, T, NO, T, NO]),
    }
    Hop {
        word: "hop",
        title: "hop",
        help: "No hop on the way is held.",
        weights: weights([T, S, T, NO, NO]),
    }
    Hours {
        word: "hours",
        title: "hours",
        help: "What reaches production is sent within the deploy hours.",
        weights: weights([T, S, T, NO, NO]),
    }
    Waiting {
        word: "waiting",
        title: "waiting",
        help: "Releasing would not bring back the version that was rolled back from.",
        weights: weights([NO, NO, NO, O, NO]),
    }
    Operation {
        word: "operation",
        title: "operation",
        help: "No other operation of the Application runs.",
        weights: weights([NO, NO, NO, NO, R]),
    }
    /// Stands only where it fails: else the parent has rendered what git declares, or nobody can tell.
    Rendered {
        word: "rendered",
        title: "rendered",
        help: "What the sync applies is the version that git declares.",
        weights: weights([NO, NO, NO, NO, O]),
    }
    /// Argo CD compares anew before it syncs, so that what stands now may be over by then.
    Conditions {
        word: "conditions",
        title: "conditions",
        help: "Nothing that Argo CD says of the Application makes the sync useless.",
        weights: weights([NO, NO, NO, NO, S]),
    }
    Prune {
        word: "prune",
        title: "prune",
        help: "The sync would prune nothing and run no hook before it.",
        weights: weights([NO, NO, NO, NO, T]),
    }
    /// A check that another release of leverframe wrote into the journal.
    Other {
        word: "other",
        title: "other",
        help: "A row that this release does not know.",
        weights: weights([NO, NO, NO, NO, NO]),
    }
}

impl CheckName {
    /// What a failure means for a lever; none where the lever does not ask the check.
    pub const fn weight(self, lever: Lever) -> Option<Weight> {
        let Weights {
            promote,
            roll_back,
            resubmit,
            gate,
            cluster,
        } = self.weights();
        match lever {
            Lever::Promote => promote,
            Lever::RollBack => roll_back,
            Lever::Resubmit | Lever::TestsOnly => resubmit,
            Lever::Hold | Lever::Release => gate,
            Lever::Sync | Lever::Refresh | Lever::Stop => cluster,
        }
    }
}

impl From<CheckName> for &'static str {
    fn from(name: CheckName) -> Self {
        name.word()
    }
}

impl<'de> Deserialize<'de> for CheckName {
    /// An unknown word does not make the journal wrong, because a newer console may have written it.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let known = CheckName::ALL.into_iter().find(|name| name.word() == word);
        Ok(known.unwrap_or(CheckName::Other))
    }
}

/// One row as it was checked.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Check {
    pub name: CheckName,
    pub weight: Weight,
    pub verdict: Verdict,
    /// What was seen, in words.
    pub evidence: String,
}

impl Check {
    pub fn refuses(&self) -> bool {
        matches!(
            self.weight,
            Weight::Refuses | Weight::RefusesUnlessOverridden
        ) && matches!(self.verdict, Verdict::Failed | Verdict::Unknown)
    }
    pub fn wants_reason(&self) -> bool {
        self.weight == Weight::Reason && matches!(self.verdict, Verdict::Failed | Verdict::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_written_as_its_word_and_read_again_as_what_it_was() {
        for name in CheckName::ALL {
            let text = serde_json::to_string(&name).unwrap();
            assert_eq!(text, format!("\"{}\"", name.word()));
            assert_eq!(serde_json::from_str::<CheckName>(&text).unwrap(), name);
        }
        // As journals of the first release have it.
        let old = r#"{"name":"in_flight","weight":"refuses_unless_overridden","verdict":"passed","evidence":"x"}"#;
        let check: Check = serde_json::from_str(old).unwrap();
        assert_eq!(check.name, CheckName::InFlight);
        assert_eq!(serde_json::to_string(&check).unwrap(), old);
    }

    #[test]
    fn a_row_of_a_newer_release_is_no_fault_of_the_journal() {
        let newer = r#"{"name":"moon","weight":"reason","verdict":"failed","evidence":"full"}"#;
        let check: Check = serde_json::from_str(newer).unwrap();
        assert_eq!(check.name, CheckName::Other);
        assert!(check.wants_reason());
    }
}
