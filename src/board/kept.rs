//! The kept board: whatever comes in, and in whatever pieces, it is the board that would be derived from all facts at once.

use super::{Board, Row};
use crate::cases::cases;
use crate::model::*;
use crate::store::fixture::{self, Fixture, ago, deploy_run, id, pod, smoke, usual_list};
use crate::store::{Changed, ClusterList, Fact, Kind, News, Source};
use proptest::prelude::*;

const ENVIRONMENTS: [&str; 3] = ["integration", "staging", "production"];
const APPS: [&str; 8] = [
    "publisher",
    "router",
    "draft-router",
    "frontend",
    "signon",
    "mirror",
    "account-api",
    "licensify",
];
const VERSIONS: [&str; 4] = ["v1", "v2", "v9", "branch-build"];

/// One thing that happens outside; the numbers choose among few names, so that they meet.
#[derive(Clone, Debug)]
struct Happens {
    what: u8,
    environment: usize,
    app: usize,
    version: usize,
    number: u8,
}

fn happens() -> impl Strategy<Value = Happens> {
    (
        0..16_u8,
        0..3_usize,
        0..APPS.len(),
        0..VERSIONS.len(),
        0..4_u8,
    )
        .prop_map(|(what, environment, app, version, number)| Happens {
            what,
            environment,
            app,
            version,
            number,
        })
}

fn application(environment: &str, name: &str, it: &Happens) -> Fact {
    let usual = fixture::application(environment, name, VERSIONS[it.version]);
    Fact::Application(Application {
        sync: [Sync::Synced, Sync::OutOfSync, Sync::Unknown][usize::from(it.number % 3)].clone(),
        // The commit of a change, as the world names it.
        synced_revision: Some(
            format!("{:040x}", 60 + i64::from(it.number))
                .as_str()
                .into(),
        ),
        auto_sync: it.number > 0,
        ..usual
    })
}

fn take(world: &mut Fixture, it: &Happens) {
    let (environment, app) = (ENVIRONMENTS[it.environment], APPS[it.app]);
    let version = VERSIONS[it.version];
    let source = Source::Cluster(environment.into());
    match it.what {
        0 => drop(world.file(environment, app, version, it.number.is_multiple_of(2))),
        1 if !world
            .tree
            .apps
            .values()
            .flatten()
            .any(|known| known.app == app.into()) =>
        {
            // Some ship from another's file, so that rows make families.
            let file = app.trim_start_matches("draft-");
            world.app(app, &[file]);
        }
        2 => drop(world.moved(
            environment,
            app,
            "v1",
            version,
            60 + i64::from(it.number),
            ActorKind::Robot,
        )),
        3 => drop(world.gate_moved(
            environment,
            app,
            it.number.is_multiple_of(2),
            60 + i64::from(it.number),
        )),
        4 => drop(world.walked()),
        5 | 6 => {
            let waiting = (it.number == 0).then_some("CrashLoopBackOff");
            let name = format!("{app}-{}", it.number);
            // The image of one app under the label of another, too.
            let image = format!("registry.test/{app}:{version}");
            let fact = pod(
                environment,
                APPS[(it.app + it.version) % 3],
                &name,
                &image,
                waiting.is_none(),
                waiting,
            );
            world.fact(environment, fact);
        }
        7 => {
            let gone = id(environment, "apps", &format!("{app}-{}", it.number));
            world.news(source, News::Gone(Kind::Pods, gone));
        }
        8 => {
            let name = if it.number == 3 { "app-config" } else { app };
            world.fact(environment, application(environment, name, it));
        }
        9 | 10 => {
            let phase = [RunPhase::Succeeded, RunPhase::Failed, RunPhase::Running]
                [usize::from(it.number % 3)]
            .clone();
            world.fact(
                environment,
                smoke(
                    environment,
                    app,
                    &format!("run-{app}-{}", it.number),
                    version,
                    phase,
                ),
            );
        }
        11 => world.news(source, News::Listing(usual_list(Kind::Pods))),
        // A roll back, the run that brought it, and the end of that run.
        12 => drop(world.file(environment, app, "v1", true).moved(
            environment,
            app,
            "v9",
            "v1",
            120,
            ActorKind::Manual,
        )),
        13 => {
            let by = [None, Some("alice"), Some("bob")][usize::from(it.number % 3)];
            world.fact(
                "production",
                deploy_run(environment, app, &format!("deploy-{app}"), "v1", by),
            );
        }
        14 => {
            let gone = id("production", "apps", &format!("deploy-{app}"));
            world.news(
                Source::Cluster("production".into()),
                News::Gone(Kind::Runs, gone),
            );
        }
        // Some live in a namespace of their own, whose pods were read or not.
        _ => {
            let namespace = ["apps", "own"][usize::from(it.number % 2)];
            world.lives_in(app, namespace);
            if it.number > 1 {
                let own = ClusterList::new(Kind::Pods, "own");
                world.news(source, News::Listed(own));
            }
        }
    }
}

fn shown(board: &Board) -> (Vec<&Row>, String) {
    let said = format!(
        "{:?} {:?} {:?} {:?} {:?}",
        board.counts, board.holds, board.held, board.gates, board.calm
    );
    (board.rows().collect(), said)
}

proptest! {
    #![proptest_config(cases(400))]
    #[test]
    fn a_board_that_is_kept_is_the_board_of_all_facts(steps in proptest::collection::vec((happens(), any::<bool>()), 1..80), later in proptest::collection::vec(prop_oneof![1_i64..120, 60_i64..10_000, 10_000_i64..4_000_000], 1..12)) {
        let mut world = Fixture::new();
        let mut kept = Board::new(&world.store, &world.delivery, ago(0));
        world.store.take_changed();
        for (step, looked) in steps {
            take(&mut world, &step);
            if looked {
                let changed = world.store.take_changed();
                kept.refresh(&changed, &world.store, &world.delivery, ago(0));
                let whole = Board::new(&world.store, &world.delivery, ago(0));
                prop_assert_eq!(shown(&kept), shown(&whole), "after {:?}", step);
            }
        }
        kept.refresh(&world.store.take_changed(), &world.store, &world.delivery, ago(0));
        // Time passes, in whatever steps, and only rows whose moment has come are derived.
        let mut passed = 0;
        for step in later {
            passed += step;
            let now = ago(-passed);
            while kept.is_due(now) {
                kept.refresh(&Changed::default(), &world.store, &world.delivery, now);
            }
            let whole = Board::new(&world.store, &world.delivery, now);
            prop_assert_eq!(shown(&kept), shown(&whole), "{} s later", passed);
        }
        // And back.
        kept.refresh(&Changed::default(), &world.store, &world.delivery, ago(0));
        let whole = Board::new(&world.store, &world.delivery, ago(0));
        prop_assert_eq!(shown(&kept), shown(&whole), "the clock is set back");
    }
}
