//! Plans made by hand, for tests that need one and not its decision.

use leverframe::model::{ObjectId, Target};
use leverframe::plan::*;

/// A stop of one run, which is the smallest plan.
pub fn some_plan(id: &str) -> Plan {
    let run = ObjectId {
        environment: "staging".into(),
        namespace: "apps".into(),
        name: format!("post-sync-{id}").into(),
        uid: format!("uid-{id}").into(),
    };
    Plan {
        id: PlanId::new(id),
        request: Request {
            is_of_several: false,
            lever: Lever::Stop,
            target: Target::new("staging", "publisher"),
            repository: None,
            version: None,
            run: Some(run.clone()),
            reason: Some("incident 4711".into()),
            undoes: None,
        },
        who: Actor {
            login: "ops-1".into(),
            from: None,
            shared: false,
        },
        made_at: jiff::Timestamp::UNIX_EPOCH,
        from: None,
        to: None,
        evidence: String::new(),
        read: String::new(),
        reach: Reach::default(),
        checks: Vec::new(),
        write: Write::Patch {
            id: run.clone(),
            plural: "workflows".into(),
            resource_version: "1".into(),
            patch: serde_json::json!({"spec": {"shutdown": "Stop"}}),
            guards: vec![Guard::NotOver],
            holds: Holds::WhileGuarded,
        },
        hops: vec![Hop {
            helped_by: None,
            effect: HopEffect::RunOver {
                environment: run.environment,
                name: run.name,
                wanted: None,
            },
            usual_s: 30,
            late_s: 240,
            look: "the steps".into(),
        }],
        debt: None,
        warning: None,
        next: None,
        choices: Vec::new(),
    }
}
