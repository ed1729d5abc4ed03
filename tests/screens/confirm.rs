//! Confirm: what counts as typed, complaints that stay until they are cured, and a plan that follows the facts.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a world that cannot be built must end the test"
)]

use super::golden::drawn;
use super::{after, confirm_ui, decide, key, night, request, world};
use leverframe::effect::Effect;
use leverframe::message::Message;
use leverframe::model::{ActorKind, Target};
use leverframe::plan::{Lever, Outcome, PlanId, Request};
use leverframe::state::{Bulk, ConfirmUi, Overlay, Part, State};
use leverframe::update::update;

/// The roll back of the night, open and seen.
fn open(part: Part) -> State {
    open_in(night(80, 24), Lever::RollBack, "whitehall-admin", part)
}

/// A lever of an app in production, open and seen.
fn open_in(mut state: State, lever: Lever, app: &str, part: Part) -> State {
    let plan = decide(&state, &request(lever, "production", app));
    let mut confirm = confirm_ui(plan.unwrap(), part);
    confirm.decided_at = state.now.as_second();
    state.ui.overlay = Some(Overlay::Confirm(Box::new(confirm)));
    state.ui.overlay_painted = Some(world::now());
    state
}

/// Keys one by one, half a second apart.
fn keys(state: &mut State, words: &str, from_ms: i64) -> Vec<Effect> {
    let mut effects = Vec::new();
    for (nth, word) in words.split(' ').enumerate() {
        effects.extend(key(state, word, from_ms + 500 * nth as i64, false));
    }
    effects
}

fn confirm(state: &State) -> &ConfirmUi {
    match &state.ui.overlay {
        Some(Overlay::Confirm(confirm)) => confirm,
        other => panic!("{other:?}"),
    }
}

fn complaint(state: &State) -> &str {
    confirm(state)
        .complaint
        .as_ref()
        .map_or("", |complaint| &complaint.text)
}

fn wanted(state: &State) -> String {
    let version = confirm(state).plan.typed().unwrap();
    let letters: Vec<String> = version.chars().map(String::from).collect();
    letters.join(" ")
}

#[test]
fn a_version_that_does_not_match_keeps_the_focus_and_its_message_until_it_does() {
    let mut state = open(Part::Version);
    // A reason is wanted too: that comes after what is being typed.
    if let Some(Overlay::Confirm(confirm)) = &mut state.ui.overlay {
        for check in &mut confirm.plan.checks {
            check.weight = leverframe::plan::Weight::Reason;
            check.verdict = leverframe::plan::Verdict::Failed;
        }
    }
    keys(&mut state, "x enter", 1_000);
    assert_eq!(confirm(&state).part, Part::Version);
    assert!(
        complaint(&state).starts_with("x is not the version that will run"),
        "{}",
        complaint(&state)
    );
    keys(&mut state, "1 3 6", 3_000);
    assert!(
        complaint(&state).starts_with("x is not"),
        "{}",
        complaint(&state)
    );
    assert!(drawn(&state).contains("x is not the version that will run"));
    let version = wanted(&state);
    keys(&mut state, &format!("ctrl-u {version}"), 6_000);
    assert_eq!(complaint(&state), "");
    keys(&mut state, "enter", 20_000);
    assert_eq!(confirm(&state).part, Part::Reason);
    assert_eq!(
        complaint(&state),
        "One reason covers all of these; type it first."
    );
    keys(&mut state, "tab", 21_000);
    assert_eq!(
        complaint(&state),
        "One reason covers all of these; type it first."
    );
    keys(&mut state, "backtab w", 22_000);
    assert_eq!(complaint(&state), "");
}

