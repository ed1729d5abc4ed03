//! By hand: the commands that do what a plan does, as shells read them when they are pasted.

use crate::charts::{Charts, TAGS, git};
use crate::scene::*;
use crate::shown::all;
use crate::world::clusters;
use leverframe::model::Environment;
use leverframe::plan::*;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

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
    let Ok(bash) = Command::new("bash").arg("--version").output() else {
        println!("SKIPPED: words as bash reads them (no bash)");
        return;
    };
    assert!(bash.status.success());
    for word in NASTY {
        let quoted = show::quote(word);
        assert!(!quoted.contains(leverframe::text::is_hidden), "{quoted:?}");
        let script = format!("printf %s {quoted}");
        let folder = tempfile::tempdir().unwrap();
        let read = Command::new("bash")
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
                    text.contains(&format!("push origin HEAD:refs/heads/{to}")),
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
                    None => format!("\n: or: argo {place} -n {namespace} submit --name {name} "),
                    Some(_) => format!(
                        "\n: or, another run each time it is run: argo {place} -n {namespace} resubmit "
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
    assert!(
        text.contains("\n: 'because: it'\\''s\u{240a}late'\n"),
        "{text}"
    );
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
    let folder = tempfile::tempdir().unwrap();
    let printed = Command::new("sh")
        .arg("-c")
        // Each program prints its arguments, one a line, instead of doing anything.
        .arg(format!(
            "yq() {{ [ \"$1\" = -i ] || echo v1361; printf 'yq<%s>\\n' \"$@\" >&2; }}; git() {{ printf 'git<%s>\\n' \"$@\"; }}; rm() {{ echo DANGER; }}\n{text}"
        ))
        .env("TMPDIR", folder.path())
        .output()
        .unwrap();
    let printed = format!(
        "{}{}",
        String::from_utf8_lossy(&printed.stdout),
        String::from_utf8_lossy(&printed.stderr)
    );
    assert!(!printed.contains("DANGER"), "{printed}");
    assert!(
        printed.contains(&format!("yq<.image_tag = \"{hostile}\">")),
        "{printed}"
    );
}

/// The shells of this machine, as they read what is pasted into them.
fn shells() -> Vec<(&'static str, Vec<&'static str>)> {
    let mut shells = vec![
        ("bash", vec!["--norc", "-i"]),
        ("dash", vec![]),
        ("zsh", vec!["-f", "-i"]),
    ];
    shells.retain(|(shell, _)| {
        let is_there = Command::new(shell).args(["-c", ":"]).output().is_ok();
        if !is_there {
            println!("SKIPPED: what is pasted into {shell} (not there)");
        }
        is_there
    });
    assert!(!shells.is_empty());
    shells
}

/// Pastes a text into a shell that finds the programs of `bin` first.
fn paste(shell: &str, arguments: &[&str], text: &str, at: &Path, bin: &Path) -> Output {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut pasted = Command::new(shell)
        .args(arguments)
        .current_dir(at)
        .env("PATH", format!("{}:{path}", bin.display()))
        .env("HOME", bin)
        .env("TMPDIR", bin.join("tmp"))
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = pasted.stdin.take().unwrap();
    stdin.write_all(text.as_bytes()).unwrap();
    drop(stdin);
    pasted.wait_with_output().unwrap()
}

/// A folder of programs, each of which is a script.
fn programs(scripts: &[(&str, &str)]) -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt as _;
    let bin = tempfile::tempdir().unwrap();
    std::fs::create_dir(bin.path().join("tmp")).unwrap();
    for (name, script) in scripts {
        let file = bin.path().join(name);
        std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    bin
}

/// What yq does with the two forms that stand in the commands, for files of one level.
const YQ: &str = r#"if [ "$1" = -i ]; then
  key=${2#.}; value=${key#* = }; key=${key%% = *}; value=${value#\"}; value=${value%\"}
  sed "s|^$key: .*|$key: $value|" "$3" > "$3.new" && mv "$3.new" "$3"
else sed -n "s|^${1#.}: ||p" "$2"; fi"#;

/// Brings v2 into production where v1 stands, from where nothing goes on by itself.
fn commit_plan() -> Plan {
    let mut world = publisher();
    by_commits(&mut world);
    let mut plan = pull(&world, Lever::Promote, "production", "publisher").unwrap();
    let Write::Commit { edits, .. } = &mut plan.write else {
        panic!("{:?}", plan.write)
    };
    edits[0].from = Some("v1".into());
    edits[0].to = "v2".into();
    plan
}

/// What an operator has lying about: a branch of their own with a commit, a changed file, a staged and an unknown one.
fn clutter(clone: &Path) {
    git(clone, &["switch", "--quiet", "-c", "my-work"]);
    std::fs::write(clone.join("secret"), "mine\n").unwrap();
    git(clone, &["add", "secret"]);
    git(clone, &["commit", "--quiet", "-m", "Not for main"]);
    let production = clone.join(TAGS).join("production/publisher");
    std::fs::write(production, "image_tag: v99\n").unwrap();
    std::fs::write(clone.join("staged"), "mine\n").unwrap();
    git(clone, &["add", "staged"]);
    std::fs::write(clone.join("unknown"), "mine\n").unwrap();
}

/// All that stands in a clone: its head, its index, its files, its work trees.
fn state_of(clone: &Path) -> String {
    let branch = git(clone, &["rev-parse", "--abbrev-ref", "HEAD"]);
    let head = git(clone, &["rev-parse", "HEAD"]);
    let status = git(clone, &["status", "--porcelain"]);
    let changed = git(clone, &["diff", "HEAD"]);
    let trees = git(clone, &["worktree", "list"]);
    format!("{branch} {head}\n{status}\n{changed}\n{trees}")
}

#[test]
fn a_commit_by_hand_brings_the_change_of_the_plan_to_the_remote_and_nothing_else() {
    for (shell, arguments) in shells() {
        let bin = programs(&[("yq", YQ)]);
        let charts = Charts::open(true);
        let (clone, far) = (charts.at("clone"), charts.at("far.git"));
        clutter(&clone);
        let (before, start) = (state_of(&clone), git(&far, &["rev-parse", "main"]));
        let plan = commit_plan().with_reason(Some("it's late".into()));
        let text = show::commands(&plan, &publisher().delivery, &clusters());
        let output = paste(shell, &arguments, &text, &clone, bin.path());
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            git(&far, &["rev-parse", "main~1"]),
            start,
            "{shell}: {said}"
        );
        let changed = git(&far, &["diff", "--unified=0", "main~1", "main"]);
        let lines: Vec<&str> = changed
            .lines()
            .filter(|line| line.starts_with(['+', '-']))
            .collect();
        let file = format!("{TAGS}/production/publisher");
        assert_eq!(
            lines,
            [
                &*format!("--- a/{file}"),
                &*format!("+++ b/{file}"),
                "-image_tag: v1",
                "+image_tag: v2",
                "-promote_deployment: true",
                "+promote_deployment: false"
            ],
            "{shell}"
        );
        assert_eq!(git(&far, &["branch"]), "* main");
        let message = git(&far, &["log", "-1", "--format=%(trailers)", "main"]);
        assert_eq!(
            message,
            format!("Leverframe-Plan: {PLAN}\nLeverframe-Reason: it's late")
        );
        assert_eq!(state_of(&clone), before, "{shell}");
        let left = std::fs::read_dir(bin.path().join("tmp")).unwrap().count();
        assert_eq!(left, 0, "{shell}");
    }
}

#[test]
fn a_commit_by_hand_stops_at_the_first_failure_and_leaves_all_as_it_was() {
    type Break = fn(&Charts);
    let refuses: Break = |charts| {
        use std::os::unix::fs::PermissionsExt as _;
        let hook = charts.at("far.git").join("hooks/pre-receive");
        std::fs::write(&hook, "#!/bin/sh\nexit 1\n").unwrap();
        std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    let has_moved: Break = |charts| {
        let other = charts.at("other");
        git(&charts.at(""), &["clone", "--quiet", "far.git", "other"]);
        let file = other.join(TAGS).join("production/publisher");
        std::fs::write(file, "image_tag: v3\n").unwrap();
        let author = [
            "-c",
            "user.name=robot",
            "-c",
            "user.email=robot@example.org",
        ];
        git(
            &other,
            &[&author[..], &["commit", "--quiet", "-am", "v3"]].concat(),
        );
        git(&other, &["push", "--quiet", "origin", "main"]);
    };
    let is_gone: Break = |charts| {
        let nowhere = charts.at("nowhere");
        let nowhere = nowhere.to_str().unwrap();
        let clone = charts.at("clone");
        git(&clone, &["config", "remote.origin.url", nowhere]);
        let far = charts.at("far.git");
        git(
            &clone,
            &["config", "remote.origin.pushurl", far.to_str().unwrap()],
        );
    };
    let changes_more = "if [ \"$1\" = -i ]; then echo more >> \"$3\"; fi; exec \"$0.real\" \"$@\"";
    let leaves_out =
        "\"$0.real\" \"$@\" || exit; if [ \"$1\" = -i ]; then sed -i '/^image_tag/!d' \"$3\"; fi";
    let cases: [(Break, &str); 6] = [
        (refuses, YQ),
        (has_moved, YQ),
        (is_gone, YQ),
        (|_| {}, "exit 1"),
        (|_| {}, changes_more),
        (|_| {}, leaves_out),
    ];
    for (shell, arguments) in shells() {
        for (nth, (break_it, yq)) in cases.iter().enumerate() {
            let bin = programs(&[("yq", yq), ("yq.real", YQ)]);
            let charts = Charts::open(true);
            let (clone, far) = (charts.at("clone"), charts.at("far.git"));
            clutter(&clone);
            break_it(&charts);
            let (before, start) = (state_of(&clone), git(&far, &["show-ref"]));
            let text = show::commands(&commit_plan(), &publisher().delivery, &clusters());
            let output = paste(shell, &arguments, &text, &clone, bin.path());
            assert!(!output.status.success(), "{shell} {nth}");
            assert_eq!(git(&far, &["show-ref"]), start, "{shell} {nth}");
            assert_eq!(state_of(&clone), before, "{shell} {nth}");
            let left = std::fs::read_dir(bin.path().join("tmp")).unwrap().count();
            assert_eq!(left, 0, "{shell} {nth}");
        }
    }
}

/// Names of programs and what they were called with, one a line.
const LISTED: &str = "{ printf '<%s>' \"${0##*/}\" \"$@\"; echo; } >> \"$HOME/called\"";

#[test]
fn what_is_pasted_where_comments_are_commands_makes_nothing_and_names_no_option() {
    let nasty = [
        "--kubeconfig=/tmp/evil",
        "-f/tmp/evil",
        "x; touch OWN # $(touch OWN) `touch OWN`",
        "it's; touch OWN; 'x",
        "!touch\ttouch OWN\u{1b}'; touch OWN; '",
        "=touch",
    ];
    for (shell, arguments) in shells() {
        for nasty in nasty {
            let mut text = String::new();
            for mut plan in all() {
                plan.request.reason = Some(nasty.to_owned());
                plan.warning = Some(nasty.to_owned());
                match &mut plan.write {
                    Write::Commit { edits, subject, .. } => {
                        nasty.clone_into(subject);
                        for edit in edits {
                            edit.to = nasty.to_owned();
                            edit.from = Some(nasty.to_owned());
                            edit.path = nasty.to_owned();
                        }
                    }
                    Write::Create { origin, .. } => {
                        if let Some(origin) = origin {
                            origin.id.name = nasty.into();
                        }
                    }
                    Write::Patch { id, .. } => id.name = nasty.into(),
                }
                text.push_str(&show::commands(&plan, &publisher().delivery, &clusters()));
            }
            assert!(!text.lines().any(|line| line.starts_with('#')), "{text}");
            assert!(
                text.contains("is no name that an object can have"),
                "{text}"
            );
            let programs = programs(&["kubectl", "argo", "git", "yq"].map(|name| (name, LISTED)));
            let at = tempfile::tempdir().unwrap();
            let off = match shell {
                "bash" => "shopt -u interactive_comments\n",
                _ => "",
            };
            paste(
                shell,
                &arguments,
                &format!("{off}{text}"),
                at.path(),
                programs.path(),
            );
            let made = std::fs::read_dir(at.path()).unwrap().count();
            assert_eq!(made, 0, "{shell} {nasty:?}\n{text}");
            let called = std::fs::read_to_string(programs.path().join("called")).unwrap();
            for call in called.lines().filter(|call| call.starts_with("<kubectl>")) {
                assert!(!call.contains("evil"), "{shell}: {call}");
            }
        }
    }
}
