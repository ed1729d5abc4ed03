//! Words: names that grep can find, and one meaning for each word.

use super::{compare, root, sources};
use leverframe::lever::Lever;
use leverframe::model::Word;
use leverframe::plan::Outcome;
use regex::Regex;
use std::collections::BTreeSet;

/// Names of functions that say neither what is done nor to what.
const NAMELESS: [&str; 6] = ["settle", "told", "of", "at", "act", "take"];
/// Names of types that had several meanings, or none that a stranger would guess.
const FORMER: [&str; 6] = ["Seen", "Ears", "World", "Telling", "Standing", "Teller"];

/// The public functions and the types of a text whose names say nothing.
fn nameless(code: &str) -> Vec<String> {
    let functions = NAMELESS.join("|");
    let types = FORMER.join("|");
    let pattern = format!(
        r"pub(?:\([a-z: ]+\))? (?:async |const |unsafe )*fn (?:{functions})\b|\b(?:struct|enum|trait|type) (?:{types})\b"
    );
    Regex::new(&pattern)
        .unwrap()
        .find_iter(code)
        .map(|found| found.as_str().to_owned())
        .collect()
}

#[test]
fn names_say_what_is_done_to_what() {
    let mut wrong = Vec::new();
    for file in sources() {
        let found = nameless(&file.code).into_iter();
        wrong.extend(found.map(|name| format!("{}: {name}", file.path)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_name_that_says_nothing_is_found() {
    let code = "impl Tree {\n    pub fn of(run: &Run) -> Tree {}\n    pub(super) async fn settle(&self) {}\n    pub fn \
                of_run(run: &Run) {}\n    fn take(self) {}\n}\nenum Seen<T> {}\nstruct SeenAt;\npub fn settle_by_hand() {}\n";
    assert_eq!(
        nameless(code),
        ["pub fn of", "pub(super) async fn settle", "enum Seen"]
    );
}

/// Constructions that a reader has to translate back into English.
const RIDDLES: [&str; 8] = [
    "told of",
    "is told by",
    "tells of",
    "tell of ",
    "one wants",
    ": of none",
    "to be had",
    "wherefrom",
];

/// The lines of comment in a text that hold one of these.
fn riddles(text: &str) -> Vec<&str> {
    let comments = text
        .lines()
        .map(str::trim_start)
        .filter(|line| line.starts_with("//"));
    comments
        .filter(|line| {
            let plain = line.to_lowercase();
            RIDDLES.iter().any(|riddle| plain.contains(riddle))
        })
        .collect()
}

#[test]
fn comments_are_read_once() {
    let mut wrong = Vec::new();
    for file in sources() {
        let found = riddles(&file.text).into_iter();
        wrong.extend(found.map(|line| format!("{}: {line}", file.path)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_riddle_is_found() {
    let text = "    /// Where each call is told of.\nlet told = \"told of\";\n// Sends what changed.\n/// None: of none.\n";
    assert_eq!(
        riddles(text),
        ["/// Where each call is told of.", "/// None: of none."]
    );
}

/// The words of a part of the list in `src/lib.rs`, with what each means.
fn listed(part: &str) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let lines = text.lines().map_while(|line| line.strip_prefix("//!"));
    let mut list: Vec<(String, String)> = Vec::new();
    let mut is_inside = false;
    for line in lines.map(|line| line.strip_prefix(' ').unwrap_or(line)) {
        if line.starts_with('#') {
            is_inside = line.trim_start_matches(['#', ' ']) == part;
        } else if let (true, Some(row)) = (is_inside, line.strip_prefix("- **")) {
            let (word, meaning) = row.split_once("**: ").expect("a word and its meaning");
            list.push((word.to_owned(), meaning.to_owned()));
        } else if let (true, Some((_, meaning)), Some(more)) =
            (is_inside, list.last_mut(), line.strip_prefix("  "))
        {
            meaning.push(' ');
            meaning.push_str(more);
        }
    }
    list
}

#[test]
fn the_list_of_words_says_of_each_what_the_program_says() {
    let screen = listed("Read on the screen");
    let code = listed("Met in the code");
    let mut names = BTreeSet::new();
    for (word, meaning) in screen.iter().chain(&code) {
        assert!(names.insert(word), "{word} stands twice");
        assert!(meaning.ends_with('.'), "{word}: {meaning}");
    }
    let meaning = |word: &str| screen.iter().find(|(w, _)| w == word).map(|(_, m)| &**m);
    for word in Word::ALL {
        assert_eq!(meaning(word.label()), Some(word.help()));
    }
    for lever in Lever::ALL {
        assert_eq!(meaning(lever.title()), Some(lever.help()));
    }
    let because = String::new;
    for outcome in [
        Outcome::Applied {
            evidence: because(),
        },
        Outcome::Refused { because: because() },
        Outcome::Failed {
            because: because(),
            remedy: because(),
            lost: false,
        },
        Outcome::Unknown { because: because() },
    ] {
        assert!(meaning(outcome.word()).is_some(), "{}", outcome.word());
    }
}

#[test]
fn readme_means_by_its_words_what_the_code_does() {
    let mut table = String::from("| word | meaning |\n|---|---|\n");
    // The status words have a table of their own, with their spelling in JSON.
    let labels: BTreeSet<&str> = Word::ALL.iter().map(|word| word.label()).collect();
    for (word, meaning) in listed("Read on the screen") {
        if !labels.contains(word.as_str()) {
            table.push_str(&format!("| {word} | {meaning} |\n"));
        }
    }
    compare("meanings", &table);
}
