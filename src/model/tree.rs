//! Tree: the nodes of a run as the engine ran them, in the order to be read, ready to be drawn row by row.
//!
//! A node stands below the one that contains it: an attempt below its retry, an item below its task group, a step below its
//! steps, a hook below what it belongs to, everything else below its boundary. Not below a node that names it among its
//! children: a DAG's task has several such parents. Attempts are folded into their retry unless they have steps of their
//! own. Missing ids and cycles, which a half-written or a hostile object may have, make further roots, never a hang.
//!
//! Deliberately absent: times as words and glyphs (the view's), and pods: they are found by label and annotation.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use super::{Node, NodeKind, NodePhase, Run};

mod words;

/// One line of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The node, by its place among the run's nodes.
    pub node: usize,
    pub id: Arc<str>,
    /// `left running` and `left waiting` of what never ended in a run that is over.
    pub phase: NodePhase,
    pub depth: usize,
    /// What stands before the name: lines from the rows above, two columns for each level.
    pub trunk: String,
    /// The name to show, as it came: an exit handler by its template's name.
    pub name: Arc<str>,
    /// Attempts folded into this retry, oldest first. Empty: it is no retry, or its attempts are rows.
    pub attempts: Vec<usize>,
    /// How many of the attempts failed.
    pub failed: usize,
    /// It ran side by side with its neighbours of the same steps.
    pub parallel: bool,
    /// Why it is as it is, in words as they came; empty where the phase says all.
    pub words: String,
    /// It runs something itself.
    pub leaf: bool,
    /// The logs that it opens, newest attempt first. Empty: nothing ran, or only below it.
    pub logs: Vec<LogOf>,
}

impl Row {
    /// The run is over, and the engine never said that this ended: a stop leaves nodes behind that do nothing any more.
    fn leave(&mut self) {
        let left = match self.phase {
            NodePhase::Running => "left running",
            NodePhase::Pending => "left waiting",
            _ => return,
        };
        self.phase = NodePhase::Other(Arc::from(left));
        self.words = match &*self.words {
            "" => left.to_owned(),
            words => format!("{left}: {words}"),
        };
    }
}

/// Whose log a row opens: a pod is found by this annotation `workflows.argoproj.io/node-id`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogOf {
    pub node_id: Arc<str>,
    /// The container, where the row is one of a set; none: the pod's main one.
    pub container: Option<Arc<str>>,
    /// Which attempt, counted from 1, of several.
    pub attempt: Option<usize>,
}

/// All rows from top to bottom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    pub rows: Vec<Row>,
}

impl Tree {
    /// The rows of a run's nodes; empty where they are unread.
    pub fn of_run(run: &Run) -> Tree {
        let mut tree = Tree::grow(&run.id.name, run.nodes.read());
        if run.phase.is_over() {
            tree.rows.iter_mut().for_each(Row::leave);
        }
        tree
    }

    /// Orders the nodes of the run that is named `run`.
    pub fn grow(run: &str, nodes: &[Node]) -> Tree {
        Growth::new(run, nodes).rows()
    }

    /// The nodes that are rows, from top to bottom.
    pub fn ids(&self) -> Vec<Arc<str>> {
        self.rows.iter().map(|row| row.id.clone()).collect()
    }

    /// The node to select first: the first failed leaf, else the first running one, else the first leaf.
    pub fn opens_on(&self) -> Option<Arc<str>> {
        Some(self.rows.get(self.focus(0..self.rows.len())?)?.id.clone())
    }

    fn focus(&self, among: std::ops::Range<usize>) -> Option<usize> {
        let failed = |at: usize| self.rows.get(at).is_some_and(|row| row.phase.has_failed());
        let innermost = |at: &usize| failed(*at) && !self.below(*at).any(failed);
        let leaf = |wanted: &dyn Fn(&NodePhase) -> bool| {
            among.clone().find(|at| {
                self.rows
                    .get(*at)
                    .is_some_and(|row| row.leaf && wanted(&row.phase))
            })
        };
        let first = among.clone().next();
        among
            .clone()
            .find(innermost)
            .or_else(|| leaf(&|phase| *phase == NodePhase::Running))
            .or_else(|| leaf(&|_| true))
            .or(first)
    }

