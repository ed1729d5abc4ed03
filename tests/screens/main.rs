//! Screens: every view at the sizes that people have, compared with what was seen and found good.

// clippy.toml allows these in test functions only, not in what they share.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod any;
#[path = "../common/cases.rs"]
mod cases;
mod confirm;
#[path = "../common/golden.rs"]
mod golden;
mod header;
#[path = "../common/hostile.rs"]
mod hostile;
mod keys;
mod lists;
mod logs;
mod proposed;
mod questions;
mod sanitised;
#[path = "../common/smoke.rs"]
mod smoke;
mod unread;
mod warned;
#[path = "../common/world.rs"]
mod world;

use golden::golden;
use jiff::{SignedDuration, Timestamp};
use leverframe::action::Place;
use leverframe::effect::Effect;
use leverframe::journal::{Entry, Unreadable, What};
use leverframe::keymap::Chord;
use leverframe::message::{Message, Press};
use leverframe::model::{Exposure, Sync, Target, live};
use leverframe::plan::{Lever, Plan, PlanId, Refusal, Request, plan};
use leverframe::provider::Call;
use leverframe::state::{
    Complaint, ConfirmUi, Cure, Notice, Overlay, Part, Prompt, PromptKind, State, Subject, View,
};
use leverframe::store::Source;

/// So long after the night that is drawn.
fn after(ms: i64) -> Timestamp {
    world::now()
        .checked_add(SignedDuration::from_millis(ms))
        .unwrap()
}

/// Presses a key so long after it.
fn key(state: &mut State, word: &str, at_ms: i64, queued: bool) -> Vec<Effect> {
    let press = Press {
        chord: Chord::parse(word).unwrap(),
        at: after(at_ms),
        queued,
        id: plan_id("7f3f"),
    };
    leverframe::update::update(state, Message::Pressed(press))
}

#[test]
fn the_board_of_a_bad_night() {
    golden("board", |columns, rows| world::night().state(columns, rows));
}

#[test]
fn the_board_over_connections_that_are_not_safe() {
    golden("board-exposed", |columns, rows| {
        let mut world = world::night();
        world.exposed = vec![
            ("staging".into(), Exposure::UncheckedCertificate),
            ("production".into(), Exposure::UncheckedCertificate),
            ("integration".into(), Exposure::PlainHttp),
        ];
        world.state(columns, rows)
    });
}

#[test]
fn the_board_while_a_parent_delivers_nothing_and_an_app_is_not_there() {
    golden("board-parent", |columns, rows| {
        let mut world = world::night();
        world.application("staging", "app-config", |parent| {
            parent.sync = Sync::Unknown;
            parent.conditions = vec![live::Condition {
                kind: "ComparisonError".into(),
                status: "".into(),
                reason: "".into(),
                message: "failed to generate manifest: helm template failed: values.yaml line 12: not a map"
                    .into(),
                at: None,
            }];
        });
        world.app("content-store", &["content-store"]);
        for environment in ["integration", "staging", "production"] {
            world.stands(environment, "content-store", "v504", "v505", "2d");
        }
        world.healthy("production", "content-store", "content-store", "v505");
        world.application("production", "content-store", |app| app.deleting = true);
        world.state(columns, rows)
    });
}

/// What a message takes of the sentence, that takes of what is above it; all above that is where it was.
#[test]
fn the_sentence_stands_whole_above_a_message_however_long_that_is() {
    let mut state = world::night().state(80, 24);
    let before = golden::drawn(&state);
    let said = said_of_selected(&state);
    assert!(said.len() > 1, "{before}");
    for words in 1..40 {
        state.ui.notice = Some(Notice {
            text: "a word that is said here ".repeat(words),
            at: state.now,
            fault: true,
            accepts: None,
            is_back: None,
        });
        let screen = golden::drawn(&state);
        let screen: Vec<&str> = screen.lines().collect();
        let keys = screen.iter().position(|line| line.contains("a levers:"));
        let top = keys.unwrap() - said.len();
        assert_eq!(screen[top..][..said.len()], said, "{screen:#?}");
        let kept = before.lines().take(top - 1);
        assert!(kept.eq(screen[..top - 1].iter().copied()), "{screen:#?}");
    }
}

