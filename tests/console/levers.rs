//! Levers pulled at the board, and what the world made of them.

use super::desk::{Desk, TYPED};

#[test]
fn a_flaky_run_is_resubmitted_from_the_board_and_promotes_to_production() {
    let mut desk = Desk::open("flaky-smoke");
    desk.select("publisher", "staging");
    // The run, then its log.
    desk.press("enter");
    desk.see("govuk-e2e-tests 3/3");
    desk.log();
    desk.see("publisher.spec.js");
    desk.press("q q");
    desk.see("publisher @ staging");
    let plan = desk.lever("r", "RESUBMIT  publisher @ staging");
    assert!(plan.contains("REACHES PRODUCTION"), "{plan}");
    assert!(plan.contains("v1362 again"), "{plan}");
    desk.reason("a flake");
    let sent = desk.confirm("v1362");
    assert!(
        sent.contains("accepted, workflows apps/post-sync-r2-"),
        "{sent}"
    );
    let journal = desk.journal(1, "done");
    assert!(
        journal.contains("seen: v1362 declared in production"),
        "{journal}"
    );
    assert!(
        journal.contains("seen: publisher runs v1362 in production"),
        "{journal}"
    );
    assert!(journal.contains("reason: a flake"), "{journal}");
    assert!(!journal.contains("awaited:"), "{journal}");
    desk.press("q");
    desk.see("[v1362");
    desk.press("l");
    let board = desk.see("publisher @ production  v1361 -> v1362");
    let row = board.row("  publisher").expect("the row");
    assert_eq!(row.matches("v1362").count(), 3, "{board}");
    // It is not failed any more, so there is nothing to resubmit.
    desk.press("h");
    desk.see("publisher @ staging");
    desk.refused("r", "only a failed run is resubmitted");
    desk.close();
    desk.leave();
}

#[test]
fn a_version_is_promoted_and_rolled_back_from_history() {
    let mut desk = Desk::open("calm");
    desk.select("account-api", "staging");
    let plan = desk.lever("p", "PROMOTE  account-api @ staging");
    assert!(plan.contains("v737 -> v749"), "{plan}");
    assert!(plan.contains("reaches staging"), "{plan}");
    desk.reason("wanted today");
    desk.confirm("promote");
    let journal = desk.journal(1, "done");
    assert!(
        journal.contains("seen: account-api runs v749 in staging"),
        "{journal}"
    );
    desk.press("q");
    desk.see("[v749");
    desk.press("H");
    desk.see("-- history of account-api @ staging");
    desk.see("  v737 -> v749");
    // The line below says what stood before.
    desk.press("j");
    desk.see("  v734 -> v737");
    desk.press("b");
    let plan = desk.see("ROLL BACK  account-api @ staging");
    assert!(plan.contains("v749 -> v737"), "{plan}");
    desk.reason("it was too early");
    desk.confirm("roll back");
    let journal = desk.journal(2, "done");
    assert!(journal.contains("open debts: 1"), "{journal}");
    desk.press("q q");
    desk.see("[v737");
    desk.leave();
}

#[test]
fn every_lever_of_a_read_only_console_is_off_and_says_why() {
    let mut desk = Desk::open_with("flaky-smoke", &["--read-only"]);
    desk.see("READ ONLY");
    desk.select("publisher", "staging");
    desk.press("a");
    let levers = desk.see("-- levers of publisher @ staging");
    assert!(!levers.contains(" ready"), "{levers}");
    desk.close();
    for letter in ["p", "b", "r", "t", "s", "f", "h", "u", "x"] {
        desk.refused(letter, "read-only");
        desk.close();
    }
    desk.journal(0, "");
    desk.leave();
}

#[test]
fn a_hold_is_pushed_as_a_branch_and_the_parent_is_refreshed() {
    let mut desk = Desk::open("calm");
    desk.select("account-api", "production");
    let plan = desk.lever("h", "HOLD  account-api @ production");
    assert!(plan.contains("-automatic_deploys_enabled: true"), "{plan}");
    assert!(plan.contains("+automatic_deploys_enabled: false"), "{plan}");
    desk.press("ctrl-y");
    desk.see("bytes for the terminal's clipboard (OSC 52)");
    desk.reason("incident 4711");
    let sent = desk.confirm("hold");
    assert!(sent.contains("leverframe/"), "{sent}");
    desk.press("J");
    let journal = desk.see("seen: branch leverframe/");
    assert!(
        journal.contains("-- journal, plans: 1, open debts: 0 "),
        "{journal}"
    );
    desk.press("q");
    let (plan, made) = desk.pull("f", "REFRESH  account-api @ production", "look again");
    let typed = plan.row(TYPED).is_some();
    assert_eq!(typed, plan.contains("REACHES PRODUCTION"), "{plan}");
    let journal = desk.journal(1 + made, "done");
    assert!(journal.contains("reason: look again"), "{journal}");
    desk.leave();
}

#[test]
fn a_gate_is_closed_and_opened_again_and_its_debt_is_paid() {
    let mut desk = Desk::open("calm");
    desk.select("account-api", "production");
    desk.lever("h", "HOLD  account-api @ production");
    desk.reason("incident 4711");
    desk.confirm("hold");
    let journal = desk.journal(1, "done");
    assert!(journal.contains("open debts: 1"), "{journal}");
    desk.press("q");
    desk.refused("h", "is closed already");
    desk.close();
    let plan = desk.lever("u", "RELEASE  account-api @ production");
    assert!(plan.contains("-automatic_deploys_enabled: false"), "{plan}");
    assert!(plan.contains("+automatic_deploys_enabled: true"), "{plan}");
    let typed = plan.row(TYPED).is_some();
    assert_eq!(typed, plan.contains("REACHES PRODUCTION"), "{plan}");
    desk.reason("it is over");
    let by = match typed {
        true => desk.wanted(),
        false => "release".to_owned(),
    };
    desk.confirm(&by);
    desk.journal(2, "done");
    desk.see("open debts: 0");
    desk.leave();
}

#[test]
fn tests_are_run_again_alone_and_the_run_is_stopped() {
    let mut desk = Desk::open_at("10", "flaky-smoke", &[]);
    desk.select("publisher", "staging");
    let plan = desk.lever("t", "RESUBMIT, TESTS ONLY  publisher @ staging");
    assert!(!plan.contains("REACHES PRODUCTION"), "{plan}");
    desk.reason("is it a flake?");
    let sent = desk.confirm("resubmit, tests only");
    assert!(sent.contains("post-sync-r2-"), "{sent}");
    let (plan, made) = desk.pull("x", "STOP A RUN  publisher @ staging", "enough seen");
    assert!(plan.contains("post-sync-r2-"), "{plan}");
    let journal = desk.journal(1 + made, "done");
    assert!(journal.contains("enough seen"), "{journal}");
    desk.leave();
}
