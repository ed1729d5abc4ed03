//! Any: what holds of every screen, whatever its size and whatever stands in it.

#![allow(
    clippy::unwrap_used,
    reason = "a world that cannot be built must end the test"
)]

use super::golden::drawn;
use super::{confirm_ui, decide, hostile, night, plan_id, request, world};
use crate::cases::cases;
use leverframe::action::Place;
use leverframe::board::FoldKind;
use leverframe::keymap::Chord;
use leverframe::message::{Message, Press};
use leverframe::model::{Environment, Fault, FaultKind, Target, Version, Word};
use leverframe::plan::{Lever, Outcome, Refusal};
use leverframe::screen::layout;
use leverframe::state::{
    Notice, Overlay, Pane, Part, Prompt, PromptKind, State, ThemeSettings, View,
};
use leverframe::view::view;
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Color;

fn target() -> Target {
    Target::new("production", "whitehall-admin")
}

/// Every view and every overlay once, over one night.
pub fn every(columns: u16, rows: u16) -> Vec<State> {
    let mut states = Vec::new();
    let views = [
        View::Board,
        View::Run,
        View::Log,
        View::Target(target()),
        View::History(target()),
        View::Target(Target::new("production", "gone")),
        View::Sources,
        View::Journal,
        View::Calls,
        View::Help(Place::Board),
    ];
    for open in views {
        let mut state = night(columns, rows);
        if open != View::Board {
            state.ui.views.push(open);
        }
        states.push(state);
    }
    for overlay in overlays(&night(columns, rows)) {
        let mut state = night(columns, rows);
        state.ui.overlay = Some(overlay);
        states.push(state);
    }
    for kind in [
        PromptKind::Filter,
        PromptKind::Search,
        PromptKind::FilterLines,
        PromptKind::Palette,
    ] {
        let mut state = night(columns, rows);
        state.ui.prompt = Some(Prompt {
            kind,
            text: "roll".into(),
            selected: 3,
            before: String::new(),
            selected_before: Default::default(),
        });
        states.push(state);
    }
    for pane in [Pane::Board, Pane::Run, Pane::Log] {
        let mut state = night(columns, rows);
        state.ui.pane = pane;
        state.ui.zoom = true;
        states.push(state);
    }
    let mut folded = night(columns, rows);
    folded.ui.board.fold = Some(FoldKind::Calm);
    folded.ui.board.unfolded.insert(FoldKind::Calm);
    folded.ui.board.top = 3;
    folded.ui.board.would_move = 2;
    folded.ui.notice = Some(Notice {
        text: "something came of it".into(),
        at: world::now(),
        fault: true,
        accepts: None,
        is_back: None,
    });
    folded.journal_fault = Some(Fault::new(FaultKind::Broken, "the disk is full", ""));
    states.push(folded);
    states
}

fn overlays(state: &State) -> Vec<Overlay> {
    let roll_back = decide(
        state,
        &request(Lever::RollBack, "production", "whitehall-admin"),
    );
    let plan = roll_back.unwrap();
    let mut confirm = confirm_ui(plan.clone(), Part::Version);
    confirm.top = 100;
    confirm.open = [Part::Checks, Part::Write, Part::Then].into();
    vec![
        Overlay::Levers {
            target: target(),
            selected: Some(8),
            after: Some(plan.id.clone()),
        },
        Overlay::Copy {
            subject: leverframe::state::Subject::Cell(target()),
        },
        Overlay::Which {
            request: plan.request.clone(),
            choices: vec!["whitehall".into(), "asset-manager".into()],
            selected: 1,
        },
        Overlay::Confirm(Box::new(confirm)),
        Overlay::Confirm(Box::new(confirm_ui(plan, Part::Reason))),
        Overlay::Refused(Box::new(Refusal {
            lever: Lever::Sync,
            target: target(),
            because: "it would prune".into(),
            remedy: Default::default(),
            is_asking: false,
            checks: Vec::new(),
        })),
        Overlay::Settle {
            plan: plan_id("0"),
            selected: 2,
        },
    ]
}

#[test]
fn no_size_is_too_small_for_any_view() {
    let mut states = every(80, 24);
    for size in [
        (0, 0),
        (0, 9),
        (9, 0),
        (1, 1),
        (2, 3),
        (5, 4),
        (7, 7),
        (12, 8),
        (23, 15),
        (40, 12),
        (79, 16),
        (119, 31),
        (120, 13),
        (121, 33),
        (200, 5),
        (260, 70),
    ] {
        for state in &mut states {
            state.size = size;
            drawn(state);
        }
    }
}

