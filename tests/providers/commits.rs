//! Levers by commits, one after another on the command line: each sees what became of those before it.

use crate::charts::{self, Charts};
use leverframe::journal::PlanState;

const STAGING: [&str; 4] = ["publisher", "--environment", "staging", "--yes"];

fn pull(charts: &Charts, lever: &str) -> (i32, String) {
    let words = [&[lever], &STAGING[..], &["--reason", "practice"]].concat();
    charts.run(&words)
}

#[test]
fn what_was_held_is_released_and_its_debt_is_paid() {
    let charts = Charts::open(true);
    let (code, said) = pull(&charts, "hold");
    assert_eq!(code, 0, "{said}");
    assert!(
        charts
            .far("integration")
            .contains("automatic_deploys_enabled: false")
    );
    assert_eq!(charts.journal().debts().count(), 0, "not seen yet");
    let (code, said) = charts.run(&["journal", "--look"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(charts.journal().debts().count(), 1, "{said}");
    assert_eq!(charts.journal().records[0].plan_state(), PlanState::Done);
    // No look in between: the lever itself sees that the one before it is done.
    let (code, said) = pull(&charts, "release");
    assert_eq!(code, 0, "{said}");
    assert!(
        charts
            .far("integration")
            .contains("automatic_deploys_enabled: true")
    );
    let (code, said) = pull(&charts, "hold");
    assert_eq!(code, 0, "{said}");
    let journal = charts.journal();
    let paid = &journal.records[0];
    assert!(paid.paid.is_some() && paid.debt().is_none());
}

#[test]
fn a_gate_that_somebody_else_opens_owes_nothing() {
    let charts = Charts::open(true);
    let (code, said) = pull(&charts, "hold");
    assert_eq!(code, 0, "{said}");
    charts.run(&["journal", "--look"]);
    assert_eq!(charts.journal().debts().count(), 1);
    let clone = charts.at("clone");
    charts::git(&clone, &["pull", "--quiet", "origin", "main"]);
    charts::git(&clone, &["revert", "--no-edit", "HEAD"]);
    charts::git(&clone, &["push", "--quiet", "origin", "main"]);
    charts.run(&["journal", "--look"]);
    assert_eq!(charts.journal().debts().count(), 0);
}

#[test]
fn a_plan_that_never_arrived_is_settled_by_hand() {
    let charts = Charts::open(true);
    // A branch, which nobody will merge.
    let delivery = std::fs::read_to_string(charts.delivery()).unwrap();
    let by_branch = delivery.replace("gate_by = \"commit\"", "gate_by = \"branch\"");
    std::fs::write(charts.delivery(), by_branch).unwrap();
    let (code, said) = pull(&charts, "hold");
    assert_eq!(code, 0, "{said}");
    let (code, said) = pull(&charts, "hold");
    assert_eq!(code, 3, "it waits for its reviewer: {said}");
    let plan = charts.journal().records[0].plan.id.to_string();
    let (code, said) = charts.run(&["journal", &plan, "--settle", "not-done"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(charts.journal().records[0].plan_state(), PlanState::NotDone);
    let (code, said) = pull(&charts, "hold");
    assert_eq!(code, 0, "{said}");
}
