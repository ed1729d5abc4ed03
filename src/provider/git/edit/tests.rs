use crate::cases::cases;
use proptest::prelude::*;

use super::*;
use crate::model::slot::changed_lines;
use crate::provider::git::scalars::{Key, read};

fn tag(to: &str) -> [Set; 1] {
    [Set::text("image_tag", to)]
}

fn edited(file: &str, sets: &[Set]) -> String {
    String::from_utf8(edit(file.as_bytes(), sets).unwrap()).unwrap()
}

#[test]
fn only_the_bytes_of_the_scalar_change() {
    for (file, want) in [
        ("image_tag: v1\na: true\n", "image_tag: v2\na: true\n"),
        (
            "# é\na: true\nimage_tag:   v1   # why\n",
            "# é\na: true\nimage_tag:   v2   # why\n",
        ),
        ("image_tag: \"v1\"\n", "image_tag: \"v2\"\n"),
        ("image_tag: 'v1'", "image_tag: 'v2'"),
        ("a: 1\r\nimage_tag: v1\r\n", "a: 1\r\nimage_tag: v2\r\n"),
        ("image_tag: v1", "image_tag: v2"),
        ("---\nimage_tag: v1\n...\n", "---\nimage_tag: v2\n...\n"),
        ("{a: 1, image_tag: v1}\n", "{a: 1, image_tag: v2}\n"),
        ("\u{feff}image_tag: v1\n", "\u{feff}image_tag: v2\n"),
        ("image_tag:\na: 1\n", "image_tag: v2\na: 1\n"),
        ("image_tag: # none yet\n", "image_tag: v2 # none yet\n"),
        ("image_tag: ~\n", "image_tag: v2\n"),
        ("image_tag: 20\n", "image_tag: v2\n"),
        ("image_tag:", "image_tag: v2"),
    ] {
        assert_eq!(edited(file, &tag("v2")), want, "{file:?}");
    }
}

#[test]
fn a_missing_key_becomes_a_line() {
    let hold = [Set::boolean("promote_deployment", false)];
    for (file, want) in [
        (
            "image_tag: v1\n",
            "image_tag: v1\npromote_deployment: false\n",
        ),
        ("image_tag: v1", "image_tag: v1\npromote_deployment: false"),
        (
            "image_tag: v1\r\n",
            "image_tag: v1\r\npromote_deployment: false\r\n",
        ),
        (
            "image_tag: v1 # x\n\n# end\n",
            "image_tag: v1 # x\npromote_deployment: false\n\n# end\n",
        ),
        (
            "image_tag: v1\n...\n",
            "image_tag: v1\npromote_deployment: false\n...\n",
        ),
        ("image_tag:\n", "image_tag:\npromote_deployment: false\n"),
        ("# only\n", "# only\npromote_deployment: false\n"),
        ("", "promote_deployment: false\n"),
        (
            "a:\n  - 1\n  - {b: 2}\n# c\n",
            "a:\n  - 1\n  - {b: 2}\npromote_deployment: false\n# c\n",
        ),
        (
            "a:\n  b: {c: 1,\n    d: 2}\n",
            "a:\n  b: {c: 1,\n    d: 2}\npromote_deployment: false\n",
        ),
    ] {
        assert_eq!(edited(file, &hold), want, "{file:?}");
    }
    assert_eq!(
        edited(
            "versions:\n  a: 1.2.3\n  # end of a\nother: x\n",
            &[Set::text("versions.b", "2.0.0")]
        ),
        "versions:\n  a: 1.2.3\n  b: 2.0.0\n  # end of a\nother: x\n"
    );
}

#[test]
fn two_missing_keys_keep_their_order() {
    let both = [
        Set::text("image_tag", "v2"),
        Set::boolean("promote_deployment", false),
    ];
    assert_eq!(
        edited("x: 1", &both),
        "x: 1\nimage_tag: v2\npromote_deployment: false"
    );
    assert_eq!(
        edited("", &both),
        "image_tag: v2\npromote_deployment: false\n"
    );
    assert_eq!(
        edited("# c", &both),
        "# c\nimage_tag: v2\npromote_deployment: false"
    );
}

#[test]
fn what_would_re_read_as_something_else_is_quoted() {
    for (to, want) in [
        ("12e4567", "image_tag: \"12e4567\"\n"),
        ("1.10", "image_tag: \"1.10\"\n"),
        ("012345", "image_tag: \"012345\"\n"),
        ("yes", "image_tag: \"yes\"\n"),
        ("null", "image_tag: \"null\"\n"),
        ("2026-08-21", "image_tag: \"2026-08-21\"\n"),
        ("a: b #c", "image_tag: \"a: b #c\"\n"),
        ("q\"\\", "image_tag: \"q\\\"\\\\\"\n"),
        ("9f83e630", "image_tag: 9f83e630\n"),
    ] {
        assert_eq!(edited("image_tag: v1\n", &tag(to)), want);
    }
}

