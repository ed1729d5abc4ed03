//! The tree of real Argo Workflow objects: every node is there once, and in the places that the engine ran it in.

use jiff::Timestamp;
use leverframe::model::tree::Tree;
use leverframe::model::{Node, NodeKind, NodePhase};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;

fn nodes(file: &str) -> Option<(String, Vec<Node>)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/data/workflows")
        .join(file);
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("SKIPPED: {} is not here", path.display());
        return None;
    };
    let object: Value = serde_saphyr::from_str(&text).unwrap();
    let run = object["metadata"]["name"].as_str().unwrap().to_owned();
    let nodes = object["status"]["nodes"].as_object().unwrap();
    Some((run, nodes.values().map(node).collect()))
}

fn node(wire: &Value) -> Node {
    let text = |key: &str| Arc::from(wire[key].as_str().unwrap_or_default());
    let maybe = |key: &str| wire[key].as_str().map(Arc::from);
    Node {
        id: text("id"),
        name: text("name"),
        display_name: text("displayName"),
        kind: NodeKind::parse(&text("type")),
        phase: NodePhase::parse(&text("phase")),
        template: text("templateName"),
        boundary: maybe("boundaryID"),
        children: wire["children"]
            .as_array()
            .map(|all| {
                all.iter()
                    .map(|id| Arc::from(id.as_str().unwrap()))
                    .collect()
            })
            .unwrap_or_default(),
        message: maybe("message"),
        started: wire["startedAt"]
            .as_str()
            .and_then(|at| at.parse::<Timestamp>().ok()),
        finished: wire["finishedAt"]
            .as_str()
            .and_then(|at| at.parse::<Timestamp>().ok()),
        exit_code: wire["outputs"]["exitCode"].as_str().map(Arc::from),
        hooked: wire["nodeFlag"]["hooked"].as_bool() == Some(true),
        retried: wire["nodeFlag"]["retried"].as_bool() == Some(true),
    }
}

fn drawn(tree: &Tree, nodes: &[Node]) -> Vec<String> {
    let line = |row: &leverframe::model::tree::Row| {
        let phase = nodes[row.node].phase.as_str();
        let tries = match row.attempts.len() {
            0 => String::new(),
            tries => format!(" {}/{tries}", row.failed),
        };
        format!("{}{} {phase}{tries} {}", row.trunk, row.name, row.words)
            .trim_end()
            .to_owned()
    };
    tree.rows.iter().map(line).collect()
}

#[test]
fn every_node_is_shown_folded_or_a_group_of_steps() {
    for (file, count) in [
        ("containerset.running.yaml", 5),
        ("dag-exhausted-retries-xfail.yaml", 8),
        ("dag.retry.omitted.running.yaml", 27),
        ("dag.retry.steps.onexit.running.yaml", 9),
        (
            "dag.retry.taskgroup.succeeded-with-failed-attempts.yaml",
            10,
        ),
        ("dag.running.big.yaml", 7),
        ("dag.succeeded.big.yaml", 21),
        ("dag.suspend.failed.yaml", 17),
        ("dag_xfail.yaml", 4),
        ("steps-failed-retries.yaml", 8),
        ("steps.argo-get-test.yaml", 15),
        ("steps.retry.running.yaml", 7),
        ("steps.skipped.failed.yaml", 6),
    ] {
        let Some((run, nodes)) = nodes(file) else {
            return;
        };
        assert_eq!(nodes.len(), count, "{file}");
        let tree = Tree::grow(&run, &nodes);
        let mut shown: Vec<usize> = tree
            .rows
            .iter()
            .flat_map(|row| std::iter::once(row.node).chain(row.attempts.clone()))
            .collect();
        shown.extend((0..count).filter(|at| nodes[*at].kind == NodeKind::StepGroup));
        shown.sort_unstable();
        assert_eq!(shown, (0..count).collect::<Vec<_>>(), "{file}");
        // One root, and nothing stands above the run itself.
        let roots = tree.rows.iter().filter(|row| row.depth == 0).count();
        assert_eq!(
            (roots, &*nodes[tree.rows[0].node].name),
            (1, &*run),
            "{file}"
        );
        // A row is never above what contains it, and levels follow one another.
        for pair in tree.rows.windows(2) {
            assert!(pair[1].depth <= pair[0].depth + 1, "{file}");
            assert_eq!(pair[1].trunk.len(), pair[1].depth * 2, "{file}");
        }
        let opened = tree.opens_on().unwrap();
        let focus = nodes.iter().find(|node| node.id == opened).unwrap();
        let failed = nodes
            .iter()
            .any(|node| node.phase.has_failed() && !node.retried);
        if failed && !file.contains("succeeded") {
            assert!(focus.phase.has_failed(), "{file}: {}", focus.name);
        }
    }
}

