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
    desk.see("Type v734, the version that will run, then confirm (Enter).");
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
fn keys_ahead_of_the_plan_bursts_and_pastes_do_not_count() {
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
    // In one piece, to the field that waits for it.
    desk.console.send(b"v734\r");
    desk.see("Keys that come in one burst do not count here; type the version.");
    desk.see(empty);
    desk.console.paste("v734");
    desk.see("The version must be typed; a paste does not count.");
    let plan = desk.see(empty);
    assert!(!plan.contains("Sent once"), "{plan}");
    desk.close();
    desk.see("-- history of account-api @ production");
    desk.journal(0, "");
    desk.leave();
}
