//! Reasons: each row of the table of checks that wants one, made to fail by one change of the scene.

use crate::changes::*;
use crate::scene::*;
use leverframe::model::live::Condition;
use leverframe::model::*;
use leverframe::plan::*;
use leverframe::store::Kind;

#[test]
fn rows_that_want_a_reason() {
    use Lever::*;
    // By night every write that reaches production is outside deploy hours, the roll back's column apart.
    let table: &[(&str, Lever, &str, Wrong, &[&str])] = &[
        (
            "all is well below",
            Promote,
            "production",
            smoked_staging,
            &["hours"],
        ),
        (
            "the smoke run below failed",
            Promote,
            "production",
            |_| {},
            &["smoke", "hours"],
        ),
        (
            "no verdict is left below",
            Promote,
            "production",
            |w| {
                smoked_staging(w);
                change_version_of_smokes(w, "staging");
            },
            &["smoke", "hours"],
        ),
        (
            "not healthy below",
            Promote,
            "production",
            |w| {
                smoked_staging(w);
                change_app(w, "staging", "publisher", |a| a.health = Health::Degraded);
            },
            &["smoke", "hours"],
        ),
        (
            "not rendered below",
            Promote,
            "production",
            |w| {
                smoked_staging(w);
                change_app(w, "staging", "publisher", |a| {
                    a.annotations.insert("imageTag".into(), "v1361".into());
                });
            },
            &["smoke", "hours"],
        ),
        (
            "order unknown",
            Promote,
            "production",
            |w| {
                let branch = "9f83e630aa83e630aa83e630aa83e630aa83e630";
                smoked_staging(w);
                w.stands("production", "publisher", "v1361", branch, "1h");
            },
            &["direction", "hours"],
        ),
        (
            "parent does not sync",
            Promote,
            "production",
            |w| {
                smoked_staging(w);
                change_app(w, "production", "app-config", |a| a.auto_sync = false);
            },
            &["parent", "hours"],
        ),
        (
            "parent cannot be compared",
            Promote,
            "production",
            |w| {
                smoked_staging(w);
                change_app(w, "production", "app-config", |a| {
                    a.conditions = vec![Condition {
                        kind: "ComparisonError".into(),
                        status: "".into(),
                        reason: "".into(),
                        message: "bad YAML".into(),
                        at: None,
                    }];
                });
            },
            &["parent", "hours"],
        ),
        (
            "held on the way",
            Promote,
            "production",
            |w| {
                smoked_staging(w);
                w.closed("staging", "publisher", "5m", "hold");
            },
            &["hop", "hours"],
        ),
        (
            "a deploy run would overtake it",
            Promote,
            "production",
            |w| {
                smoked_staging(w);
                deploy_run(w, "production", "v1363", "true", "Running");
            },
            &["overtaken", "hours"],
        ),
        (
            "a late run that brings the same does not",
            Promote,
            "production",
            |w| {
                smoked_staging(w);
                let run = deploy_run(w, "production", "v1362", "true", "Running");
                change_run(w, &run, |run| run.started = Some(crate::world::ago("1h")));
            },
            &["hours"],
        ),
        (
            "runs below are not known",
            Promote,
            "production",
            |w| {
                smoked_staging(w);
                w.forbidden("integration", Kind::Runs);
            },
            &["overtaken", "hours"],
        ),
        (
            "the cluster below is silent",
            Promote,
            "production",
            |w| {
                smoked_staging(w);
                silent(w, "staging");
            },
            &["smoke", "overtaken", "hours"],
        ),
        (
            "Applications below may not be read any more",
            Promote,
            "production",
            |w| {
                smoked_staging(w);
                w.forbidden("staging", Kind::Applications);
            },
            &["smoke", "hours"],
        ),
        (
            "the Application below does not say what it has rendered",
            Promote,
            "production",
            |w| {
                smoked_staging(w);
                change_app(w, "staging", "publisher", |a| a.annotations.clear());
            },
            &["smoke", "hours"],
        ),
        (
            "ready pods below still run another version",
            Promote,
            "production",
            |w| {
                smoked_staging(w);
                w.pod("staging", "publisher", "publisher", "v1361", |_| {});
            },
            &["smoke", "hours"],
        ),
        (
            "pods that are not ready, or of another image, say nothing",
            Promote,
            "production",
            |w| {
                smoked_staging(w);
                w.pod("staging", "publisher", "publisher", "v1362", |_| {});
                w.pod("staging", "publisher", "nginx", "v9", |_| {});
                w.pod("staging", "publisher", "publisher", "v1361", |p| {
                    p.ready = false
                });
                w.pod("staging", "publisher", "publisher", "v1361", |p| {
                    p.deleting = true
                });
            },
            &["hours"],
        ),
        (
            "the cluster of the parent is silent",
            RollBack,
            "integration",
            |w| {
                w.moved(
                    "integration",
                    "publisher",
                    "v1360",
                    "v1361",
                    "9d",
                    ActorKind::Robot,
                );
                silent(w, "integration");
            },
            &["onward", "parent", "migrations"],
        ),
        (
            "nothing against it but what cannot be read",
            RollBack,
            "production",
            |_| {},
            &["migrations"],
        ),
        (
            "a smoke run in flight would undo it",
            RollBack,
            "production",
            running,
            &["overtaken", "migrations"],
        ),
        (
            "a run in flight with its gate frozen shut does not",
            RollBack,
            "production",
            |w| {
                running(w);
                for fact in w.facts.get_mut(&Environment::new("staging")).unwrap() {
                    if let leverframe::store::Fact::Run(run) = fact {
                        run.parameters
                            .insert("automaticDeploysEnabled".into(), "false".into());
                    }
                }
            },
            &["migrations"],
        ),
        (
            "nothing against it",
            Resubmit,
            "staging",
            |_| {},
            &["hours"],
        ),
        (
            "third attempt",
            Resubmit,
            "staging",
            |w| {
                w.smoke(
                    "staging",
                    "publisher",
                    "publisher",
                    "v1362",
                    "Failed",
                    "43m",
                    |_| {},
                );
            },
            &["attempts", "hours"],
        ),
        ("nothing against it", TestsOnly, "staging", |_| {}, &[]),
        (
            "a gate that was closed",
            TestsOnly,
            "staging",
            |w| {
                w.closed("staging", "publisher", "5m", "hold");
            },
            &[],
        ),
        ("nothing against it", Hold, "production", |_| {}, &[]),
        (
            "a run in flight still promotes",
            Hold,
            "production",
            running,
            &["overtaken"],
        ),
        (
            "no sync of it is known, nor its hooks",
            Sync,
            "integration",
            |_| {},
            &["prune"],
        ),
        (
            "hooks run again",
            Sync,
            "staging",
            |w| operation(w, Phase::Failed),
            &["prune"],
        ),
        (
            "something waits to be pruned",
            Sync,
            "staging",
            |w| {
                change_app(w, "staging", "publisher", |a| {
                    a.to_prune = vec!["Job/old".into()]
                });
            },
            &["prune"],
        ),
    ];
    for (situation, lever, environment, change, expected) in table {
        let found = rows(*lever, environment, change);
        let expected: Vec<String> = expected.iter().map(|e| (*e).to_owned()).collect();
        assert_eq!(
            found,
            Ok(expected),
            "{} {environment}: {situation}",
            lever.title()
        );
    }
}
