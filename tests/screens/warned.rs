//! Warned: what must be known stays in sight beside what is open, at every size.

use crate::golden::drawn;
use crate::{decide, key, night, request, said_of_selected, with_view, world};
use leverframe::journal::{Entry, What};
use leverframe::message::Message;
use leverframe::model::Target;
use leverframe::plan::{Lever, Plan, PlanId};
use leverframe::state::{Overlay, State, Subject, View};
use leverframe::update::update;
use std::collections::BTreeSet;

const SUBJECT: &str = "roll back publisher in production: ";

fn warn(state: &mut State, words: usize) {
    let text = format!(
        "{SUBJECT}cut short{}",
        ", and more is to be known".repeat(words)
    );
    update(state, Message::Warned(text));
}

/// Where a text stands on the screen: its line.
fn line_of(screen: &str, text: &str) -> usize {
    let found = screen.lines().position(|line| line.contains(text));
    found.unwrap_or_else(|| panic!("{text:?} is not in\n{screen}"))
}

#[test]
fn what_is_open_leaves_the_keys_and_the_subject_of_a_warning_in_sight() {
    let target = Target::new("production", "whitehall-admin");
    for (columns, rows) in [(80, 24), (40, 12), (40, 24), (60, 10), (120, 40)] {
        let mut sent = night(columns, rows);
        let plan = request(Lever::RollBack, "production", "whitehall-admin");
        let plan = decide(&sent, &plan).unwrap();
        world::remember(&mut sent, plan.clone(), "2s");
        let overlays = [
            Overlay::Levers {
                target: target.clone(),
                selected: None,
                after: Some(plan.id.clone()),
            },
            Overlay::Levers {
                target: target.clone(),
                selected: None,
                after: None,
            },
            Overlay::Copy {
                subject: Subject::Cell(target.clone()),
            },
        ];
        for overlay in overlays {
            for words in [0, 2, 6] {
                let mut state = night(columns, rows);
                state.journal = sent.journal.clone();
                state.ui.overlay = Some(match &overlay {
                    Overlay::Levers { after, .. } => Overlay::Levers {
                        target: target.clone(),
                        selected: None,
                        after: after.clone(),
                    },
                    _ => Overlay::Copy {
                        subject: Subject::Cell(target.clone()),
                    },
                });
                warn(&mut state, words);
                let screen = drawn(&state);
                let warned = line_of(&screen, SUBJECT);
                assert!(line_of(&screen, "Esc close") < warned, "{screen}");
            }
        }
    }
}

/// The levers that open by themselves after a send are whole beside a warning of one line.
#[test]
fn the_levers_are_whole_beside_a_warning_where_there_is_room() {
    let mut state = night(80, 24);
    state.ui.overlay = Some(Overlay::Levers {
        target: Target::new("production", "whitehall-admin"),
        selected: None,
        after: None,
    });
    warn(&mut state, 4);
    let screen = drawn(&state);
    for lever in Lever::ALL {
        line_of(&screen, lever.title());
    }
    line_of(&screen, "levers of whitehall-admin @ production");
    line_of(&screen, SUBJECT);
}

/// The night with a plan that waits, and with an app's cell selected.
fn awaiting(columns: u16, rows: u16, app: &str) -> State {
    let mut state = night(columns, rows);
    let plan = request(Lever::RollBack, "production", "whitehall-admin");
    let plan = decide(&state, &plan).unwrap();
    world::remember(&mut state, plan, "2s");
    state.ui.board.selected = Some(Target::new("production", app));
    state
}

/// The same while four other plans were cut short.
fn awaiting_and_warned(columns: u16, rows: u16, app: &str) -> State {
    let mut state = awaiting(columns, rows, app);
    for app in ["manuals-publisher", "travel-advice-publisher", "a", "b"] {
        let text = format!(
            "roll back {app} in production: cut short:\ndeploy-image-c1cb6ff4a4954c89 Failed: Stopped with strategy 'Stop'"
        );
        update(&mut state, Message::Warned(text));
    }
    state
}

/// What is said of the selected cell moves up for warnings, and nothing else does.
#[test]
fn warnings_leave_the_sentence_of_the_selected_cell_whole() {
    for (columns, rows) in [(80, 24), (120, 40), (80, 16)] {
        let before = drawn(&awaiting(columns, rows, "whitehall-admin"));
        let warned = awaiting_and_warned(columns, rows, "whitehall-admin");
        let screen = drawn(&warned);
        let said = said_of_selected(&warned).join("\n");
        assert!(said.contains("CrashLoopBackOff"), "{said}");
        assert!(
            screen.contains(&format!("{said}\na levers")),
            "{said}\n{screen}"
        );
        line_of(&screen, "roll back manuals-publisher in production");
        let rule = line_of(&screen, "whitehall-admin @ production") - 1;
        let kept = before.lines().take(rule);
        assert!(kept.eq(screen.lines().take(rule)), "{before}\n{screen}");
        // A row that is covered is said to stand below.
        let rule = screen.lines().nth(rule).unwrap();
        let is_covered = !screen.contains("calm: one version");
        assert_eq!(rule.contains("more below"), is_covered, "{screen}");
        assert_eq!(is_covered, rows == 16, "{screen}");
    }
}

