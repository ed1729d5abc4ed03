//! Runs: each recorded run with the step and the log that it opens on, and what it was of.

use std::collections::BTreeSet;

use leverframe::belongs::{logs, runs};
use leverframe::model::tree::{Row, Tree as RunTree};
use leverframe::model::*;

use super::{PRODUCTION, Replayed, STAGING};

/// A run: how it ended, the step that it opens on, how many attempts that had and how many failed, what is said of it, and
/// the pods whose logs it opens, newest attempt first.
struct Opens {
    run: &'static str,
    phase: &'static str,
    step: &'static str,
    attempts: (usize, usize),
    words: &'static str,
    pods: &'static [&'static str],
}

const fn opens(
    run: &'static str,
    phase: &'static str,
    step: &'static str,
    attempts: (usize, usize),
    words: &'static str,
    pods: &'static [&'static str],
) -> Opens {
    Opens {
        run,
        phase,
        step,
        attempts,
        words,
        pods,
    }
}

const RUNS: &[Opens] = &[
    opens(
        "post-sync-bbbbb",
        "Failed",
        "govuk-e2e-tests",
        (3, 3),
        "exit 1",
        &[
            "post-sync-bbbbb-govuk-e2e-tests-290401853",
            "post-sync-bbbbb-govuk-e2e-tests-2840349678",
            "post-sync-bbbbb-govuk-e2e-tests-2236208299",
        ],
    ),
    // Stopped while its only attempt had just succeeded.
    opens(
        "post-sync-ccccc",
        "Failed",
        "govuk-e2e-tests",
        (1, 0),
        "Stopped",
        &["post-sync-ccccc-govuk-e2e-tests-2098383236"],
    ),
    opens(
        "post-sync-ijm7u",
        "Failed",
        "govuk-e2e-tests",
        (2, 2),
        "exit 1; Stopped",
        &[
            "post-sync-ijm7u-govuk-e2e-tests-1567231222",
            "post-sync-ijm7u-govuk-e2e-tests-963089843",
        ],
    ),
    // The tests passed; what failed is the promotion, which an expression did not let be tried again.
    opens(
        "post-sync-r2-d29f33c8",
        "Failed",
        "promote-release",
        (1, 1),
        "expression",
        &["post-sync-r2-d29f33c8-send-webhook-1923876631"],
    ),
    // 756 nodes, compressed.
    opens(
        "shape-big1",
        "Failed",
        "bad",
        (0, 0),
        "exit 1",
        &["shape-big1-bad-1341622101"],
    ),
    opens(
        "shape-cset",
        "Failed",
        "one",
        (0, 0),
        "Error (exit code 1)",
        &["shape-cset"],
    ),
    opens(
        "shape-daemon",
        "Failed",
        "use",
        (0, 0),
        "exit 1",
        &["shape-daemon-bad-2536806645"],
    ),
    opens(
        "shape-dag",
        "Failed",
        "B",
        (3, 3),
        "expression",
        &[
            "shape-dag-flaky-2949111288",
            "shape-dag-flaky-801134771",
            "shape-dag-flaky-1405276150",
        ],
    ),
    opens(
        "shape-deadline",
        "Failed",
        "long",
        (0, 0),
        "exit 143",
        &["shape-deadline-long-4019088159"],
    ),
    opens(
        "shape-memo",
        "Failed",
        "z",
        (0, 0),
        "exit 1",
        &["shape-memo-bad-971456401"],
    ),
    opens("shape-poddel", "Failed", "gone", (0, 0), "pod deleted", &[]),
    // Its attempts have steps of their own: the first that failed.
    opens(
        "shape-retrysteps",
        "Failed",
        "two",
        (0, 0),
        "exit 2",
        &["shape-retrysteps-bad-3741523116"],
    ),
    opens(
        "shape-singleretry",
        "Failed",
        "shape-singleretry",
        (3, 3),
        "exit 1",
        &[
            "shape-singleretry-main-3685156334",
            "shape-singleretry-main-1135208509",
            "shape-singleretry-main-1470907984",
        ],
    ),
    // The first step that failed, though its steps went on in spite of it.
    opens(
        "shape-steps",
        "Failed",
        "i2",
        (0, 0),
        "exit 3",
        &["shape-steps-bad-2298657697"],
    ),
    opens(
        "shape-stop2",
        "Failed",
        "long",
        (0, 0),
        "exit 143",
        &["shape-stop2-long-477407799"],
    ),
    opens("shape-suspend", "Failed", "approve", (0, 0), "Stopped", &[]),
    opens(
        "shape-pend",
        "Running",
        "shape-pend",
        (0, 0),
        "",
        &["shape-pend"],
    ),
    opens(
        "shape-pull",
        "Running",
        "shape-pull",
        (0, 0),
        "ImagePullBackOff",
        &["shape-pull"],
    ),
    opens(
        "shape-stop2-rvfgt",
        "Running",
        "long",
        (0, 0),
        "",
        &["shape-stop2-rvfgt-long-910555699"],
    ),
    opens(
        "post-sync-aaaaa",
        "Failed",
        "govuk-e2e-tests",
        (3, 3),
        "exit 1",
        &[
            "post-sync-aaaaa-govuk-e2e-tests-1894441320",
            "post-sync-aaaaa-govuk-e2e-tests-4041432099",
            "post-sync-aaaaa-govuk-e2e-tests-3571805862",
        ],
    ),
    // Made by `argo resubmit --memoized`: what passed was kept, and of the tries only the third is this run's own; the fourth has
    // a pod that the engine never counted.
    opens(
        "shape-dag-3b0qt",
        "Failed",
        "B",
        (4, 1),
        "expression",
        &[
            "shape-dag-3b0qt-flaky-841873216",
            "shape-dag-3b0qt-flaky-1579941357",
        ],
    ),
    opens(
        "shape-memo-gk8t4",
        "Failed",
        "z",
        (0, 0),
        "exit 1",
        &["shape-memo-gk8t4-bad-877085484"],
    ),
    opens(
        "shape-stop3",
        "Failed",
        "long",
        (0, 0),
        "exit 143",
        &["shape-stop3-long-3905192012"],
    ),
    opens("shape-http-plugin", "Running", "h", (0, 0), "", &[]),
    // The pods of what passed were removed. Its first try failed.
    opens(
        "post-sync-nd557",
        "Succeeded",
        "govuk-e2e-tests",
        (2, 1),
        "",
        &[],
    ),
    opens(
        "post-sync-29d8k",
        "Succeeded",
        "govuk-e2e-tests",
        (1, 0),
        "",
        &[],
    ),
    opens(
        "post-sync-a11bk",
        "Succeeded",
        "govuk-e2e-tests",
        (1, 0),
        "",
        &[],
    ),
    opens(
        "post-sync-ei52o",
        "Succeeded",
        "govuk-e2e-tests",
        (1, 0),
        "",
        &[],
    ),
    opens(
        "post-sync-kz9j8",
        "Succeeded",
        "govuk-e2e-tests",
        (1, 0),
        "",
        &[],
    ),
    opens(
        "post-sync-r2-4c511b02",
        "Succeeded",
        "govuk-e2e-tests",
        (1, 0),
        "",
        &[],
    ),
    opens(
        "post-sync-r2-8c0d257f",
        "Succeeded",
        "govuk-e2e-tests",
        (1, 0),
        "",
        &[],
    ),
    opens(
        "post-sync-voy0a",
        "Succeeded",
        "govuk-e2e-tests",
        (1, 0),
        "",
        &[],
    ),
    opens(
        "post-sync-x1g62",
        "Succeeded",
        "govuk-e2e-tests",
        (1, 0),
        "",
        &[],
    ),
    opens("shape-lock1", "Succeeded", "shape-lock1", (0, 0), "", &[]),
    opens("shape-lock2", "Succeeded", "shape-lock2", (0, 0), "", &[]),
    opens("shape-lockb1", "Succeeded", "shape-lockb1", (0, 0), "", &[]),
    opens("shape-lockb2", "Succeeded", "shape-lockb2", (0, 0), "", &[]),
    opens("shape-locktmpl", "Succeeded", "x", (0, 0), "", &[]),
    opens(
        "shape-resource",
        "Succeeded",
        "shape-resource",
        (0, 0),
        "",
        &[],
    ),
    opens("shape-script-result", "Succeeded", "gen", (0, 0), "", &[]),
    opens("shape-single", "Succeeded", "shape-single", (0, 0), "", &[]),
    opens("shape-stop", "Succeeded", "long", (0, 0), "", &[]),
    opens("shape-term", "Succeeded", "long", (0, 0), "", &[]),
];

