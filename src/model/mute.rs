//! Mute: a cell whose trouble an operator knows is left out of the counts until a moment, or until it changes.

use super::{Now, Target, Version, Word};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Mute {
    pub target: Target,
    pub until: Until,
    pub reason: String,
    pub by: String,
    pub at: Timestamp,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Until {
    Moment(Timestamp),
    /// Until another version or another word stands in the cell than these.
    Changed {
        version: Option<Version>,
        words: Vec<Word>,
    },
}

impl Mute {
    /// Whether it covers what stands in the cell now.
    pub fn covers(&self, version: Option<&Version>, words: &[Word], now: &Now) -> bool {
        match &self.until {
            Until::Moment(moment) => !now.has_come(*moment),
            Until::Changed {
                version: then,
                words: known,
            } => then.as_ref() == version && known == words,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mute(until: Until) -> Mute {
        Mute {
            target: Target::new("staging", "publisher"),
            until,
            reason: "known".into(),
            by: "alice".into(),
            at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_mute_ends_at_its_moment_or_when_the_cell_changes() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let (one, two) = (Version::new("v1"), Version::new("v2"));
        let timed = mute(Until::Moment(at(100)));
        assert!(timed.covers(Some(&two), &[Word::Crash], &Now::new(at(99))));
        assert!(!timed.covers(Some(&one), &[Word::Smoke], &Now::new(at(100))));
        let changing = mute(Until::Changed {
            version: Some(one.clone()),
            words: vec![Word::Smoke],
        });
        assert!(changing.covers(
            Some(&one),
            &[Word::Smoke],
            &Now::new(at(i64::from(u32::MAX)))
        ));
        assert!(!changing.covers(Some(&two), &[Word::Smoke], &Now::new(at(0))));
        assert!(!changing.covers(Some(&one), &[Word::Crash, Word::Smoke], &Now::new(at(0))));
    }
}
