use crate::effect::Effect;
use crate::model::Target;
use crate::plan::show::Cluster;
use crate::plan::{Actor, Guard, Lever, Plan, PlanId, Reach, Request, Write};
use crate::state::{Overlay, Part};
use crate::store::fixture::ago;
use crate::update::tests::{press, state, world};
use serde_json::json;

fn sync() -> Plan {
    Plan {
        id: PlanId::new("00ff00ff00ff00ff"),
        request: Request {
            is_of_several: false,
            lever: Lever::Sync,
            target: Target::new("staging", "publisher"),
            repository: None,
            version: None,
            run: None,
            reason: None,
            undoes: None,
        },
        who: Actor::default(),
        made_at: ago(0),
        from: None,
        to: None,
        evidence: String::new(),
        read: String::new(),
        reach: Reach::default(),
        checks: Vec::new(),
        write: Write::Patch {
            id: crate::model::ObjectId {
                environment: "staging".into(),
                namespace: "cluster-services".into(),
                name: "publisher".into(),
                uid: "u-1".into(),
            },
            plural: "applications".into(),
            resource_version: "7".into(),
            patch: json!({"operation": {"info": [], "sync": {}}}),
            guards: vec![Guard::NoOperation],
            holds: crate::plan::Holds::AsSeen,
        },
        hops: Vec::new(),
        debt: None,
        warning: None,
        next: None,
        choices: Vec::new(),
    }
}

/// Whoever copies in the middle of a reason gets it, and the cluster that is configured.
#[test]
fn what_is_copied_has_the_reason_being_typed_and_the_cluster() {
    let mut state = state(world());
    let cluster = Cluster {
        kubeconfig: "/etc/lower".into(),
        context: "govuk-staging".into(),
    };
    state
        .settings
        .clusters
        .insert("staging".into(), cluster.clone());
    super::open(&mut state, sync());
    let Some(Overlay::Confirm(confirm)) = &mut state.ui.overlay else {
        panic!("no overlay")
    };
    confirm.part = Part::Reason;
    state.ui.overlay_painted = Some(ago(0));
    let effects = press(&mut state, "w h y ctrl-y");
    let [Effect::Copy(text)] = &effects[..] else {
        panic!("{} effects", effects.len())
    };
    assert!(text.contains(": 'because: why'\n"), "{text}");
    assert!(text.contains(r#""value":"why""#), "{text}");
    let place = "kubectl --kubeconfig /etc/lower --context govuk-staging -n cluster-services ";
    assert!(text.contains(place), "{text}");
}
