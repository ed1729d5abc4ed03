use super::*;
use crate::cases::cases;
use crate::model::{NodePhase, Nodes, RunPhase};
use jiff::Timestamp;
use proptest::prelude::*;

/// `id type phase start boundary -> children | message`, as few words as a test needs; the name is the id.
fn node(id: &str, kind: &str, phase: &str, start: i64, boundary: &str, children: &[&str]) -> Node {
    Node {
        id: id.into(),
        name: id.into(),
        display_name: id.rsplit_once('.').map_or(id, |(_, last)| last).into(),
        kind: NodeKind::parse(kind),
        phase: NodePhase::parse(phase),
        template: "".into(),
        boundary: (!boundary.is_empty()).then(|| boundary.into()),
        children: children.iter().map(|child| Arc::from(*child)).collect(),
        message: None,
        started: (start >= 0).then(|| Timestamp::from_second(start).unwrap()),
        finished: None,
        exit_code: None,
        hooked: id.ends_with(".onExit"),
        retried: kind == "Pod" && id.ends_with(')'),
    }
}

fn drawn(tree: &Tree, nodes: &[Node]) -> Vec<String> {
    tree.rows
        .iter()
        .map(|row| {
            let tries = match row.attempts.len() {
                0 => String::new(),
                tries => format!(" {}/{tries}", row.failed),
            };
            let beside = if row.parallel { " =" } else { "" };
            let words = if row.words.is_empty() {
                String::new()
            } else {
                format!(" -- {}", row.words)
            };
            format!(
                "{}{} {}{tries}{beside}{words}",
                row.trunk,
                row.name,
                nodes[row.node].phase.as_str()
            )
        })
        .collect()
}

fn message(node: Node, message: &str, exit_code: &str) -> Node {
    Node {
        message: Some(message.into()),
        exit_code: (!exit_code.is_empty()).then(|| exit_code.into()),
        ..node
    }
}

#[test]
fn a_smoke_run_reads_as_it_ran() {
    let nodes = [
        node("w", "DAG", "Failed", 0, "", &["w.e2e"]),
        node(
            "w.e2e",
            "Retry",
            "Failed",
            1,
            "w",
            &["w.e2e(0)", "w.e2e(1)"],
        ),
        message(
            node("w.e2e(1)", "Pod", "Failed", 9, "w", &["w.promote"]),
            "Error (exit code 1)",
            "1",
        ),
        message(
            node("w.e2e(0)", "Pod", "Failed", 1, "w", &[]),
            "OOMKilled (exit code 137)",
            "137",
        ),
        message(
            node("w.promote", "Skipped", "Omitted", 12, "w", &[]),
            "omitted: depends condition not met",
            "",
        ),
        Node {
            template: "shared/exit-handler".into(),
            ..node("w.onExit", "Steps", "Succeeded", 13, "", &["w.onExit[0]"])
        },
        node(
            "w.onExit[0]",
            "StepGroup",
            "Succeeded",
            13,
            "w.onExit",
            &["w.onExit[0].notify", "w.onExit[0].cheer"],
        ),
        node(
            "w.onExit[0].notify",
            "Pod",
            "Succeeded",
            13,
            "w.onExit",
            &["w.onExit[1]"],
        ),
        message(
            node(
                "w.onExit[0].cheer",
                "Skipped",
                "Skipped",
                13,
                "w.onExit",
                &["w.onExit[1]"],
            ),
            "when 'Failed == Succeeded' evaluated false",
            "",
        ),
        node(
            "w.onExit[1]",
            "StepGroup",
            "Succeeded",
            13,
            "w.onExit",
            &["w.onExit[1].last"],
        ),
        node("w.onExit[1].last", "Pod", "Succeeded", 14, "w.onExit", &[]),
    ];
    let tree = Tree::grow("w", &nodes);
    assert_eq!(
        drawn(&tree, &nodes),
        [
            "w Failed",
            "+-e2e Failed 2/2 -- exit 1",
            "+-promote Omitted -- omitted: e2e failed",
            "+-exit-handler Succeeded",
            "  +-cheer Skipped = -- skipped: its condition was false (Failed == Succeeded)",
            "  +-notify Succeeded =",
            "  +-last Succeeded",
        ]
    );
    assert_eq!(tree.opens_on().unwrap(), nodes[tree.rows[1].node].id);
    assert_eq!(tree.row_of("w.e2e(0)"), Some(1));
    let logs: Vec<(Arc<str>, Option<usize>)> = tree.rows[1]
        .logs
        .clone()
        .into_iter()
        .map(|log| (log.node_id, log.attempt))
        .collect();
    assert_eq!(
        logs,
        [("w.e2e(1)".into(), Some(2)), ("w.e2e(0)".into(), Some(1))]
    );
    assert_eq!(tree.rows[2].logs.clone(), []);
}

