//! Levers by commits, one after another on the command line: each sees what became of those before it.

use crate::charts::{self, Charts};
use leverframe::journal::PlanState;
use std::os::unix::fs::PermissionsExt;

/// Writes a version file anew, as somebody else would.
fn rewrite(charts: &Charts, environment: &str, text: &str) {
    let clone = charts.at("clone");
    let file = clone.join(charts::TAGS).join(environment).join("publisher");
    std::fs::write(file, text).unwrap();
    charts::git(&clone, &["commit", "--quiet", "-am", "By hand"]);
    charts::git(&clone, &["push", "--quiet", "origin", "main"]);
}

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

#[test]
fn the_diff_that_is_shown_is_the_one_that_is_written() {
    let charts = Charts::open(true);
    rewrite(
        &charts,
        "integration",
        "image_tag: '1.10'\nautomatic_deploys_enabled: true\n",
    );
    rewrite(
        &charts,
        "staging",
        "# numbers\nimage_tag: 1.9   # until Friday\n",
    );
    let words = [&["promote"], &STAGING[..], &["--reason", "practice"]].concat();
    let (code, said) = charts.run(&[&words[..], &["--dry-run"]].concat());
    assert_eq!(code, 0, "{said}");
    let removed = "-image_tag: 1.9   # until Friday";
    let added = "+image_tag: \"1.10\"   # until Friday";
    assert!(said.contains(removed) && said.contains(added), "{said}");
    let (code, said) = charts.run(&words);
    assert_eq!(code, 0, "{said}");
    let diff = charts::git(&charts.at("far.git"), &["show", "--format=", "-U0", "main"]);
    let lines: Vec<&str> = diff.lines().skip(5).collect();
    assert_eq!(lines, [removed, added]);
}

#[test]
fn a_file_that_cannot_be_edited_is_refused_before_anything_is_asked() {
    let charts = Charts::open(true);
    for (file, because) in [
        ("image_tag: &tag v1\nother: *tag\n", "carries an anchor"),
        (
            "{automatic_deploys_enabled: false}\n",
            "is not a list of lines",
        ),
        (
            "image_tag: v1\n---\nimage_tag: v1\n",
            "more than one YAML document",
        ),
    ] {
        rewrite(&charts, "staging", file);
        let (code, said) = charts.run(&["promote", "publisher", "--environment", "staging"]);
        assert_eq!(code, 3, "{said}");
        assert!(
            said.contains("cannot be changed safely") && said.contains(because),
            "{said}"
        );
        assert!(!said.contains("reason"), "{said}");
        assert!(charts.journal().records.is_empty());
    }
}

#[test]
fn what_is_written_does_not_depend_on_how_git_is_set_up() {
    let charts = Charts::open(true);
    let (clone, far) = (charts.at("clone"), charts.at("far.git"));
    charts::git(&clone, &["tag", "-a", "-m", "a tag", "v9"]);
    for (key, value) in [
        ("commit.gpgsign", "true"),
        ("gpg.program", "/bin/false"),
        ("core.autocrlf", "true"),
        ("push.gpgSign", "true"),
        ("push.followTags", "true"),
        ("push.default", "matching"),
        ("push.pushOption", "ci.skip"),
        ("color.ui", "always"),
        ("color.push", "always"),
    ] {
        charts::git(&clone, &["config", key, value]);
    }
    charts::git(&far, &["config", "receive.advertisePushOptions", "true"]);
    let hook = far.join("hooks/pre-receive");
    let script = format!(
        "#!/bin/sh\necho \"${{GIT_PUSH_OPTION_COUNT:-0}}\" > {}\n",
        charts.at("options").display()
    );
    std::fs::create_dir_all(far.join("hooks")).unwrap();
    std::fs::write(&hook, script).unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    let words = [&["hold"], &STAGING[..], &["--reason", "practice"]].concat();
    let elsewhere = charts.at("elsewhere");
    let output = charts
        .leverframe(&words)
        .env("GIT_DIR", &elsewhere)
        .env("GIT_WORK_TREE", &elsewhere)
        .env("GIT_INDEX_FILE", &elsewhere)
        .env("GIT_OBJECT_DIRECTORY", &elsewhere)
        .env("GIT_NAMESPACE", "elsewhere")
        .env("GIT_SHALLOW_FILE", &elsewhere)
        .env(
            "GIT_CONFIG_PARAMETERS",
            format!("'remote.origin.url={}'", elsewhere.display()),
        )
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", "remote.origin.pushurl")
        .env("GIT_CONFIG_VALUE_0", &elsewhere)
        .env("GIT_AUTHOR_DATE", "2001-02-03T04:05:06Z")
        .env("GIT_COMMITTER_DATE", "2001-02-03T04:05:06Z")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(!elsewhere.exists());
    let commit = charts::git(&far, &["cat-file", "commit", "main"]);
    assert!(!commit.contains("gpgsig"), "{commit}");
    let times = charts::git(&far, &["show", "-s", "--format=%at %ct", "main"]);
    let now = jiff::Timestamp::now().as_second();
    assert!(
        times
            .split(' ')
            .all(|time| now - time.parse::<i64>().unwrap() < 600),
        "{times}"
    );
    let diff = charts::git(&far, &["show", "--format=", "-U0", "main"]);
    let lines: Vec<&str> = diff.lines().skip(5).collect();
    assert_eq!(
        lines,
        [
            "-automatic_deploys_enabled: true",
            "+automatic_deploys_enabled: false"
        ]
    );
    assert!(!charts.far("integration").contains('\r'));
    let references = charts::git(&far, &["for-each-ref", "--format=%(refname)"]);
    assert_eq!(references, "refs/heads/main");
    let options = std::fs::read_to_string(charts.at("options")).unwrap();
    assert_eq!(options, "0\n", "no push option");
}
