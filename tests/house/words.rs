//! Words: names that grep can find, and one meaning for each word.

use super::sources;
use regex::Regex;

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