#[test]
fn items_stand_in_their_group_and_what_follows_does_not() {
    let mut nodes = vec![
        node("w", "DAG", "Running", 0, "", &["w.g"]),
        node(
            "w.g",
            "TaskGroup",
            "Running",
            1,
            "w",
            &["w.g(0:a)", "w.g(1:b)", "w.g(10:k)", "w.g(2:c)"],
        ),
        node("w.after", "Pod", "Pending", -1, "w", &[]),
        node("w.empty", "TaskGroup", "Succeeded", 1, "w", &["w.after"]),
    ];
    for item in ["0:a", "10:k", "1:b", "2:c"] {
        nodes.push(node(
            &format!("w.g({item})"),
            "Pod",
            "Running",
            1,
            "w",
            &["w.after"],
        ));
    }
    let tree = Tree::grow("w", &nodes);
    assert_eq!(
        drawn(&tree, &nodes),
        [
            "w Running",
            "+-empty Succeeded",
            "+-g Running",
            "| +-g(0:a) Running",
            "| +-g(1:b) Running",
            "| +-g(2:c) Running",
            "| +-g(10:k) Running",
            "+-after Pending",
        ]
    );
    assert_eq!(
        tree.opens_on().unwrap(),
        nodes[tree.rows[3].node].id,
        "the first that runs"
    );
}

#[test]
fn attempts_with_steps_of_their_own_are_rows() {
    let nodes = [
        node("w", "Steps", "Failed", 0, "", &["w[0]"]),
        node("w[0]", "StepGroup", "Failed", 0, "w", &["w[0].r"]),
        node(
            "w[0].r",
            "Retry",
            "Failed",
            0,
            "w",
            &["w[0].r(0)", "w[0].r(1)", "w[0].r.onExit"],
        ),
        node("w[0].r(0)", "DAG", "Failed", 0, "w", &["w[0].r(0).x"]),
        node("w[0].r(0).x", "Pod", "Failed", 0, "w[0].r(0)", &[]),
        node("w[0].r(1)", "DAG", "Error", 5, "w", &["w[0].r(1).x"]),
        node("w[0].r(1).x", "Pod", "Succeeded", 5, "w[0].r(1)", &[]),
        node("w[0].r.onExit", "Pod", "Succeeded", 2, "w", &[]),
    ];
    let tree = Tree::grow("w", &nodes);
    assert_eq!(
        drawn(&tree, &nodes),
        [
            "w Failed",
            "+-r Failed",
            "  +-r(0) Failed",
            "  | +-x Failed",
            "  +-r(1) Error",
            "  | +-x Succeeded",
            "  +-onExit Succeeded",
        ]
    );
    assert_eq!(tree.opens_on().unwrap(), nodes[tree.rows[3].node].id);
}

#[test]
fn containers_of_a_set_open_their_own_logs() {
    let nodes = [
        node("w", "Pod", "Failed", 0, "", &[]),
        node("w.main", "Container", "Failed", 0, "w", &[]),
        node("w.side.car", "Container", "Succeeded", 1, "w", &[]),
    ];
    let tree = Tree::grow("w", &nodes);
    assert_eq!(tree.rows.len(), 3);
    assert_eq!(
        tree.rows[2].logs.clone(),
        [LogOf {
            node_id: "w".into(),
            container: Some("side.car".into()),
            attempt: None
        }]
    );
    assert_eq!(
        tree.rows[0].logs.clone(),
        [LogOf {
            node_id: "w".into(),
            container: None,
            attempt: None
        }]
    );
    assert_eq!(tree.opens_on().unwrap(), nodes[tree.rows[1].node].id);
}