#[test]
fn a_task_group_holds_its_items_and_their_attempts_are_folded() {
    let Some((run, nodes)) = nodes("dag.retry.omitted.running.yaml") else {
        return;
    };
    let tree = Tree::grow(&run, &nodes);
    let drawn = drawn(&tree, &nodes);
    assert_eq!(
        drawn[..7],
        [
            "reproduce-bug-9tpfr Running",
            "+-gen-tasks Succeeded 0/1",
            "+-process-tasks Failed",
            "| +-process-tasks(0:0) Succeeded 0/1",
            "| +-process-tasks(1:1) Succeeded 0/1",
            "| +-process-tasks(2:2) Succeeded 0/1",
            "| +-process-tasks(3:3) Failed 3/3 exit 1",
        ]
    );
    assert_eq!(
        drawn.last().unwrap(),
        "+-finish Omitted omitted: process-tasks(3:3) failed"
    );
    assert_eq!(drawn.len(), 14);
}

#[test]
fn hooks_of_a_step_stand_below_it() {
    let Some((run, nodes)) = nodes("dag.retry.steps.onexit.running.yaml") else {
        return;
    };
    assert_eq!(
        drawn(&Tree::grow(&run, &nodes), &nodes),
        [
            "test-workflow-with-retry-strategy8h899 Running",
            "+-Execute Running",
            "  +-Python2Compile Succeeded 0/1",
            "  | +-Python2Compile.onExit Succeeded",
            "  +-DependencyTesting Succeeded 0/1",
            "    +-DependencyTesting.onExit Succeeded",
        ]
    );
}

#[test]
fn the_exit_handler_of_a_failed_pod_stands_below_the_run() {
    let Some((run, nodes)) = nodes("steps.skipped.failed.yaml") else {
        return;
    };
    let tree = Tree::grow(&run, &nodes);
    let drawn = drawn(&tree, &nodes);
    assert_eq!(drawn[0], "exit-handlers-n7s4n Failed exit 1");
    assert!(drawn[1].ends_with("Succeeded"), "{drawn:?}");
    assert!(
        drawn.contains(
            &"  +-celebrate Skipped skipped: its condition was false (Failed == Succeeded)"
                .to_owned()
        ),
        "{drawn:?}"
    );
    assert_eq!(tree.opens_on().as_deref(), Some(&*run));
}

#[test]
fn sides_of_nested_dags_keep_to_their_boundaries() {
    let Some((run, nodes)) = nodes("dag.succeeded.big.yaml") else {
        return;
    };
    let tree = Tree::grow(&run, &nodes);
    for row in &tree.rows {
        let node = &nodes[row.node];
        if row.depth > 0 {
            let above = tree.rows[..tree.rows.iter().position(|other| other == row).unwrap()]
                .iter()
                .rev()
                .find(|other| other.depth < row.depth)
                .unwrap();
            assert_eq!(
                node.boundary.as_ref(),
                Some(&nodes[above.node].id),
                "{}",
                node.name
            );
        }
    }
}