#[test]
fn letters_that_come_together_count_and_enter_only_by_itself_a_moment_later() {
    let mut state = open(Part::Version);
    let version = wanted(&state);
    if let Some(Overlay::Confirm(confirm)) = &mut state.ui.overlay {
        confirm.reason = "incident 4711".into();
    }
    for letter in version.split(' ') {
        key(&mut state, letter, 1_000, true);
    }
    assert_eq!(
        Some(confirm(&state).version.as_str()),
        confirm(&state).plan.typed().as_deref()
    );
    // In the same piece.
    assert_eq!(key(&mut state, "enter", 1_000, true), []);
    assert!(complaint(&state).starts_with("That key came together with others"));
    // By itself, but too soon to have read what stands there.
    assert_eq!(key(&mut state, "enter", 1_150, false), []);
    assert!(!confirm(&state).sent);
    let effects = key(&mut state, "enter", 1_210, false);
    assert!(
        matches!(effects.as_slice(), [Effect::Apply(_)]),
        "{effects:?}"
    );
}

#[test]
fn nothing_that_was_typed_before_the_plan_was_seen_counts() {
    let mut state = open(Part::Version);
    state.ui.overlay_painted = None;
    let version = wanted(&state);
    keys(&mut state, &format!("{version} enter"), 1_000);
    assert_eq!(
        (confirm(&state).version.as_str(), confirm(&state).sent),
        ("", false)
    );
}

/// What git says now, a second later.
fn becomes(state: &mut State, world: &world::World, seconds: i64) {
    state.store = world.state(80, 24).store;
    state.now = state
        .now
        .checked_add(jiff::SignedDuration::from_secs(seconds))
        .unwrap();
    leverframe::update::derive_state(state);
}

#[test]
fn ages_of_an_open_plan_run_on() {
    let mut state = open(Part::Version);
    let number = state.ui.overlay_number;
    let before = confirm(&state).plan.read.clone();
    let mut world = world::night();
    world.may_all();
    becomes(&mut state, &world, 40);
    assert_ne!(confirm(&state).plan.read, before);
    assert!(drawn(&state).contains(&confirm(&state).plan.read[..30]));
    assert_eq!(
        (state.ui.overlay_number, confirm(&state).changes.len()),
        (number, 0)
    );
}

#[test]
fn what_changes_under_an_open_plan_is_said_at_its_place_and_must_be_looked_at_again() {
    let mut state = open(Part::Version);
    let version = wanted(&state);
    keys(&mut state, "x enter ctrl-u", 1_000);
    assert!(complaint(&state).starts_with("x is not the version"));
    keys(&mut state, &version, 3_000);
    keys(&mut state, "backspace", 5_000);
    let number = state.ui.overlay_number;
    let mut world = world::night();
    world.may_all();
    world.stands("production", "whitehall", "v3084", "v3085", "2s");
    if let Some(change) = world.changes.last_mut() {
        (change.kind, change.actor) = (ActorKind::Person, "alice".into());
    }
    becomes(&mut state, &world, 1);
    let screen = drawn(&state);
    assert!(
        screen.contains("changed: production has v3085, alice 3s ago"),
        "{screen}"
    );
    // Typed for another plan, and not seen yet; what was said of it names what the other one wanted.
    assert_eq!((&*confirm(&state).version, complaint(&state)), ("", ""));
    assert!(state.ui.overlay_number > number && state.ui.overlay_painted.is_none());
    assert_eq!(keys(&mut state, &format!("{version} enter"), 9_000), []);
    assert_eq!(confirm(&state).version, "");
}

/// The robot commits what people submit.
#[test]
fn what_ones_own_roll_back_changes_under_an_open_plan_is_called_ones_own() {
    let mut state = open(Part::Version);
    let mut sent = confirm(&state).plan.clone();
    sent.id = leverframe::plan::PlanId::new("ffff");
    let to = sent.to.clone().unwrap();
    let login = sent.who.login.clone();
    world::remember(&mut state, sent, "10s");
    let mut world = world::night();
    world.may_all();
    world.stands("production", "whitehall", "v3084", to.as_str(), "2s");
    becomes(&mut state, &world, 1);
    let screen = drawn(&state);
    let said = format!("changed: production has {to}, roll back by {login} 3s ago");
    assert!(screen.contains(&said), "{screen}");
    // It would be refused, but what it rests on does not grow old unseen.
    let before = confirm(&state).plan.read.clone();
    becomes(&mut state, &world, 40);
    let screen = drawn(&state);
    assert!(screen.contains("it would be refused now."), "{screen}");
    assert_ne!(confirm(&state).plan.read, before);
    assert!(
        screen.contains(&confirm(&state).plan.read[..30]),
        "{screen}"
    );
}