#[test]
fn missing_ids_and_cycles_make_roots() {
    let nodes = [
        node("w", "DAG", "Running", 0, "", &["nobody", "w", "w.a"]),
        node("w.a", "DAG", "Running", 1, "w.b", &["w.b"]),
        node("w.b", "DAG", "Running", 2, "w.a", &["w.a"]),
        node("w.c", "Pod", "Running", 3, "gone", &[]),
        node("w.c", "Pod", "Running", 4, "w", &[]),
        node("w.self", "DAG", "Running", 5, "w.self", &[]),
        node("w.r", "Retry", "Running", 6, "w", &["w.r(0)"]),
        node("w.r(0)", "Retry", "Running", 6, "w", &["w.r"]),
    ];
    let tree = Tree::grow("w", &nodes);
    let mut all: Vec<usize> = tree
        .rows
        .iter()
        .flat_map(|row| [row.node].into_iter().chain(row.attempts.clone()))
        .collect();
    all.sort_unstable();
    assert_eq!(all, (0..nodes.len()).collect::<Vec<_>>());
    assert_eq!(tree.rows[0].node, 0);
    assert_eq!(Tree::grow("w", &[]).opens_on(), None);
}

#[test]
fn reasons_are_words() {
    let of = |phase: &str, kind: &str, text: &str, code: &str| {
        let nodes = [message(node("w", kind, phase, 0, "", &[]), text, code)];
        Tree::grow("w", &nodes).rows[0].words.clone()
    };
    assert_eq!(
        of("Failed", "Pod", "main: Error (exit code 1)", "1"),
        "exit 1"
    );
    assert_eq!(
        of("Failed", "Pod", "OOMKilled (exit code 137)", "137"),
        "OOMKilled (exit code 137)"
    );
    assert_eq!(of("Failed", "Pod", "lost", "3"), "exit 3: lost");
    assert_eq!(of("Error", "Pod", "pod deleted", ""), "pod deleted");
    assert_eq!(of("Failed", "DAG", "", ""), "");
    assert_eq!(of("Running", "Suspend", "", ""), "waits to be resumed");
    assert_eq!(
        of("Pending", "Pod", "PodInitializing", ""),
        "PodInitializing"
    );
    assert_eq!(
        of("Skipped", "Skipped", "original pod: w-1", ""),
        "kept from the run before (w-1)"
    );
    assert_eq!(
        of(
            "Omitted",
            "Skipped",
            "omitted: depends condition not met",
            ""
        ),
        "omitted: depends condition not met"
    );
    assert_eq!(of("Succeeded", "Pod", "whatever", "0"), "");
}

/// Of a node: which node bounds it, two children that it names, and its kind.
type Link = (usize, usize, usize, usize);

/// Nodes that link to each other in any way, cycles and missing ids included.
fn linked(links: &[Link]) -> Vec<Node> {
    let kinds = [
        "Pod",
        "Container",
        "Steps",
        "StepGroup",
        "DAG",
        "TaskGroup",
        "Retry",
        "Skipped",
        "Suspend",
        "HTTP",
        "New",
    ];
    let names = [
        "w",
        "w.a",
        "w.a(0)",
        "w.a(1)",
        "w[0]",
        "w[0].b",
        "w[0].b(0)",
        "w.onExit",
        "w.a.onExit",
        "w.a.hooks.h",
        "w[1]",
        "w.c(0:x)",
    ];
    let nodes = links
        .iter()
        .enumerate()
        .map(|(at, (boundary, child, other, kind))| {
            node(
                names[at],
                kinds[*kind],
                "Running",
                at as i64,
                names[*boundary],
                &[names[*child], names[*other]],
            )
        });
    nodes.collect()
}