fn opened(tree: &RunTree) -> Option<&Row> {
    let id = tree.opens_on()?;
    tree.rows.get(tree.row_of(&id)?)
}

#[test]
fn each_run_opens_on_what_went_wrong() {
    let Some(replayed) = Replayed::replay() else {
        return;
    };
    let mut wrong = Vec::new();
    // Three never ran.
    let every: BTreeSet<&str> = RUNS.iter().map(|run| run.run).collect();
    assert_eq!((RUNS.len(), every.len()), (43, 43));
    for expected in RUNS {
        let run = replayed.run(STAGING, expected.run);
        let tree = RunTree::of_run(run);
        let row = opened(&tree).expect("a row");
        let logs = logs::of_step(&replayed.store, run, None);
        let logs = logs.map(|logs| logs.logs).unwrap_or_default();
        // A pod has several containers; its own program's comes first.
        let mut pods: Vec<&str> = logs.iter().map(|log| &*log.source.pod.name).collect();
        pods.dedup();
        let container = logs.first().map(|log| &*log.source.container);
        let own = ["main", expected.step];
        let is_right = run.phase.as_str() == expected.phase
            && &*row.name == expected.step
            && (row.attempts.len(), row.failed) == expected.attempts
            && row.words.contains(expected.words)
            && pods == expected.pods
            && container.is_none_or(|container| own.contains(&container));
        if !is_right {
            let Opens { run: name, .. } = expected;
            let tried = (row.attempts.len(), row.failed);
            wrong.push(format!(
                "{name}: {} {} {tried:?} {:?} {pods:?} {container:?}",
                run.phase.as_str(),
                row.name,
                row.words
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Why something never ran stands in the message of the run itself; there is nothing to open.
#[test]
fn a_run_that_never_ran_says_why() {
    let Some(replayed) = Replayed::replay() else {
        return;
    };
    for (name, phase, message) in [
        ("shape-invalid", "Failed", "template name 'nope' undefined"),
        ("shape-noref", "Error", "\"does-not-exist\" not found"),
        (
            "shape-notmplref",
            "Failed",
            "template reference gone.x not found",
        ),
    ] {
        let run = replayed.run(STAGING, name);
        assert_eq!(run.phase.as_str(), phase, "{name}");
        let said = run.message.as_deref().unwrap_or_default();
        assert!(said.contains(message), "{name}: {said}");
        assert!(RunTree::of_run(run).rows.is_empty(), "{name}");
    }
}

/// A run that is over runs nothing any more, whatever the controller left in its nodes.
#[test]
fn what_is_over_has_no_running_step() {
    let Some(replayed) = Replayed::replay() else {
        return;
    };
    let cluster = replayed.store.cluster(&STAGING.into()).unwrap();
    let mut left: Vec<String> = Vec::new();
    for run in cluster.runs.iter().filter(|run| run.phase.is_over()) {
        for row in &RunTree::of_run(run).rows {
            let runs_on = matches!(row.phase, NodePhase::Running | NodePhase::Pending);
            assert!(!runs_on, "{}: {} {:?}", run.id.name, row.name, row.phase);
            if row.phase.as_str().starts_with("left") {
                left.push(format!("{} {}", row.name, row.phase.as_str()));
            }
        }
    }
    left.sort();
    assert_eq!(
        left,
        [
            "post-sync-ccccc(0) left running",
            "post-sync-ijm7u(0) left running"
        ]
    );
    let mut in_flight: Vec<&str> = runs::in_flight(&replayed.store)
        .map(|run| &*run.id.name)
        .collect();
    in_flight.sort_unstable();
    assert_eq!(
        in_flight,
        [
            "shape-http-plugin",
            "shape-pend",
            "shape-pull",
            "shape-stop2-rvfgt"
        ]
    );
}

/// In production's cluster every version is written by a run: what they write is theirs, wherever they ran.
#[test]
fn deliveries_are_found_by_what_they_write() {
    let Some(replayed) = Replayed::replay() else {
        return;
    };
    let delivery = replayed.delivery.runs.as_ref().unwrap();
    let cluster = replayed.store.cluster(&PRODUCTION.into()).unwrap();
    let mut found: Vec<(&str, &str, String)> = cluster
        .runs
        .iter()
        .map(|run| {
            assert!(runs::is_deploy(delivery, run) && run.phase == RunPhase::Succeeded);
            let into = runs::deploys_into(delivery, run).unwrap();
            let version = run.version(&delivery.version_label).unwrap();
            (&*run.id.name, into, version.to_string())
        })
        .collect();
    found.sort();
    let expected = [
        ("deploy-image-1cec8e3cc168534f", "production", "v505"),
        ("deploy-image-3yelb", "production", "v862"),
        ("deploy-image-b2vn1", "production", "v861"),
        ("deploy-image-b318j", "production", "v505"),
        ("deploy-image-c7eb65820b0c9dc5", "staging", "v1368"),
        ("deploy-image-p1oxr", "production", "v505"),
    ];
    let expected = expected.map(|(run, into, version)| (run, into, version.to_owned()));
    assert_eq!(found, expected);
    // The one that wrote staging's file is publisher's in staging.
    let of_publisher = runs::of_target(
        &replayed.store,
        &replayed.delivery,
        &Target::new(STAGING, "publisher"),
    );
    let names: Vec<&str> = of_publisher.iter().map(|run| &*run.id.name).collect();
    assert_eq!(
        names,
        [
            "post-sync-r2-4c511b02",
            "post-sync-ccccc",
            "post-sync-ei52o",
            "post-sync-voy0a",
            "deploy-image-c7eb65820b0c9dc5",
            "post-sync-r2-d29f33c8",
            "post-sync-bbbbb",
            "post-sync-aaaaa",
        ]
    );
    for (run, from) in [
        ("post-sync-r2-4c511b02", "post-sync-ccccc"),
        ("post-sync-r2-8c0d257f", "post-sync-ijm7u"),
        ("shape-dag-3b0qt", "shape-dag"),
    ] {
        assert_eq!(replayed.run(STAGING, run).resubmitted_from(), Some(from));
    }
}
