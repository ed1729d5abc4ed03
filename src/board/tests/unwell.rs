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
