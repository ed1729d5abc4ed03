//! Scene: one app on its way through three environments, and how a lever is pulled in it.

use crate::world::{World, ago, now};
use leverframe::delivery::{Delivery, Mechanism};
use leverframe::journal::Journal;
use leverframe::model::*;
use leverframe::plan::*;
use std::sync::Arc;

pub const PLAN: &str = "00112233445566aa";

/// publisher: v1362 in integration and staging, where its smoke run failed; v1361 in production. The gates are open.
/// Everything may be done, everything is fresh, and the parents deliver.
pub fn publisher() -> World {
    let mut world = World::new();
    world.app("publisher", &["publisher"]);
    world.app("draft-publisher", &["publisher"]);
    world.stands("integration", "publisher", "v1361", "v1362", "2h");
    world.stands("staging", "publisher", "v1361", "v1362", "44m");
    world.moved(
        "production",
        "publisher",
        "v1358",
        "v1360",
        "60h",
        ActorKind::Robot,
    );
    world.stands("production", "publisher", "v1360", "v1361", "26h");
    for environment in ["integration", "staging", "production"] {
        world.application(environment, "app-config", |_| {});
    }
    for app in ["publisher", "draft-publisher"] {
        world.healthy("integration", app, "publisher", "v1362");
        world.healthy("production", app, "publisher", "v1361");
        world.application("staging", app, |a| {
            a.annotations.insert("imageTag".into(), "v1362".into());
            a.sync_options = vec!["CreateNamespace=true".into(), "ServerSideApply=true".into()];
            a.retry = Some(r#"{"limit":5,"backoff":{"duration":"5s","factor":2}}"#.into());
        });
    }
    world.smoke(
        "staging",
        "publisher",
        "publisher",
        "v1362",
        "Failed",
        "41m",
        |run| {
            run.spec = SPEC.into();
            run.labels.extend(
                [
                    ("workflows.argoproj.io/phase", "Failed"),
                    ("workflows.argoproj.io/completed", "true"),
                    (
                        "workflows.argoproj.io/creator",
                        "system-serviceaccount-apps-events",
                    ),
                    ("workflows.argoproj.io/workflow-template", "post-sync"),
                    ("workflows.argoproj.io/actor", "somebody"),
                ]
                .map(|(k, v)| (Arc::from(k), Arc::from(v))),
            );
            run.annotations
                .insert("workflows.argoproj.io/title".into(), "**publisher**".into());
            run.owners = Some(r#"[{"kind":"CronWorkflow","name":"x","uid":"u"}]"#.into());
        },
    );
    let may = |verb: &str, resource: &str, namespace: &str| Permission {
        verb: verb.into(),
        resource: resource.into(),
        namespace: namespace.into(),
        allowed: true,
        reason: None,
    };
    world.permissions = vec![
        may("create", "workflows", "apps"),
        may("patch", "workflows", "apps"),
        may("patch", "applications", "cluster-services"),
    ];
    world
}

/// The same with licensify, an app of two images, everywhere at v2 of both.
pub fn licensify() -> World {
    let mut world = publisher();
    world.licensify("3d");
    world
}

pub const SPEC: &str = r#"{"shutdown":"Stop","activeDeadlineSeconds":0,"workflowTemplateRef":{"name":"post-sync"},
"arguments":{"parameters":[{"name":"application","value":"publisher"},{"name":"repoName","value":"publisher"},
{"name":"imageTag","value":"v1362"},{"name":"promoteDeployment","value":"true"},
{"name":"automaticDeploysEnabled","value":"true"}]}}"#;

/// The failed smoke run.
pub fn failed(world: &World) -> Run {
    world.facts[&Environment::new("staging")]
        .iter()
        .find_map(|fact| match fact {
            leverframe::store::Fact::Run(run) if run.phase == RunPhase::Failed => Some(run.clone()),
            _ => None,
        })
        .unwrap()
}

/// Changes the failed smoke run where it stands.
pub fn change_failed(world: &mut World, change: impl Fn(&mut Run)) {
    for fact in world.facts.get_mut(&Environment::new("staging")).unwrap() {
        if let leverframe::store::Fact::Run(run) = fact
            && run.phase == RunPhase::Failed
        {
            change(run);
        }
    }
}

/// Changes an Application where it stands.
pub fn change_app(
    world: &mut World,
    environment: &str,
    app: &str,
    change: impl Fn(&mut Application),
) {
    for fact in world.facts.get_mut(&Environment::new(environment)).unwrap() {
        if let leverframe::store::Fact::Application(a) = fact
            && &*a.id.name == app
        {
            change(a);
        }
    }
}

/// Everything is changed by commits to the main branch.
pub fn by_commits(world: &mut World) {
    change_delivery(world, |delivery| {
        for stage in &mut delivery.environments {
            stage.version_by = Mechanism::Commit;
            stage.gate_by = Mechanism::Commit;
        }
    });
}

pub fn change_delivery(world: &mut World, change: impl FnOnce(&mut Delivery)) {
    change(Arc::make_mut(&mut world.delivery));
}

pub fn request(lever: Lever, environment: &str, app: &str) -> Request {
    Request {
        is_of_several: false,
        lever,
        target: Target::new(environment, app),
        repository: None,
        version: None,
        run: None,
        reason: None,
        undoes: None,
    }
}

/// All that a decision depends on beside the facts.
pub struct Console {
    pub who: Actor,
    pub read_only: bool,
    pub journal: Journal,
    pub journal_fault: Option<Fault>,
    pub now: jiff::Timestamp,
}

impl Default for Console {
    fn default() -> Self {
        Self {
            who: Actor {
                login: "ops-1".into(),
                from: None,
                shared: false,
            },
            read_only: false,
            journal: Journal::default(),
            journal_fault: None,
            // A Thursday morning within deploy hours would be 09:30 or later in London; the worlds are looked at by night.
            now: now(),
        }
    }
}

impl Console {
    pub fn decide(&self, world: &World, request: &Request) -> Result<Plan, Refusal> {
        self.with_context(world, |context| plan(request, context))
    }

    /// What is different in a plan from the one that is shown.
    pub fn changes(&self, world: &World, plan: &Plan, shown: &Plan) -> Vec<Changed> {
        self.with_context(world, |context| plan.changes_since(shown, context))
    }

    fn with_context<T>(&self, world: &World, look: impl FnOnce(&Context<'_>) -> T) -> T {
        let state = world.state(80, 24);
        let id = PlanId::new(PLAN);
        look(&Context {
            id: &id,
            store: &state.store,
            delivery: &world.delivery,
            journal: &self.journal,
            journal_fault: self.journal_fault.as_ref(),
            who: &self.who,
            read_only: self.read_only,
            now: self.now,
        })
    }
}

pub fn decide(world: &World, request: &Request) -> Result<Plan, Refusal> {
    Console::default().decide(world, request)
}

pub fn pull(world: &World, lever: Lever, environment: &str, app: &str) -> Result<Plan, Refusal> {
    decide(world, &request(lever, environment, app))
}

/// The names of the rows that want a reason.
pub fn reasons(plan: &Plan) -> Vec<&str> {
    let wanting = plan.checks.iter().filter(|c| c.wants_reason());
    wanting.map(|c| c.name.word()).collect()
}

pub fn check<'p>(plan: &'p Plan, name: &str) -> &'p Check {
    plan.checks
        .iter()
        .find(|c| c.name.word() == name)
        .unwrap_or_else(|| panic!("no row {name} in {:?}", plan.checks))
}