/// The selected row is in sight beside warnings, and once a key has ended them everything stands where it stood.
#[test]
fn warnings_cover_no_selected_row_and_leave_all_as_it_was() {
    for (columns, rows) in [(80, 24), (120, 40), (80, 16), (40, 12)] {
        for (app, cell) in [("whitehall-admin", "[v3084"), ("account-api", "[v737")] {
            let before = drawn(&awaiting(columns, rows, app));
            let mut state = awaiting_and_warned(columns, rows, app);
            let screen = drawn(&state);
            assert!(
                line_of(&screen, cell) < line_of(&screen, "a levers"),
                "{screen}"
            );
            for ms in 1..=4 {
                assert!(!state.ui.warnings.is_empty(), "{columns}x{rows}");
                update(&mut state, Message::Drawn);
                update(&mut state, Message::Shown(world::now()));
                // It does nothing else.
                key(&mut state, "ctrl-l", ms, false);
                if state.ui.warnings.is_empty() {
                    break;
                }
            }
            assert!(state.ui.warnings.is_empty(), "{:?}", state.ui.warnings);
            assert_eq!(drawn(&state), before);
        }
    }
}

/// A warning that fills its line stands right below the keys, and what finds the keys below it.
#[test]
fn a_warning_of_a_whole_line_leaves_no_empty_one_and_the_keys_can_be_found() {
    let mut state = night(80, 24);
    let plan = request(Lever::RollBack, "production", "whitehall-admin");
    let mut plan = decide(&state, &plan).unwrap();
    plan.hops.truncate(1);
    let id = plan.id.clone();
    world::remember(&mut state, plan, "2s");
    // How the newest plan stands needs two lines, and gives way to the warning of it.
    let because = "the run ended before it was there, and nothing has brought it since then";
    state.journal.add_entry(Entry {
        at: world::ago("1s"),
        plan: id.clone(),
        what: What::CutShort {
            hop: 0,
            because: because.into(),
        },
    });
    for columns in 70..=80 {
        let text = format!("{:-<columns$}", "cut short");
        state.ui.warnings.clear();
        update(&mut state, Message::Warned(text.clone()));
        state.ui.warnings[0].about = Some(id.clone());
        let screen = drawn(&state);
        let keys = line_of(&screen, "a levers");
        assert_eq!(
            line_of(&screen, &text),
            keys + if columns <= 73 { 2 } else { 1 },
            "{screen}"
        );
        assert!(screen.trim_end().ends_with("? keys"), "{columns}: {screen}");
    }
}

/// One row for each state that a plan can be in: no word runs into the next column.
#[test]
fn the_journal_names_the_file_and_keeps_its_columns_apart() {
    let mut state = with_view(120, 40, View::Journal);
    let plan = request(Lever::RollBack, "production", "whitehall-admin");
    let mut plan = decide(&state, &plan).unwrap();
    plan.request.repository = Some("whitehall-feed".into());
    plan.request.is_of_several = true;
    let plan = Plan {
        id: PlanId::new("7bf2"),
        ..plan
    };
    world::remember(&mut state, plan.clone(), "2s");
    state.journal.add_entry(Entry {
        at: world::ago("1s"),
        plan: plan.id,
        what: What::CutShort {
            hop: 0,
            because: "it ended".into(),
        },
    });
    let screen = drawn(&state);
    let named = "roll back whitehall-feed (whitehall-admin) @ production";
    let row = line_of(&screen, named);
    let row = screen.lines().nth(row).unwrap();
    assert!(row.contains("cut short "), "{row}");
    let head = screen.lines().nth(line_of(&screen, "STANDS")).unwrap();
    assert_eq!(head.find("WHAT"), row.find("roll back"), "{screen}");
    // Its detail, too.
    line_of(
        &screen,
        "roll back whitehall-feed of whitehall-admin in production",
    );
}

/// The terminal has a frame of the state as it is now, and a key follows.
fn read(state: &mut State) {
    update(state, Message::Drawn);
    update(state, Message::Shown(world::now()));
    key(state, "j", 1, false);
}

/// On a screen with one line for them each is in sight, as far as it can be, before a key ends it.
#[test]
fn a_low_screen_shows_each_warning_before_a_key_ends_it() {
    for rows in [2, 5, 7, 8] {
        let mut state = night(80, rows);
        for n in 0..3 {
            update(
                &mut state,
                Message::Warned(format!("Warning {n}. ").repeat(9)),
            );
        }
        let mut was_in_sight = BTreeSet::new();
        for _ in 0..3 {
            let screen = drawn(&state);
            was_in_sight.extend((0..3).filter(|n| screen.contains(&format!("Warning {n}."))));
            read(&mut state);
            let mut left = (0..3).filter(|n| {
                let warnings = &mut state.ui.warnings.iter();
                !warnings.any(|warning| warning.text.contains(&format!("Warning {n}.")))
            });
            assert!(left.all(|n| was_in_sight.contains(&n)), "{rows}");
        }
        assert!(state.ui.warnings.is_empty(), "{rows}");
    }
    // Nothing of it can be shown here.
    let mut state = night(80, 1);
    update(&mut state, Message::Warned("Warning.".to_owned()));
    read(&mut state);
    assert_eq!(state.ui.warnings.len(), 1);
}