#[test]
fn what_is_not_safe_is_refused_with_the_reason() {
    for (file, why) in [
        ("image_tag: *t\n", "not a single value"),
        ("image_tag: &t v1\nb: *t\n", "anchor"),
        ("image_tag: !!str 1\n", "tag"),
        ("image_tag: |\n  v1\n", "block"),
        ("image_tag: v1\nimage_tag: v2\n", "twice"),
        ("image_tag: v1\n---\nimage_tag: v2\n", "more than one"),
        ("base: &b {image_tag: v1}\n<<: *b\n", "merge key"),
        ("[v1]\n", "no keys"),
        ("image_tag: {{ .Values.x }}\n", "not"),
        ("{a: 1}\n", "not a list of lines"),
        ("a: |\n  text\n", "block"),
    ] {
        let error = edit(file.as_bytes(), &tag("v2")).unwrap_err();
        assert!(error.0.contains(why), "{file:?}: {error}");
    }
    assert!(edit(b"image_tag: \xff\n", &tag("v2")).is_err());
    assert!(edit(b"image_tag: v1\n", &tag("v2\nb: 1")).is_err());
    assert!(edit(b"image_tag: v1\n", &tag("")).is_err());
}

/// A line of a file: keys in any order, with comments, blank lines, quotes, odd spacing.
fn line() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        "v[0-9]{1,4}",
        "[0-9a-f]{40}",
        Just("true".to_owned()),
        Just("False".to_owned()),
        Just("\"quoted # text\"".to_owned()),
        Just("'it''s'".to_owned()),
        Just("1.10".to_owned()),
        Just(String::new()),
        Just("{flow: [1, 2]}".to_owned()),
        Just("\n  below: 1\n  # inside\n  more: [a]".to_owned()),
        Just("\n- item\n- 'other'".to_owned()),
    ];
    let comment = prop_oneof![Just(String::new()), Just("  # é why".to_owned())];
    (value, " {1,3}", comment).prop_map(|(value, gap, comment)| {
        if value.is_empty() || value.starts_with('\n') {
            format!(":{value}{comment}")
        } else {
            format!(":{gap}{value}{comment}")
        }
    })
}

fn file() -> impl Strategy<Value = String> {
    let keys = Just(vec![
        "image_tag",
        "promote_deployment",
        "automatic_deploys_enabled",
        "odd-one",
        "zz",
    ])
    .prop_shuffle();
    (
        keys,
        prop::collection::vec(line(), 0..5),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(keys, lines, crlf, last, head)| {
            let mut text = if head {
                "# head\n\n".to_owned()
            } else {
                String::new()
            };
            for (key, line) in keys.iter().zip(&lines) {
                text.push_str(&format!("{key}{line}\n"));
            }
            if last {
                text.truncate(text.trim_end_matches('\n').len());
            }
            if crlf {
                text.replace('\n', "\r\n")
            } else {
                text
            }
        })
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn only_the_named_scalars_change(
        file in file(),
        to in prop_oneof!["v[0-9]{1,5}", "[0-9]{1,3}e[0-9]{2}", "[ -~]{1,12}", "\\PC{1,6}"],
        gate in any::<bool>(),
    ) {
        let sets = [Set::text("image_tag", &to), Set::boolean("promote_deployment", gate)];
        let Ok(after) = edit(file.as_bytes(), &sets) else { return Ok(()) };
        let keys = [Key::version("image_tag"), Key::gate("promote_deployment")];
        let now = read(&after, &keys, false);
        prop_assert_eq!(now.text("image_tag"), Some(to.as_str()));
        prop_assert_eq!(now.gate("promote_deployment"), gate);
        // Every line of the old file that holds neither scalar is still there, in its order and its own ending.
        let named = |line: &&str| !line.starts_with("image_tag") && !line.starts_with("promote_deployment");
        let after = String::from_utf8(after).unwrap();
        let strip = |l: &str| l.trim_end_matches(['\r', '\n']).to_owned();
        let old: Vec<_> = file.split_inclusive('\n').filter(named).map(strip).collect();
        let new: Vec<_> = after.split_inclusive('\n').filter(named).map(strip).collect();
        prop_assert_eq!(old, new);
        if file.contains("\r\n") { prop_assert_eq!(after.matches('\n').count(), after.matches("\r\n").count()); }
        if !file.is_empty() { prop_assert_eq!(file.ends_with('\n'), after.ends_with('\n')); }
        // Once more changes nothing.
        prop_assert_eq!(edit(after.as_bytes(), &sets).unwrap(), after.as_bytes());
    }

    #[test]
    fn most_ordinary_files_can_be_edited(tag_now in "v[0-9]{1,4}", to in "v[0-9]{1,4}", first in any::<bool>()) {
        let file = if first {
            format!("image_tag: {tag_now}\nautomatic_deploys_enabled: true\n")
        } else {
            format!("automatic_deploys_enabled: true\nimage_tag: {tag_now}\n")
        };
        let after = edited(&file, &tag(&to));
        prop_assert_eq!(after, file.replace(&format!(": {tag_now}"), &format!(": {to}")));
    }
}

