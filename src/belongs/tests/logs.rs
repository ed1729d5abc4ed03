//! Which log speaks first: tries, gone pods, crashes, what has done its work.

use super::*;
use crate::belongs::logs::{NoLog, of_app, of_step, step_named};
use crate::model::tree::Tree;
use crate::store::Kind;

fn node(id: &str, name: &str, kind: NodeKind, phase: NodePhase) -> Node {
    Node {
        id: id.into(),
        name: name.into(),
        display_name: name.rsplit('.').next().unwrap_or(name).into(),
        kind,
        phase,
        template: "".into(),
        boundary: None,
        children: Vec::new(),
        message: None,
        started: Some(ago(60)),
        finished: Some(ago(30)),
        exit_code: None,
        hooked: false,
        retried: false,
    }
}

/// A run with one step that was tried twice and failed.
fn retried() -> Run {
    let mut retry = node("retry", "r.smoke", NodeKind::Retry, NodePhase::Failed);
    retry.children = vec!["try-0".into(), "try-1".into()];
    let mut nodes = vec![retry];
    for n in 0..2 {
        let mut attempt = node(
            &format!("try-{n}"),
            &format!("r.smoke({n})"),
            NodeKind::Pod,
            NodePhase::Failed,
        );
        attempt.boundary = Some("retry".into());
        attempt.retried = true;
        nodes.push(attempt);
    }
    let Fact::Run(run) = run("r", |run| run.nodes = Nodes::Read(Arc::new(nodes))) else {
        unreachable!()
    };
    run
}

/// A pod of a run's step, with the executor before the step's own container.
fn step_pod(name: &str, node: &str) -> Fact {
    let Fact::Pod(mut pod) = pod("staging", "", name, "e2e:v1", false, None) else {
        unreachable!()
    };
    pod.labels = [("workflows.argoproj.io/workflow".into(), "r".into())].into();
    pod.node_id = Some(node.into());
    pod.phase = "Failed".into();
    let container = |name: &str| Container {
        name: name.into(),
        ..pod.containers[0].clone()
    };
    let containers = vec![container("wait"), container("sidecar"), container("main")];
    pod.init_containers = vec![container("init")];
    pod.containers = containers;
    Fact::Pod(pod)
}

#[test]
fn the_last_try_speaks_first_by_the_engines_number_through_the_steps_own_container() {
    let mut world = world();
    // Both were stamped with one second; the names tell nothing.
    world.fact("staging", step_pod("a", "try-1"));
    world.fact("staging", step_pod("z", "try-0"));
    let found = of_step(&world.store, &retried(), None).unwrap();
    let logs: Vec<(String, &str)> = found
        .logs
        .iter()
        .map(|log| (log.title.clone(), &*log.source.container))
        .collect();
    let of_try = |title: &str| {
        ["main", "sidecar", "wait", "init"].map(|container| (title.to_owned(), container))
    };
    assert_eq!(logs, [of_try("r smoke(1)"), of_try("r smoke(0)")].concat());
    assert!(!found.logs[0].source.follow, "it is over");
}

#[test]
fn a_pod_of_another_run_or_namespace_is_not_the_steps() {
    let mut world = world();
    for change in [
        (|pod: &mut Pod| pod.labels.clear()) as fn(&mut Pod),
        |pod| pod.id.namespace = "other".into(),
        |pod| pod.node_id = Some("try-7".into()),
    ] {
        let Fact::Pod(mut pod) = step_pod("a", "try-1") else {
            unreachable!()
        };
        change(&mut pod);
        world.fact("staging", Fact::Pod(pod));
        let why = of_step(&world.store, &retried(), None).unwrap_err();
        assert_eq!(
            why,
            NoLog::Because("The pods of smoke are gone; their logs went with them.".into())
        );
    }
}

#[test]
fn that_pods_are_gone_is_said_only_of_pods_that_were_read() {
    let world = &mut world();
    world.store.expect(Source::Cluster("staging".into()));
    let why = |world: &Fixture| of_step(&world.store, &retried(), None).unwrap_err();
    assert_eq!(
        why(world),
        NoLog::Because("The pods of staging are still being read.".into())
    );
    let fault = Fault::new(FaultKind::Forbidden, "They may not be listed.", "");
    world.news(
        Source::Cluster("staging".into()),
        News::Fault {
            list: Some(usual_list(Kind::Pods)),
            fault,
            retry_at: None,
        },
    );
    assert_eq!(
        why(world),
        NoLog::Because("The pods of staging cannot be read: They may not be listed.".into())
    );
    let mut still = retried();
    still.phase = RunPhase::Running;
    still.nodes = Nodes::Read(Arc::default());
    assert_eq!(of_step(&world.store, &still, None), Err(NoLog::NotYet));
}