proptest! {
    #![proptest_config(cases(40))]

    #[test]
    fn panes_stay_on_the_screen_and_apart(columns in 0u16..300, rows in 0u16..100, header in 0u16..4, sentence in 0u16..9, newest in 0u16..4, zoom: bool) {
        let needs = layout::Needs { header, sentence, newest };
        let panes = layout::layout(columns, rows, needs, zoom);
        let screen = Rect::new(0, 0, columns, rows);
        let stacked = [Some(panes.header), Some(panes.board), panes.run, panes.log, Some(panes.sentence), Some(panes.footer)];
        let shown: Vec<Rect> = stacked.into_iter().flatten().filter(|r| !r.is_empty()).collect();
        for (n, pane) in shown.iter().enumerate() {
            prop_assert_eq!(screen.intersection(*pane), *pane);
            for other in &shown[n + 1..] {
                prop_assert!(!pane.intersects(*other), "{:?} {:?}", pane, other);
            }
        }
        prop_assert!(!panes.body.intersects(panes.footer) || panes.body.is_empty());
    }
}

#[test]
fn a_frame_drawn_onto_a_screen_of_another_size_stays_within() {
    let mut state = night(80, 24);
    for (size, (wide, high)) in [
        ((80, 24), (40, 12)),
        ((40, 12), (80, 24)),
        ((200, 50), (0, 0)),
        ((120, 40), (119, 39)),
    ] {
        state.size = size;
        let mut screen = Buffer::empty(Rect::new(0, 0, wide, high));
        view(&state, &mut screen);
        assert_eq!(screen.area, Rect::new(0, 0, wide, high));
    }
}

/// The two texts of `text`, broken at spaces or in the middle, are whole on the screen.
fn stands_whole(screen: &str, text: &str) -> bool {
    let squeezed = |text: &str| text.split_whitespace().collect::<String>();
    squeezed(screen).contains(&squeezed(text))
}

#[test]
fn the_longest_names_and_versions_are_whole_in_the_confirmation() {
    let name = "a-name-that-is-as-long-as-a-label-may-be-in-kubernetes-which-is";
    assert_eq!(name.len(), 63);
    let from = format!("v{}", "1".repeat(62));
    let to = format!("v{}", "2".repeat(62));
    for (columns, rows) in [(80, 24), (60, 24), (120, 40)] {
        let mut state = night(columns, rows);
        let mut plan = decide(
            &state,
            &request(Lever::RollBack, "production", "whitehall-admin"),
        )
        .unwrap();
        plan.request.target = Target::new("production", name);
        plan.from = Some(Version::new(&from));
        plan.to = Some(Version::new(&to));
        let mut ui = confirm_ui(plan, Part::Version);
        ui.version = to[..40].to_owned();
        state.ui.overlay = Some(Overlay::Confirm(Box::new(ui)));
        let screen = drawn(&state);
        assert!(
            stands_whole(&screen, &format!("{name} @ production")),
            "{screen}"
        );
        assert!(
            stands_whole(&screen, &format!("{from} -> {to}")),
            "{screen}"
        );
        assert!(screen.contains("REACHES PRODUCTION"), "{screen}");
        assert!(screen.contains(" one reason ("), "{screen}");
        assert!(
            columns < 80 || screen.contains("Enter acts when it matches"),
            "{screen}"
        );
        let field = format!("[{}{}]", &to[..40], "_".repeat(23));
        assert!(stands_whole(&screen, &field), "{screen}");
    }
}

#[test]
fn commits_are_whole_in_the_confirmation_and_their_first_seven_are_typed() {
    let mut state = night(80, 24);
    let mut plan = decide(
        &state,
        &request(Lever::RollBack, "production", "whitehall-admin"),
    )
    .unwrap();
    let (from, to) = (
        "9f83e630aa83e630aa83e630aa83e630aa83e630",
        "0123456789012345678901234567890123456789",
    );
    plan.from = Some(Version::new(from));
    plan.to = Some(Version::new(to));
    state.ui.overlay = Some(Overlay::Confirm(Box::new(confirm_ui(plan, Part::Version))));
    let screen = drawn(&state);
    assert!(
        stands_whole(&screen, &format!("{from} -> {to}")),
        "{screen}"
    );
    assert!(screen.contains("[_______]"), "{screen}");
}

