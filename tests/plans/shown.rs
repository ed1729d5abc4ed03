//! Shown: a plan as text, as data and as commands.

use crate::scene::*;
use crate::world::{World, clusters};
use leverframe::model::Environment;
use leverframe::plan::*;

fn all() -> Vec<Plan> {
    let mut world = publisher();
    let mut plans = Vec::new();
    deploy_run(&mut world, "staging", "v1363", "true", "Running");
    for (lever, environment) in [
        (Lever::Promote, "production"),
        (Lever::RollBack, "production"),
        (Lever::Resubmit, "staging"),
        (Lever::TestsOnly, "staging"),
        (Lever::Sync, "staging"),
        (Lever::Refresh, "staging"),
        (Lever::Stop, "staging"),
        (Lever::Hold, "production"),
    ] {
        plans.push(pull(&world, lever, environment, "publisher").unwrap());
    }
    by_commits(&mut world);
    plans.push(pull(&world, Lever::Promote, "production", "publisher").unwrap());
    world.closed("staging", "publisher", "5m", "hold");
    plans.push(pull(&world, Lever::Release, "production", "publisher").unwrap());
    plans
}

#[test]
fn a_plan_comes_back_from_json_as_it_was() {
    for plan in all() {
        for check in &plan.checks {
            let weight = check.name.weight(plan.request.lever);
            assert!(
                weight.is_some(),
                "{:?} has no {}",
                plan.request.lever,
                check.name.title()
            );
        }
        let text = serde_json::to_string(&plan).unwrap();
        assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan, "{text}");
        let refusal = Refusal {
            lever: plan.request.lever,
            target: plan.request.target.clone(),
            because: "x".into(),
            remedy: Remedy::by("y.", Way::Pull(Lever::Stop)),
            checks: plan.checks.clone(),
            is_asking: false,
        };
        let text = serde_json::to_value(&refusal).unwrap();
        assert_eq!(text["remedy"], "y.");
        let shown = show::refusal(&refusal);
        assert!(
            shown.contains("x y (`leverframe stop`). Nothing was sent."),
            "{shown}"
        );
    }
}

#[test]
fn a_reason_that_is_typed_later_reaches_the_object_and_changes_nothing_else() {
    for plan in all() {
        let reasoned = plan.clone().with_reason(Some("incident \"4711\"".into()));
        let written = serde_json::to_string(&reasoned.write).unwrap();
        let carried =
            matches!(plan.write, Write::Create { .. }) || plan.request.lever == Lever::Sync;
        assert_eq!(written.contains("4711"), carried, "{written}");
        assert!(reasoned.comes_to_the_same(&plan) && plan.comes_to_the_same(&reasoned));
        assert_eq!(reasoned.with_reason(None), plan);
    }
    let plans = all();
    for (n, one) in plans.iter().enumerate() {
        for other in &plans[n + 1..] {
            assert!(!one.comes_to_the_same(other));
        }
    }
}

#[test]
fn the_text_says_the_move_first_and_failures_before_passes() {
    let plan = pull(&publisher(), Lever::Promote, "production", "publisher").unwrap();
    let text = show::text(&plan);
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines[0].starts_with("PROMOTE  publisher @ production  REACHES PRODUCTION ~"),
        "{text}"
    );
    assert!(lines[1].starts_with("v1361 -> v1362     "), "{text}");
    assert!(text.contains("2 need one reason ("), "{text}");
    assert!(text.contains(", 2 not checked)"), "{text}");
    assert!(text.contains("x smoke"), "{text}");
    assert!(!text.contains("+ "), "passes are folded: {text}");
    assert!(text.contains(
        "environment=production repoName=publisher imageTag=v1362 promoteDeployment=false"
    ));
    for plan in all() {
        let text = show::text(&plan);
        assert!(
            text.contains(&format!("plan {PLAN}")) && text.contains("\nthen\n"),
            "{text}"
        );
    }
}

/// What ran when it was pasted, and what is not plain in other ways.
const NASTY: [&str; 12] = [
    "v1\u{1b}[201~\u{15}touch OWN\r",
    "v1\ntouch OWN\n",
    "\u{15}touch OWN\u{f}",
    "v1\u{9b}31m\u{7f}\u{85}",
    "\u{202e}gnp.exe\u{2066}\u{e0041}",
    "it's $(touch OWN) `touch OWN` ; touch OWN",
    "back\\slash\\x41 \\' $'",
    "tab\tbell\u{7}",
    "\u{378}unassigned",
    "",
    "plain-1.2/3:4@5=6",
    "caf\u{e9} 世",
];