/// The lines of what is said of the selected cell.
fn said_of_selected(state: &State) -> Vec<String> {
    let lines = leverframe::screen::sentence::lines(state, usize::from(state.size.0));
    let text = |line: &leverframe::screen::line::Line| -> String {
        line.stretches().iter().map(|(text, _)| &**text).collect()
    };
    lines
        .iter()
        .map(|line| text(line).trim_end().to_owned())
        .collect()
}

#[test]
fn banners_share_the_lines_that_there_are_for_them() {
    let mut world = world::night();
    world.exposed = vec![("staging".into(), Exposure::UncheckedCertificate)];
    for environment in ["integration", "staging", "production"] {
        world.application(environment, "app-config", |parent| {
            parent.auto_sync = false;
        });
    }
    // Five of them: each that is left out is counted, and none takes a second line.
    let screen = golden::drawn(&world.state(80, 24));
    let header: Vec<&str> = screen.lines().skip(2).take(4).collect();
    assert!(header[0].starts_with("NOT SAFE staging: "), "{screen}");
    assert!(
        header[1].starts_with("SYNC app-config in integration, "),
        "{screen}"
    );
    assert!(
        header[2].starts_with("SYNC app-config in staging, "),
        "{screen}"
    );
    assert_eq!(header[3], "and 2 more; what is wrong stands in their rows");
}

#[test]
fn the_calm_say_of_which_smoke_runs_nothing_is_kept() {
    let mut world = world::night();
    world.app("old", &["old"]);
    for environment in ["integration", "staging", "production"] {
        world.stands(environment, "old", "v6", "v7", "90d");
        world.application(environment, "old", |app| {
            app.annotations.insert("imageTag".into(), "v7".into());
        });
    }
    world.calm("new", "v9", "12d");
    let text = golden::drawn(&world.state(80, 24));
    assert!(
        text.contains(
            "+ 55 calm: one version everywhere, smoke passed in 162 cells, 3 without a run\n"
        ),
        "{text}"
    );
}

#[test]
fn the_board_before_anything_was_read() {
    golden("board-unread", |columns, rows| {
        world::blank(world::World::new().delivery, columns, rows)
    });
}

fn night(columns: u16, rows: u16) -> State {
    let mut world = world::night();
    world.may_all();
    world.state(columns, rows)
}

/// The night with another view open.
fn with_view(columns: u16, rows: u16, open: View) -> State {
    let mut state = night(columns, rows);
    state.ui.views.push(open);
    state
}

