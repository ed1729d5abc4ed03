//! Unread: what was not read is said to be unread, and why; never to be absent, and never to be well.

use super::golden::drawn;
use super::{decide, request, world};
use leverframe::model::{Fault, FaultKind, Target};
use leverframe::plan::Lever;
use leverframe::state::{State, Subject, View};
use leverframe::store::{Delta, Kind, News, Source};

/// The night, but nothing of integration's cluster was ever read.
fn night_without_integration(fault: Option<&str>) -> State {
    let mut world = world::night();
    world.faults.clear();
    world
        .clusters
        .retain(|known| known.as_str() != "integration");
    let mut state = world.state(120, 40);
    let source = Source::Cluster("integration".into());
    if let Some(fault) = fault {
        state.store.expect(source.clone());
        state.store.apply(Delta {
            source,
            subscription: 1,
            seen_at: world::now(),
            news: News::Fault {
                list: None,
                fault: Fault::new(FaultKind::Unreachable, fault, "Is the tunnel up?"),
                retry_at: None,
            },
        });
        leverframe::update::derive_state(&mut state);
    }
    state
}

#[test]
fn the_calm_are_called_so_as_far_as_they_were_read() {
    let line = |state: &State| {
        let screen = drawn(state);
        let line = screen.lines().find(|line| line.contains(" calm: "));
        line.unwrap_or_default()[..78].trim().to_owned()
    };
    assert_eq!(
        line(&world::night().state(120, 40)),
        "+ 53 calm: one version everywhere, smoke passed"
    );
    for fault in [None, Some("Connection refused")] {
        assert_eq!(
            line(&night_without_integration(fault)),
            "+ 53 calm: one version everywhere, integration not read whole"
        );
    }
}

#[test]
fn a_target_of_an_unread_cluster_claims_no_absence() {
    for (fault, why) in [
        (Some("Connection refused"), "not read: Connection refused"),
        (None, "not read: the cluster is not configured"),
    ] {
        let mut state = night_without_integration(fault);
        let target = Target::new("integration", "whitehall-admin");
        state.ui.views.push(View::Target(target));
        let screen = drawn(&state);
        for truth in ["synced", "health", "rolled out", "verified"] {
            let line = format!("  {truth:<13}{why}");
            assert!(screen.contains(&line), "{line}\n{screen}");
        }
        assert!(!screen.contains("pods, 0"), "{screen}");
        assert!(!screen.contains("Events, 0"), "{screen}");
    }
}

#[test]
fn a_lever_of_an_unread_cluster_is_refused_for_that() {
    let state = night_without_integration(Some("Connection refused"));
    for (lever, because) in [
        (
            Lever::Resubmit,
            "The runs of integration are not read: Connection refused.",
        ),
        (
            Lever::Sync,
            "The Applications of integration are not read: Connection refused.",
        ),
    ] {
        let refusal = decide(&state, &request(lever, "integration", "publisher")).unwrap_err();
        assert_eq!(refusal.because, because);
    }
}

#[test]
fn what_has_not_come_from_an_environment_that_is_not_read_may_have_its_cause_there() {
    // Integration is silent for 14 minutes at night.
    let mut world = world::night();
    world.app("specialist", &["specialist"]);
    world.stands("integration", "specialist", "v1", "v2", "2h");
    world.healthy("integration", "specialist", "specialist", "v2");
    for environment in ["staging", "production"] {
        world.stands(environment, "specialist", "v0", "v1", "9d");
        world.healthy(environment, "specialist", "specialist", "v1");
    }
    let mut state = world.state(80, 24);
    state.ui.board.touched = true;
    state.ui.board.selected = Some(Target::new("staging", "specialist"));
    let screen = drawn(&state);
    let words: Vec<&str> = screen.split_whitespace().collect();
    let said = "v2 stands in integration since 2h and has not come. The cluster of integration is not read since 14m: the cause may stand there, unseen.";
    assert!(words.join(" ").contains(said), "{screen}");
}