#[test]
fn a_quoted_word_holds_nothing_that_acts_when_pasted_and_means_the_same_to_a_shell() {
    let Ok(bash) = std::process::Command::new("bash").arg("--version").output() else {
        println!("SKIPPED: words as bash reads them (no bash)");
        return;
    };
    assert!(bash.status.success());
    for word in NASTY {
        let quoted = show::quote(word);
        assert!(!quoted.contains(leverframe::text::is_hidden), "{quoted:?}");
        let script = format!("printf %s {quoted}");
        let folder = tempfile::tempdir().unwrap();
        let read = std::process::Command::new("bash")
            .args(["--norc", "-c", &script])
            .env("LC_ALL", "C.UTF-8")
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&read.stdout), word, "{script}");
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            0,
            "{script}"
        );
    }
}

#[test]
fn commands_by_hand_hold_nothing_that_acts_when_pasted() {
    for nasty in NASTY {
        for mut plan in all() {
            plan.request.reason = Some(nasty.to_owned());
            plan.warning = Some(nasty.to_owned());
            match &mut plan.write {
                Write::Commit { edits, subject, .. } => {
                    subject.push_str(nasty);
                    for edit in edits {
                        edit.to = nasty.to_owned();
                        edit.from = Some(nasty.to_owned());
                        edit.path.push_str(nasty);
                        edit.key.push_str(nasty);
                    }
                }
                Write::Create { object, .. } => object["x"] = nasty.into(),
                Write::Patch { id, patch, .. } => {
                    id.name = nasty.into();
                    patch["x"] = nasty.into();
                }
            }
            let text = show::commands(&plan, &publisher().delivery, &clusters());
            let acts = |letter: char| leverframe::text::is_hidden(letter) && letter != '\n';
            assert!(!text.contains(acts), "{text:?}");
            for line in text.lines() {
                assert!(!line.trim_start().starts_with("touch"), "{text}");
            }
        }
    }
}

#[test]
fn commands_name_file_context_and_namespace_and_quote_what_is_not_plain() {
    let world = publisher();
    for plan in all() {
        let text = show::commands(&plan, &world.delivery, &clusters());
        match &plan.write {
            Write::Commit { edits, branch, .. } => {
                for edit in edits {
                    assert!(text.contains(&format!("yq -i '.{} = ", edit.key)), "{text}");
                    assert!(text.contains(&edit.path));
                }
                let to = branch.as_deref().unwrap_or("main");
                assert!(
                    text.contains(&format!("git push origin HEAD:refs/heads/{to}")),
                    "{text}"
                );
            }
            Write::Create {
                environment,
                namespace,
                name,
                origin,
                ..
            } => {
                let place = place(environment);
                let create = format!("\nkubectl {place} -n {namespace} create -f -");
                assert!(text.contains(&create), "{text}");
                let (_, object) = text.split_once("<<'LEVERFRAME'\n").unwrap();
                let (object, _) = object.split_once("\nLEVERFRAME\n").unwrap();
                let object: serde_json::Value = serde_json::from_str(object).unwrap();
                assert_eq!(object["metadata"]["name"], **name, "one run, however often");
                assert!(object["metadata"].get("generateName").is_none(), "{text}");
                let argo = match origin {
                    None => format!("\n# or: argo {place} -n {namespace} submit --name {name} "),
                    Some(_) => format!(
                        "\n# or, another run each time it is run: argo {place} -n {namespace} resubmit "
                    ),
                };
                assert!(text.contains(&argo), "{text}");
                assert!(
                    !text.contains("leverframe/"),
                    "by hand it is not our plan: {text}"
                );
            }
            Write::Patch { id, .. } => {
                let place = place(&id.environment);
                let patch = format!("\nkubectl {place} -n {} patch", id.namespace);
                assert!(
                    text.contains(&patch) && text.contains("--type merge -p '{"),
                    "{text}"
                );
            }
        }
    }
}

/// As the options of kubectl and argo name a cluster of [`clusters`].
fn place(environment: &Environment) -> &'static str {
    match environment.as_str() {
        "production" => "--kubeconfig '/home/ops/.kube/the real one' --context govuk-production",
        "staging" => "--kubeconfig /home/ops/.kube/lower --context govuk-staging",
        other => panic!("{other}"),
    }
}

