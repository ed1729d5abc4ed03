//! Exit handler: what a smoke run does at its end: all of it after a pass or a failure, only a part after a stop.

use jiff::Timestamp;

use super::post_sync::{LOOKED_AGAIN, Parameters};
use super::words::{child_failed, node_id, stopped};
use super::{NodeSpec, Timeline, TimelineBuilder};
use crate::simulator::clock::Pace;
use crate::simulator::logs::Kind;

/// Plans the exit handler of a run that was stopped. Only its first step runs: the engine wraps every template of this run
/// in a retry, the handler too, and ends the handler's retry because of the stop.
pub fn stopped_exit_handler(
    workflow: &str,
    parameters: &Parameters,
    environment: &str,
    node: &str,
    (started, pace): (Timestamp, Pace),
) -> Timeline {
    let mut plan = TimelineBuilder::new(workflow, node, started, pace);
    let steps = begin_exit_handler(&mut plan, 0.0, workflow);
    let group = begin_exit_group(&mut plan, 0.0, &steps, 0, &steps);
    let task = ExitTask {
        name: "parse-failures",
        is_of_other_template: false,
    };
    let retry = task.begin(&mut plan, 0.0, &steps, &group);
    task.try_once(&mut plan, 0.0, &steps, &retry, parameters, environment);
    let at = 5.0 + LOOKED_AGAIN;
    let (message, handler) = (stopped("Stop"), format!("{workflow}.onExit"));
    let failed = child_failed(&node_id(workflow, &retry));
    plan.end(at, &retry, "Failed", &message, None);
    plan.end(at, &group, "Failed", &failed, None);
    plan.end(at, &steps, "Failed", &failed, None);
    plan.end(at, &handler, "Failed", &message, None);
    plan.build(at, "Failed", &message)
}

/// A step of the exit handler.
struct ExitTask {
    name: &'static str,
    is_of_other_template: bool,
}

impl ExitTask {
    fn spec(
        &self,
        name: String,
        display: String,
        kind: &'static str,
        steps: &str,
        parent: &str,
    ) -> NodeSpec<'static> {
        NodeSpec {
            name,
            display,
            kind,
            template: self.name,
            template_ref: self.is_of_other_template.then_some(self.name),
            boundary: Some(steps.to_owned()),
            parent: Some(parent.to_owned()),
            ..NodeSpec::default()
        }
    }

    /// Plans the Retry node of a step; returns the node's name.
    fn begin(&self, plan: &mut TimelineBuilder<'_>, at: f64, steps: &str, group: &str) -> String {
        let name = format!("{group}.{}", self.name);
        let spec = self.spec(name.clone(), self.name.to_owned(), "Retry", steps, group);
        plan.begin(at, spec, "Running", "");
        name
    }

    /// Plans the only try of a step, which succeeds after five seconds; returns the node's name.
    fn try_once(
        &self,
        plan: &mut TimelineBuilder<'_>,
        at: f64,
        steps: &str,
        retry: &str,
        parameters: &Parameters,
        environment: &str,
    ) -> String {
        let attempt = format!("{retry}(0)");
        let script = Kind::Failures {
            application: parameters.application.clone(),
            environment: environment.to_owned(),
            tag: parameters.tag.clone(),
        };
        let display = format!("{}(0)", self.name);
        let pod = NodeSpec {
            retried: true,
            ..self.spec(attempt.clone(), display, "Pod", steps, retry)
        };
        plan.pod(at, at + 5.0, pod, script, 0);
        attempt
    }
}

/// Plans the Retry node of the exit handler and its only try; returns the name of the try's node.
fn begin_exit_handler(plan: &mut TimelineBuilder<'_>, at: f64, root: &str) -> String {
    let handler = format!("{root}.onExit");
    let steps = format!("{handler}(0)");
    let spec = |name: &str, kind, parent| NodeSpec {
        name: name.to_owned(),
        kind,
        template: "exit-handler",
        parent,
        hooked: true,
        retried: true,
        ..NodeSpec::default()
    };
    plan.begin(at, spec(&handler, "Retry", None), "Running", "");
    plan.begin(at, spec(&steps, "Steps", Some(handler)), "Running", "");
    steps
}

fn begin_exit_group(
    plan: &mut TimelineBuilder<'_>,
    at: f64,
    steps: &str,
    number: usize,
    parent: &str,
) -> String {
    let group = format!("{steps}[{number}]");
    let spec = NodeSpec {
        name: group.clone(),
        display: format!("[{number}]"),
        kind: "StepGroup",
        boundary: Some(steps.to_owned()),
        parent: Some(parent.to_owned()),
        ..NodeSpec::default()
    };
    plan.begin(at, spec, "Running", "");
    group
}

/// Plans the whole exit handler; returns the second at which it is over.
pub fn exit_handler(
    plan: &mut TimelineBuilder<'_>,
    mut at: f64,
    root: &str,
    parameters: &Parameters,
    environment: &str,
    passed: bool,
) -> f64 {
    let steps = begin_exit_handler(plan, at, root);
    let mut parent = steps.clone();
    for (number, name) in ["parse-failures", "notify-slack"].into_iter().enumerate() {
        let group = begin_exit_group(plan, at, &steps, number, &parent);
        let task = ExitTask {
            name,
            is_of_other_template: number > 0,
        };
        if passed {
            let own = format!("{group}.{name}");
            let spec = task.spec(own.clone(), name.to_owned(), "Skipped", &steps, &group);
            let message = "when 'Succeeded != Succeeded' evaluated false";
            plan.begin(at, spec, "Skipped", message);
            parent = own;
        } else {
            let retry = task.begin(plan, at, &steps, &group);
            parent = task.try_once(plan, at, &steps, &retry, parameters, environment);
            at += 5.0;
            plan.end(at, &retry, "Succeeded", "", None);
        }
        plan.end(at, &group, "Succeeded", "", None);
    }
    plan.end(at, &steps, "Succeeded", "", None);
    plan.end(at, &format!("{root}.onExit"), "Succeeded", "", None);
    at
}
