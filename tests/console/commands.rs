//! Commands as scripts meet them: exit codes, the JSON contract, and agreement with the files of real deliveries.

use leverframe::journal::file::{JournalFile, JournalPaths};
use leverframe::journal::{Entry, What};
use leverframe::model::{Repository, Target, Version};
use leverframe::plan::{Hop, HopEffect, Lever, Outcome};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The binary with an environment of its own: nothing of the machine's configuration is seen.
fn leverframe(home: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_leverframe"))
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home)
        .env("LOGNAME", "tester")
        .env("GIT_AUTHOR_NAME", "Tester")
        .env("GIT_AUTHOR_EMAIL", "tester@example.org")
        .output()
        .unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn git(repository: &Path, arguments: &[&str]) {
    let done = Command::new("git")
        .arg("-C")
        .arg(repository)
        .args([
            "-c",
            "user.name=govuk-ci",
            "-c",
            "user.email=ci@example.org",
            "-c",
            "commit.gpgsign=false",
        ])
        .args(arguments)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_COMMITTER_DATE", "2026-08-01T09:00:00Z")
        .env("GIT_AUTHOR_DATE", "2026-08-01T09:00:00Z")
        .output()
        .unwrap();
    assert!(done.status.success(), "git {arguments:?}: {}", said(&done));
}

/// A repository on branch main with these files.
fn repository(folder: &Path, files: &[(&str, &str)]) -> PathBuf {
    let place = folder.join("charts");
    std::fs::create_dir_all(&place).unwrap();
    git(&place, &["init", "-q", "-b", "main"]);
    commit(&place, files, "Begin");
    place
}

fn commit(repository: &Path, files: &[(&str, &str)], subject: &str) {
    for (path, text) in files {
        let path = repository.join("charts/app-config").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    git(repository, &["add", "-A"]);
    git(repository, &["commit", "-q", "-m", subject]);
}

fn tag(version: &str, automatic: bool) -> String {
    format!(
        "image_tag: {version}\nautomatic_deploys_enabled: {automatic}\npromote_deployment: true\n"
    )
}

/// Two environments with values, an orphan file, an app without a file, a twin, an app of two images with one file.
fn small(folder: &Path) -> PathBuf {
    let values = "govukApplications:\n- name: router\n- name: draft-router\n  repoName: router\n- name: tools\n- name: licence\n  imageValues:\n  - licence-admin\n  - licence-feed\n";
    let (open, closed) = (tag("v2", true), tag("v2", false));
    repository(
        folder,
        &[
            ("values-integration.yaml", values),
            ("values-staging.yaml", values),
            ("image-tags/integration/router", &open),
            ("image-tags/staging/router", &closed),
            ("image-tags/production/router", "image_tag: v1\\n\n"),
            ("image-tags/integration/licence-feed", &tag("v7", false)),
            ("image-tags/staging/licence-feed", &tag("v7", false)),
            ("image-tags/staging/leftover", "# nothing\n"),
        ],
    )
}

fn status(home: &Path, repository: &Path, more: &[&str]) -> (String, Value) {
    let place = repository.to_str().unwrap();
    let mut arguments = vec![
        "status",
        "-o",
        "json",
        "--delivery",
        "govuk",
        "--repository",
        place,
        "--limit",
        "120",
    ];
    arguments.extend(more);
    let output = leverframe(home, &arguments);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let text = printed(&output);
    let value = serde_json::from_str(&text).unwrap();
    (text, value)
}

fn target<'a>(status: &'a Value, environment: &str, app: &str) -> &'a Value {
    status["targets"]
        .as_array()
        .unwrap()
        .iter()
        .find(|t| t["environment"] == environment && t["app"] == app)
        .unwrap_or_else(|| panic!("no {app} in {environment}"))
}

#[test]
fn the_fields_of_status_and_their_order_are_a_contract() {
    let folder = tempfile::tempdir().unwrap();
    let place = small(folder.path());
    let (text, value) = status(
        folder.path(),
        &place,
        &["--environment", "staging", "router"],
    );
    // The document whole, but for the moment and the source's age.
    let at = value["at"].as_str().unwrap();
    let age = value["sources"][0]["age_s"].to_string();
    let compact: String = text.lines().map(str::trim_start).collect();
    let expected = format!(
        concat!(
            r#"{{"delivery": "GOV.UK","at": "{at}","sources": [{{"name": "git","state": "ok","age_s": {age},"error": null}}],"#,
            r#""targets": [{{"environment": "staging","app": "router","kind": "app","repository": "router","#,
            r#""declared": {{"version": "v2","promote": true,"odd": null,"images": [{{"repository": "router","version": "v2","promote": true,"odd": null}}]}},"#,
            r#""gate_in": {{"state": "open","environment": "integration","key": "automatic_deploys_enabled"}},"#,
            r#""waiting": 0,"live": null,"sync": null,"health": null,"phase": null,"smoke": null,"attention": []}}],"parents": []}}"#
        ),
        at = at,
        age = age
    );
    assert_eq!(compact, expected);
}

