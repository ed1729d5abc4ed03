use super::*;

fn keys() -> Vec<Key> {
    vec![
        Key::version("image_tag"),
        Key::gate("automatic_deploys_enabled"),
        Key::gate("promote_deployment"),
    ]
}

/// (file, image_tag, promote_deployment, what the words about it contain)
#[test]
fn every_oddity_ever_seen_is_read_and_named() {
    type Case = (
        &'static [u8],
        Option<&'static str>,
        bool,
        &'static [&'static str],
    );
    let cases: &[Case] = &[
        (
            b"image_tag: v737\nautomatic_deploys_enabled: true\npromote_deployment: true\n",
            Some("v737"),
            true,
            &[],
        ),
        (
            b"image_tag: v1\npromote_deployment: false\nautomatic_deploys_enabled: true",
            Some("v1"),
            false,
            &[],
        ),
        (b"image_tag: v1\n", Some("v1"), false, &[]),
        (b"", None, false, &["empty file"]),
        (
            b"# licensify has none\n",
            None,
            false,
            &["nothing but comments"],
        ),
        (b"\n\n", None, false, &["nothing but comments"]),
        (
            b"image_tag: \npromote_deployment: true\n",
            None,
            true,
            &["image_tag is null"],
        ),
        (b"image_tag: ~\n", None, false, &["image_tag is null"]),
        (b"image_tag: 20\n", Some("20"), false, &[]),
        (b"image_tag: 1.9\n", Some("1.9"), false, &[]),
        (b"image_tag: 2024-11-03\n", Some("2024-11-03"), false, &[]),
        (
            b"image_tag: 1000000\n",
            Some("1000000"),
            false,
            &["bare number"],
        ),
        (b"image_tag: 1.10\n", Some("1.10"), false, &["bare number"]),
        (
            b"image_tag: 012345\n",
            Some("012345"),
            false,
            &["bare number"],
        ),
        (
            b"image_tag: 12e4567\n",
            Some("12e4567"),
            false,
            &["bare number"],
        ),
        (b"image_tag: \"12e4567\"\n", Some("12e4567"), false, &[]),
        (
            b"image_tag: yes\n",
            Some("yes"),
            false,
            &["image_tag is a boolean"],
        ),
        (
            b"image_tag: v1\npromote_deployment: True\n",
            Some("v1"),
            true,
            &["is written True"],
        ),
        (
            b"image_tag: v1\npromote_deployment: yes\n",
            Some("v1"),
            true,
            &["is written yes"],
        ),
        (
            b"image_tag: v1\npromote_deployment: \"true\"\n",
            Some("v1"),
            true,
            &[],
        ),
        (
            b"image_tag: v1\npromote_deployment: \"True\"\n",
            Some("v1"),
            false,
            &["neither true nor false"],
        ),
        (
            b"image_tag: v1\npromote_deployment: true\\nmanual_deployment=false\n",
            Some("v1"),
            false,
            &["literal \\n"],
        ),
        (
            b"image_tag: v1\r\npromote_deployment: true\r\n",
            Some("v1"),
            true,
            &["CR LF"],
        ),
        (
            b"\xef\xbb\xbfimage_tag: v1\n",
            Some("v1"),
            false,
            &["byte order mark"],
        ),
        (
            b"image_tag: v\xff1\n",
            None,
            false,
            &["not UTF-8 at byte 12"],
        ),
        (
            b"image_tag: v1\nimage_tag: v2\npromote_deployment: true\n",
            None,
            true,
            &["stands twice, again in line 2"],
        ),
        (
            b"<<<<<<< HEAD\nimage_tag: v1\n=======\nimage_tag: v2\n>>>>>>> x\n",
            None,
            false,
            &["conflict markers in line 1"],
        ),
        (b"image_tag: *tag\n", None, false, &["is an alias"]),
        (
            b"image_tag: &t v1\npromote_deployment: true\n",
            Some("v1"),
            true,
            &["carries an anchor"],
        ),
        (
            b"base: &b {image_tag: v1}\n<<: *b\n",
            None,
            false,
            &["may come from a merge key"],
        ),
        (
            b"image_tag: v1\nmanual_deployment: false\n",
            Some("v1"),
            false,
            &["unknown key manual_deployment"],
        ),
        (b"image_tag: [v1]\n", None, false, &["not a single value"]),
        (
            b"image_tag: |\n  v1\n",
            Some("v1\n"),
            false,
            &["written as a block"],
        ),
        (b"- image_tag\n", None, false, &["not a list of keys"]),
        (
            b"image_tag: v1: v2\n",
            None,
            false,
            &["not readable as YAML"],
        ),
        (
            b"---\nimage_tag: v1\n---\nimage_tag: v2\n",
            Some("v1"),
            false,
            &["2 YAML documents"],
        ),
        (b"image_tag: !!str 12\n", Some("12"), false, &[]),
        (b"image_tag: v1 # was v0\n", Some("v1"), false, &[]),
        (b"image_tag: v792-on-pg\n", Some("v792-on-pg"), false, &[]),
        // What Helm cannot read has no version, whatever our own reader makes of it.
        (
            b"\timage_tag: v1\n",
            None,
            false,
            &["line 1 begins with a tab, so that Helm reads nothing"],
        ),
        (
            b"image_tag: v1\n\tpromote_deployment: true\n",
            None,
            false,
            &["found a tab"],
        ),
        (
            b"\t# robot\nimage_tag: v1\n",
            None,
            false,
            &["line 1 begins with a tab"],
        ),
        (
            b"image_tag: v1\n\t\n",
            None,
            false,
            &["line 2 begins with a tab"],
        ),
        (b"{\n\timage_tag: v1\n}\n", Some("v1"), false, &[]),
        (b"image_tag:\tv1\n", Some("v1"), false, &[]),
    ];
    for (file, tag, promote, words) in cases {
        let shown = String::from_utf8_lossy(file);
        let read = read(file, &keys(), true);
        assert_eq!(read.text("image_tag"), *tag, "{shown:?}: {read:?}");
        assert_eq!(
            read.gate("promote_deployment"),
            *promote,
            "{shown:?}: {read:?}"
        );
        for word in *words {
            assert!(
                read.odd.iter().any(|o| o.contains(word)),
                "{shown:?} lacks {word:?}: {read:?}"
            );
        }
        if words.is_empty() {
            assert_eq!(read.odd, Vec::<String>::new(), "{shown:?}");
        }
    }
}

#[test]
fn a_dotted_path_leads_into_a_shared_file() {
    let file = b"versions:\n  hocs-audit: 2.18.3\n  hocs-docs: 3.6.7\n";
    let read = read(
        file,
        &[
            Key::version("versions.hocs-docs"),
            Key::version("versions.none"),
        ],
        false,
    );
    assert_eq!(read.text("versions.hocs-docs"), Some("3.6.7"));
    assert_eq!(read.odd, ["no versions.none"]);
}

#[test]
fn plain_texts_that_another_reader_takes_for_something_else() {
    for number in [
        "20",
        "-1",
        "1_000",
        "0x1f",
        "0o17",
        "1.10",
        ".5",
        "12e4567",
        "1e+3",
        "12:30:45",
        "2026-08-21",
        ".inf",
        "+.NaN",
        "017",
    ] {
        assert_eq!(kind(number), Kind::Number, "{number}");
    }
    for text in [
        "v1",
        "9f83e630",
        "2.18.3",
        "release-1",
        "1e",
        "e12",
        "0x",
        "1.2.3-rc",
        "-",
        "12a",
        "latest",
    ] {
        assert_eq!(kind(text), Kind::Text, "{text}");
    }
}