/// A smoke run that nobody could see is neither passed nor absent, though all else is read.
#[test]
fn runs_that_cannot_be_read_are_said_of_a_target_of_which_all_else_is() {
    let mut world = world::night();
    world.forbidden("staging", Kind::Runs);
    world
        .facts
        .entry("staging".into())
        .or_default()
        .retain(|fact| fact.kind() != Kind::Runs);
    let mut state = world.state(120, 40);
    let target = Target::new("staging", "whitehall-admin");
    state.ui.board.touched = true;
    state.ui.board.selected = Some(target.clone());
    let screen = drawn(&state);
    let words: Vec<&str> = screen.split_whitespace().collect();
    let said = "the runs of staging may not be read: workflows may not be listed by ops-1.";
    assert!(words.join(" ").contains(said), "{screen}");
    assert!(screen.contains("smoke not read in staging"), "{screen}");
    state.ui.views.push(View::Target(target));
    let screen = drawn(&state);
    let line = "  verified     not read: workflows may not be listed by ops-1.";
    assert!(screen.contains(line), "{screen}");
}

/// What was read of a cluster before it fell silent is old: who reads the sentence of a cell is told how old.
#[test]
fn the_sentence_of_a_cell_says_how_old_it_is_where_its_cluster_is_stale() {
    let said = |app: &str, columns: u16, seconds: i64| {
        let mut world = world::night();
        world.faults.clear();
        let mut state = world.state(columns, 24);
        state.now += jiff::SignedDuration::from_secs(seconds);
        state.ui.board.touched = true;
        state.ui.board.selected = Some(Target::new("production", app));
        leverframe::update::derive_state(&mut state);
        let screen = drawn(&state);
        let words: Vec<&str> = screen.split_whitespace().collect();
        words.join(" ")
    };
    // One with a word, and one that is calm.
    for app in ["whitehall-admin", "publisher"] {
        for columns in [80, 120] {
            let fresh = said(app, columns, 80);
            assert!(!fresh.contains("was read"), "{fresh}");
            let stale = said(app, columns, 200);
            let age = "As production was read 3m ago, git 3m ago.";
            assert!(stale.contains(age), "{stale}");
            // The header agrees, where its line has room for it.
            let header = "production STALE 3m";
            assert!(columns < 120 || stale.contains(header), "{stale}");
        }
    }
}

#[test]
fn the_page_of_a_target_and_what_is_copied_of_it_say_how_old_they_are() {
    let mut world = world::night();
    world.faults.clear();
    let mut state = world.state(80, 24);
    let target = Target::new("production", "whitehall-admin");
    state.ui.views.push(View::Target(target.clone()));
    let said = |state: &State| {
        let copied = leverframe::screen::copy::markdown(state, &Subject::Cell(target.clone()));
        (drawn(state), copied.unwrap_or_default())
    };
    let (page, copied) = said(&state);
    assert!(!page.contains("was read") && !copied.contains("was read"));
    state.now += jiff::SignedDuration::from_secs(200);
    leverframe::update::derive_state(&mut state);
    let (page, copied) = said(&state);
    let age = "As production was read 3m ago, git 3m ago.";
    assert!(page.contains(&format!("stale        {age}")), "{page}");
    assert!(copied.contains(&format!("`v3084` {age} ")), "{copied}");
}

#[test]
fn a_word_of_a_stale_cluster_is_marked_as_an_age_is() {
    let mut world = world::night();
    world.faults.clear();
    let mut state = world.state(120, 40);
    let row = |state: &State| {
        let screen = drawn(state);
        let line = screen.lines().find(|line| line.contains("whitehall-admin"));
        line.unwrap_or_default().to_owned()
    };
    assert!(row(&state).contains("v3084   CRASH "), "{}", row(&state));
    state.now += jiff::SignedDuration::from_secs(200);
    leverframe::update::derive_state(&mut state);
    assert!(row(&state).contains("v3084   CRASH?"), "{}", row(&state));
}