#[test]
fn what_is_odd_missing_or_shared_is_said_and_never_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let place = small(folder.path());
    let (_, status) = status(folder.path(), &place, &[]);
    let orphan = target(&status, "staging", "leftover");
    assert_eq!(orphan["kind"], "orphan");
    assert_eq!(orphan["declared"]["version"], Value::Null);
    assert!(orphan["declared"]["odd"].is_string());
    let missing = target(&status, "staging", "tools");
    assert_eq!(
        (&missing["kind"], &missing["repository"]),
        (&Value::from("no_file"), &Value::Null)
    );
    let twin = target(&status, "staging", "draft-router");
    assert_eq!(
        (&twin["repository"], &twin["gate_in"]["state"]),
        (&Value::from("router"), &Value::from("open"))
    );
    let several = target(&status, "staging", "licence");
    assert_eq!(several["declared"]["version"], "v7");
    assert_eq!(several["declared"]["images"].as_array().unwrap().len(), 2);
    assert_eq!(several["declared"]["images"][0]["repository"], Value::Null);
    // Production has no values file: its file names are the apps. The literal \n is odd.
    let production = target(&status, "production", "router");
    assert!(production["declared"]["odd"].is_string(), "{production}");
    // Closed since its first commit, which is long ago.
    assert_eq!(production["gate_in"]["state"], "manual");
}

