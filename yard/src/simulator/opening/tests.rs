//! The opening: the same every time, and nothing in it that a server would refuse.

use super::*;
use crate::history::history;

#[test]
fn the_same_seed_opens_the_same_world() {
    let now = Timestamp::from_second(1_795_000_000).unwrap();
    let initial = |seed| {
        let history = history(Scenario::FlakySmoke, seed, now.as_second());
        let opening = Opening {
            scenario: Scenario::FlakySmoke,
            seed,
            now,
            history: &history,
            revision: "0",
        };
        opening.initial_objects("staging").objects
    };
    assert_eq!(initial(5), initial(5));
    assert_ne!(initial(5), initial(6));
}

#[test]
fn every_object_has_a_kind_that_a_server_knows_and_a_name_of_its_own() {
    let now = Timestamp::from_second(1_795_000_000).unwrap();
    for scenario in Scenario::ALL {
        let history = history(scenario, 1, now.as_second());
        let opening = Opening {
            scenario,
            seed: 1,
            now,
            history: &history,
            revision: "0",
        };
        for environment in ENVIRONMENTS {
            let mut names = std::collections::BTreeSet::new();
            for object in opening.initial_objects(environment).objects {
                assert!(
                    crate::kubernetes::kinds::kind_of(&object).is_some(),
                    "{object}"
                );
                let own = (
                    object["kind"].to_string(),
                    object["metadata"]["name"].to_string(),
                );
                assert!(names.insert(own.clone()), "{own:?} twice in {environment}");
            }
        }
    }
}
