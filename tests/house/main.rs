//! The rules of the house, as far as a machine can hold them: who may import whom, heads, lengths, clocks, keys, README.

// clippy.toml allows these in test functions only, not in what they share.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod words;

use leverframe::action::{Action, Place};
use leverframe::cli::{Arguments, Exit};
use leverframe::keymap::Keymap;
use leverframe::lever::Lever;
use leverframe::model::Word;
use leverframe::page::Page;
use leverframe::plan::{CheckName, Way, Weight};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Which words of `src/` a word may import from. What is not named here may not be imported: the model knows no provider,
/// a provider knows no screen, only the loop and the command line know everything.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("text", &[]),
    ("model", &["lever", "text"]),
    ("delivery", &["model"]),
    ("complaint", &[]),
    ("trust", &[]),
    (
        "config",
        &["complaint", "delivery", "keymap", "model", "trust"],
    ),
    // The rows of levers and views, which sentences name.
    ("table", &[]),
    ("lever", &[]),
    ("page", &[]),
    ("action", &["lever", "page"]),
    ("keymap", &["action", "complaint"]),
    ("store", &["delivery", "model"]),
    // Which of the facts are a target's; and what they are made to say of it.
    ("belongs", &["delivery", "model", "store"]),
    (
        "board",
        &["belongs", "delivery", "lever", "model", "store", "text"],
    ),
    ("private_file", &[]),
    ("secret", &[]),
    ("log_file", &["model", "private_file"]),
    ("journal", &["model", "plan", "private_file"]),
    (
        "plan",
        &[
            "belongs", "board", "delivery", "journal", "lever", "model", "page", "store", "text",
        ],
    ),
    ("provider", &["model", "plan", "store"]),
    (
        "provider/git",
        &["delivery", "model", "plan", "provider", "secret", "store"],
    ),
    (
        "provider/kubernetes",
        &[
            "delivery", "model", "plan", "provider", "secret", "store", "trust",
        ],
    ),
    ("apply", &["journal", "model", "plan", "provider"]),
    (
        "connect",
        &[
            "apply",
            "config",
            "journal",
            "model",
            "provider",
            "provider/git",
            "provider/kubernetes",
            "store",
        ],
    ),
    ("effect", &["journal", "model", "plan", "store"]),
    (
        "message",
        &["journal", "keymap", "model", "plan", "provider", "store"],
    ),
    (
        "state",
        &[
            "action", "belongs", "board", "delivery", "journal", "keymap", "model", "plan",
            "provider", "store",
        ],
    ),
    // What is where on the screen, as data: whoever changes the state and whoever draws it ask here, and not each other.
    (
        "screen",
        &[
            "action", "belongs", "board", "journal", "model", "page", "plan", "provider", "state",
            "store", "text",
        ],
    ),
    (
        "update",
        &[
            "action", "belongs", "board", "effect", "journal", "keymap", "message", "model",
            "page", "plan", "provider", "screen", "state", "store", "text",
        ],
    ),
    (
        "view",
        &[
            "action", "belongs", "board", "journal", "model", "plan", "provider", "screen",
            "state", "store", "text",
        ],
    ),
    ("terminal", &["text"]),
    (
        "app",
        &[
            "effect", "journal", "keymap", "message", "plan", "provider", "state", "store",
            "terminal", "update", "view",
        ],
    ),
    (
        "cli",
        &[
            "action",
            "app",
            "apply",
            "belongs",
            "board",
            "config",
            "connect",
            "delivery",
            "effect",
            "journal",
            "keymap",
            "log_file",
            "message",
            "model",
            "plan",
            "provider",
            "provider/git",
            "provider/kubernetes",
            "state",
            "store",
            "terminal",
            "text",
        ],
    ),
    ("lib", &[]),
    ("main", &[]),
];

