//! Follow: an effect counts when a feed shows it, and a hop is late when it does not come.

use crate::scene::*;
use crate::world::{World, ago, commit, now};
use jiff::{SignedDuration, Timestamp};
use leverframe::journal::{Entry, Journal, PlanState, Record, What};
use leverframe::model::*;
use leverframe::plan::*;

/// A plan that was applied just now, and what is noted of it as the world goes on.
#[derive(Clone)]
pub struct Story {
    pub journal: Journal,
    id: PlanId,
}

impl Story {
    fn new(plan: Plan) -> Self {
        let id = plan.id.clone();
        let mut story = Self {
            journal: Journal::default(),
            id,
        };
        story.take(
            now(),
            What::Intent {
                plan: Box::new(plan),
            },
        );
        story
    }
    pub fn applied(plan: Plan) -> Self {
        let mut story = Self::new(plan);
        let outcome = Outcome::Applied {
            evidence: "x".into(),
        };
        story.take(now(), What::Outcome { outcome });
        story
    }
    fn take(&mut self, at: Timestamp, what: What) {
        let plan = self.id.clone();
        self.journal.add_entry(Entry { at, plan, what });
    }
    pub fn record(&self) -> &Record {
        self.journal.get(&self.id).unwrap()
    }
    /// How it stands so many seconds after the write, in words.
    fn stands(&self, after: i64) -> String {
        let at = now().checked_add(SignedDuration::from_secs(after)).unwrap();
        waits::state_in_words(self.record(), at, Remedy::with_command)
    }
    /// Looks at the world so many seconds after the write.
    pub fn look(&mut self, world: &World, after: i64) -> Vec<What> {
        let at = now().checked_add(SignedDuration::from_secs(after)).unwrap();
        let state = world.state(80, 24);
        let noted = follow::follow(
            self.record(),
            &self.journal,
            &state.store,
            &world.delivery,
            at,
        );
        for what in &noted {
            self.take(at, what.clone());
        }
        noted
    }
}

/// The same world in which v1363 stands in production.
fn publisher_followed(world: &World) -> World {
    let mut followed = world.clone();
    followed.stands("production", "publisher", "v1362", "v1363", "0s");
    followed
}

fn smoke_v1362(world: &mut World, phase: &str) {
    let (environment, publisher) = ("production", "publisher");
    world.smoke(
        environment,
        publisher,
        publisher,
        "v1362",
        phase,
        "0s",
        |_| {},
    );
}