/// Every node is a row or an attempt of one, but for groups of steps and containers, which may be folded into theirs.
fn assert_none_is_lost(nodes: &[Node]) {
    let tree = Tree::grow("w", nodes);
    let rows: Vec<usize> = tree
        .rows
        .iter()
        .flat_map(|row| [row.node].into_iter().chain(row.attempts.clone()))
        .collect();
    let may_be_folded =
        |node: &Node| matches!(node.kind, NodeKind::StepGroup | NodeKind::Container);
    let lost: Vec<&Node> = (0..nodes.len())
        .filter(|number| !rows.contains(number))
        .map(|number| &nodes[number])
        .filter(|node| !may_be_folded(node))
        .collect();
    assert!(lost.is_empty(), "{lost:?}");
    assert!(tree.opens_on().is_some() || nodes.is_empty());
}

#[test]
fn a_node_below_a_container_of_an_attempt_is_not_folded_away() {
    assert_none_is_lost(&linked(&[
        (0, 0, 0, 0),
        (0, 0, 0, 6),
        (1, 0, 0, 0),
        (3, 0, 0, 0),
        (0, 0, 0, 0),
        (6, 0, 0, 4),
        (2, 0, 0, 1),
    ]));
}

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn any_nodes_make_a_tree_of_all_of_them(links in proptest::collection::vec((0usize..12, 0usize..12, 0usize..12, 0usize..11), 0..12)) {
        assert_none_is_lost(&linked(&links));
    }
}

#[test]
fn nodes_that_never_ended_in_a_run_that_is_over_are_left_behind() {
    let world = crate::store::fixture::smoke("staging", "publisher", "w", "v1", RunPhase::Failed);
    let crate::store::Fact::Run(mut run) = world else {
        unreachable!()
    };
    let nodes = [
        node("w", "Retry", "Failed", 0, "", &["w(0)"]),
        node("w(0)", "DAG", "Running", 1, "", &["w(0).a"]),
        node("w(0).a", "Pod", "Pending", 2, "w(0)", &[]),
    ];
    run.nodes = Nodes::Read(nodes.to_vec().into());
    let shown = |run: &Run| -> Vec<(String, String)> {
        let rows = Tree::of_run(run).rows.into_iter();
        rows.map(|row| (row.phase.as_str().to_owned(), row.words))
            .collect()
    };
    let left = |words: &str| (words.to_owned(), words.to_owned());
    assert_eq!(
        shown(&run)[1..],
        [left("left running"), left("left waiting")]
    );
    run.phase = RunPhase::Running;
    assert_eq!(shown(&run)[1].0, "Running");
}

#[test]
fn a_retry_says_what_ended_it_or_until_when_it_waits() {
    let words = |phase: &str, said: &str| {
        let mut retry = message(node("w.b", "Retry", phase, 0, "w", &["w.b(0)"]), said, "");
        retry.finished = None;
        let mut last = message(node("w.b(0)", "Pod", "Failed", 0, "w", &[]), "", "1");
        last.finished = Timestamp::from_second(60).ok();
        let root = node("w", "DAG", phase, 0, "", &["w.b"]);
        Tree::grow("w", &[root, retry, last]).rows[1].words.clone()
    };
    assert_eq!(words("Failed", "No more retries left"), "exit 1");
    assert_eq!(
        words("Failed", "retryStrategy.expression evaluated to false"),
        "exit 1; its expression allowed no further try"
    );
    assert_eq!(
        words("Failed", "Stopped with strategy 'Stop'"),
        "exit 1; Stopped with strategy 'Stop'"
    );
    assert_eq!(
        words("Running", "Backoff for 2 minutes 0 seconds"),
        "exit 1; backs off until 00:03Z"
    );
}

#[test]
fn a_member_of_a_container_set_does_not_say_its_own_name_again() {
    let pod = node("w", "Pod", "Failed", 0, "", &["w.one"]);
    let one = message(
        node("w.one", "Container", "Failed", 1, "w", &[]),
        "one: Error (exit code 1): ",
        "",
    );
    assert_eq!(
        Tree::grow("w", &[pod, one]).rows[1].words,
        "Error (exit code 1)"
    );
}