/// Lines after which a file has to be split by the word that each part is about.
const LONGEST: usize = 500;
/// Words that say nothing (house.md).
const EMPTY_WORDS: [&str; 7] = [
    "manager",
    "handler",
    "helper",
    "util",
    "utils",
    "service",
    "component",
];

struct File {
    path: String,
    /// As it stands.
    text: String,
    /// Without comments and without what only tests see.
    code: String,
    is_test: bool,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// Every file of the console and of the yard, with what only tests see marked.
fn sources() -> Vec<File> {
    let mut paths = Vec::new();
    walk(&root().join("src"), &mut paths);
    walk(&root().join("yard/src"), &mut paths);
    paths.sort();
    let texts: Vec<(PathBuf, String)> = paths
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            (path, text)
        })
        .collect();
    // `#[cfg(test)] mod name;` (perhaps with a path) makes a file the tests' own.
    let mut tests: BTreeSet<PathBuf> = BTreeSet::new();
    for (path, text) in &texts {
        for part in text.split("#[cfg(test)]").skip(1) {
            let rest = part.trim_start();
            let stem = path.with_extension("");
            let folder = match path.file_stem().and_then(|s| s.to_str()) {
                Some("mod" | "lib" | "main") => path.parent().unwrap().to_owned(),
                _ => stem,
            };
            let named = rest
                .strip_prefix("#[path = \"")
                .and_then(|r| r.split_once('"'));
            if let Some((file, _)) = named {
                tests.insert(path.parent().unwrap().join(file));
                continue;
            }
            let rest = rest
                .trim_start_matches("pub(crate) ")
                .trim_start_matches("pub ");
            if let Some(name) = rest.strip_prefix("mod ").and_then(|r| r.split_once(';'))
                && name
                    .0
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || c == '_')
            {
                tests.insert(folder.join(format!("{}.rs", name.0)));
                tests.insert(folder.join(name.0).join("mod.rs"));
            }
        }
    }
    texts
        .into_iter()
        .map(|(path, text)| {
            let is_test = tests.contains(&path)
                || tests.iter().any(|t| path.starts_with(t.with_extension("")));
            let before = text
                .split("#[cfg(test)]\nmod tests {")
                .next()
                .unwrap_or_default();
            let code = before
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .map(|line| line.split(" // ").next().unwrap_or_default())
                .collect::<Vec<_>>()
                .join("\n");
            File {
                path: path
                    .strip_prefix(root())
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned(),
                code,
                text,
                is_test,
            }
        })
        .collect()
}

/// The word that a file belongs to: the first part of its path, for providers the first two.
fn word(path: &str) -> String {
    let parts: Vec<&str> = path
        .trim_start_matches("src/")
        .trim_end_matches(".rs")
        .split('/')
        .collect();
    match parts.as_slice() {
        ["provider", name, ..] if *name != "mod" => format!("provider/{name}"),
        [first, ..] => (*first).to_owned(),
        [] => String::new(),
    }
}

fn is_word(name: &str) -> bool {
    MAY_IMPORT.iter().any(|(word, _)| *word == name)
}

/// The words that `crate::` paths of a text begin with.
fn imports(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut take = |path: &str| {
        let mut parts = path.split("::").map(|p| {
            p.split(|c: char| !(c.is_alphanumeric() || c == '_'))
                .next()
                .unwrap_or_default()
        });
        let first = parts.next().unwrap_or_default().to_owned();
        match (first.as_str(), parts.next()) {
            ("provider", Some(name)) if is_word(&format!("provider/{name}")) => {
                found.insert(format!("provider/{name}"))
            }
            ("" | "self", _) => false,
            _ => found.insert(first),
        };
    };
    for rest in code.split("crate::").skip(1) {
        match rest.strip_prefix('{') {
            None => take(
                rest.split([' ', ';', ')', ',', '\n'])
                    .next()
                    .unwrap_or_default(),
            ),
            Some(list) => {
                // `use crate::{a::B, c}`: split at the commas of the outer level.
                let mut depth = 0;
                let mut item = String::new();
                for c in list.chars() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => {
                            take(item.trim());
                            item.clear();
                            continue;
                        }
                        _ => {}
                    }
                    item.push(c);
                }
                take(item.trim());
            }
        }
    }
    found
}