    /// The row that shows a node, itself or folded into a retry.
    pub fn row_of(&self, id: &str) -> Option<usize> {
        self.rows.iter().position(|row| &*row.id == id).or_else(|| {
            self.rows
                .iter()
                .position(|row| row.logs.iter().any(|log| &*log.node_id == id))
        })
    }

    /// The logs that a node opens, newest attempt first; those of a node that only contains others are its first failed
    /// leaf's, else its first running one's. Empty: nothing ran.
    pub fn logs_of(&self, id: &str) -> &[LogOf] {
        let logs = |at: usize| self.rows.get(at).map_or(&[][..], |row| &row.logs);
        let Some(at) = self.row_of(id) else {
            return &[];
        };
        if !logs(at).is_empty() {
            return logs(at);
        }
        let below = at + 1..at + 1 + self.below(at).count();
        self.focus(below).map_or(&[][..], logs)
    }

    /// The `node-id` annotations of the pods whose logs a node opens, newest attempt first.
    pub fn pods_of(&self, id: &str) -> Vec<Arc<str>> {
        self.logs_of(id)
            .iter()
            .map(|log| log.node_id.clone())
            .collect()
    }

    /// The rows below a row, at any depth.
    fn below(&self, at: usize) -> impl Iterator<Item = usize> {
        let depth = self.rows.get(at).map_or(0, |row| row.depth);
        (at + 1..self.rows.len()).take_while(move |next| self.rows[*next].depth > depth)
    }
}

fn log_of(nodes: &[Node], node: &Node, attempt: Option<usize>) -> Option<LogOf> {
    match node.kind {
        NodeKind::Pod | NodeKind::Plugin => Some(LogOf {
            node_id: node.id.clone(),
            container: None,
            attempt,
        }),
        NodeKind::Container => {
            let boundary = node.boundary.as_ref()?;
            let pod = nodes.iter().find(|pod| pod.id == *boundary)?;
            let container = node.name.strip_prefix(&*pod.name)?.strip_prefix('.')?;
            Some(LogOf {
                node_id: pod.id.clone(),
                container: Some(Arc::from(container)),
                attempt,
            })
        }
        _ => None,
    }
}

/// The tree while it is found.
struct Growth<'a> {
    run: &'a str,
    nodes: &'a [Node],
    below: Vec<Vec<usize>>,
    roots: Vec<usize>,
    /// Which nodes name this one among their children.
    before: Vec<Vec<usize>>,
}