fn request(lever: Lever, environment: &str, app: &str) -> Request {
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

fn plan_id(word: &str) -> PlanId {
    PlanId::new(&format!("{word:0<16}"))
}

fn decide(state: &State, request: &Request) -> Result<Plan, Refusal> {
    plan(request, &state.context(&plan_id("7f3a")))
}

/// The size that a screen asks for where there is too little room to confirm.
fn size_named(screen: &str) -> (u16, u16) {
    let words = screen.split_whitespace().collect::<Vec<_>>().join(" ");
    let (_, size) = words
        .split_once("Too small to confirm: make the terminal at least ")
        .unwrap_or_else(|| panic!("{screen}"));
    let (size, _) = size.split_once(". Esc cancels.").unwrap();
    let (columns, rows) = size.split_once('x').unwrap();
    (columns.parse().unwrap(), rows.parse().unwrap())
}

fn confirm_ui(plan: Plan, part: Part) -> ConfirmUi {
    ConfirmUi {
        plan,
        part,
        open: Default::default(),
        reason: String::new(),
        earlier: None,
        version: String::new(),
        confirm_focused: false,
        top: 0,
        complaint: None,
        decided_at: 0,
        changes: Vec::new(),
        sent: false,
    }
}

#[test]
fn the_target_of_a_crash() {
    golden("target", |columns, rows| {
        with_view(
            columns,
            rows,
            View::Target(Target::new("production", "whitehall-admin")),
        )
    });
}

#[test]
fn the_history_of_a_target() {
    golden("history", |columns, rows| {
        with_view(
            columns,
            rows,
            View::History(Target::new("production", "whitehall-admin")),
        )
    });
}

#[test]
fn the_sources() {
    golden("sources", |columns, rows| {
        let mut state = with_view(columns, rows, View::Sources);
        state.ui.list.selected = 1;
        state
    });
}

#[test]
fn the_journal_with_a_plan_underway_and_an_unknown_one() {
    golden("journal", |columns, rows| {
        let mut state = with_view(columns, rows, View::Journal);
        let underway = request(Lever::RollBack, "production", "whitehall-admin");
        let underway = decide(&state, &underway).unwrap();
        world::remember(&mut state, underway.clone(), "5m");
        for hop in 0..2 {
            state.journal.add_entry(Entry {
                at: world::ago("4m"),
                plan: underway.id.clone(),
                what: What::Seen { hop },
            });
        }
        let mut unknown = decide(&state, &request(Lever::Refresh, "staging", "publisher")).unwrap();
        unknown.id = plan_id("7f3b");
        world::intend(&mut state, unknown, "2m");
        state
    });
}

#[test]
fn the_journal_with_a_line_that_cannot_be_read() {
    golden("journal-unreadable", |columns, rows| {
        let mut state = with_view(columns, rows, View::Journal);
        state.journal.unreadable = vec![Unreadable {
            file: "/home/ops/.local/state/leverframe/journal.jsonl".into(),
            line: 12,
            lines: 1,
            byte: 4711,
            before: world::ago("20m"),
            because: "it is damaged: expected value at line 1 column 9".into(),
        }];
        state
    });
}

#[test]
fn the_journal_without_a_plan() {
    golden("journal-empty", |columns, rows| {
        with_view(columns, rows, View::Journal)
    });
}

#[test]
fn the_calls() {
    golden("calls", |columns, rows| {
        let mut state = with_view(columns, rows, View::Calls);
        for (source, what, took_ms, answer) in [
            (Source::Git, "fetch origin main", 812, "ok"),
            (
                Source::Cluster("staging".into()),
                "LIST argoproj.io/applications cluster-services",
                85,
                "200",
            ),
            (
                Source::Cluster("integration".into()),
                "WATCH pods apps",
                12,
                "401",
            ),
        ] {
            state.calls.push_back(Call {
                at: world::ago("3s"),
                source,
                what: what.into(),
                took_ms,
                answer: answer.into(),
            });
        }
        state
    });
}

#[test]
fn the_help_of_the_board() {
    golden("help", |columns, rows| {
        with_view(columns, rows, View::Help(Place::Board))
    });
}

#[test]
fn the_confirmation_of_a_roll_back_in_production() {
    golden("confirm-roll-back", |columns, rows| {
        let mut state = night(columns, rows);
        let plan = decide(
            &state,
            &request(Lever::RollBack, "production", "whitehall-admin"),
        )
        .unwrap();
        let mut ui = confirm_ui(plan, Part::Version);
        ui.reason = "incident 4711: whitehall 500s".into();
        ui.version = "v30".into();
        state.ui.reasons.push(ui.reason.clone());
        state.ui.overlay = Some(Overlay::Confirm(Box::new(ui)));
        state
    });
}

#[test]
fn the_confirmation_of_a_refresh_that_reaches_production_through_an_open_gate() {
    golden("confirm-refresh", |columns, rows| {
        let mut state = night(columns, rows);
        let plan = decide(&state, &request(Lever::Refresh, "staging", "publisher")).unwrap();
        state.ui.overlay = Some(Overlay::Confirm(Box::new(confirm_ui(plan, Part::Version))));
        state
    });
}

#[test]
fn the_confirmation_of_a_hold_shows_the_scalar() {
    golden("confirm-hold", |columns, rows| {
        let mut state = night(columns, rows);
        let plan = decide(
            &state,
            &request(Lever::Hold, "production", "whitehall-admin"),
        )
        .unwrap();
        let mut ui = confirm_ui(plan, Part::Buttons);
        ui.complaint = Some(Complaint {
            text: "One reason covers all of these; type it first.".into(),
            until: Cure::Reason,
        });
        state.ui.overlay = Some(Overlay::Confirm(Box::new(ui)));
        state
    });
}

#[test]
fn the_levers_with_their_reasons() {
    golden("levers", |columns, rows| {
        let mut state = night(columns, rows);
        let target = Target::new("production", "whitehall-admin");
        state.ui.overlay = Some(Overlay::Levers {
            target,
            selected: Some(0),
            after: None,
        });
        state
    });
}

/// Nothing that matters is dropped unseen, and nothing moves with the selection.
#[test]
fn why_a_lever_is_off_is_read_whole_or_visibly_cut() {
    let target = Target::new("production", "whitehall-admin");
    for columns in [36, 50, 80] {
        let mut state = night(columns, 24);
        let decided = leverframe::screen::levers::decided(&state, &target);
        let mut titles = std::collections::BTreeSet::new();
        for (selected, (lever, decision)) in decided.iter().enumerate() {
            let Err(refusal) = decision else { continue };
            state.ui.overlay = Some(Overlay::Levers {
                target: target.clone(),
                selected: Some(selected),
                after: None,
            });
            let screen = golden::drawn(&state);
            let lines: Vec<&str> = screen.lines().collect();
            let title = lines.iter().position(|l| l.starts_with("-- levers of"));
            titles.insert(title.unwrap());
            let below = lines[title.unwrap() + 1 + decided.len()..lines.len() - 2].join(" ");
            let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            let remedy = leverframe::screen::keys::remedy(&state, &refusal.remedy);
            let whole = words(&format!("{} {remedy}", refusal.because));
            let below = words(&below);
            assert!(
                below == whole || below.ends_with('~'),
                "{lever:?} at {columns}: {whole}\n{screen}"
            );
        }
        assert_eq!(titles.len(), 1, "at {columns}");
    }
}

#[test]
fn the_levers_that_open_after_a_roll_back_say_why() {
    golden("levers-after-roll-back", |columns, rows| {
        let mut state = night(columns, rows);
        let target = Target::new("production", "whitehall-admin");
        let sent = decide(
            &state,
            &request(Lever::RollBack, "production", "whitehall-admin"),
        );
        let sent = sent.unwrap();
        world::remember(&mut state, sent.clone(), "2s");
        state.ui.overlay = Some(Overlay::Levers {
            target,
            selected: None,
            after: Some(sent.id),
        });
        state
    });
}

#[test]
fn a_refusal_with_what_failed() {
    golden("refused", |columns, rows| {
        // Without what the credential may do: unknown is never read as passed.
        let mut state = world::night().state(columns, rows);
        let refusal =
            decide(&state, &request(Lever::Promote, "production", "publisher")).unwrap_err();
        state.ui.overlay = Some(Overlay::Refused(Box::new(refusal)));
        state
    });
}

#[test]
fn the_question_how_an_unknown_plan_ended() {
    golden("settle", |columns, rows| {
        let mut state = with_view(columns, rows, View::Journal);
        let plan = decide(&state, &request(Lever::Refresh, "staging", "publisher")).unwrap();
        let id = plan.id.clone();
        world::intend(&mut state, plan, "2m");
        state.ui.overlay = Some(Overlay::Settle {
            plan: id,
            selected: 0,
        });
        state
    });
}

#[test]
fn what_can_be_copied_and_the_palette() {
    golden("copy", |columns, rows| {
        let mut state = night(columns, rows);
        state.ui.overlay = Some(Overlay::Copy {
            subject: Subject::Cell(Target::new("production", "whitehall-admin")),
        });
        state
    });
    golden("palette", |columns, rows| {
        let mut state = night(columns, rows);
        state.ui.prompt = Some(Prompt {
            kind: PromptKind::Palette,
            text: "ref".into(),
            selected: 0,
            before: String::new(),
            selected_before: Default::default(),
        });
        state
    });
}

#[test]
fn a_filter_that_nothing_matches_says_so() {
    golden("filter-nothing", |columns, rows| {
        let mut state = night(columns, rows);
        state.ui.board.filter = "nosuch".into();
        state
    });
}
