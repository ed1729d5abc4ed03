//! What a command waits for, and what it makes of a source that brought nothing.

use super::*;
use crate::config::ClusterAt;
use crate::store::fixture::usual_list;

fn three_clusters() -> Config {
    let mut config =
        crate::config::of_clone("govuk", std::path::Path::new("/clone"), &|_| None).unwrap();
    for name in ["integration", "staging", "production"] {
        let at = ClusterAt {
            kubeconfig: "/config".into(),
            context: name.to_owned(),
            login: None,
        };
        config.clusters.insert(Environment::new(name), at);
    }
    config
}

/// A server that has just been given a kind answers 429 for a moment; a command asks again within its limit.
#[test]
fn what_is_throttled_is_waited_for() {
    let config = three_clusters();
    let source = Source::Cluster(Environment::new("staging"));
    let mut store = Store::new(&config.delivery);
    let mut hear = |news: News| {
        store.apply(Delta {
            source: source.clone(),
            subscription: 1,
            seen_at: jiff::Timestamp::now(),
            news,
        });
        has_answered(&store, &source, &Want::clusters(&[]), &config)
    };
    let fault = |kind: FaultKind| Fault::new(kind, "storage is (re)initializing", "");
    let said = |kind: FaultKind| News::Fault {
        list: Some(usual_list(Kind::Applications)),
        fault: fault(kind),
        retry_at: None,
    };
    for kind in [Kind::Runs, Kind::Deployments, Kind::Pods] {
        assert!(!hear(News::Listed(usual_list(kind))));
    }
    assert!(!hear(said(FaultKind::Throttled)));
    assert!(hear(said(FaultKind::Forbidden)));
    assert!(hear(News::Listed(usual_list(Kind::Applications))));
    let whole = |kind: FaultKind| News::Fault {
        list: None,
        fault: fault(kind),
        retry_at: None,
    };
    assert!(!hear(whole(FaultKind::Throttled)));
    assert!(hear(whole(FaultKind::Unreachable)));
}

/// Runs that say no more than git does keep nobody waiting, and none is waited for who is silent.
#[test]
fn runs_are_waited_for_where_git_names_a_robot_on_somebodys_order() {
    let target = Target::new("staging", "publisher");
    let mut world = crate::store::fixture::Fixture::new();
    let want = Want::history(&target, RHYTHM, &world.delivery);
    let config = three_clusters();
    assert_eq!(want.sources(&config), [Source::Git]);
    let production = Source::Cluster("production".into());
    assert_eq!(want.besides(&config), std::slice::from_ref(&production));
    world.app("publisher", &["publisher"]);
    world.moves("publisher", &[("staging", "v1", "v2", 60)]);
    assert!(!want.waits_besides(&world.store, true));
    let staging = ("staging", "publisher");
    world.moved(staging.0, staging.1, "v0", "v1", 90, ActorKind::Manual);
    assert!(want.waits_besides(&world.store, true));
    assert!(!want.waits_besides(&world.store, false));
    assert!(!has_answered(&world.store, &production, &want, &config));
    world.listed("production", Kind::Runs);
    assert!(has_answered(&world.store, &production, &want, &config));
}

/// Only what the credential may not read is null without being a failure.
#[test]
fn a_list_that_could_not_be_read_is_a_failure() {
    let ended = |of: Kind, kind: FaultKind| {
        let mut state = SourceState::default();
        state.lists.insert(
            usual_list(of),
            crate::store::source::ListState {
                listed: false,
                fault: Some(Fault::new(kind, "503 ServiceUnavailable", "")),
            },
        );
        broken_list(&state).map(Exit::of_fault)
    };
    for of in [Kind::Applications, Kind::Runs] {
        assert_eq!(ended(of, FaultKind::Forbidden), None);
        let unreachable = ended(of, FaultKind::Unreachable);
        assert_eq!(unreachable, Some(Exit::Unreachable));
    }
}

/// A server that accepts and says nothing, or sends one blank after the other, has brought nothing that is calm.
#[test]
fn what_brought_nothing_within_the_limit_is_not_calm() {
    let mut world = crate::store::fixture::Fixture::new();
    world.app("publisher", &["publisher"]);
    world.file("staging", "publisher", "v1", true);
    let source = Source::Cluster(Environment::new("staging"));
    let lists = vec![usual_list(Kind::Applications), usual_list(Kind::Pods)];
    world.news(source.clone(), News::Connecting(lists));
    world.news(source.clone(), News::Alive);
    note_unread(&mut world.store, &source, 3);
    let about = world.store.source(&source).unwrap();
    assert_eq!(about.reach(jiff::Timestamp::now()), Reach::Failed);
    let fault = about.whole_fault().unwrap().to_string();
    assert!(fault.contains("nothing was read within 3 s"), "{fault}");
    let status = world.status("staging", "publisher");
    assert_eq!(status.attention, [crate::model::Word::Unread]);
}

/// Whether a version that does not come is stuck, or explained by what failed below, is written below.
#[test]
fn a_board_of_one_environment_asks_the_one_below_too() {
    let config = three_clusters();
    let cluster = |name: &str| Source::Cluster(Environment::new(name));
    let production = [Environment::new("production")];
    assert_eq!(
        Want::board(&production).sources(&config),
        [Source::Git, cluster("production"), cluster("staging")]
    );
    assert_eq!(
        Want::clusters(&production).sources(&config),
        [cluster("production")]
    );
    let integration = [Environment::new("integration")];
    assert_eq!(
        Want::board(&integration).sources(&config),
        [Source::Git, cluster("integration")]
    );
}
