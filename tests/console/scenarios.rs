//! The scenarios of the yard, each solved by keys alone as somebody on call would.

use super::desk::Desk;
use super::pty::LIMIT;
use super::pty::Screen;

/// The version that will run: a plan says `from -> to` first.
fn runs(plan: &Screen) -> String {
    let to = plan
        .rows
        .iter()
        .find_map(|row| row.split_once(" -> ")?.1.split(' ').next());
    to.expect("a version").to_owned()
}

#[test]
fn calm_is_calm_and_the_latest_release_moves_on_by_itself() {
    let mut desk = Desk::open("calm");
    desk.see("calm: one version everywhere, smoke passed");
    desk.press("S");
    let sources = desk.see("-- sources, 4 ");
    for source in ["git", "integration", "staging", "production"] {
        let row = sources
            .rows
            .iter()
            .find(|row| row.trim_start_matches(['>', ' ']).starts_with(source));
        assert!(row.is_some_and(|row| row.contains(" ok ")), "{sources}");
    }
    desk.press("q");
    // Nothing is pulled: what the robot released is promoted with nobody's help.
    desk.see_played("promoted from staging");
    desk.journal(0, "");
    desk.leave();
}

#[test]
fn a_crash_loop_is_read_in_its_log_and_rolled_back() {
    // Slow enough that the next broken release comes after all this, however busy the machine is.
    let mut desk = Desk::open_at("10", "crash-loop", &[]);
    desk.select("whitehall-admin", "production");
    desk.see("CRASH");
    // A crashed container speaks through the log of the one before it.
    desk.log();
    desk.press("1 d");
    let target = desk.see("CrashLoopBackOff");
    assert!(target.contains("whitehall-admin @ production"), "{target}");
    desk.press("q");
    let plan = desk.lever("b", "ROLL BACK  whitehall-admin @ production");
    assert!(plan.contains("REACHES PRODUCTION"), "{plan}");
    // The version just before: its pods still serve. What was good before that is chosen with the arrows.
    let version = runs(&plan);
    assert_eq!(version, "v3083", "{plan}");
    assert!(plan.contains("still serve"), "{plan}");
    assert!(plan.contains("? migrations"), "{plan}");
    desk.press("tab down");
    let other = desk.look(LIMIT, "another version", |screen| {
        screen.contains("v3084 -> ") && runs(screen) != "v3083"
    });
    assert!(other.contains("v3083 ("), "{other}");
    desk.press("up");
    desk.see("v3084 -> v3083");
    desk.reason("incident: it crashes at start");
    desk.confirm(&version);
    let journal = desk.journal(1, "done");
    assert!(journal.contains("open debts: 1"), "{journal}");
    // Undoing it would bring the crash back, and says so.
    desk.press("enter");
    desk.see("leave it as it is: closes the debt, writes nothing");
    // Two Enters so close together would be one held key.
    desk.press("down up");
    let undo = desk.enter("UNDO ROLL BACK  whitehall-admin @ production");
    assert!(undo.contains("v3083 -> v3084"), "{undo}");
    assert!(undo.contains("incident: it crashes at start"), "{undo}");
    assert!(undo.contains("x bad here"), "{undo}");
    desk.close();
    desk.press("enter");
    desk.see("leave it as it is: closes the debt, writes nothing");
    desk.press("down");
    desk.enter("is closed: it stays as it is. Nothing was written.");
    desk.see("open debts: 0");
    desk.press("q");
    let board = desk.look(super::desk::PLAYED, "a calm cell", |screen| {
        screen
            .row("  whitehall-admin")
            .is_some_and(|row| row.contains(&format!("[{version}")) && !row.contains("CRASH"))
    });
    assert!(!board.contains("1 crash"), "{board}");
    desk.leave();
}

/// After the key that sends it none is pressed, and how far the plan has come is seen all the same.
#[test]
fn how_far_a_plan_has_come_is_seen_by_whoever_presses_no_key() {
    let mut desk = Desk::open_at("1", "flaky-smoke", &[]);
    desk.select("publisher", "production");
    desk.pull("p", "PROMOTE  publisher @ production", "known to be flaky");
    desk.look(LIMIT, "how far it has come", |screen| {
        screen.contains("promote publisher in production: waiting for ")
    });
    desk.leave();
}

/// Who still sees the old pods crash, and pulls again, is told what is on its way.
#[test]
fn a_second_roll_back_is_not_led_further_back_while_the_first_arrives() {
    let mut desk = Desk::open_at("6", "crash-loop", &[]);
    desk.select("whitehall-admin", "production");
    desk.see("CRASH");
    desk.pull("b", "ROLL BACK  whitehall-admin @ production", "incident");
    desk.look(super::desk::PLAYED, "the older version", |screen| {
        let row = screen.row("  whitehall-admin");
        row.is_some_and(|row| row.contains("[v3083"))
    });
    let refused = desk.refused("b", "v3083 is still arriving: rolled back from v3084");
    assert!(!refused.contains("v3080"), "{refused}");
    desk.close();
    desk.leave();
}