#[test]
fn history_is_the_versions_moves_newest_first() {
    let folder = tempfile::tempdir().unwrap();
    let place = small(folder.path());
    commit(
        &place,
        &[("image-tags/staging/router", &tag("v3", false))],
        "Update router image tag to v3 for staging",
    );
    commit(
        &place,
        &[("image-tags/staging/router", &tag("v3", true))],
        "Open the gate",
    );
    let output = leverframe(
        folder.path(),
        &[
            "history",
            "router",
            "--environment",
            "staging",
            "-o",
            "json",
            "--delivery",
            "govuk",
            "--repository",
            place.to_str().unwrap(),
        ],
    );
    assert_eq!(code(&output), 0, "{}", said(&output));
    let page: Value = serde_json::from_str(&printed(&output)).unwrap();
    let changes = page["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 2, "the gate's move is none of the version");
    assert_eq!(
        (&changes[0]["from"], &changes[0]["to"]),
        (&Value::from("v2"), &Value::from("v3"))
    );
    assert_eq!(
        (&changes[1]["from"], &changes[1]["to"]),
        (&Value::Null, &Value::from("v2"))
    );
    assert_eq!(changes[0]["kind"], "robot");
    assert_eq!(changes[0]["at"], "2026-08-01T09:00:00Z");
    assert_eq!(page["whole"], true);
    assert!(page["since"].is_string());
    let text = printed(&output);
    let keys: Vec<usize> = ["at", "commit", "from", "to", "actor", "kind", "reason"]
        .iter()
        .map(|key| text.find(&format!("\"{key}\"")).unwrap())
        .collect();
    assert!(keys.is_sorted(), "{text}");
}

#[test]
fn each_way_to_end_has_its_code() {
    let folder = tempfile::tempdir().unwrap();
    let place = small(folder.path());
    let place = place.to_str().unwrap();
    let clone = ["--delivery", "govuk", "--repository", place];
    let run = |arguments: &[&str], more: &[&str]| {
        let all: Vec<&str> = arguments.iter().chain(more).copied().collect();
        leverframe(folder.path(), &all)
    };
    // Nothing is configured: a command says what to do, and never starts the yard.
    for command in [
        &["status"][..],
        &["history", "router", "-e", "staging"],
        &["config", "check"],
    ] {
        let output = run(command, &[]);
        assert_eq!(code(&output), 2);
        assert!(
            said(&output).contains("leverframe config show"),
            "{}",
            said(&output)
        );
        assert!(printed(&output).is_empty());
    }
    for (command, words) in [
        (&["status", "--nonsense"][..], "unexpected argument"),
        (&["status", "nothing-of-this-name"], "No app or file"),
        (
            &["target", "router", "-e", "moon"],
            "It has: integration, staging, production.",
        ),
        (
            &["history", "licence", "-e", "staging"],
            "say which one by --image",
        ),
    ] {
        let output = run(command, &clone);
        assert_eq!(code(&output), 2, "{command:?}");
        assert!(said(&output).contains(words), "{}", said(&output));
    }
    let output = run(&["status", "--delivery", "govuk"], &[]);
    assert_eq!(code(&output), 2);
    // A lever is refused on a clone that is only looked at, dry or not, and by what was asked.
    let output = run(&["promote", "router", "-e", "staging", "--dry-run"], &clone);
    assert_eq!(code(&output), 3, "{}", said(&output));
    assert!(said(&output).contains("--delivery"), "{}", said(&output));
    // A terminal shows both ends, and the reason stands there once.
    let both = printed(&output) + &said(&output);
    assert_eq!(both.matches("is read-only").count(), 1, "{both}");
    // A repository that is not there.
    let output = run(
        &[
            "status",
            "--delivery",
            "govuk",
            "--repository",
            "/nowhere/at/all",
        ],
        &[],
    );
    assert!([1, 5].contains(&code(&output)), "{}", code(&output));
    let nowhere: Value = {
        let output = run(
            &[
                "status",
                "-o",
                "json",
                "--delivery",
                "govuk",
                "--repository",
                "/nowhere/at/all",
            ],
            &[],
        );
        serde_json::from_str(&printed(&output)).unwrap()
    };
    assert_eq!(nowhere["sources"][0]["state"], "failed");
    assert!(nowhere["sources"][0]["error"].is_string());
    // Whoever ends otherwise than well says why, and prints its document all the same.
    let nowhere = ["--delivery", "govuk", "--repository", "/nowhere/at/all"];
    for (command, document) in [
        (&["status"][..], None),
        (&["history", "router", "-e", "staging"], None),
        (
            &["history", "router", "-e", "staging", "-o", "json"],
            Some(
                serde_json::json!({"whole": false, "since": null, "unread": null, "changes": null}),
            ),
        ),
    ] {
        let output = run(command, &nowhere);
        assert_eq!(code(&output), 1, "{command:?}");
        assert!(
            said(&output).contains("/nowhere/at/all"),
            "{command:?}: {}",
            said(&output)
        );
        if let Some(document) = document {
            let page: Value = serde_json::from_str(&printed(&output)).unwrap();
            assert_eq!(page, document);
        }
    }
    // What was not read is not said to be not there.
    let file = folder.path().join("lf.toml");
    let text = format!(
        "delivery = \"govuk\"\nrepository = {place:?}\n[environments.staging]\nkubeconfig = \"/nope\"\ncontext = \"s\"\n"
    );
    std::fs::write(&file, text).unwrap();
    for more in [&[][..], &["--pod", "app"]] {
        let words = ["logs", "router", "-e", "staging", "-c"];
        let output = run(&[&words[..], &[file.to_str().unwrap()]].concat(), more);
        assert_eq!(code(&output), 1, "{}", said(&output));
        assert!(
            said(&output).contains("could not be read. staging: The kubeconfig /nope"),
            "{}",
            said(&output)
        );
    }
    // Runs live in clusters, and none is configured.
    for command in [&["runs"][..], &["runs", "-e", "staging"]] {
        let output = run(command, &clone);
        assert_eq!(code(&output), 2, "{command:?}");
        assert!(
            said(&output).contains("configured: add [environments."),
            "{}",
            said(&output)
        );
    }
    // Looking at a clone leaves nothing behind but the log.
    for left in [".cache", ".config"] {
        assert!(!folder.path().join(left).exists(), "{left}");
    }
    let state = std::fs::read_dir(folder.path().join(".local/state/leverframe")).unwrap();
    let left: Vec<_> = state.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["leverframe.log"]);
    // What needs no source.
    for command in [
        &["man"][..],
        &["completions", "bash"],
        &["config", "show"],
        &["config", "show", "govuk"],
        &["config", "show", "--keys"],
    ] {
        let output = run(command, &[]);
        assert_eq!(code(&output), 0, "{command:?}: {}", said(&output));
        assert!(!printed(&output).is_empty());
    }
}

#[test]
fn a_wrong_configuration_is_refused_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lf.toml");
    std::fs::write(&file, "delivery = \"govuk\"\n\ntime_zone = \"Nowhere\"\n").unwrap();
    let output = leverframe(folder.path(), &["status", "-c", file.to_str().unwrap()]);
    assert_eq!(code(&output), 2);
    assert!(
        said(&output).contains("lf.toml:3: time_zone: "),
        "{}",
        said(&output)
    );
}