#[test]
fn a_promotion_is_seen_hop_by_hop() {
    let mut world = publisher();
    let plan = pull(&world, Lever::Promote, "production", "publisher").unwrap();
    let Write::Create { name, .. } = plan.write.clone() else {
        panic!()
    };
    let mut story = Story::applied(plan);
    assert_eq!(story.look(&world, 1), []);
    assert_eq!(story.stands(1), "waiting for its run, 1s of ~2s");
    let id = deploy_run(&mut world, "production", "v1362", "false", "Running");
    for fact in world
        .facts
        .get_mut(&Environment::new("production"))
        .unwrap()
    {
        if let leverframe::store::Fact::Run(run) = fact
            && run.id == id
        {
            run.id.name = name.clone();
        }
    }
    assert_eq!(story.look(&world, 3), [What::Seen { hop: 0 }]);
    world.stands("production", "publisher", "v1361", "v1362", "0s");
    assert_eq!(story.stands(10), "waiting for v1362 on main, 7s of ~20s");
    assert_eq!(story.look(&world, 20), [What::Seen { hop: 1 }]);
    assert_eq!(story.stands(21), "waiting for parent sync, 1s of ~1m");
    for app in ["publisher", "draft-publisher"] {
        change_app(&mut world, "production", app, |a| {
            a.annotations.insert("imageTag".into(), "v1362".into());
        });
    }
    assert_eq!(story.look(&world, 60), [What::Seen { hop: 2 }]);
    // One new pod beside an old one is no rollout.
    world.pod("production", "publisher", "publisher", "v1362", |_| {});
    assert_eq!(story.look(&world, 90), []);
    assert_eq!(story.stands(90), "waiting for rollout, 30s of ~3m");
    let pods = world
        .facts
        .get_mut(&Environment::new("production"))
        .unwrap();
    pods.retain(|fact| !matches!(fact, leverframe::store::Fact::Pod(_)));
    for app in ["publisher", "draft-publisher"] {
        world.pod("production", app, "publisher", "v1362", |_| {});
    }
    assert_eq!(
        story.look(&world, 120),
        [What::Seen { hop: 3 }, What::Seen { hop: 4 }]
    );
    // Where another version follows now, nobody will test this one.
    let mut followed = publisher_followed(&world);
    let mut overtaken = story.clone();
    let because = "v1363 followed it in production before it was tested".to_owned();
    let cut_short = [What::CutShort { hop: 5, because }];
    assert_eq!(overtaken.look(&followed, 150), cut_short);
    // Who stopped its test said nothing about it, and no other test follows.
    let mut stopped = world.clone();
    smoke_v1362(&mut stopped, "Failed");
    change_production_runs(&mut stopped, |run| run.shutdown = Some("Stop".into()));
    let because = "the smoke run of v1362 in production was stopped".to_owned();
    let cut_short = [What::CutShort { hop: 5, because }];
    assert_eq!(story.clone().look(&stopped, 150), cut_short);
    // Who it was stands on the run.
    change_production_runs(&mut stopped, |run| {
        for (key, value) in [(mark::STOP_ACTOR, "bob"), (mark::STOP_REASON, "DB is down")] {
            run.annotations.insert(key.into(), value.into());
        }
    });
    let because = "the smoke run of v1362 in production was stopped by bob: DB is down".to_owned();
    let cut_short = [What::CutShort { hop: 5, because }];
    assert_eq!(story.clone().look(&stopped, 150), cut_short);
    // Unless it is being tested.
    smoke_v1362(&mut followed, "Running");
    assert_eq!(story.clone().look(&followed, 150), []);
    smoke_v1362(&mut world, "Succeeded");
    assert_eq!(story.look(&world, 200), [What::Seen { hop: 5 }]);
    assert_eq!(story.record().plan_state(), PlanState::Done);
    assert_eq!(story.stands(9_999), "done within 3m20s");
    assert_eq!(story.look(&world, 9_999), []);
}

fn change_production_runs(world: &mut World, change: impl Fn(&mut Run)) {
    let facts = world.facts.get_mut(&Environment::new("production"));
    for fact in facts.unwrap() {
        if let leverframe::store::Fact::Run(run) = fact {
            change(run);
        }
    }
}

#[test]
fn a_smoke_run_that_began_late_counts_unless_its_version_was_brought_again_before() {
    let (environment, app) = ("production", "publisher");
    let mut world = publisher();
    let plan = Plan {
        made_at: ago("30m"),
        ..pull(&world, Lever::Promote, environment, app).unwrap()
    };
    let smoked = What::Seen {
        hop: plan.hops.len() - 1,
    };
    let by = ActorKind::Robot;
    world.moved(environment, app, "v1361", "v1362", "25m", by);
    world.stands(environment, app, "v1362", "v1363", "20m");
    world.smoke(environment, app, app, "v1362", "Succeeded", "10m", |_| {});
    let counts = |world: &World| {
        let noted = Story::applied(plan.clone()).look(world, 1);
        noted.contains(&smoked)
    };
    assert!(
        counts(&world),
        "it began after another version was declared"
    );
    for (again, is_its) in [("5m", true), ("15m", false)] {
        let mut world = world.clone();
        world.stands(environment, app, "v1363", "v1362", again);
        world.changes.last_mut().unwrap().commit = commit("again");
        assert_eq!(counts(&world), is_its, "brought again {again} ago");
    }
}