#[test]
fn where_no_version_moves_the_overlay_asks_for_the_name_of_the_app_and_has_no_buttons() {
    let mut state = night(80, 24);
    let mut plan = decide(
        &state,
        &request(Lever::RollBack, "production", "whitehall-admin"),
    )
    .unwrap();
    plan.to = None;
    state.ui.overlay = Some(Overlay::Confirm(Box::new(confirm_ui(plan, Part::Version))));
    let screen = drawn(&state);
    let field = format!(
        "type the name of the app  [{}]",
        "_".repeat("whitehall-admin".len())
    );
    assert!(screen.contains(&field), "{screen}");
    assert!(!screen.contains("Cancel"), "{screen}");
}

#[test]
fn without_colour_no_cell_has_one_and_the_words_are_the_same() {
    for (mut bare, coloured) in every(120, 40).into_iter().zip(every(120, 40)) {
        bare.settings.theme = ThemeSettings {
            no_colour: true,
            ascii: true,
        };
        assert_eq!(drawn(&bare), drawn(&coloured));
        let mut screen = Buffer::empty(Rect::new(0, 0, 120, 40));
        view(&bare, &mut screen);
        for cell in &screen.content {
            assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset));
        }
    }
}

#[test]
fn what_is_selected_stands_in_brackets() {
    let state = night(80, 24);
    assert_eq!(state.ui.board.selected, Some(target()));
    let screen = drawn(&state);
    assert_eq!(screen.matches("[v3084   CRASH ]").count(), 1, "{screen}");
}

#[test]
fn read_only_and_the_practice_yard_cannot_be_taken_for_production() {
    let mut state = night(80, 24);
    assert!(drawn(&state).lines().next().unwrap().contains("writes on"));
    state.settings.read_only = true;
    let screen = drawn(&state);
    assert!(
        screen.lines().next().unwrap().contains("READ ONLY"),
        "{screen}"
    );
    assert!(!screen.contains("writes on"), "{screen}");
    state.settings.demo = Some("bad-night".into());
    assert!(drawn(&state).contains("DEMO bad-night READ ONLY"));
    let mut screen = Buffer::empty(Rect::new(0, 0, 80, 24));
    view(&state, &mut screen);
    let reversed = ratatui::style::Modifier::REVERSED;
    let first: String = (0..80)
        .filter(|x| screen[(*x, 0)].modifier.contains(reversed))
        .map(|x| screen[(x, 0)].symbol().to_owned())
        .collect();
    assert_eq!(first, "DEMO bad-night READ ONLY");
}

#[test]
fn outside_texts_are_harmless_wherever_they_stand() {
    for text in hostile::texts() {
        let mut world = world::World::new();
        world.app(&text, &["files"]);
        world.stands("staging", "files", "v1", &text, "2h");
        world.stands("production", "files", &text, "v1", "2h");
        world.changes.iter_mut().for_each(|c| {
            c.actor = text.as_str().into();
            c.subject = text.as_str().into();
        });
        world.silent("integration", "14m", FaultKind::Unauthorized, &text);
        for open in [
            View::Board,
            View::Target(Target::new("staging", &text)),
            View::History(Target::new("staging", &text)),
            View::Sources,
        ] {
            let mut state = world.state(120, 40);
            state.ui.views.push(open);
            state.ui.notice = Some(Notice {
                text: text.clone(),
                at: world::now(),
                fault: false,
                accepts: None,
                is_back: None,
            });
            state.ui.board.filter.clone_from(&text);
            let screen = drawn(&state);
            assert!(
                !screen.chars().any(|c| c.is_control() && c != '\n'),
                "{text:?} {screen:?}"
            );
            for steering in ['\u{202e}', '\u{200b}', '\u{2066}', '\u{feff}', '\u{9b}'] {
                assert!(!screen.contains(steering), "{text:?} {screen:?}");
            }
        }
    }
}

#[test]
fn a_stale_source_marks_its_column_and_every_age_in_it() {
    let screen = drawn(&night(80, 24));
    let head = screen.lines().find(|line| line.contains("APP")).unwrap();
    assert!(
        head.contains("INTEGRATION ?") && !head.contains("STAGING ?"),
        "{head}"
    );
    assert!(
        screen.contains("v3084   2h?    #   v3084   27m "),
        "{screen}"
    );
}

#[test]
fn every_word_has_a_look_and_a_sentence_in_the_help() {
    let mut state = night(200, 50);
    state.size = (200, 120);
    state.ui.views.push(View::Help(Place::Board));
    let screen = drawn(&state);
    for word in Word::ALL {
        let line = screen
            .lines()
            .skip_while(|line| !line.contains("words, worst first"))
            .find(|line| line.trim_start().starts_with(word.label()));
        assert!(
            line.is_some_and(|line| line.trim_end().ends_with('.')),
            "{word:?} {screen}"
        );
    }
}