/// A deploy run of publisher in production's cluster.
pub fn deploy_run(
    world: &mut World,
    environment: &str,
    version: &str,
    promote: &str,
    phase: &str,
) -> ObjectId {
    deploy_run_of(world, "publisher", environment, version, promote, phase)
}

/// The same of another file.
pub fn deploy_run_of(
    world: &mut World,
    repository: &str,
    environment: &str,
    version: &str,
    promote: &str,
    phase: &str,
) -> ObjectId {
    let (environment, version, promote) = (
        environment.to_owned(),
        version.to_owned(),
        promote.to_owned(),
    );
    let repository = repository.to_owned();
    let name = format!("deploy-image-{environment}-{version}");
    let id = world.id("production", "apps", &name);
    let ours = id.clone();
    world.smoke(
        "production",
        "",
        &repository.clone(),
        &version.clone(),
        phase,
        "1m",
        move |run| {
            run.id = ours;
            run.template = Some("deploy-image".into());
            run.generate_name = Some("deploy-image-".into());
            let words = [
                ("environment", environment.as_str()),
                ("repoName", repository.as_str()),
                ("imageTag", version.as_str()),
                ("promoteDeployment", promote.as_str()),
            ];
            run.labels = words
                .iter()
                .map(|(k, v)| (Arc::from(*k), Arc::from(*v)))
                .collect();
            run.parameters = run.labels.clone();
            run.created = Some(ago("1m"));
        },
    );
    id
}

/// Changes a run where it stands.
pub fn change_run(world: &mut World, id: &ObjectId, change: impl Fn(&mut Run)) {
    for fact in world.facts.get_mut(&id.environment).unwrap() {
        if let leverframe::store::Fact::Run(run) = fact
            && run.id == *id
        {
            change(run);
        }
    }
}

/// An operation of which nothing else is known.
pub fn operation_in(phase: Phase) -> Operation {
    Operation {
        phase,
        message: None,
        started: None,
        finished: None,
        retries: 0,
        retry_limit: None,
        revision: None,
        hooks: Vec::new(),
        failed: Vec::new(),
    }
}