#[test]
fn a_hop_is_late_once_and_may_still_come() {
    let mut world = publisher();
    by_commits(&mut world);
    let plan = pull(&world, Lever::Promote, "production", "publisher").unwrap();
    let late = plan.hops[0].late_s;
    let mut story = Story::applied(plan);
    assert_eq!(story.look(&world, late - 1), []);
    assert_eq!(story.look(&world, late), [What::Late { hop: 0 }]);
    assert_eq!(story.record().plan_state(), PlanState::Late);
    assert!(story.stands(late).starts_with("OVERDUE: v1362 on main, "));
    assert!(story.stands(late).contains(": look at "));
    assert_eq!(story.look(&world, late + 100), []);
    world.stands("production", "publisher", "v1361", "v1362", "0s");
    assert_eq!(story.look(&world, late + 200), [What::Seen { hop: 0 }]);
    assert_eq!(story.record().plan_state(), PlanState::Underway);
}

#[test]
fn a_version_that_came_and_was_followed_by_another_was_seen() {
    let mut world = publisher();
    by_commits(&mut world);
    let plan = pull(&world, Lever::Promote, "production", "publisher").unwrap();
    let mut story = Story::applied(plan);
    world.moved(
        "production",
        "publisher",
        "v1361",
        "v1362",
        "0s",
        ActorKind::Leverframe,
    );
    world.stands("production", "publisher", "v1362", "v1363", "0s");
    let because = "v1363 followed it in production before it was seen to run".to_owned();
    assert_eq!(
        story.look(&world, 5),
        [What::Seen { hop: 0 }, What::CutShort { hop: 1, because }]
    );
    // What stood there long before does not count as ours.
    let mut world = publisher();
    by_commits(&mut world);
    let mut named = request(Lever::RollBack, "production", "publisher");
    named.version = Some("v1360".into());
    let mut story = Story::applied(decide(&world, &named).unwrap());
    assert_eq!(story.look(&world, 5), []);
}

#[test]
fn a_run_that_fails_again_cuts_the_plan_short() {
    let mut world = publisher();
    let plan = pull(&world, Lever::Resubmit, "staging", "publisher").unwrap();
    let Write::Create { name, .. } = plan.write.clone() else {
        panic!()
    };
    let mut story = Story::applied(plan);
    let run = Run {
        id: ObjectId {
            name,
            uid: "new".into(),
            ..failed(&world).id
        },
        created: Some(now()),
        ..failed(&world)
    };
    world.put("staging", leverframe::store::Fact::Run(run));
    assert_eq!(
        story.look(&world, 5),
        [
            What::Seen { hop: 0 },
            What::CutShort {
                hop: 1,
                because: "post-sync-r2-2b862431 Failed".into()
            }
        ]
    );
    assert_eq!(story.record().plan_state(), PlanState::CutShort);
    assert_eq!(story.look(&world, 99_999), []);
}

/// Its phase is Failed all the same, which says nothing of what it tested.
#[test]
fn a_run_that_somebody_stops_cuts_the_plan_short_and_did_not_fail() {
    let mut world = publisher();
    let plan = pull(&world, Lever::Resubmit, "staging", "publisher").unwrap();
    let Write::Create { name, .. } = plan.write.clone() else {
        panic!()
    };
    let mut story = Story::applied(plan);
    let mut run = Run {
        id: ObjectId {
            name,
            uid: "new".into(),
            ..failed(&world).id
        },
        created: Some(now()),
        shutdown: Some("Terminate".into()),
        message: Some("Stopped with strategy 'Terminate'".into()),
        ..failed(&world)
    };
    let mut says = |story: &mut Story, run: &Run, by: &str| {
        world.put("staging", leverframe::store::Fact::Run(run.clone()));
        let because = format!("post-sync-r2-2b862431 was stopped{by}");
        assert_eq!(story.look(&world, 5)[1], What::CutShort { hop: 1, because });
        let stands = format!("cut short: post-sync-r2-2b862431 was stopped{by}");
        assert_eq!(story.stands(5), stands);
    };
    says(&mut story.clone(), &run, "");
    for (key, value) in [
        (mark::STOP, "3032"),
        (mark::STOP_ACTOR, "bob"),
        (mark::STOP_REASON, "DB is down"),
    ] {
        run.annotations.insert(key.into(), value.into());
    }
    says(&mut story.clone(), &run, " by bob: DB is down");
    // The own journal has the plan that stopped it.
    let mut stop = story.record().plan.clone();
    stop.id = PlanId::new("3032");
    stop.request.lever = Lever::Stop;
    stop.request.reason = Some("DB is down".into());
    stop.who.login = "anna".into();
    story.journal.add_entry(Entry {
        at: now(),
        plan: stop.id.clone(),
        what: What::Intent {
            plan: Box::new(stop),
        },
    });
    says(&mut story, &run, " by anna (plan 3032): DB is down");
}