#[test]
fn more_environments_than_fit_are_shown_around_the_selected_one() {
    let mut state = night(40, 24);
    state.ui.board.selected = Some(Target::new("integration", "whitehall-admin"));
    let screen = drawn(&state);
    assert!(
        screen.contains("INTEGRATION") && !screen.contains("STAGING  "),
        "{screen}"
    );
    state.ui.board.selected = Some(target());
    assert!(drawn(&state).contains("PRODUCTION"));
    assert_eq!(
        state.board.environments.last(),
        Some(&Environment::new("production"))
    );
}

#[test]
fn a_confirmation_scrolls_to_its_end_and_at_once_back() {
    let mut state = night(80, 24);
    let roll_back = request(Lever::RollBack, "production", "whitehall-admin");
    let plan = decide(&state, &roll_back).unwrap();
    let mut confirm = confirm_ui(plan, Part::Checks);
    confirm.open = [Part::Checks, Part::Write, Part::Then].into();
    state.ui.overlay = Some(Overlay::Confirm(Box::new(confirm)));
    let mut press = |word: &str, times: usize| {
        for _ in 0..times {
            let press = Press {
                chord: Chord::parse(word).unwrap(),
                at: world::now(),
                queued: false,
                id: plan_id("7f3a"),
            };
            leverframe::update::update(&mut state, Message::Pressed(press));
        }
        drawn(&state)
    };
    let ends = press("down", 200);
    let before = press("up", 1);
    assert_ne!(before, ends);
    assert_eq!(press("down", 1), ends);
    assert_ne!(press("up", 200), before);
}

#[test]
fn what_was_refused_before_it_was_recorded_was_not_sent_and_says_so() {
    let mut state = night(80, 24);
    let roll_back = request(Lever::RollBack, "production", "whitehall-admin");
    let plan = decide(&state, &roll_back).unwrap();
    let mut confirm = confirm_ui(plan.clone(), Part::Version);
    confirm.sent = true;
    state.ui.overlay = Some(Overlay::Confirm(Box::new(confirm)));
    let screen = drawn(&state);
    assert!(screen.contains("nothing was sent yet"), "{screen}");
    let refused = Message::Outcome {
        plan: plan.id.clone(),
        outcome: Outcome::Refused {
            because: "Another console of yours is sending something; nothing was sent.".into(),
        },
    };
    leverframe::update::update(&mut state, refused);
    let screen = drawn(&state);
    assert!(screen.contains("Another console of yours"), "{screen}");
    assert!(screen.contains("acts when it matches"), "{screen}");
    assert!(matches!(&state.ui.overlay, Some(Overlay::Confirm(confirm)) if !confirm.sent));
}

#[test]
fn what_matters_is_whole_at_eighty_columns() {
    let squeezed = |text: &str| text.split_whitespace().collect::<String>();
    let mut state = night(80, 24);
    // The first lever keeps its version.
    let screen = drawn(&state);
    assert!(
        screen.contains("a levers: b roll back to v3083"),
        "{screen}"
    );
    let hold = decide(
        &state,
        &request(Lever::Hold, "production", "whitehall-admin"),
    )
    .unwrap();
    world::remember(&mut state, hold, "1s");
    leverframe::update::derive_state(&mut state);
    // Nobody merges the branch.
    state.now += jiff::SignedDuration::from_hours(48);
    leverframe::update::derive_state(&mut state);
    state.ui.warnings.clear();
    let stands = leverframe::screen::message::newest(&state, 1_000);
    let stands: String = stands[0]
        .stretches()
        .iter()
        .map(|(text, _)| &**text)
        .collect();
    assert!(
        stands.contains("OVERDUE: ") && stands.len() > 80,
        "{stands}"
    );
    let screen = drawn(&state);
    assert!(
        squeezed(&screen).contains(&squeezed(&stands)),
        "{stands}\n{screen}"
    );
    // A cause takes as many lines as it needs, up to four.
    let cause = "relation \"editions\" is locked by another migration ".repeat(4);
    let mut world = world::night();
    world.application("production", "account-api", |application| {
        application.conditions = vec![leverframe::model::live::Condition {
            kind: "ComparisonError".into(),
            status: "True".into(),
            reason: "".into(),
            message: cause.as_str().into(),
            at: None,
        }];
    });
    let mut state = world.state(80, 24);
    state.ui.board.selected = Some(Target::new("production", "account-api"));
    let screen = drawn(&state);
    assert!(squeezed(&screen).contains(&squeezed(&cause)), "{screen}");
}