#[test]
fn a_step_is_found_by_the_name_that_is_shown_and_better_by_its_id() {
    let run = retried();
    let tree = Tree::of_run(&run);
    for (name, id) in [
        ("smoke", Some("retry")),
        ("retry", Some("retry")),
        ("r.smoke(1)", Some("try-1")),
        ("try-0", Some("try-0")),
        ("nothing", None),
    ] {
        assert_eq!(step_named(&run, &tree, name).as_deref(), id, "{name}");
    }
}

/// A pod of publisher, changed as given; `age` in seconds.
fn app_pod(name: &str, age: i64, change: impl FnOnce(&mut Pod)) -> Fact {
    let Fact::Pod(mut pod) = pod("staging", "publisher", name, "publisher:v2", true, None) else {
        unreachable!()
    };
    pod.created = Some(ago(age));
    change(&mut pod);
    Fact::Pod(pod)
}

#[test]
fn crashed_pods_speak_first_then_failed_ones_and_what_has_done_its_work_last() {
    let mut world = world();
    for fact in [
        app_pod("publisher-migrated", 5, |pod| {
            pod.phase = "Succeeded".into();
            pod.ready = false;
        }),
        app_pod("publisher-serves", 6, |_| {}),
        app_pod("publisher-serves-longer", 600, |_| {}),
        app_pod("publisher-starts", 7, |pod| pod.ready = false),
        app_pod("publisher-failed", 900, |pod| {
            pod.phase = "Failed".into();
            pod.ready = false;
        }),
        app_pod("publisher-crashes", 900, |pod| {
            pod.ready = false;
            pod.containers[0].waiting = Some("CrashLoopBackOff".into());
            pod.containers[0].restarts = 3;
            pod.containers[0].running = false;
        }),
    ] {
        world.fact("staging", fact);
    }
    let logs = of_app(&world.store, &world.delivery, &publisher()).unwrap();
    let order: Vec<(&str, bool)> = logs
        .iter()
        .map(|log| (&*log.source.pod.name, log.source.previous))
        .collect();
    assert_eq!(
        order,
        [
            ("publisher-crashes", true),
            ("publisher-failed", false),
            ("publisher-starts", false),
            ("publisher-serves", false),
            ("publisher-serves-longer", false),
            ("publisher-migrated", false),
        ]
    );
    assert!(!logs[0].source.follow, "the one before has ended");
    assert!(logs[3].source.follow);
}

#[test]
fn of_a_pod_the_container_that_crashed_speaks_first_then_those_that_the_delivery_names() {
    let container = |pod: &Pod, name: &str| Container {
        name: name.into(),
        ..pod.containers[0].clone()
    };
    let order = |change: fn(&mut Pod)| -> Vec<String> {
        let mut world = world();
        let fact = app_pod("publisher-1", 5, |pod| {
            pod.containers = vec![
                container(pod, "nginx"),
                container(pod, "app"),
                container(pod, "metrics"),
            ];
            pod.init_containers = vec![container(pod, "copy-assets")];
            change(pod);
        });
        world.fact("staging", fact);
        let logs = of_app(&world.store, &world.delivery, &publisher()).unwrap();
        let logs = logs.into_iter();
        logs.map(|log| log.source.container.to_string()).collect()
    };
    assert_eq!(order(|_| {}), ["app", "nginx", "metrics", "copy-assets"]);
    let crashed = order(|pod| {
        pod.containers[2].running = false;
        pod.containers[2].terminated = Some(("OOMKilled".into(), 137));
    });
    assert_eq!(crashed[0], "metrics");
    let stuck = order(|pod| pod.init_containers[0].waiting = Some("CrashLoopBackOff".into()));
    assert_eq!(stuck[0], "copy-assets");
    // One that crashed before and runs now is well.
    let again = order(|pod| {
        pod.containers[2].terminated = Some(("Error".into(), 1));
        pod.containers[2].running = true;
    });
    assert_eq!(again[0], "app");
}

#[test]
fn a_failed_try_of_a_job_that_passed_since_says_nothing_any_more() {
    let of_job = |name: &str, phase: &str, age: i64, job: &str| {
        app_pod(name, age, |pod| {
            pod.phase = phase.into();
            pod.ready = false;
            pod.job = Some(job.into());
        })
    };
    let mut world = world();
    for fact in [
        of_job("publisher-migrate-1", "Failed", 90, "migrate"),
        of_job("publisher-migrate-2", "Succeeded", 80, "migrate"),
        of_job("publisher-assets-1", "Failed", 900, "assets"),
        app_pod("publisher-serves", 6, |_| {}),
    ] {
        world.fact("staging", fact);
    }
    let logs = of_app(&world.store, &world.delivery, &publisher()).unwrap();
    let order: Vec<&str> = logs.iter().map(|log| &*log.source.pod.name).collect();
    assert_eq!(
        order,
        [
            "publisher-assets-1",
            "publisher-serves",
            "publisher-migrate-2",
            "publisher-migrate-1"
        ]
    );
}