#[test]
fn nothing_is_followed_that_was_not_applied() {
    let mut world = publisher();
    let plan = pull(&world, Lever::RollBack, "production", "publisher").unwrap();
    world.stands("production", "publisher", "v1361", "v1360", "0s");
    let mut open = Story::new(plan.clone());
    assert_eq!(open.look(&world, 500), []);
    for outcome in [
        Outcome::Unknown {
            because: String::new(),
        },
        Outcome::Refused {
            because: String::new(),
        },
        Outcome::Failed {
            because: String::new(),
            remedy: String::new(),
            lost: false,
        },
    ] {
        let mut story = Story::new(plan.clone());
        story.take(now(), What::Outcome { outcome });
        assert_eq!(story.look(&world, 500), []);
    }
}

#[test]
fn a_sync_counts_by_our_operation_and_no_other() {
    let mut world = publisher();
    let mut story = Story::applied(pull(&world, Lever::Sync, "staging", "publisher").unwrap());
    let operation = |world: &mut World, plan: &'static str, phase: Phase| {
        change_app(world, "staging", "publisher", move |a| {
            a.operation_plan = Some(plan.into());
            a.operation = Some(operation_in(phase.clone()));
        });
    };
    operation(&mut world, "another", Phase::Succeeded);
    assert_eq!(story.look(&world, 5), []);
    operation(&mut world, PLAN, Phase::Running);
    assert_eq!(story.look(&world, 6), []);
    operation(&mut world, PLAN, Phase::Failed);
    let because = "the sync of publisher Failed".into();
    assert_eq!(story.look(&world, 7), [What::CutShort { hop: 0, because }]);
    operation(&mut world, PLAN, Phase::Succeeded);
    assert_eq!(story.look(&world, 8), [What::Seen { hop: 0 }]);
}

/// Another version is declared, be it before the sync is over or after: its rollout cannot be seen any more.
#[test]
fn a_sync_is_cut_short_where_another_version_follows() {
    let (environment, app) = ("production", "publisher");
    let mut world = publisher();
    let plan = pull(&world, Lever::Sync, environment, app).unwrap();
    let version = Version::new("v1361");
    let rolled_out = HopEffect::RolledOut {
        environment: environment.into(),
        app: app.into(),
        version: version.clone(),
    };
    assert_eq!(plan.hops[1].effect, rolled_out);
    let synced = |world: &World| {
        let mut synced = world.clone();
        change_app(&mut synced, environment, app, |a| {
            a.operation_plan = Some(PLAN.into());
            a.operation = Some(operation_in(Phase::Succeeded));
        });
        synced
    };
    world.crashing(environment, app, app, "v1361");
    for next in ["v1362", "v1360"] {
        let because = format!("{next} followed it in production before it was seen to run");
        let cut_short = [What::CutShort { hop: 1, because }];
        let follows = |world: &mut World, age: &str| {
            world.stands(environment, app, "v1361", next, age);
            change_app(world, environment, app, |a| {
                a.annotations.insert("imageTag".into(), next.into());
            });
        };
        for is_synced in [false, true] {
            let mut story = Story::applied(plan.clone());
            let mut world = world.clone();
            if is_synced {
                world = synced(&world);
                assert_eq!(story.look(&world, 5), [What::Seen { hop: 0 }]);
            }
            follows(&mut world, "0s");
            assert_eq!(story.look(&world, 10), cut_short);
            let record = story.record().clone();
            assert_eq!(record.plan_state(), PlanState::CutShort);
            let step = waits::next_step(&record).unwrap();
            assert!(step.starts_with("What stands now came after it."), "{step}");
            // What brings it back later is somebody else's work.
            assert_eq!(story.look(&synced(&world), 99_999), []);
        }
        // Declared before the plan was made, but read later: the sync itself may come still.
        let mut story = Story::applied(plan.clone());
        let mut world = world.clone();
        follows(&mut world, "10s");
        assert_eq!(story.look(&world, 5), []);
        let noted = story.look(&synced(&world), 10);
        assert_eq!(noted[0], What::Seen { hop: 0 });
        assert_eq!(noted[1..], cut_short);
    }
}