/// Of what another journal's plan ordered its run says who.
#[test]
fn what_another_journal_changes_under_an_open_plan_is_called_by_who_ordered_it() {
    let mut state = open(Part::Version);
    let mut world = world::night();
    world.may_all();
    world.stands("production", "whitehall", "v3084", "v3085", "2s");
    let robots = world.changes.last_mut().unwrap();
    (robots.kind, robots.actor) = (ActorKind::Manual, "deploy-robot".into());
    world.smoke(
        "production",
        "",
        "whitehall",
        "v3085",
        "Running",
        "20s",
        |run| {
            run.template = Some("deploy-image".into());
            let words = [
                ("environment", "production"),
                ("repoName", "whitehall"),
                ("imageTag", "v3085"),
            ];
            run.labels = words
                .iter()
                .map(|(k, v)| ((*k).into(), (*v).into()))
                .collect();
            run.parameters = run.labels.clone();
            run.annotations
                .insert("leverframe/actor".into(), "alice".into());
        },
    );
    becomes(&mut state, &world, 1);
    let screen = drawn(&state);
    let said = "changed: production has v3085, alice 3s ago";
    assert!(screen.contains(said), "{screen}");
}

#[test]
fn a_plan_that_would_be_refused_by_now_says_so_while_it_is_open() {
    let mut state = open(Part::Version);
    let to = confirm(&state).plan.to.clone().unwrap();
    let mut world = world::night();
    world.may_all();
    world.stands("production", "whitehall", "v3084", to.as_str(), "2s");
    let request = confirm(&state).plan.request.clone();
    if let Some(Overlay::Confirm(confirm)) = &mut state.ui.overlay {
        confirm.plan.request.version = Some(to.clone());
    }
    becomes(&mut state, &world, 1);
    let screen = drawn(&state);
    assert!(
        screen.contains("changed: it would be refused now."),
        "{request:?}\n{screen}"
    );
    assert!(
        screen.contains(&format!("changed: production has {to}")),
        "{screen}"
    );
}

/// The promotion of publisher, whose smoke run below is not known yet, open and seen.
fn open_before_its_smoke_run() -> State {
    let mut world = world::night();
    world.may_all();
    for facts in world.facts.values_mut() {
        facts.retain(|fact| !matches!(fact, leverframe::store::Fact::Run(_)));
    }
    open_in(
        world.state(80, 24),
        Lever::Promote,
        "publisher",
        Part::Version,
    )
}

#[test]
fn a_check_that_gets_worse_under_an_open_plan_is_said_at_its_place_and_must_be_looked_at_again() {
    let mut state = open_before_its_smoke_run();
    assert!(drawn(&state).contains("? smoke"), "{}", drawn(&state));
    if let Some(Overlay::Confirm(confirm)) = &mut state.ui.overlay {
        confirm.reason = "wanted today".into();
    }
    let version = wanted(&state);
    keys(&mut state, &version, 1_000);
    let mut world = world::night();
    world.may_all();
    becomes(&mut state, &world, 1);
    let screen = drawn(&state);
    assert!(
        screen.contains("x smoke       changed: the smoke run"),
        "{screen}"
    );
    assert_eq!(confirm(&state).version, "");
    assert_eq!(state.ui.overlay_painted, None);
    assert_eq!(keys(&mut state, &format!("{version} enter"), 9_000), []);
    // Looked at again it is sent.
    state.ui.overlay_painted = Some(after(20_000));
    let effects = keys(&mut state, &format!("{version} enter"), 20_000);
    assert!(
        matches!(effects.as_slice(), [Effect::Apply(_)]),
        "{}",
        drawn(&state)
    );
}