/// The plan under way that brings it hides no cure.
#[test]
fn a_version_that_is_promoted_and_crashes_again_is_rolled_back_by_the_first_lever() {
    let mut desk = Desk::open_at("10", "crash-loop", &[]);
    desk.select("whitehall-admin", "production");
    desk.see("CRASH");
    desk.pull("b", "ROLL BACK  whitehall-admin @ production", "incident");
    desk.journal(1, "done");
    desk.press("q");
    desk.pull("p", "PROMOTE  whitehall-admin @ production", "again");
    desk.look(super::desk::PLAYED, "the cure", |screen| {
        let row = screen.row("  whitehall-admin");
        row.is_some_and(|row| row.contains("CRASH"))
            && screen.contains("a levers: b roll back to v3083")
            && screen.contains("promote whitehall-admin in production: waiting for rollout")
    });
    desk.leave();
}

#[test]
fn a_failed_migration_is_read_in_its_hooks_and_synced_again() {
    let mut desk = Desk::open("migration-failed");
    desk.select("places-manager", "production");
    desk.press("d");
    let target = desk.see("dbmigrate");
    assert!(target.contains("places-manager @ production"), "{target}");
    desk.press("q");
    let plan = desk.lever("s", "SYNC  places-manager @ production");
    let version = runs(&plan);
    desk.reason("the database is back");
    desk.confirm(&version);
    desk.journal(1, "done");
    desk.press("q");
    desk.see_played("Synced, Healthy");
    desk.leave();
}

#[test]
fn a_roll_back_while_a_hook_is_tried_again_leaves_the_good_version_calm() {
    let mut desk = Desk::open("hook-retrying");
    desk.select("asset-manager", "production");
    desk.see("PreSync Job/asset-manager-freshclam failed");
    let plan = desk.lever("b", "ROLL BACK  asset-manager @ production");
    assert_eq!(runs(&plan), "v861", "{plan}");
    desk.reason("disk");
    desk.confirm("v861");
    let board = desk.look(super::desk::PLAYED, "the version before", |screen| {
        screen
            .row("  asset-manager")
            .is_some_and(|row| row.contains("[v861"))
    });
    let accused = |screen: &Screen| {
        let row = screen.row("  asset-manager");
        row.is_some_and(|row| row.contains("HOOK"))
    };
    assert!(!accused(&board), "{board}");
    // The tries that are left go on with v862, and the plan waits for their end; then the app is as main says. A busy machine
    // may see the end only.
    let still = |screen: &Screen| {
        screen.contains("Argo CD still syncs v862: retry ")
            && screen.contains("waiting for rollout")
    };
    desk.look(LIMIT, "the tries, or their end", |screen| {
        still(screen) || screen.contains(": done within ")
    });
    let journal = desk.journal(1, "done");
    assert!(journal.contains("open debts: 1"), "{journal}");
    desk.press("q d");
    let target = desk.look(super::desk::PLAYED, "a comparison with main", |screen| {
        screen.contains("Synced, the parent has synced the commit")
    });
    assert!(target.contains("last operation of v862 Failed"), "{target}");
    desk.press("q");
    let board = desk.see("rolled back from v862 ");
    assert!(!accused(&board), "{board}");
    desk.leave();
}

#[test]
fn a_lost_environment_is_said_once_with_its_cause_and_the_others_live() {
    let mut desk = Desk::open("environment-down");
    let board = desk.see("integration FAILED");
    // Before the first key: how a second terminal gets there, and the levers too.
    assert!(board.contains("Second terminal: leverframe -c "), "{board}");
    assert!(board.contains("a levers: "), "{board}");
    // Once, at the top: no row of the board repeats it.
    let rows = board.rows.iter().filter(|row| row.contains("refused"));
    assert!(rows.count() <= 1, "{board}");
    desk.press("S");
    desk.see("-- sources, 4 ");
    desk.press("j");
    let cause = desk.see("-- integration -");
    assert!(cause.contains("refused"), "{cause}");
    desk.press("q");
    // What git says of the lost environment stands, and its levers say why they are off.
    desk.select("publisher", "integration");
    desk.refused("s", "-- REFUSED sync publisher @ integration");
    desk.close();
    desk.press("l l");
    let live = desk.see("publisher @ production");
    assert!(live.contains("3/3 pods ready"), "{live}");
    desk.lever("f", "REFRESH  publisher @ production");
    desk.close();
    desk.leave();
}