/// As long as the parent renders the version that was synced, its rollout goes on, and is seen if it ends.
#[test]
fn a_sync_is_awaited_until_the_parent_has_rendered_what_followed() {
    let (environment, app) = ("production", "publisher");
    let mut world = publisher();
    let plan = pull(&world, Lever::Sync, environment, app).unwrap();
    change_app(&mut world, environment, app, |a| {
        a.annotations.insert("imageTag".into(), "v1361".into());
        a.operation_plan = Some(PLAN.into());
        a.operation = Some(operation_in(Phase::Succeeded));
    });
    let mut crashing = world.clone();
    crashing.crashing(environment, app, app, "v1361");
    for world in [&mut world, &mut crashing] {
        world.stands(environment, app, "v1361", "v1360", "0s");
    }
    let mut story = Story::applied(plan.clone());
    let seen = [What::Seen { hop: 0 }, What::Seen { hop: 1 }];
    assert_eq!(story.look(&world, 5), seen);
    let mut story = Story::applied(plan);
    assert_eq!(story.look(&crashing, 5), [What::Seen { hop: 0 }]);
    change_app(&mut crashing, environment, app, |a| {
        a.annotations.insert("imageTag".into(), "v1360".into());
    });
    let because = "v1360 followed it in production before it was seen to run".into();
    let cut_short = [What::CutShort { hop: 1, because }];
    assert_eq!(story.look(&crashing, 10), cut_short);
}

#[test]
fn a_refresh_counts_once_the_annotation_is_gone_and_git_was_looked_at() {
    let mut world = publisher();
    let mut story = Story::applied(pull(&world, Lever::Refresh, "staging", "publisher").unwrap());
    change_app(&mut world, "staging", "app-config", |a| {
        a.annotations
            .insert("argocd.argoproj.io/refresh".into(), "normal".into());
        a.reconciled_at = Some(now());
    });
    assert_eq!(story.look(&world, 2), []);
    change_app(&mut world, "staging", "app-config", |a| {
        a.annotations.clear();
        a.reconciled_at = Some(ago("1m"));
    });
    assert_eq!(story.look(&world, 3), []);
    change_app(&mut world, "staging", "app-config", |a| {
        a.reconciled_at = Some(now())
    });
    assert_eq!(story.look(&world, 4), [What::Seen { hop: 0 }]);
}