#[test]
fn a_clock_that_is_set_back_shuts_no_plan_for_as_long() {
    let mut state = open_before_its_smoke_run();
    update(
        &mut state,
        Message::ClockSetBack {
            by: jiff::SignedDuration::from_mins(5),
            now: after(-300_000),
        },
    );
    let warning = &state.ui.warnings[0].text;
    assert!(warning.contains("clock was set back by 5m"), "{warning}");
    // The terminal is asked anew, and answers by the new clock.
    keys(&mut state, "v", -299_000);
    assert_eq!(
        confirm(&state).version,
        "",
        "nothing is known of what it has"
    );
    let overlay = state.ui.overlay_number;
    let at = after(-299_000);
    update(&mut state, Message::Painted { overlay, at });
    keys(&mut state, "v", -298_000);
    assert_eq!(confirm(&state).version, "v");
}

/// Between two looks at the facts, which are a second apart.
#[test]
fn enter_in_the_moment_in_which_a_check_gets_worse_sends_nothing() {
    let mut state = open_before_its_smoke_run();
    if let Some(Overlay::Confirm(confirm)) = &mut state.ui.overlay {
        confirm.reason = "wanted today".into();
    }
    let version = wanted(&state);
    keys(&mut state, &version, 1_000);
    let mut world = world::night();
    world.may_all();
    state.store = world.state(80, 24).store;
    assert_eq!(keys(&mut state, "enter", 9_000), []);
    assert!(complaint(&state).starts_with("The facts moved while you read"));
    assert!(
        drawn(&state).contains("changed: the smoke run"),
        "{}",
        drawn(&state)
    );
    assert_eq!(
        (confirm(&state).version.as_str(), state.ui.overlay_painted),
        ("", None)
    );
}

#[test]
fn a_plan_that_there_is_no_room_for_cannot_be_confirmed_and_names_the_size_that_it_needs() {
    for size in [(20, 5), (39, 24), (40, 10), (80, 8), (200, 4)] {
        let mut state = open_in(
            night(size.0, size.1),
            Lever::RollBack,
            "whitehall-admin",
            Part::Version,
        );
        let version = wanted(&state);
        assert_eq!(keys(&mut state, &format!("{version} enter"), 1_000), []);
        assert_eq!(confirm(&state).version, "", "{size:?}");
        let (columns, rows) = super::size_named(&drawn(&state));
        // That size suffices, as soon as the terminal has it: also for the complaint of a wrong version.
        update(&mut state, Message::Resized(columns, rows));
        keys(&mut state, &format!("{version} enter"), 9_000);
        assert_eq!(
            (confirm(&state).version.as_str(), confirm(&state).sent),
            ("", false)
        );
        state.ui.overlay_painted = Some(after(20_000));
        keys(&mut state, "x enter", 20_000);
        let screen = drawn(&state);
        let words = screen.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in [
            "ROLL BACK whitehall-admin @ production",
            "REACHES PRODUCTION",
            "v3084 -> v3083",
            "x is not the version that will run; type v3083, then confirm (Enter).",
            "need one reason",
            "type the version that will run [x",
        ] {
            assert!(
                words.contains(part),
                "{part:?} at {columns}x{rows}\n{screen}"
            );
        }
        // One row less does not.
        let mut lower = open_in(
            night(columns, rows - 1),
            Lever::RollBack,
            "whitehall-admin",
            Part::Version,
        );
        assert!(drawn(&lower).contains("Too small to"), "{}", drawn(&lower));
        assert_eq!(keys(&mut lower, "esc", 1_000), []);
        assert!(lower.ui.overlay.is_none());
    }
}