#[test]
fn commands_for_a_cluster_that_is_not_configured_go_nowhere_and_say_the_reason() {
    let world = publisher();
    let plan = pull(&world, Lever::Sync, "staging", "publisher").unwrap();
    let plan = plan.with_reason(Some("it's\nlate".into()));
    let text = show::commands(&plan, &world.delivery, &Default::default());
    assert!(
        text.contains("kubectl --kubeconfig '<kubeconfig of staging>' --context '<context of staging>' -n cluster-services patch"),
        "{text}"
    );
    assert!(text.contains("\n# because: it's\u{240a}late\n"), "{text}");
}

/// Commands are pasted into shells: whatever stands in a name or a version stays one word.
#[test]
fn a_hostile_version_stays_one_word() {
    let mut world = publisher();
    by_commits(&mut world);
    let hostile = "v1'; rm -rf ~; echo '";
    world.stands("staging", "publisher", "v1361", hostile, "1h");
    let plan = pull(&world, Lever::Promote, "production", "publisher").unwrap();
    let text = show::commands(&plan, &world.delivery, &clusters());
    let printed = std::process::Command::new("sh")
        .arg("-c")
        // Each program prints its arguments, one a line, instead of doing anything.
        .arg(format!(
            "yq() {{ printf 'yq<%s>\\n' \"$@\"; }}; git() {{ printf 'git<%s>\\n' \"$@\"; }}; rm() {{ echo DANGER; }}\n{text}"
        ))
        .output()
        .unwrap();
    let printed = String::from_utf8(printed.stdout).unwrap();
    assert!(!printed.contains("DANGER"), "{printed}");
    assert!(
        printed.contains(&format!("yq<.image_tag = \"{hostile}\">")),
        "{printed}"
    );
}

#[test]
fn checks_that_are_only_shown_ask_for_nothing() {
    let mut world = publisher();
    world.closed("staging", "publisher", "5m", "hold");
    crate::changes::running(&mut world);
    deploy_run(&mut world, "production", "v1370", "true", "Running");
    for environment in ["staging", "production"] {
        change_app(&mut world, environment, "app-config", |a| {
            a.auto_sync = false
        });
    }
    let verdict_of = |lever: Lever, environment: &str, name: &str| {
        let plan = pull(&world, lever, environment, "publisher").unwrap();
        let row = check(&plan, name);
        assert_eq!(row.weight, Weight::Shown, "{} {name}", lever.title());
        (row.verdict, plan.next)
    };
    for (lever, environment, name) in [
        (Lever::RollBack, "production", "hop"),
        (Lever::RollBack, "production", "hours"),
        (Lever::Sync, "production", "overtaken"),
        (Lever::Refresh, "production", "overtaken"),
        (Lever::Sync, "staging", "parent"),
        (Lever::Refresh, "staging", "parent"),
        (Lever::Stop, "staging", "parent"),
    ] {
        let (verdict, _) = verdict_of(lever, environment, name);
        assert_eq!(verdict, Verdict::Failed, "{} {name}", lever.title());
    }
    assert_eq!(
        verdict_of(Lever::Promote, "production", "migrations").0,
        Verdict::NotChecked
    );
    // Stop, then roll back, then hold: each says what comes next.
    assert_eq!(
        verdict_of(Lever::Stop, "staging", "parent").1,
        Some(Lever::RollBack)
    );
    let back = pull(&publisher(), Lever::RollBack, "production", "publisher").unwrap();
    assert_eq!(back.next, Some(Lever::Hold));
    // A resubmit shows a newer version that is on its way.
    let mut newer = publisher();
    deploy_run(&mut newer, "staging", "v1363", "true", "Running");
    let plan = pull(&newer, Lever::Resubmit, "staging", "publisher").unwrap();
    let row = check(&plan, "overtaken");
    assert_eq!((row.weight, row.verdict), (Weight::Shown, Verdict::Failed));
}

#[test]
fn promotion_is_spoken_of_only_where_the_delivery_has_a_key_for_it() {
    let mut world = publisher();
    let speaks = |world: &World| {
        let plan = pull(world, Lever::Promote, "production", "publisher").unwrap();
        plan.reach
            .because
            .iter()
            .any(|why| why.contains("promotion is not asked for"))
    };
    assert!(speaks(&world));
    change_delivery(&mut world, |delivery| delivery.declared.promote = None);
    assert!(!speaks(&world));
}