impl<'a> Growth<'a> {
    fn new(run: &'a str, nodes: &'a [Node]) -> Growth<'a> {
        let mut by_id = HashMap::with_capacity(nodes.len());
        let mut by_name = HashMap::with_capacity(nodes.len());
        for (at, node) in nodes.iter().enumerate() {
            by_id.entry(&*node.id).or_insert(at);
            by_name.entry(&*node.name).or_insert(at);
        }
        let mut before = vec![Vec::new(); nodes.len()];
        let mut above: Vec<Option<usize>> = vec![None; nodes.len()];
        for (at, node) in nodes.iter().enumerate() {
            for child in node
                .children
                .iter()
                .filter_map(|id| by_id.get(&**id).copied())
            {
                before[child].push(at);
                if claims(node, &nodes[child]) {
                    above[child].get_or_insert(at);
                }
            }
        }
        for (at, node) in nodes.iter().enumerate() {
            // A hook says in its name what it belongs to; that of the whole run is no child of anything.
            let owner = hook_owner(&node.name).and_then(|owner| by_name.get(owner).copied());
            let boundary = || {
                node.boundary
                    .as_deref()
                    .and_then(|id| by_id.get(id).copied())
            };
            above[at] = above[at]
                .or(owner)
                .or_else(boundary)
                .filter(|parent| *parent != at);
        }
        cut_cycles(&mut above);
        let mut growth = Growth {
            run,
            nodes,
            below: vec![Vec::new(); nodes.len()],
            roots: Vec::new(),
            before,
        };
        for (at, parent) in above.into_iter().enumerate() {
            match parent {
                Some(parent) => growth.below[parent].push(at),
                None => growth.roots.push(at),
            }
        }
        let mut below = std::mem::take(&mut growth.below);
        below
            .iter_mut()
            .for_each(|children| children.sort_by(|one, other| growth.order(*one, *other)));
        let mut roots = std::mem::take(&mut growth.roots);
        roots.sort_by(|one, other| growth.order(*one, *other));
        Growth {
            below,
            roots,
            ..growth
        }
    }

    /// Step groups by their number, hooks last, all others by their start, then by the item's number, then by name.
    fn order(&self, one: usize, other: usize) -> Ordering {
        let rank = |node: &Node| {
            let main = &*node.name != self.run;
            let hook = node.hooked || hook_owner(&node.name).is_some();
            let group = (node.kind == NodeKind::StepGroup)
                .then(|| trailing_number(&node.name, '[', ']'))
                .flatten();
            // What has not begun comes after what has.
            (main, hook, group, node.started.is_none(), node.started)
        };
        let (one, other) = (&self.nodes[one], &self.nodes[other]);
        rank(one)
            .cmp(&rank(other))
            .then_with(|| {
                match (
                    item_number(&one.display_name),
                    item_number(&other.display_name),
                ) {
                    (Some(one), Some(other)) => one.cmp(&other),
                    _ => Ordering::Equal,
                }
            })
            .then_with(|| one.display_name.cmp(&other.display_name))
            .then_with(|| one.id.cmp(&other.id))
    }

    /// The children to draw: a group of steps is no row, its steps are; each with whether it ran beside others.
    fn drawn(&self, at: usize) -> Vec<(usize, bool)> {
        let mut drawn = Vec::new();
        for child in &self.below[at] {
            if self.nodes[*child].kind == NodeKind::StepGroup {
                let steps = &self.below[*child];
                drawn.extend(steps.iter().map(|step| (*step, steps.len() > 1)));
            } else {
                drawn.push((*child, false));
            }
        }
        drawn
    }

    /// The attempts of a retry, oldest first.
    fn tries(&self, at: usize) -> Vec<usize> {
        let node = &self.nodes[at];
        if node.kind != NodeKind::Retry {
            return Vec::new();
        }
        let mut tries: Vec<usize> = self.below[at]
            .iter()
            .copied()
            .filter(|child| claims(node, &self.nodes[*child]))
            .collect();
        tries.sort_by_key(|attempt| trailing_number(&self.nodes[*attempt].name, '(', ')'));
        tries
    }

    /// The attempts of a retry, oldest first, if all of them are leaves.
    fn attempts(&self, at: usize) -> Vec<usize> {
        let attempts = self.tries(at);
        // Folding an attempt hides its containers, so nothing may stand below these either.
        let leaf = |at: &usize| {
            self.below[*at].iter().all(|child| {
                self.nodes[*child].kind == NodeKind::Container && self.below[*child].is_empty()
            })
        };
        if attempts.iter().all(leaf) {
            attempts
        } else {
            Vec::new()
        }
    }

    fn rows(&self) -> Tree {
        let mut rows = Vec::with_capacity(self.nodes.len());
        // (node, depth, trunk of its children's level so far, is it the last of its siblings, parallel)
        let mut waiting: Vec<(usize, usize, String, bool, bool)> = self
            .roots
            .iter()
            .rev()
            .map(|root| (*root, 0, String::new(), true, false))
            .collect();
        while let Some((at, depth, trunk, last, parallel)) = waiting.pop() {
            let node = &self.nodes[at];
            let attempts = self.attempts(at);
            let mut children = self.drawn(at);
            children.retain(|(child, _)| !attempts.contains(child));
            let under = match depth {
                0 => String::new(),
                _ => format!("{trunk}{}", if last { "  " } else { "| " }),
            };
            let count = children.len();
            for (nth, (child, parallel)) in children.into_iter().enumerate().rev() {
                waiting.push((child, depth + 1, under.clone(), nth + 1 == count, parallel));
            }
            let leaf = matches!(
                node.kind,
                NodeKind::Pod | NodeKind::Container | NodeKind::Plugin | NodeKind::HTTP
            );
            rows.push(Row {
                node: at,
                id: node.id.clone(),
                phase: node.phase.clone(),
                logs: self.logs(at, &attempts),
                depth,
                trunk: if depth == 0 {
                    String::new()
                } else {
                    format!("{trunk}+-")
                },
                name: self.name(node),
                failed: attempts
                    .iter()
                    .filter(|attempt| self.nodes[**attempt].phase.has_failed())
                    .count(),
                parallel,
                words: words::reason(self, at, &attempts),
                leaf: leaf || !attempts.is_empty(),
                attempts,
            });
        }
        Tree { rows }
    }

    fn logs(&self, at: usize, attempts: &[usize]) -> Vec<LogOf> {
        if attempts.is_empty() {
            return log_of(self.nodes, &self.nodes[at], None)
                .into_iter()
                .collect();
        }
        let many = attempts.len() > 1;
        let attempts = attempts.iter().enumerate().rev();
        attempts
            .filter_map(|(nth, at)| log_of(self.nodes, &self.nodes[*at], many.then_some(nth + 1)))
            .collect()
    }

    fn name(&self, node: &Node) -> Arc<str> {
        let whole_run = node
            .name
            .strip_prefix(self.run)
            .and_then(|rest| rest.strip_prefix('.'));
        match whole_run {
            Some("onExit") if !node.template.is_empty() => {
                Arc::from(node.template.rsplit('/').next().unwrap_or(&node.template))
            }
            Some("onExit") => Arc::from("exit handler"),
            _ => node.display_name.clone(),
        }
    }
}