#[test]
fn every_plan_of_the_night_can_be_confirmed_at_the_usual_size() {
    let state = night(80, 24);
    let mut plans = 0;
    for lever in Lever::ALL {
        for environment in ["staging", "production"] {
            for app in ["whitehall-admin", "publisher", "places-manager"] {
                let Ok(plan) = decide(&state, &request(lever, environment, app)) else {
                    continue;
                };
                let mut state = night(80, 24);
                let confirm = confirm_ui(plan, Part::Reason);
                state.ui.overlay = Some(Overlay::Confirm(Box::new(confirm)));
                let screen = drawn(&state);
                assert!(
                    !screen.contains("Too small"),
                    "{lever:?} {environment} {app}"
                );
                plans += 1;
            }
        }
    }
    assert!(plans > 10, "{plans} plans");
}

/// The title of the part that has the focus, in brackets, as it is drawn.
fn focused_title(state: &State) -> Option<String> {
    let screen = drawn(state);
    let title = screen.lines().find(|line| line.starts_with("-- ["));
    title.map(str::to_owned)
}

#[test]
fn what_has_the_focus_is_in_sight_and_so_is_what_it_unfolds() {
    let mut state = open(Part::Version);
    // Through the parts and round again, each unfolded on the way: none of them fits beside the others then.
    for nth in 0..10 {
        keys(&mut state, "tab", 2_000 + 4_000 * nth);
        if !matches!(
            confirm(&state).part,
            Part::Checks | Part::Write | Part::Then
        ) {
            assert_eq!(focused_title(&state), None);
            continue;
        }
        let title = focused_title(&state);
        assert!(
            title.is_some(),
            "{:?}:\n{}",
            confirm(&state).part,
            drawn(&state)
        );
        keys(&mut state, "enter", 4_000 + 4_000 * nth);
        assert!(focused_title(&state).is_some(), "{}", drawn(&state));
    }
    assert!(
        confirm(&state).open.is_empty(),
        "each was unfolded and folded"
    );
    // Back again, with all of them unfolded.
    keys(&mut state, "tab enter tab enter tab enter", 60_000);
    assert_eq!(confirm(&state).open.len(), 3);
    for nth in 0..3 {
        assert!(focused_title(&state).is_some(), "{}", drawn(&state));
        keys(&mut state, "backtab", 70_000 + 1_000 * nth);
    }
    // The first of the lines that follow the title is in sight, too: what Enter shows is not below the screen.
    keys(&mut state, "tab tab", 80_000);
    let screen = drawn(&state);
    let lines: Vec<&str> = screen.lines().collect();
    let title = lines
        .iter()
        .position(|line| line.starts_with("-- ["))
        .unwrap();
    assert!(!lines[title + 1].starts_with("--"), "{screen}");
}

/// A reason goes on to what follows at the same target, and into no other commit.
#[test]
fn a_reason_is_offered_again_for_what_follows_at_the_same_target() {
    let pulled = |app: &str, sent_ago: &str| {
        let mut state = night(80, 24);
        let roll_back = Request {
            reason: Some("incident 4711".into()),
            ..request(Lever::RollBack, "production", "whitehall-admin")
        };
        let sent = decide(&state, &roll_back).unwrap();
        world::remember(&mut state, sent, sent_ago);
        let hold = Lever::ALL.iter().position(|lever| *lever == Lever::Hold);
        state.ui.overlay = Some(Overlay::Levers {
            target: Target::new("production", app),
            selected: hold,
            after: None,
        });
        state.ui.overlay_painted = Some(world::now());
        key(&mut state, "enter", 500, false);
        assert_eq!(confirm(&state).plan.request.lever, Lever::Hold);
        confirm(&state).reason.clone()
    };
    assert_eq!(pulled("whitehall-admin", "2s"), "incident 4711");
    assert_eq!(pulled("publisher", "2s"), "", "another app");
    assert_eq!(pulled("whitehall-admin", "45m"), "", "another hour");
}

#[test]
fn a_paste_has_no_more_room_than_a_reason() {
    let mut state = open(Part::Reason);
    for _ in 0..2 {
        update(&mut state, Message::Pasted("x".repeat(1 << 20)));
    }
    assert_eq!(confirm(&state).reason.len(), 500);
}