#[test]
fn the_console_wants_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let place = small(folder.path());
    let output = leverframe(
        folder.path(),
        &[
            "--delivery",
            "govuk",
            "--repository",
            place.to_str().unwrap(),
        ],
    );
    assert_eq!(code(&output), 2);
    assert!(
        said(&output).contains("needs a terminal"),
        "{}",
        said(&output)
    );
}

#[test]
fn hostile_texts_stay_raw_in_json_and_are_shown_in_tables() {
    let folder = tempfile::tempdir().unwrap();
    let hostile = "v1\u{1b}[31m\u{202e}";
    let text = "image_tag: \"v1\\e[31m\\u202e\"\nautomatic_deploys_enabled: true\npromote_deployment: true\n";
    let place = repository(folder.path(), &[("image-tags/integration/router", text)]);
    let (_, value) = status(folder.path(), &place, &[]);
    assert_eq!(
        target(&value, "integration", "router")["declared"]["version"],
        hostile
    );
    let output = leverframe(
        folder.path(),
        &[
            "status",
            "--delivery",
            "govuk",
            "--repository",
            place.to_str().unwrap(),
        ],
    );
    let table = printed(&output);
    assert!(
        table.contains("v1") && !table.contains('\u{1b}') && !table.contains('\u{202e}'),
        "{table}"
    );
}

#[test]
fn that_nothing_is_open_is_not_that_nothing_was_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let place = small(folder.path());
    let open = || {
        let clone = place.to_str().unwrap();
        let words = ["journal", "--open", "--delivery", "govuk", "--repository"];
        let output = leverframe(folder.path(), &[&words[..], &[clone]].concat());
        assert_eq!(code(&output), 0, "{}", said(&output));
        printed(&output)
    };
    assert_eq!(open(), "No plan was recorded yet.\n");
    let state = folder.path().join(".local/state/leverframe");
    let journal = JournalFile::new(JournalPaths::usual(&state));
    let plan = crate::plans::some_plan("aaaa");
    let evidence = "stopped".to_owned();
    for what in [
        What::Intent {
            plan: Box::new(plan.clone()),
        },
        What::Outcome {
            outcome: Outcome::Applied { evidence },
        },
        What::Seen { hop: 0 },
    ] {
        let entry = Entry {
            at: plan.made_at,
            plan: plan.id.clone(),
            what,
        };
        journal.append(&entry).unwrap();
    }
    assert_eq!(open(), "No plan is open, and none left a debt.\n");
}

/// A roll back whose run failed, or whose version another followed, at a hop.
fn cut_short(id: &str, at: usize, because: &str) -> Vec<Entry> {
    let target = Target::new("production", "publisher");
    let environment = target.environment.clone();
    let (repository, version) = (Repository::new("publisher"), Version::new("v1361"));
    let effects = [
        HopEffect::Declared {
            environment: environment.clone(),
            repository: repository.clone(),
            version: version.clone(),
        },
        HopEffect::ParentSynced {
            environment,
            repository: repository.clone(),
        },
    ];
    let mut plan = crate::plans::some_plan(id);
    let hop = plan.hops.remove(0);
    plan.request.lever = Lever::RollBack;
    plan.request.target = target;
    plan.request.repository = Some(repository);
    (plan.from, plan.to) = (Some(Version::new("v1362")), Some(version));
    plan.debt = Some("publisher was rolled back".to_owned());
    plan.next = Some(Lever::Hold);
    plan.hops = effects
        .map(|effect| Hop {
            effect,
            ..hop.clone()
        })
        .into();
    let intent = What::Intent {
        plan: Box::new(plan.clone()),
    };
    let outcome = What::Outcome {
        outcome: Outcome::Applied {
            evidence: "created".to_owned(),
        },
    };
    let cut_short = What::CutShort {
        hop: at,
        because: because.to_owned(),
    };
    let seen = (0..at).map(|hop| What::Seen { hop });
    let whats = [intent, outcome].into_iter().chain(seen);
    let entries = whats.chain([cut_short]).map(|what| Entry {
        at: plan.made_at,
        plan: plan.id.clone(),
        what,
    });
    entries.collect()
}