#[test]
fn a_rollout_waits_for_the_sync_of_a_former_version_and_no_smoke_run_follows_what_runs_already() {
    let mut world = publisher();
    by_commits(&mut world);
    // v1361 stands in production; of v1362, which is rolled back from, a hook fails again and again.
    world.changes.clear();
    world.moved(
        "production",
        "publisher",
        "v1360",
        "v1361",
        "26h",
        ActorKind::Robot,
    );
    world.stands("production", "publisher", "v1361", "v1362", "20m");
    let syncing = |world: &mut World, is_over: bool| {
        for app in ["publisher", "draft-publisher"] {
            change_app(world, "production", app, |a| {
                let rendered = if is_over { "v1361" } else { "v1362" };
                a.annotations.insert("imageTag".into(), rendered.into());
                a.operation = Some(Operation {
                    started: Some(ago("15m")),
                    finished: Some(ago("1m")),
                    retries: 3,
                    retry_limit: Some(5),
                    ..operation_in(if is_over {
                        Phase::Failed
                    } else {
                        Phase::Running
                    })
                });
            });
        }
    };
    syncing(&mut world, false);
    let mut named = request(Lever::RollBack, "production", "publisher");
    named.version = Some("v1361".into());
    let plan = decide(&world, &named).unwrap();
    let effects = || plan.hops.iter().map(|hop| &hop.effect);
    let is_smoke = |effect: &HopEffect| matches!(effect, HopEffect::Smoked { .. });
    assert!(!effects().any(is_smoke), "{:?}", plan.hops);
    let is_rollout = |effect: &HopEffect| matches!(effect, HopEffect::RolledOut { .. });
    let rollout = effects().position(is_rollout).unwrap();
    let mut story = Story::applied(plan.clone());
    // The pods that run it already prove nothing before it has come.
    assert_eq!(story.look(&world, 1), []);
    world.stands("production", "publisher", "v1362", "v1361", "0s");
    for app in ["publisher", "draft-publisher"] {
        change_app(&mut world, "production", app, |a| {
            a.annotations.insert("imageTag".into(), "v1361".into());
        });
    }
    let seen = |hop| What::Seen { hop };
    let before: Vec<What> = (0..rollout).map(seen).collect();
    assert_eq!(story.look(&world, 30), before);
    assert_eq!(story.record().plan_state(), PlanState::Underway);
    syncing(&mut world, true);
    let after: Vec<What> = (rollout..plan.hops.len()).map(seen).collect();
    assert_eq!(story.look(&world, 60), after);
    assert_eq!(story.record().plan_state(), PlanState::Done);
    // Where other pods run, a smoke run follows their rollout.
    named.version = Some("v1360".into());
    let plan = decide(&world, &named).unwrap();
    assert!(plan.hops.iter().any(|hop| is_smoke(&hop.effect)));
}

#[test]
fn what_is_awaited_is_never_worded_as_if_it_had_happened() {
    let (environment, app) = (Environment::new("production"), App::new("publisher"));
    let (version, repository) = (Version::new("v1362"), Repository::new("publisher"));
    let own = Target::new("production", "publisher");
    for (effect, whole, brief) in [
        (
            HopEffect::Declared {
                environment: environment.clone(),
                repository: repository.clone(),
                version: version.clone(),
            },
            "v1362 on main in production",
            "v1362 on main",
        ),
        (
            HopEffect::Gate {
                environment: environment.clone(),
                repository: repository.clone(),
                open: false,
            },
            "a closed gate of production on main",
            "a closed gate of production on main",
        ),
        (
            HopEffect::BranchPushed {
                branch: "leverframe/7f3a".into(),
            },
            "branch leverframe/7f3a on the remote",
            "branch leverframe/7f3a on the remote",
        ),
        (
            HopEffect::Created {
                environment: environment.clone(),
                name: "deploy-1".into(),
            },
            "run deploy-1 in production",
            "its run",
        ),
        (
            HopEffect::RunOver {
                environment: environment.clone(),
                name: "post-sync-1".into(),
                wanted: Some("Succeeded".into()),
            },
            "post-sync-1 to be Succeeded",
            "post-sync-1 to be Succeeded",
        ),
        (
            HopEffect::ParentSynced {
                environment: environment.clone(),
                repository,
            },
            "parent sync in production",
            "parent sync",
        ),
        (
            HopEffect::Refreshed {
                environment: environment.clone(),
                app: app.clone(),
            },
            "comparison of publisher with git in production",
            "comparison of publisher with git",
        ),
        (
            HopEffect::Synced {
                environment: environment.clone(),
                app: app.clone(),
            },
            "sync of publisher in production",
            "sync of publisher",
        ),
        (
            HopEffect::RolledOut {
                environment: environment.clone(),
                app: app.clone(),
                version: version.clone(),
            },
            "rollout of publisher in production",
            "rollout",
        ),
        (
            HopEffect::Smoked {
                environment,
                app,
                version,
            },
            "smoke of publisher in production",
            "smoke",
        ),
    ] {
        assert_eq!(show::awaited(&effect, None), whole);
        assert_eq!(show::awaited(&effect, Some(&own)), brief);
    }
}