#[test]
fn nobody_imports_what_it_must_not_know() {
    let mut wrong = Vec::new();
    let sources = sources();
    let is_yard = |file: &File| file.path.starts_with("yard/");
    // The yard is reached like any other delivery, so it knows nothing of the console; only `demo` opens it.
    for file in sources.iter().filter(|f| !f.is_test) {
        let (imports, known_by) = if is_yard(file) {
            ("leverframe::", "")
        } else {
            ("leverframe_yard", "src/cli/")
        };
        if file.code.contains(imports) && (known_by.is_empty() || !file.path.starts_with(known_by))
        {
            wrong.push(format!("{}: imports {imports}", file.path));
        }
    }
    for file in sources.iter().filter(|f| !f.is_test && !is_yard(f)) {
        let own = word(&file.path);
        let Some((_, allowed)) = MAY_IMPORT.iter().find(|(name, _)| *name == own) else {
            wrong.push(format!("{}: `{own}` has no row in MAY_IMPORT", file.path));
            continue;
        };
        for import in imports(&file.code) {
            // What is no folder or file of its own is a re-export or a macro of the crate.
            if is_word(&import) && import != own && !allowed.contains(&import.as_str()) {
                wrong.push(format!("{}: imports {import}", file.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A permission that nobody uses is a door that nobody watches.
#[test]
fn every_import_that_is_allowed_is_used() {
    let mut used: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in sources().iter().filter(|f| !f.is_test) {
        let own = word(&file.path);
        used.entry(own).or_default().extend(imports(&file.code));
    }
    let mut wrong = Vec::new();
    for (name, allowed) in MAY_IMPORT {
        let Some(used) = used.get(*name) else {
            wrong.push(format!("{name}: has a row and no file"));
            continue;
        };
        let unused = allowed.iter().filter(|import| !used.contains(**import));
        wrong.extend(unused.map(|import| format!("{name}: does not import {import}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn imports_are_found_however_they_are_written() {
    let code = "use crate::store::{Kind, Source};\nuse crate::{model::App, plan::{Plan, Write},\n text};\nlet x = crate::provider::git::feed::watch();\ncrate::view::layout::rows(state)";
    let found: Vec<String> = imports(code).into_iter().collect();
    assert_eq!(
        found,
        ["model", "plan", "provider/git", "store", "text", "view"]
    );
}

#[test]
fn what_tests_make_the_console_do_is_left_out_of_release_builds() {
    let variable = ["LEVERFRAME", "TEST", ""].join("_");
    for file in sources()
        .iter()
        .filter(|file| file.code.contains(&variable))
    {
        let path = Path::new(&file.path);
        let name = path.file_stem().unwrap().to_str().unwrap();
        let parent = root().join(path.parent().unwrap().with_extension("rs"));
        let parent = std::fs::read_to_string(&parent).unwrap();
        assert!(
            parent.contains(&format!("#[cfg(debug_assertions)]\nmod {name};")),
            "{} reads {variable}… and is part of release builds",
            file.path
        );
    }
}

#[test]
fn each_property_is_tried_from_a_fixed_seed() {
    let mut paths = Vec::new();
    for folder in ["src", "tests"] {
        walk(&root().join(folder), &mut paths);
    }
    // The marker is put together here, so that this file does not hold it.
    let marker = ["proptest", "! {"].concat();
    let mut wrong = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap();
        for block in text.split(&marker).skip(1) {
            if !block.trim_start().starts_with("#![proptest_config(cases(") {
                wrong.push(path.display().to_string());
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "these begin without `#![proptest_config(cases(N))]` (tests/common/cases.rs): {}",
        wrong.join(", ")
    );
}

#[test]
fn each_file_says_what_its_word_means() {
    let mut wrong = Vec::new();
    for file in sources().iter().filter(|f| !f.is_test) {
        let head: Vec<&str> = file
            .text
            .lines()
            .take_while(|l| l.starts_with("//!"))
            .collect();
        if head.is_empty() {
            wrong.push(format!("{} has no head", file.path));
        } else if head[0].contains("not written yet")
            || head[0].starts_with("//! TEMP")
            || head[0].contains("shim")
        {
            wrong.push(format!("{} is a placeholder", file.path));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Dependencies that no line of code names, and why they are there.
const NAMED_NOWHERE: &[(&str, &str)] =
    &[("k8s-openapi", "chooses the oldest API version for kube")];

#[test]
fn every_dependency_is_used() {
    for (manifest, folders) in [
        ("Cargo.toml", &["src", "tests", "benches"][..]),
        ("yard/Cargo.toml", &["yard/src"][..]),
    ] {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(root.join(manifest)).unwrap();
        let manifest: toml::Table = text.parse().unwrap();
        let code: String = folders
            .iter()
            .flat_map(|folder| rust_files(&root.join(folder)))
            .map(|file| std::fs::read_to_string(file).unwrap())
            .collect();
        for section in ["dependencies", "dev-dependencies"] {
            let named = manifest.get(section).and_then(toml::Value::as_table);
            for name in named.into_iter().flat_map(toml::Table::keys) {
                let word = name.replace('-', "_");
                let is_used = [format!("{word}::"), format!("use {word};")]
                    .iter()
                    .any(|text| code.contains(text));
                let is_known = NAMED_NOWHERE.iter().any(|(known, _)| known == name);
                assert!(
                    is_used != is_known,
                    "{name}: named in code {is_used}, listed as not {is_known}"
                );
            }
        }
    }
}

/// The files of Rust below a folder.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

#[test]
fn files_are_short_enough_to_be_about_one_word() {
    let mut wrong = Vec::new();
    for file in sources().iter().filter(|f| !f.is_test) {
        let lines = file.text.lines().count();
        if lines > LONGEST {
            wrong.push(format!(
                "{}: {lines} lines, {LONGEST} at the most",
                file.path
            ));
        }
        let name = file
            .path
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .trim_end_matches(".rs");
        if EMPTY_WORDS.contains(&name) {
            wrong.push(format!("{}: the word says nothing", file.path));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_decides_and_what_draws_has_no_clock_and_no_io() {
    const PURE: [&str; 11] = [
        "belongs", "board", "model", "plan", "screen", "state", "store", "text", "update", "view",
        "delivery",
    ];
    const FORBIDDEN: [&str; 11] = [
        "Timestamp::now",
        "Zoned::now",
        "Instant::now",
        "SystemTime::now",
        "std::fs",
        "std::net",
        "std::process",
        "std::env",
        "tokio::",
        "rand::",
        "RandomState",
    ];
    let mut wrong = Vec::new();
    for file in sources()
        .iter()
        .filter(|f| !f.is_test && PURE.contains(&word(&f.path).as_str()))
    {
        for forbidden in FORBIDDEN {
            if file.code.contains(forbidden) {
                wrong.push(format!("{}: {forbidden}", file.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What can change something outside, and the only files that may say it (rule 4: only a plan changes the world). Everything
/// else reads by clients that cannot write. The yard has a rule of its own: it knows nothing of the console, and talks to
/// loopback only.
const MAY_WRITE: &[(&str, &[&str])] = &[
    // A client is built from a kubeconfig, and asked for one that writes by the writer alone.
    ("Client::try_from", &["src/provider/kubernetes/connect.rs"]),
    ("Client::try_default", &[]),
    ("Client::new(", &[]),
    ("kube::Api", &[]),
    (".writing()", &["src/provider/kubernetes/writer.rs"]),
    // Requests that change something are made in one file, which sends each once.
    ("Method::POST", &["src/provider/kubernetes/call.rs"]),
    ("Method::PATCH", &["src/provider/kubernetes/call.rs"]),
    ("Method::PUT", &[]),
    ("Method::DELETE", &[]),
    ("writing.create(", &["src/provider/kubernetes/writer.rs"]),
    (
        "writing.merge(",
        &["src/provider/kubernetes/writer/patch.rs"],
    ),
    // The git program pushes in one file; a mirror's own branches are moved by fetches alone.
    ("call(\"push\"", &["src/provider/git/push.rs"]),
    ("push::push(", &["src/provider/git/send.rs"]),
    // Writers are made where read-only is looked at, for whoever sends a plan or looks for one.
    ("kubernetes::writer", &["src/connect.rs"]),
    ("kubernetes::Writer", &[]),
    ("git::writer", &["src/connect.rs"]),
    ("git::send", &[]),
    ("ClusterWriter::new(", &["src/connect.rs"]),
    ("Committer::new(", &["src/connect.rs"]),
    (
        "connect::writers(",
        &["src/cli/outside.rs", "src/cli/pull.rs"],
    ),
    ("connect::writers_alone(", &["src/cli/journal.rs"]),
    // Programs: git, a kubeconfig's plugin, and the login that somebody asks for.
    (
        "Command::new(",
        &[
            "src/provider/git/program.rs",
            "src/provider/kubernetes/plugin.rs",
            "src/connect.rs",
        ],
    ),
    // Nothing else speaks to a network.
    ("TcpStream", &[]),
    ("UnixStream", &[]),
    ("UdpSocket", &[]),
];

/// The rows of [`MAY_WRITE`] that a file breaks.
fn unlawful_writes<'a>(path: &str, code: &str) -> Vec<&'a str> {
    let row =
        |(word, files): &&(&'static str, &[&str])| code.contains(word) && !files.contains(&path);
    MAY_WRITE
        .iter()
        .filter(row)
        .map(|(word, _)| *word)
        .collect()
}

#[test]
fn only_a_plans_writer_can_change_anything_outside() {
    let mut wrong = Vec::new();
    let ours = |file: &&File| !file.is_test && file.path.starts_with("src/");
    for file in sources().iter().filter(ours) {
        for word in unlawful_writes(&file.path, &file.code) {
            wrong.push(format!("{}: {word}", file.path));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_write_in_another_file_is_found() {
    for (path, code) in [
        (
            "src/cli/status.rs",
            "let all = connect::writers(&config, &connection);",
        ),
        ("src/view/board.rs", "access.writing().await?"),
        ("src/update/press.rs", "repository.call(\"push\", limit)"),
        (
            "src/provider/kubernetes/feed.rs",
            "request(Method::PATCH, path)",
        ),
        (
            "src/provider/kubernetes/logs.rs",
            "kube::Client::try_from(config)",
        ),
        ("src/cli/demo.rs", "std::process::Command::new(\"kubectl\")"),
    ] {
        assert_eq!(unlawful_writes(path, code).len(), 1, "{path}: {code}");
    }
    // Every file that may is there, and does.
    let files = sources();
    for (word, allowed) in MAY_WRITE {
        for path in *allowed {
            let file = files.iter().find(|f| f.path == *path);
            assert!(
                file.is_some_and(|f| f.code.contains(word)),
                "{path} has no {word} any more"
            );
        }
    }
}

#[test]
fn only_the_pen_puts_text_on_the_screen() {
    const BYPASSES: [&str; 7] = [
        "set_string",
        "set_symbol",
        "set_line",
        "set_span",
        "set_char",
        "Paragraph",
        "Span::raw",
    ];
    let mut wrong = Vec::new();
    for file in sources()
        .iter()
        .filter(|f| !f.is_test && word(&f.path) == "view")
    {
        // The pen takes `Safe`; the theme and the layout draw nothing.
        if file.path == "src/view/pen.rs" {
            assert!(file.code.contains("Safe"));
            continue;
        }
        for bypass in BYPASSES {
            if file.code.contains(bypass) {
                wrong.push(format!("{}: {bypass}", file.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn printing_goes_one_way() {
    // `println!` panics when nobody reads any more, and would draw over the console.
    let mut wrong = Vec::new();
    for file in sources()
        .iter()
        .filter(|f| !f.is_test && f.path != "src/main.rs")
    {
        for word in ["println!", "print!(", "dbg!"] {
            if file.code.contains(word) {
                wrong.push(format!("{}: {word}", file.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The texts between quotes in code without comments.
fn literals(code: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = code;
    while let Some((_, after)) = rest.split_once('"') {
        let mut escaped = false;
        let end = after.find(|c| {
            let is_end = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            is_end
        });
        let Some(end) = end else { break };
        found.push(&after[..end]);
        rest = &after[end + 1..];
    }
    found
}

#[test]
fn what_decides_names_neither_a_key_nor_a_command() {
    const DECIDES: [&str; 10] = [
        "src/apply",
        "src/journal",
        "src/model",
        "src/plan/",
        "src/provider",
        "src/state",
        "src/store",
        "src/update",
        "src/screen",
        "src/lever",
    ];
    let hint = regex::Regex::new(
        r"(^|[\s(`])([B-HJ-Z?]|Enter|Esc|Tab|Ctrl-.)([\s),.;:`]|$)|, then [a-z]\b|\b[jk] and [jk]\b|leverframe (status|target|history|runs|logs|sources|journal|promote|rollback|resubmit|sync|refresh|stop|hold|release)\b",
    )
    .unwrap();
    let mut wrong = Vec::new();
    for file in sources().iter().filter(|f| !f.is_test) {
        if !DECIDES.iter().any(|folder| file.path.starts_with(folder)) {
            continue;
        }
        for text in literals(&file.code) {
            // A sentence has words; the rows of a table have the names that it is about.
            let is_sentence = text.split(' ').count() > 3 && !text.contains('\\');
            if is_sentence && hint.is_match(text) {
                wrong.push(format!("{}: {text}", file.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn levers_and_views_name_actions_and_commands_that_there_are() {
    let described = Arguments::described();
    let is_command = |command: &str| {
        let mut words = command.split(' ').skip(1);
        let name = words.next().unwrap_or_default();
        described.find_subcommand(name).is_some_and(|found| {
            words.all(|option| {
                found
                    .get_arguments()
                    .any(|a| a.get_long() == option.strip_prefix("--"))
            })
        })
    };
    for lever in Lever::ALL {
        assert_eq!(Action::by_name(lever.action()), Some(Action::Pull(lever)));
        assert!(
            is_command(lever.command()),
            "{lever:?}: {}",
            lever.command()
        );
    }
    for page in Page::ALL {
        assert_eq!(Action::by_name(page.action()), Some(Action::of_page(page)));
        let command = page.command().unwrap_or("leverframe status");
        assert!(is_command(command), "{page:?}: {command}");
    }
    assert!(is_command(Way::Settle.command().unwrap()));
}

#[test]
fn every_action_has_its_words_and_its_key() {
    let keymap = Keymap::built_in().unwrap();
    let mut names = BTreeSet::new();
    for action in Action::all() {
        let (name, title, help) = (action.name(), action.title(), action.help());
        assert!(names.insert(name), "{name} stands twice");
        assert!(!title.is_empty() && help.ends_with('.'), "{name}: {help}");
        assert!(
            Place::ALL
                .iter()
                .any(|place| !keymap.chords(*place, action).is_empty()),
            "{name} has no key in config/keys.toml"
        );
    }
}

// --- README -------------------------------------------------------------------------------------------------------------

fn readme() -> String {
    std::fs::read_to_string(root().join("README.md")).unwrap()
}

/// The part between `<!-- NAME -->` and `<!-- /NAME -->`.
fn part<'a>(readme: &'a str, name: &str) -> &'a str {
    let (_, rest) = readme
        .split_once(&format!("<!-- {name} -->\n"))
        .unwrap_or_else(|| panic!("README has no {name}"));
    rest.split_once(&format!("<!-- /{name} -->"))
        .unwrap_or_else(|| panic!("{name} has no end"))
        .0
}

/// README repeats what the program says; `UPDATE_README=1 cargo test --test house -- --test-threads=1` writes it anew.
fn compare(name: &str, expected: &str) {
    let readme = readme();
    let present = part(&readme, name);
    if std::env::var_os("UPDATE_README").is_some() {
        let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
        let new = readme.replace(
            &format!("{open}{present}{close}"),
            &format!("{open}{expected}{close}"),
        );
        std::fs::write(root().join("README.md"), new).unwrap();
        return;
    }
    let differs = present.lines().zip(expected.lines()).find(|(a, b)| a != b);
    assert!(
        present == expected,
        "README's {name} is not what the program says, first at {differs:?}; UPDATE_README=1 cargo test --test house \
         -- --test-threads=1 writes it anew"
    );
}

#[test]
fn readme_lists_the_keys_that_there_are() {
    let keymap = Keymap::built_in().unwrap();
    let mut table = String::from("| place | keys | what |\n|---|---|---|\n");
    for place in Place::ALL {
        for (action, chords) in keymap.section_actions(place) {
            let chords: Vec<String> = chords.iter().map(|c| format!("`{c}`")).collect();
            let chords = chords.join(" ").replace('|', "\\|");
            table.push_str(&format!(
                "| {} | {chords} | {} |\n",
                place.name(),
                action.help()
            ));
        }
    }
    compare("keys", &table);
}

#[test]
fn readme_lists_the_words_that_there_are() {
    let mut table = String::from("| word | in JSON | what |\n|---|---|---|\n");
    for word in Word::ALL {
        let json = serde_json::to_value(word).unwrap();
        table.push_str(&format!(
            "| {} | `{}` | {} |\n",
            word.label(),
            json.as_str().unwrap(),
            word.help()
        ));
    }
    compare("words", &table);
}

#[test]
fn readme_lists_the_checks_that_there_are() {
    const COLUMNS: [Lever; 5] = [
        Lever::Promote,
        Lever::RollBack,
        Lever::Resubmit,
        Lever::Hold,
        Lever::Sync,
    ];
    let mut table = String::from(
        "| check | what must hold | promote | roll back | resubmit | hold, release | sync, refresh, stop |\n|---|---|---|---|---|---|---|\n",
    );
    for name in CheckName::ALL
        .into_iter()
        .filter(|n| *n != CheckName::Other)
    {
        table.push_str(&format!("| {} | {} |", name.title(), name.help()));
        for lever in COLUMNS {
            let weight = match name.weight(lever) {
                Some(Weight::Refuses | Weight::RefusesUnlessOverridden) => "R",
                Some(Weight::Reason) => "T",
                Some(Weight::Shown) => "-",
                None => "",
            };
            table.push_str(&format!(" {weight} |"));
        }
        table.push('\n');
    }
    compare("checks", &table);
}

#[test]
fn readme_lists_the_exit_codes_that_there_are() {
    let mut table = String::from("| code | meaning |\n|---|---|\n");
    for (exit, meaning) in Exit::ALL {
        table.push_str(&format!("| {} | {meaning} |\n", exit.code()));
    }
    compare("exit codes", &table);
}

#[test]
fn readme_lists_the_commands_that_there_are() {
    let mut table = String::from("| command | what |\n|---|---|\n");
    let described = Arguments::described();
    for command in described.get_subcommands() {
        let about = command
            .get_about()
            .map(ToString::to_string)
            .unwrap_or_default();
        table.push_str(&format!("| `{}` | {about} |\n", command.get_name()));
    }
    compare("commands", &table);
}