#[test]
fn a_plan_that_was_cut_short_says_why_and_what_to_do_next() {
    let folder = tempfile::tempdir().unwrap();
    let place = small(folder.path());
    let state = folder.path().join(".local/state/leverframe");
    let journal = JournalFile::new(JournalPaths::usual(&state));
    let failed = cut_short("aaaa", 0, "deploy-image-1 Failed: stopped");
    let followed = cut_short("bbbb", 1, "v1363 followed it");
    for entry in failed.into_iter().chain(followed) {
        journal.append(&entry).unwrap();
    }
    let run = |words: &[&str]| {
        let from = ["--delivery", "govuk", "--repository"];
        let clone = [place.to_str().unwrap()];
        leverframe(folder.path(), &[words, &from, &clone].concat())
    };
    let failed = printed(&run(&["journal", "aaaa"]));
    for part in [
        "standing: cut short: deploy-image-1 Failed: stopped\nNothing was changed by it.",
        "1970-01-01T00:00:00Z cut short: deploy-image-1 Failed: stopped\nwill not come: v1361 on main",
    ] {
        assert!(failed.contains(part), "{part}: {failed}");
    }
    for part in ["debt:", "next: hold", "waiting for"] {
        assert!(!failed.contains(part), "{part}: {failed}");
    }
    let followed = printed(&run(&["journal", "bbbb"]));
    for part in [
        "What stands now came after it.",
        "debt: publisher",
        "seen: v1361",
    ] {
        assert!(followed.contains(part), "{part}: {followed}");
    }
    let settled = run(&["journal", "bbbb", "--settle", "done"]);
    assert_eq!(code(&settled), 3, "{}", said(&settled));
    let data = printed(&run(&["journal", "-o", "json"]));
    let value: Value = serde_json::from_str(&data).unwrap();
    assert_eq!(value["records"][0]["because"], "v1363 followed it");
    assert_eq!(value["records"][0]["standing"], "cut_short");
}

#[test]
fn a_damaged_line_of_the_journal_is_named_by_every_command_about_it() {
    let folder = tempfile::tempdir().unwrap();
    let place = small(folder.path());
    let state = folder.path().join(".local/state/leverframe");
    let plan = crate::plans::some_plan("aaaa");
    let entry = Entry {
        at: plan.made_at,
        plan: plan.id.clone(),
        what: What::Intent {
            plan: Box::new(plan),
        },
    };
    let journal = JournalFile::new(JournalPaths::usual(&state));
    journal.append(&entry).unwrap();
    let file = state.join("journal.jsonl");
    let damaged = std::fs::read_to_string(&file)
        .unwrap()
        .replace("\"intent\":", "\"int\":");
    std::fs::write(&file, damaged).unwrap();
    let run = |words: &[&str]| {
        let from = [
            "--delivery",
            "govuk",
            "--repository",
            place.to_str().unwrap(),
        ];
        leverframe(folder.path(), &[words, &from].concat())
    };
    let listed = run(&["journal"]);
    assert_eq!(code(&listed), 1);
    assert_eq!(printed(&listed), "No plan could be read.\n");
    assert!(said(&listed).contains("line 1 of") && said(&listed).contains("(from byte 0)"));
    assert!(
        said(&listed).contains("levers are refused"),
        "{}",
        said(&listed)
    );
    let data = run(&["journal", "-o", "json"]);
    let value: Value = serde_json::from_str(&printed(&data)).unwrap();
    assert_eq!(value["records"], serde_json::json!([]));
    assert_eq!(value["unreadable"][0]["line"], 1);
    assert_eq!(value["unreadable"][0]["byte"], 0);
    let checked = printed(&run(&["config", "check"]));
    let row = checked.lines().find(|line| line.contains("line 1 of"));
    assert!(
        row.is_some_and(|row| row.contains("journal") && row.contains("  no  ")),
        "{checked}"
    );
}

#[test]
fn the_journal_names_the_file_of_a_plan_where_its_app_has_several() {
    let folder = tempfile::tempdir().unwrap();
    let place = small(folder.path());
    let state = folder.path().join(".local/state/leverframe");
    let journal = JournalFile::new(JournalPaths::usual(&state));
    for (id, file, is_of_several) in [
        ("aaaa", "publisher", false),
        ("bbbb", "publisher-feed", true),
    ] {
        let mut plan = crate::plans::some_plan(id);
        plan.request.target.app = "publisher".into();
        plan.request.repository = Some(file.into());
        plan.request.is_of_several = is_of_several;
        let entry = Entry {
            at: plan.made_at,
            plan: plan.id.clone(),
            what: What::Intent {
                plan: Box::new(plan),
            },
        };
        journal.append(&entry).unwrap();
    }
    let run = |words: &[&str]| {
        let place = place.to_str().unwrap();
        let from = ["--delivery", "govuk", "--repository", place];
        printed(&leverframe(folder.path(), &[words, &from].concat()))
    };
    let listed = run(&["journal"]);
    for named in ["  publisher @ ", "  publisher-feed (publisher) @ "] {
        assert!(listed.contains(named), "{listed}");
    }
    let data: Value = serde_json::from_str(&run(&["journal", "-o", "json"])).unwrap();
    assert_eq!(data["records"][0]["repository"], "publisher-feed");
    assert_eq!(data["records"][1]["repository"], "publisher");
}