/// The answer may be here before the journal was read again: the plan was sent, and is not offered a second time.
/// A plan that was sent, alone or as the first of two, before its answer came.
fn sent(is_one_of_several: bool) -> (State, PlanId) {
    let mut state = open(Part::Version);
    let Some(Overlay::Confirm(confirm)) = &mut state.ui.overlay else {
        panic!("a plan")
    };
    confirm.sent = true;
    let plan = confirm.plan.id.clone();
    let target = confirm.plan.request.target.clone();
    let other = Target::new("staging", "whitehall-admin");
    state.ui.bulk = is_one_of_several.then(|| Bulk {
        lever: Lever::RollBack,
        first: plan.clone(),
        all: 2,
        left: [target, other].into(),
        sent: 0,
        is_sending: true,
    });
    (state, plan)
}

/// The plan's own line in the journal could not be read.
#[test]
fn a_plan_that_was_sent_is_never_offered_again() {
    let because = "The connection was lost.".to_owned();
    let evidence = "commit 7c1e09a pushed".to_owned();
    let failed = Outcome::Failed {
        because: because.clone(),
        remedy: "Log in again.".to_owned(),
        lost: false,
    };
    for (outcome, says) in [
        (
            Outcome::Applied { evidence },
            "accepted, commit 7c1e09a pushed.",
        ),
        (
            failed,
            "failed; nothing was changed. The connection was lost.",
        ),
        (
            Outcome::Unknown { because },
            "outcome unknown, it is not sent again. The connection was lost.",
        ),
    ] {
        for is_one_of_several in [false, true] {
            let (mut state, plan) = sent(is_one_of_several);
            let outcome = outcome.clone();
            update(&mut state, Message::Outcome { plan, outcome });
            assert!(state.ui.overlay.is_none(), "{:?}", state.ui.overlay);
            assert!(state.ui.bulk.is_none(), "nothing follows a surprise");
            let said = &state.ui.warnings[0].text;
            assert!(
                said.contains(says) && said.contains("was not read yet"),
                "{said}"
            );
            let rest = "nothing was sent for whitehall-admin @ staging.";
            assert_eq!(said.ends_with(rest), is_one_of_several, "{said}");
        }
    }
}

#[test]
fn a_plan_that_was_surely_not_sent_is_offered_again() {
    for is_one_of_several in [false, true] {
        let (mut state, plan) = sent(is_one_of_several);
        let because = "Another console of yours is sending something.".to_owned();
        let outcome = Outcome::Refused { because };
        update(&mut state, Message::Outcome { plan, outcome });
        assert!(!confirm(&state).sent);
        assert!(complaint(&state).starts_with("Another console"));
        let awaited = state.ui.bulk.as_ref().map(|bulk| bulk.is_sending);
        assert_eq!(awaited, is_one_of_several.then_some(false));
    }
}

#[test]
fn a_paste_that_finds_no_room_says_what_was_left_out() {
    let mut state = open(Part::Reason);
    // Letters are counted, whatever bytes they take.
    for (letters, says) in [
        (300, ""),
        (200, ""),
        (7, "The last 7 letters of what was pasted were left out"),
    ] {
        update(&mut state, Message::Pasted("\u{e9}".repeat(letters)));
        assert!(complaint(&state).starts_with(says), "{}", complaint(&state));
        assert_eq!(complaint(&state).is_empty(), says.is_empty());
    }
    assert_eq!(confirm(&state).reason.chars().count(), 500);
    keys(&mut state, "x", 1_000);
    assert_eq!(confirm(&state).reason.chars().count(), 500);
    state.ui.overlay = None;
    keys(&mut state, "/", 2_000);
    update(&mut state, Message::Pasted("p".repeat(501)));
    let said = state.ui.notice.as_ref().map(|notice| &*notice.text);
    assert!(
        said.is_some_and(|said| said.starts_with("The last letter of what was pasted was")),
        "{said:?}"
    );
}
