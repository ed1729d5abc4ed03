//! What must be typed before production moves, and what does not count as typed.

use super::desk::Desk;

/// At the plan that takes account-api in production back to v734, picked from its history.
fn at_a_roll_back() -> Desk {
    let mut desk = Desk::open("calm");
    desk.select("account-api", "production");
    desk.ready("b");
    desk.close();
    desk.press("H");
    desk.see("  v732 -> v734");
    desk.press("j b");
    let plan = desk.see("ROLL BACK  account-api @ production");
    assert!(plan.contains("REACHES PRODUCTION"), "{plan}");
    assert!(plan.contains("v737 -> v734"), "{plan}");
    desk
}

#[test]
fn only_the_version_itself_acts() {
    let mut desk = at_a_roll_back();
    desk.reason("errors since Monday");
    desk.version("v737");
    desk.see("v737 is not the version that will run; type v734, then confirm (Enter).");
    // Leaving keeps what was written as the reason, and sends nothing.
    desk.close();
    desk.see("-- history of account-api @ production");
    desk.journal(0, "");
    desk.press("q");
    desk.see("-- history of account-api @ production");
    desk.press("j b");
    desk.see("ROLL BACK  account-api @ production");
    desk.see("Enter goes on");
    desk.press("up");
    desk.see("reason  [errors since Monday]");
    desk.press("enter");
    desk.confirm("v734");
    let journal = desk.journal(1, "done");
    assert!(journal.contains("reason: errors since Monday"), "{journal}");
    assert!(journal.contains("open debts: 1"), "{journal}");
    desk.leave();
}

#[test]
fn keys_ahead_of_the_plan_and_pastes_do_not_count_and_a_burst_confirms_nothing() {
    let mut desk = Desk::open("calm");
    desk.select("account-api", "production");
    desk.ready("b");
    desk.close();
    desk.press("H");
    desk.see("  v732 -> v734");
    desk.press("j");
    // As if typed by somebody who knows what will come.
    desk.console.send(b"bv734\r");
    let plan = desk.see("ROLL BACK  account-api @ production");
    let empty = "type the version that will run  [____]";
    assert!(plan.contains(empty), "{plan}");
    desk.console.paste("v734");
    desk.see("The version must be typed; a paste does not count.");
    desk.see(empty);
    // In one piece, as a slow line brings it, to the field that waits for it: Enter has to come by itself.
    desk.reason("errors since Monday");
    desk.console.send(b"v734\r");
    desk.see("That key came together with others; press it by itself (Enter).");
    let plan = desk.see("type the version that will run  [v734]");
    assert!(!plan.contains("Sent once"), "{plan}");
    desk.close();
    desk.see("-- history of account-api @ production");
    desk.journal(0, "");
    desk.leave();
}
