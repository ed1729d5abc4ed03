//! Unwell: pods that find no node, and pods that run and end again and again.

use super::*;
use crate::model::live::Condition;

fn says(change: impl FnOnce(&mut Pod)) -> (Vec<Word>, Vec<String>) {
    let mut world = calm_world();
    let image = "registry.test/publisher:v1362";
    let Fact::Pod(mut failing) = pod("staging", "publisher", "a", image, true, None) else {
        unreachable!()
    };
    change(&mut failing);
    world.fact("staging", Fact::Pod(failing));
    world.fact(
        "staging",
        pod("staging", "publisher", "b", image, true, None),
    );
    let status = world.status("staging", "publisher");
    (status.attention, status.because)
}

/// No node has room for it since so many seconds.
fn finds_no_node(pod: &mut Pod, seconds: i64) {
    (pod.ready, pod.phase) = (false, "Pending".into());
    pod.containers[0].ready = false;
    pod.containers[0].running = false;
    pod.unschedulable = Some(Condition {
        kind: "PodScheduled".into(),
        status: "False".into(),
        reason: "Unschedulable".into(),
        message: "0/12 nodes are available: 12 Insufficient memory. preemption: 0/12 nodes are available.".into(),
        at: Some(ago(seconds)),
    });
}

#[test]
fn a_pod_that_no_node_can_have_is_said_with_the_cause() {
    let (words, because) = says(|pod| finds_no_node(pod, 3_600));
    assert_eq!(words, [Word::Crash]);
    assert_eq!(
        because,
        [
            "1/2 new, Unschedulable (0/12 nodes are available: 12 Insufficient memory), 1h. 1 pods serve. Smoke cannot start: not Healthy."
        ]
    );
    // A cluster gets time to bring a node.
    assert_eq!(says(|pod| finds_no_node(pod, 60)).0, []);
}

/// It has ended so often, the last time so many seconds ago after so many seconds.
fn ends_again(pod: &mut Pod, restarts: i64, ended: i64, lasted: i64) {
    let container = &mut pod.containers[0];
    container.restarts = restarts;
    container.terminated = Some(("OOMKilled".into(), 137));
    container.ended = Some(ago(ended));
    container.lasted_s = Some(lasted);
}

#[test]
fn a_container_that_ends_again_and_again_is_said_though_it_runs() {
    let (words, because) = says(|pod| ends_again(pod, 12, 240, 1_200));
    assert_eq!(words, [Word::Crash]);
    assert_eq!(
        because,
        ["2/2 new, OOMKilled (exit 137), 12 restarts, the last 4m ago. 2 pods serve."]
    );
    let is_calm = |restarts, ended, lasted| {
        says(|pod| ends_again(pod, restarts, ended, lasted))
            .0
            .is_empty()
    };
    assert!(is_calm(2, 240, 1_200), "it may be a node that was drained");
    assert!(is_calm(12, 90_000, 1_200), "that was yesterday");
    assert!(is_calm(30, 240, 86_400), "it ends once a day");
}

/// What production says while v1362 stands in staging for an hour, where a pod of its app was changed.
fn says_above(change: impl FnOnce(&mut Pod)) -> Vec<Word> {
    let mut world = Fixture::new();
    world.app("publisher", &["publisher"]);
    world.file("staging", "publisher", "v1362", true);
    world.file("production", "publisher", "v1361", true);
    let moves = [
        ("production", "v1360", "v1361", 90_000),
        ("staging", "v1361", "v1362", 3_600),
    ];
    world.moves("publisher", &moves);
    let image = "registry.test/publisher:v1362";
    for name in ["a", "b"] {
        world.fact(
            "staging",
            pod("staging", "publisher", name, image, true, None),
        );
    }
    let Fact::Pod(mut changed) = pod("staging", "publisher", "c", image, true, None) else {
        unreachable!()
    };
    change(&mut changed);
    world.fact("staging", Fact::Pod(changed));
    world.status("production", "publisher").attention
}

#[test]
fn what_the_board_says_of_the_version_below_is_why_it_does_not_arrive() {
    assert_eq!(says_above(|_| ()), [Word::Stuck]);
    let again = says_above(|pod| ends_again(pod, 12, 240, 1_200));
    assert_eq!(again, [], "the crash below is the cause");
    let waits = |pod: &mut Pod| {
        pod.ready = false;
        pod.containers[0].waiting = Some("CrashLoopBackOff".into());
    };
    assert_eq!(says_above(waits), []);
    // A job's pod serves nobody, nor does a run's, and neither the board nor the smoke run looks at them.
    let of_a_job = says_above(|pod| {
        waits(pod);
        pod.job = Some("publisher-nightly".into());
    });
    assert_eq!(of_a_job, [Word::Stuck]);
    let of_a_run = says_above(|pod| {
        waits(pod);
        pod.node_id = Some("post-sync-1".into());
    });
    assert_eq!(of_a_run, [Word::Stuck]);
}

/// The gate may be opened long after the version came below and passed there.
#[test]
fn what_waits_for_a_gate_is_late_only_some_time_after_it_was_opened() {
    let says = |opened: i64| {
        let mut world = Fixture::new();
        world.app("publisher", &["publisher"]);
        world.file("staging", "publisher", "v1362", true);
        world.file("production", "publisher", "v1361", true);
        world.gate_moved("staging", "publisher", true, opened);
        let moves = [
            ("production", "v1360", "v1361", 90_000),
            ("staging", "v1361", "v1362", 7_200),
        ];
        world.moves("publisher", &moves);
        world.status("production", "publisher").attention
    };
    assert_eq!(says(60), []);
    assert_eq!(says(3_600), [Word::Stuck]);
    assert_eq!(
        says(86_400),
        [Word::Stuck],
        "it stands there since two hours"
    );
}