#[test]
fn what_is_printed_as_json_is_harmless_on_a_terminal_and_means_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let file = "image_tag: \"v1\\u009b31m\\u007f\\u202e\\u0378\"\n";
    let place = small(folder.path());
    commit(&place, &[("image-tags/integration/router", file)], "Oh");
    for words in [
        &["status"][..],
        &["target", "router", "-e", "integration"],
        &["history", "router", "-e", "integration"],
    ] {
        let from = [
            "-o",
            "json",
            "--delivery",
            "govuk",
            "--repository",
            place.to_str().unwrap(),
        ];
        let text = printed(&leverframe(folder.path(), &[words, &from].concat()));
        assert!(
            text.contains("v1\\u009b31m\\u007f\\u202e\\u0378"),
            "{words:?} {text}"
        );
        let left: Vec<char> = text
            .chars()
            .filter(|letter| leverframe::text::is_hidden(*letter) && *letter != '\n')
            .collect();
        assert!(left.is_empty(), "{words:?}: {left:?}");
    }
}

#[test]
fn info_says_where_everything_is_and_runs_whatever_is_configured() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().to_str().unwrap();
    let output = leverframe(folder.path(), &["info", "-o", "json"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let value: Value = serde_json::from_str(&printed(&output)).unwrap();
    assert_eq!(value["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(value["paths"]["config"], Value::Null);
    let log = format!("{home}/.local/state/leverframe/leverframe.log");
    assert_eq!(value["paths"]["log"], log);
    assert_eq!(value["terminal"]["interactive"], false);
    let file = folder.path().join("broken.toml");
    std::fs::write(&file, "delivery = 1").unwrap();
    let output = leverframe(folder.path(), &["info", "-c", file.to_str().unwrap()]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let text = printed(&output);
    assert!(
        text.contains("broken.toml") && text.contains("delivery"),
        "{text}"
    );
    assert!(text.contains(&log) && text.contains("level info"), "{text}");
    let version = printed(&leverframe(folder.path(), &["--version"]));
    assert!(
        version.contains(env!("CARGO_PKG_VERSION")) && version.contains("build"),
        "{version}"
    );
}

#[test]
fn what_failed_is_in_the_log_file_with_its_causes_and_nothing_where_none_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join(".local/state/leverframe/leverframe.log");
    let missing = folder.path().join("nowhere");
    let from = [
        "status",
        "--delivery",
        "govuk",
        "--repository",
        missing.to_str().unwrap(),
    ];
    leverframe(folder.path(), &[&from[..], &["--log", "off"]].concat());
    assert!(!log.exists());
    let output = leverframe(folder.path(), &from);
    assert_ne!(code(&output), 0);
    let text = std::fs::read_to_string(&log).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let line = |message: &str| lines.iter().find(|line| line["message"] == message);
    assert_eq!(line("started").unwrap()["command"], "Status", "{text}");
    assert_eq!(line("ended").unwrap()["code"], code(&output));
    let fault = line("a source cannot be read").unwrap();
    assert_eq!(fault["source"], "git");
    assert!(fault["causes"].as_str().unwrap().len() > 2, "{text}");
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(
        std::fs::metadata(&log).unwrap().permissions().mode() & 0o777,
        0o600
    );
}

/// Every command with what it takes itself, by the words that lead to it.
fn commands(command: &clap::Command, path: &str, found: &mut Vec<(String, clap::Command)>) {
    for inner in command.get_subcommands() {
        let path = format!("{path} {}", inner.get_name());
        commands(inner, &path, found);
        found.push((path, inner.clone()));
    }
}

#[test]
fn the_manual_has_every_argument_of_every_command_and_each_says_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let output = leverframe(folder.path(), &["man"]);
    let page = printed(&output).replace('\\', "");
    let mut all = Vec::new();
    commands(
        &leverframe::cli::Arguments::described(),
        "leverframe",
        &mut all,
    );
    let mut wrong = Vec::new();
    for (path, command) in &all {
        // From the command's own heading to the next one.
        let own = page
            .split_once(&format!("fB{path}fR"))
            .map_or("", |(_, rest)| rest)
            .split("fBleverframe ")
            .next()
            .unwrap_or_default();
        for argument in command.get_arguments() {
            let name = match argument.get_long() {
                Some(long) => format!("--{long}"),
                None => argument.get_value_names().unwrap()[0].to_string(),
            };
            if !own.contains(&name) {
                wrong.push(format!("{path}: {name} is not in the manual"));
            }
            if argument.get_help().is_none() {
                wrong.push(format!("{path}: {name} does not say what it is"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

// --- agreement with the files of real deliveries ------------------------------------------------------------------------

const ENVIRONMENTS: [&str; 3] = ["integration", "staging", "production"];

/// The data that is not part of the project; none: said and skipped.
fn data() -> Option<PathBuf> {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/govuk");
    let place = if place.exists() {
        place
    } else {
        PathBuf::from(std::env::var_os("LEVERFRAME_TEST_DATA")?).join("govuk")
    };
    place.exists().then_some(place)
}

/// One version file, read without the console's code: its three keys by lines.
fn scalars(text: &str) -> BTreeMap<&str, &str> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(':'))
        .map(|(key, value)| (key.trim(), value.trim()))
        .collect()
}

/// App to repositories, read without the console's code: the list's items by their indentation.
fn apps(values: &str) -> Vec<(String, Vec<String>)> {
    let mut apps: Vec<(String, Option<String>, Vec<String>)> = Vec::new();
    let mut images = false;
    for line in values
        .lines()
        .skip_while(|l| *l != "govukApplications:")
        .skip(1)
    {
        if let Some(name) = line.strip_prefix("- name: ") {
            apps.push((name.to_owned(), None, Vec::new()));
            images = false;
        } else if let Some(app) = apps.last_mut() {
            if let Some(repository) = line.strip_prefix("  repoName: ") {
                app.1 = Some(repository.to_owned());
            } else if line == "  imageValues:" {
                images = true;
            } else if let Some(image) = line.strip_prefix("  - ").filter(|_| images) {
                app.2.push(image.to_owned());
            } else {
                images = false;
            }
        }
        if !line.starts_with([' ', '-']) {
            break;
        }
    }
    apps.into_iter()
        .map(|(name, repository, images)| {
            let files = if images.is_empty() {
                vec![repository.unwrap_or_else(|| name.clone())]
            } else {
                images
            };
            (name, files)
        })
        .collect()
}

/// Compares every app and every environment of a status with a folder of the same files.
fn compare(status: &Value, tags: &Path, values: Option<&Path>) {
    let mut compared = 0;
    let mut expected: BTreeSet<(String, String)> = BTreeSet::new();
    for (place, environment) in ENVIRONMENTS.iter().enumerate() {
        let folder = tags.join(environment);
        let files: BTreeMap<String, String> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| {
                (
                    entry.file_name().into_string().unwrap(),
                    std::fs::read_to_string(entry.path()).unwrap(),
                )
            })
            .collect();
        let below: BTreeMap<String, String> = match place {
            0 => BTreeMap::new(),
            _ => std::fs::read_dir(tags.join(ENVIRONMENTS[place - 1]))
                .unwrap()
                .map(|entry| entry.unwrap())
                .map(|entry| {
                    (
                        entry.file_name().into_string().unwrap(),
                        std::fs::read_to_string(entry.path()).unwrap(),
                    )
                })
                .collect(),
        };
        let apps = match values {
            Some(values) => apps(
                &std::fs::read_to_string(values.join(format!("values-{environment}.yaml")))
                    .unwrap(),
            ),
            None => files
                .keys()
                .map(|file| (file.clone(), vec![file.clone()]))
                .collect(),
        };
        let named: BTreeSet<&String> = apps.iter().flat_map(|(_, files)| files).collect();
        let orphans = files
            .keys()
            .filter(|file| !named.contains(file))
            .map(|file| (file.clone(), vec![file.clone()]));
        for (app, repositories) in apps.iter().cloned().chain(orphans) {
            let line = target(status, environment, &app);
            let there: Vec<&String> = repositories
                .iter()
                .filter(|r| files.contains_key(*r))
                .collect();
            let kind = match (named.contains(&repositories[0]), there.is_empty()) {
                (_, true) => "no_file",
                (false, _) => "orphan",
                (true, false) => "app",
            };
            assert_eq!(line["kind"], kind, "{environment} {app}");
            let read: Vec<BTreeMap<&str, &str>> =
                there.iter().map(|r| scalars(&files[*r])).collect();
            let versions: BTreeSet<Option<&str>> =
                read.iter().map(|s| s.get("image_tag").copied()).collect();
            let version = match versions.len() {
                1 => versions.first().copied().flatten().map(Value::from),
                _ => None,
            };
            assert_eq!(
                line["declared"]["version"],
                version.unwrap_or(Value::Null),
                "{environment} {app}"
            );
            let promote = !read.is_empty()
                && read
                    .iter()
                    .all(|s| s.get("promote_deployment") == Some(&"true"));
            assert_eq!(line["declared"]["promote"], promote, "{environment} {app}");
            assert_eq!(
                line["declared"]["images"].as_array().unwrap().len(),
                repositories.len(),
                "{environment} {app}"
            );
            for (image, repository) in line["declared"]["images"]
                .as_array()
                .unwrap()
                .iter()
                .zip(&repositories)
            {
                let file = files.get(repository).map(|text| scalars(text));
                assert_eq!(
                    image["repository"],
                    file.as_ref()
                        .map_or(Value::Null, |_| Value::from(repository.as_str()))
                );
                let version = file
                    .as_ref()
                    .and_then(|s| s.get("image_tag"))
                    .map_or(Value::Null, |v| Value::from(*v));
                assert_eq!(
                    image["version"], version,
                    "{environment} {app} {repository}"
                );
            }
            let single = (repositories.len() == 1 && !there.is_empty())
                .then(|| Value::from(repositories[0].as_str()));
            assert_eq!(
                line["repository"],
                single.unwrap_or(Value::Null),
                "{environment} {app}"
            );
            let gates: Vec<bool> = there
                .iter()
                .filter_map(|r| below.get(*r))
                .map(|text| scalars(text).get("automatic_deploys_enabled") == Some(&"true"))
                .collect();
            let state = line["gate_in"]["state"].as_str().unwrap();
            match (gates.is_empty(), gates.iter().all(|open| *open)) {
                (true, _) => assert_eq!(state, "none", "{environment} {app}"),
                (false, true) => assert_eq!(state, "open", "{environment} {app}"),
                (false, false) => assert!(
                    ["held", "manual"].contains(&state),
                    "{environment} {app}: {state}"
                ),
            }
            expected.insert((environment.to_string(), app.clone()));
            compared += 1;
        }
    }
    let listed: BTreeSet<(String, String)> = status["targets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| {
            (
                t["environment"].as_str().unwrap().to_owned(),
                t["app"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    assert_eq!(listed, expected);
    assert!(compared > 150, "{compared}");
    println!("{compared} targets agree");
}

#[test]
fn status_agrees_with_the_files_of_the_real_delivery_and_its_values() {
    let Some(data) = data() else {
        println!("SKIPPED: ../shared/data/govuk is not here");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("charts");
    let config = place.join("charts/app-config");
    std::fs::create_dir_all(&config).unwrap();
    for (from, to) in [
        ("image-tags", config.join("image-tags")),
        ("values", config.clone()),
    ] {
        let done = Command::new("cp")
            .arg("-r")
            .arg(data.join(from).join("."))
            .arg(&to)
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", said(&done));
    }
    git(&place, &["init", "-q", "-b", "main"]);
    git(&place, &["add", "-A"]);
    git(&place, &["commit", "-q", "-m", "Begin"]);
    let (_, status) = status(folder.path(), &place, &[]);
    compare(
        &status,
        &data.join("image-tags"),
        Some(&data.join("values")),
    );
}

#[test]
fn status_agrees_with_the_clone_of_a_real_history() {
    let Some(data) = data() else {
        println!("SKIPPED: ../shared/data/govuk is not here");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("clone");
    let done = Command::new("git")
        .args(["clone", "-q", "-b", "main"])
        .arg(data.join("image-tags-5000.bundle"))
        .arg(&place)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", said(&done));
    let (_, status) = status(folder.path(), &place, &[]);
    compare(&status, &place.join("charts/app-config/image-tags"), None);
    // The history was walked: what waits is a number wherever a gate leads in.
    for target in status["targets"].as_array().unwrap() {
        let counted = target["waiting"].is_number();
        let leads_in =
            target["gate_in"]["state"] != "none" && target["declared"]["version"].is_string();
        assert!(!leads_in || counted, "{target}");
    }
}