#[test]
fn what_no_reader_would_find_in_the_edited_file_is_not_written() {
    for file in [
        "\n\t\n",
        "image_tag: v1\n\t# indented by a tab\n",
        "other: 1\n\t\n",
    ] {
        let refused = edit(file.as_bytes(), &[Set::text("image_tag", "v2")]).unwrap_err();
        let why = refused.to_string();
        assert!(
            why.contains("image_tag would not be read from the edited file: line ")
                && why.contains("begins with a tab"),
            "{file:?}: {why}"
        );
    }
}

/// The lines that differ, as a diff has them, for texts that differ in one place.
fn differing(before: &str, after: &str) -> Vec<(char, String)> {
    let (before, after): (Vec<&str>, Vec<&str>) =
        (before.lines().collect(), after.lines().collect());
    let same = before
        .iter()
        .zip(&after)
        .take_while(|(a, b)| a == b)
        .count();
    let (before, after) = (&before[same..], &after[same..]);
    let behind = before
        .iter()
        .rev()
        .zip(after.iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    let lines = |sign: char, lines: &[&str]| -> Vec<(char, String)> {
        lines[..lines.len() - behind]
            .iter()
            .map(|line| (sign, (*line).to_owned()))
            .collect()
    };
    [lines('-', before), lines('+', after)].concat()
}

#[test]
fn a_slot_says_the_very_lines_that_an_edit_changes() {
    let gate = Set::boolean("gate", false);
    for (file, set) in [
        ("image_tag: v1\na: true\n", Set::text("image_tag", "v2")),
        (
            "a: true\nimage_tag:   '1.9'   # why\n",
            Set::text("image_tag", "1.10"),
        ),
        ("image_tag: 1.9\n", Set::text("image_tag", "1.10")),
        ("image_tag: \"v1\"", Set::text("image_tag", "v\"2")),
        (
            "image_tag: v1\r\ngate: true\r\n",
            Set::text("image_tag", "v2"),
        ),
        ("image_tag: v1\r\n", gate.clone()),
        ("image_tag: v1", gate.clone()),
        ("image_tag: v1\n# the end\n", gate.clone()),
        ("image_tag: v1\ngate:\nz: 1\n", gate.clone()),
        ("{image_tag: v1, gate: true}\n", gate),
        (
            "\u{feff}image:\n  tag: v1 # here\n",
            Set::text("image.tag", "v2"),
        ),
        ("image:\n  name: a\nz: 1\n", Set::text("image.tag", "0123")),
        ("# nothing\n", Set::text("image_tag", "v2")),
    ] {
        let key = match set.value {
            Value::Text(_) => Key::version(&set.path),
            Value::Boolean(_) => Key::gate(&set.path),
        };
        let said = changed_lines([&slot(file.as_bytes(), &key).unwrap().edit(&set.value)]);
        let after = edited(file, std::slice::from_ref(&set));
        let text = |text: &str| text.trim_start_matches('\u{feff}').to_owned();
        assert_eq!(said, differing(&text(file), &text(&after)), "{file:?}");
    }
}

#[test]
fn two_edits_of_one_line_are_said_as_one() {
    let file = b"{image_tag: v1, gate: true}\n";
    let version = slot(file, &Key::version("image_tag")).unwrap();
    let gate = slot(file, &Key::gate("gate")).unwrap();
    let edits = [
        gate.edit(&Value::Boolean(false)),
        version.edit(&Value::Text("1.10".to_owned())),
    ];
    let lines = [
        ('-', "{image_tag: v1, gate: true}".to_owned()),
        ('+', "{image_tag: \"1.10\", gate: false}".to_owned()),
    ];
    assert_eq!(changed_lines(&edits), lines);
}

#[test]
fn what_cannot_be_edited_has_no_slot_but_the_reason() {
    for (file, because) in [
        ("image_tag: &a v1\nother: *a\n", "anchor"),
        ("image_tag: !x v1\n", "tag"),
        ("image_tag: |\n  v1\n", "block"),
        ("image_tag: [v1]\n", "image_tag"),
        ("{gate: true}\n", "not a list of lines"),
        (
            "image_tag: v1\n---\nimage_tag: v2\n",
            "more than one YAML document",
        ),
        ("image_tag: v1\n\tgate: true\n", ""),
        ("image_tag: \"v1\n", "not readable"),
    ] {
        let why = slot(file.as_bytes(), &Key::version("image_tag")).unwrap_err();
        assert!(why.0.contains(because), "{file:?}: {why}");
    }
}
