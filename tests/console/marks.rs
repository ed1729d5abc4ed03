//! Levers on several marked cells, and cells that are muted.

use super::desk::Desk;

#[test]
fn a_lever_goes_through_the_marked_cells_one_plan_after_the_other() {
    let mut desk = Desk::open("calm");
    desk.select("publisher", "production");
    desk.ready("h");
    desk.close();
    desk.press("g x x x");
    // The footer speaks of what would move, and not of one of them.
    desk.see(" 3 marked cells");
    desk.press("a");
    let levers = desk.see("levers of 3 marked cells, one plan after the other");
    assert!(
        levers.contains("hold") && levers.contains("ready"),
        "{levers}"
    );
    assert!(!levers.contains("levers of publisher"), "{levers}");
    desk.close();
    // What is out of sight is not moved.
    desk.press("/ ctrl-u");
    desk.type_text("account-api");
    desk.press("enter a");
    desk.see("marked cells are not in sight");
    desk.close();
    desk.press("/ ctrl-u");
    desk.type_text("publisher");
    desk.press("enter");
    let plan = desk.lever("h", "HOLD  publisher @ production  (1 of 3)");
    assert!(plan.contains("automatic_deploys_enabled: false"), "{plan}");
    desk.reason("incident 4711");
    desk.button("hold");
    // What was typed for one plan is not typed for the next.
    let plan = desk.see("(2 of 3)");
    assert!(!plan.contains("incident 4711"), "{plan}");
    desk.reason("incident 4711");
    desk.button("hold");
    desk.see("(3 of 3)");
    desk.close();
    let left = desk.see("2 of 3 plans were accepted; nothing was sent");
    assert!(left.contains("1 marked"), "{left}");
    desk.journal(2, "");
    desk.leave();
}

#[test]
fn a_muted_cell_leaves_the_counts_until_it_is_lifted_in_the_journal() {
    let mut desk = Desk::open("flaky-smoke");
    desk.see("1 smoke");
    desk.select("publisher", "staging");
    desk.press("m");
    desk.see("-- mute publisher @ staging");
    desk.press("enter");
    desk.see("why is it muted?");
    // Two Enters so close together would be one held key, and what is typed before the line was seen does not count.
    desk.pause();
    desk.type_text("x");
    desk.see("why is it muted? x");
    desk.press("backspace");
    desk.pause();
    desk.press("enter");
    desk.see("Whoever comes next wants to know why");
    desk.press("m");
    desk.see("-- mute publisher @ staging");
    desk.press("enter");
    desk.see("why is it muted?");
    desk.pause();
    desk.type_text("flaky, known");
    desk.see("why is it muted? flaky, known");
    desk.pause();
    desk.press("enter");
    let muted = desk.look(super::pty::LIMIT, "no smoke in the header", |screen| {
        !screen.contains("1 smoke") && screen.contains("flaky, known")
    });
    assert!(muted.contains("Muted until"), "{muted}");
    desk.press("esc");
    desk.look(super::pty::LIMIT, "no filter", |screen| {
        !screen.contains("-- filter")
    });
    // The selected row is not hidden under the hand.
    desk.press(". g");
    desk.see("1 muted");
    desk.press("J");
    let journal = desk.see(", muted: 1");
    assert!(
        journal.contains("publisher @ staging  flaky, known"),
        "{journal}"
    );
    desk.press("m");
    desk.see("lift it: muted until");
    desk.press("enter");
    desk.see("publisher @ staging is muted no more.");
    desk.press("q");
    desk.see("1 smoke");
    desk.leave();
}