/// The bell and the title that come while facts and time go on.
fn announced(state: &mut leverframe::state::State) -> Vec<String> {
    use leverframe::effect::Effect;
    let effects = leverframe::update::derive_state(state);
    let bells = effects
        .iter()
        .filter(|effect| **effect == Effect::Bell)
        .count();
    let titles: Vec<String> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Title(text) => Some(text.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(bells, titles.len());
    titles
}

#[test]
fn the_end_of_a_plan_is_told_once_by_bell_and_title_unless_they_are_switched_off() {
    for is_quiet in [false, true] {
        let mut world = publisher();
        by_commits(&mut world);
        let plan = pull(&world, Lever::Promote, "integration", "publisher")
            .or_else(|_| pull(&world, Lever::Promote, "production", "publisher"))
            .unwrap();
        let late = plan.hops[0].late_s;
        let mut state = world.state(80, 24);
        state.ui.is_quiet = is_quiet;
        crate::world::remember(&mut state, plan, "1s");
        assert_eq!(announced(&mut state), Vec::<String>::new());
        state.now = now()
            .checked_add(SignedDuration::from_secs(late + 1))
            .unwrap();
        let texts = announced(&mut state);
        assert_eq!(texts.len(), usize::from(!is_quiet));
        let overdue = "promote publisher in production: OVERDUE: v1362 on main, ";
        assert!(
            texts.iter().all(|text| text.starts_with(overdue)),
            "{texts:?}"
        );
        assert!(state.ui.warnings[0].text.starts_with(overdue));
        assert_eq!(announced(&mut state), Vec::<String>::new());
    }
}

/// Whoever presses no key after the plan sees how it ended, and a sentence about another key stays.
#[test]
fn the_end_of_a_plan_takes_the_place_of_its_acceptance() {
    let mut world = publisher();
    by_commits(&mut world);
    let mut plan = pull(&world, Lever::Promote, "production", "publisher").unwrap();
    plan.hops.truncate(1);
    world.stands("production", "publisher", "v1361", "v1362", "0s");
    for (accepts, stays) in [(Some(plan.id.clone()), false), (None, true)] {
        let mut state = world.state(80, 24);
        crate::world::remember(&mut state, plan.clone(), "10s");
        state.ui.notice = Some(leverframe::state::Notice {
            text: "Plan 0011: accepted, pushed. Waiting for its effect.".into(),
            at: now(),
            fault: false,
            accepts,
            is_back: None,
        });
        announced(&mut state);
        let text = &state.ui.notice.as_ref().unwrap().text;
        assert_eq!(text.contains("accepted"), stays, "{text}");
        assert_eq!(
            text.contains("promote publisher in production: done within"),
            !stays,
            "{text}"
        );
    }
}

/// Whoever presses no key sees how far the plan has come.
#[test]
fn how_far_a_plan_has_come_takes_the_place_of_its_acceptance_in_its_time() {
    let mut world = publisher();
    by_commits(&mut world);
    let plan = pull(&world, Lever::Promote, "production", "publisher").unwrap();
    let id = plan.id.clone();
    let mut state = world.state(80, 24);
    crate::world::remember(&mut state, plan, "1s");
    let evidence = "commit 7c1e09a pushed".to_owned();
    let outcome = Outcome::Applied { evidence };
    let answered = leverframe::message::Message::Outcome { plan: id, outcome };
    leverframe::update::update(&mut state, answered);
    let said = |state: &leverframe::state::State| {
        let lines = leverframe::screen::message::lines(state, 200);
        let stretches = lines.iter().flat_map(|line| line.stretches());
        stretches.map(|(text, _)| &**text).collect::<String>()
    };
    for (seconds, stands) in [
        (0, "accepted"),
        (4, "accepted"),
        (5, "waiting for v1362 on main, 6s of"),
    ] {
        state.now = now()
            .checked_add(SignedDuration::from_secs(seconds))
            .unwrap();
        leverframe::update::derive_state(&mut state);
        let said = said(&state);
        assert!(said.contains(stands), "{seconds}s: {said}");
    }
    // What was said of something else has more time to be read, and then gives way, too.
    state.ui.notice = Some(leverframe::state::Notice {
        text: "Nothing is selected.".into(),
        at: now(),
        fault: false,
        accepts: None,
        is_back: None,
    });
    leverframe::update::derive_state(&mut state);
    assert!(said(&state).contains("Nothing is selected."));
    state.now = now().checked_add(SignedDuration::from_secs(20)).unwrap();
    leverframe::update::derive_state(&mut state);
    assert!(said(&state).contains("waiting for"), "{}", said(&state));
}

/// Gives a run of the world the name and the mark of a plan.
fn mark_run(world: &mut World, id: &ObjectId, name: &str, plan: &str) {
    let facts = world.facts.get_mut(&id.environment).unwrap();
    for fact in facts {
        if let leverframe::store::Fact::Run(run) = fact
            && run.id == *id
        {
            run.id.name = name.into();
            run.annotations.insert(mark::PLAN.into(), plan.into());
        }
    }
}

/// A middle box can hold a request for longer than anybody waits.
#[test]
fn what_was_called_lost_is_applied_once_its_mark_is_seen_and_that_is_said() {
    let mut world = publisher();
    let plan = pull(&world, Lever::Promote, "production", "publisher").unwrap();
    let Write::Create { name, .. } = plan.write.clone() else {
        panic!()
    };
    let lost = What::Outcome {
        outcome: Outcome::Failed {
            because: "not there".into(),
            remedy: String::new(),
            lost: true,
        },
    };
    let settled = What::Settled {
        done: false,
        by: "alice".into(),
    };
    let noted = |story: &Story, world: &World, at: Timestamp| {
        let state = world.state(80, 24);
        follow::noted(&story.journal, &state.store, &world.delivery, at)
    };
    let mut story = Story::new(plan.clone());
    story.take(now(), lost.clone());
    assert_eq!(noted(&story, &world, now()), []);
    let id = deploy_run(&mut world, "production", "v1362", "false", "Running");
    mark_run(&mut world, &id, &name, "somebody else's");
    assert_eq!(noted(&story, &world, now()), []);
    let id = ObjectId {
        name: name.clone(),
        ..id
    };
    mark_run(&mut world, &id, &name, PLAN);
    for earlier in [
        vec![lost.clone()],
        vec![lost.clone(), settled.clone()],
        vec![settled],
    ] {
        let mut story = Story::new(plan.clone());
        for what in earlier {
            story.take(now(), what);
        }
        assert_eq!(story.record().plan_state(), PlanState::NotDone);
        let seen = noted(&story, &world, now());
        let [
            (
                _,
                what @ What::Outcome {
                    outcome: Outcome::Applied { evidence },
                },
            ),
        ] = &seen[..]
        else {
            panic!("{seen:?}")
        };
        assert!(
            evidence.contains(&*name) && evidence.contains("after all"),
            "{evidence}"
        );
        story.take(now(), what.clone());
        assert_eq!(story.record().plan_state(), PlanState::Underway);
        assert_eq!(story.look(&world, 3), [What::Seen { hop: 0 }]);
    }
    let long_after = now().checked_add(SignedDuration::from_hours(25)).unwrap();
    assert_eq!(
        noted(&story, &world, long_after),
        [],
        "another of its name by now"
    );
    // The console says it, once.
    let mut state = world.state(80, 24);
    for what in [
        What::Intent {
            plan: Box::new(plan.clone()),
        },
        lost,
    ] {
        state.journal.add_entry(Entry {
            at: now(),
            plan: plan.id.clone(),
            what,
        });
    }
    let said = announced(&mut state);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].contains("(promote publisher @ production) has arrived: ")
            && said[0].contains("after all"),
        "{said:?}"
    );
    assert_eq!(announced(&mut state), Vec::<String>::new());
}