/// Whether a node contains one that it names among its children. By name, because they name what follows them, too.
fn claims(node: &Node, child: &Node) -> bool {
    let rest = child.name.strip_prefix(&*node.name);
    match node.kind {
        NodeKind::StepGroup => {
            rest.is_some_and(|rest| rest.starts_with('.')) && hook_owner(&child.name).is_none()
        }
        NodeKind::TaskGroup => {
            rest.is_some_and(|rest| rest.starts_with('(')) && hook_owner(&child.name).is_none()
        }
        NodeKind::Retry => rest
            .and_then(|rest| rest.strip_prefix('(')?.strip_suffix(')'))
            .is_some_and(|number| {
                !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit())
            }),
        _ => false,
    }
}

/// `a.onExit` and `a.hooks.b` belong to `a`.
fn hook_owner(name: &str) -> Option<&str> {
    if let Some(owner) = name.strip_suffix(".onExit") {
        return Some(owner);
    }
    let (owner, hook) = name.rsplit_once(".hooks.")?;
    (!hook.contains('.')).then_some(owner)
}

/// `name[12]` has 12 for brackets `[` and `]`.
fn trailing_number(name: &str, open: char, close: char) -> Option<u64> {
    name.strip_suffix(close)?.rsplit_once(open)?.1.parse().ok()
}

/// `name(12:item)` has 12.
fn item_number(name: &str) -> Option<u64> {
    name.rsplit_once('(')?.1.split_once(':')?.0.parse().ok()
}

/// Makes a root of one node of each cycle, the first in order, so that every node can be reached.
fn cut_cycles(above: &mut [Option<usize>]) {
    // 0: not seen, else the number of the walk that came by; a walk that meets itself has found a cycle.
    let mut seen = vec![0usize; above.len()];
    for start in 0..above.len() {
        let walk = start + 1;
        let mut at = start;
        while seen[at] == 0 {
            seen[at] = walk;
            match above[at] {
                Some(parent) if seen[parent] == walk => above[at] = None,
                Some(parent) => at = parent,
                None => break,
            }
        }
    }
}

#[cfg(test)]
mod tests;
