use super::*;
use crate::cases::cases;
use proptest::prelude::*;

/// What may be drawn: no control, nothing hidden, and a width on which clusters and single letters agree.
fn assert_drawable(text: &str) {
    let letters: usize = text.chars().map(|letter| letter.width().unwrap_or(0)).sum();
    assert_eq!(width(text), letters, "{text:?}");
    for letter in text.chars() {
        assert!(
            !letter.is_control() && !is_hidden(letter),
            "{letter:?} in {text:?}"
        );
    }
    for shape in text.graphemes(true) {
        assert!(
            shape.chars().filter(|letter| combining(*letter)).count() <= MARKS,
            "{shape:?}"
        );
        assert!(shape.width() > 0, "{shape:?} in {text:?}");
    }
}

fn nasty() -> impl Strategy<Value = String> {
    let letter = prop_oneof![
        3 => any::<char>(),
        3 => proptest::char::range(' ', '~'),
        1 => proptest::char::range('\u{0}', '\u{9f}'),
        1 => proptest::char::range('\u{300}', '\u{36f}'),
        1 => proptest::char::range('\u{900}', '\u{e7f}'),
        1 => proptest::char::range('\u{1100}', '\u{11ff}'),
        1 => proptest::char::range('\u{1780}', '\u{180f}'),
        1 => proptest::char::range('\u{200b}', '\u{206f}'),
        1 => proptest::char::range('\u{1f1e6}', '\u{1f1ff}'),
        1 => proptest::char::range('\u{1f3fb}', '\u{1f64f}'),
        1 => proptest::sample::select(vec!['\u{200d}', '\u{fe0f}', '\u{fe0e}', '\u{20e3}', '\u{644}', '\u{627}', '世']),
    ];
    proptest::collection::vec(letter, 0..60).prop_map(|letters| letters.into_iter().collect())
}

proptest! {
    #![proptest_config(cases(4000))]

    #[test]
    fn any_text_becomes_drawable_once_and_for_all(text in nasty()) {
        let safe = Safe::line(&text);
        assert_drawable(&safe);
        prop_assert_eq!(&Safe::line(&safe), &safe);
        prop_assert!(safe.len() <= 6 * text.len(), "{} from {}", safe.len(), text.len());
        assert_drawable(&safe.ascii());
        prop_assert!(safe.ascii().is_ascii());
    }

    #[test]
    fn any_bytes_become_drawable(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
        let safe = Safe::lossy(&bytes);
        assert_drawable(&safe);
        prop_assert_eq!(&Safe::lossy(safe.as_bytes()), &safe);
        for (stretch, _) in styled(&bytes) {
            assert_drawable(&stretch);
        }
    }

    #[test]
    fn cuts_never_exceed_their_cells(text in nasty(), cells in 0usize..40) {
        let safe = Safe::line(&text);
        let cut = safe.cut(cells);
        prop_assert!(cut.width() <= cells);
        prop_assert!(cut_left(&safe, cells).width() <= cells);
        prop_assert_eq!(width(&fit(&safe, cells)), cells);
        prop_assert_eq!(safe.width() > cells && cells > 0, cut.ends_with('~') && cut != safe);
        assert_drawable(&cut);
    }

    #[test]
    fn styled_text_is_the_line_without_its_colours(words in proptest::collection::vec("[a-z ]{0,8}", 0..8),
                                                    looks in proptest::collection::vec("(3[0-7]|1|0|38;5;[0-9]{1,3})", 8)) {
        let line: String = words.iter().zip(&looks).map(|(word, look)| format!("\x1b[{look}m{word}")).collect();
        let shown: String = styled(line.as_bytes()).iter().map(|(stretch, _)| stretch.to_string()).collect();
        prop_assert_eq!(shown, words.concat());
    }
}

#[test]
fn hidden_letters_are_those_that_unicode_calls_so() {
    let class = regex::Regex::new(r"^[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\p{Cn}]$")
        .unwrap();
    let mut buffer = [0; 4];
    for letter in '\u{0}'..=char::MAX {
        let unicode = class.is_match(letter.encode_utf8(&mut buffer));
        assert_eq!(
            is_hidden(letter),
            unicode || letter == '\u{fffd}',
            "U+{:04X}",
            letter as u32
        );
    }
}

#[test]
fn each_kind_of_hidden_letter_is_shown() {
    let rows = [
        ("plain", "plain"),
        ("\u{1b}[31mred", "␛[31mred"),
        ("a\u{9b}31m", "a<U+009B>31m"),
        ("over\rwrite", "over␍write"),
        ("two\nlines", "two␊lines"),
        ("a\tb\tc", "a   b   c"),
        ("世\tb", "世  b"),
        ("\u{0}\u{7f}", "␀␡"),
        ("prod\u{202e}gnigats", "prod<U+202E>gnigats"),
        ("\u{2066}x\u{2069}", "<U+2066>x<U+2069>"),
        ("a\u{200b}b\u{feff}c\u{ad}d", "a<U+200B>b<U+FEFF>c<U+00AD>d"),
        ("x\u{e0041}", "x<U+E0041>"),
        ("e\u{301}", "e\u{301}"),
        (
            "e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}!",
            "e\u{301}\u{301}\u{301}\u{301}<+2 marks>!",
        ),
        (
            "☺\u{301}\u{301}\u{301}\u{fe0f}\u{301}\u{301}\u{301}",
            "☺\u{301}\u{301}\u{301}\u{301}<+2 marks>",
        ),
        ("\u{301}x", "<U+0301>x"),
        ("👩\u{200d}🚀", "👩<U+200D>🚀"),
        ("👍🏽", "👍<U+1F3FD>"),
        ("⚠\u{fe0f} low", "⚠ low"),
        ("v1\u{fe0f}", "v1<U+FE0F>"),
        ("v1\u{378}", "v1<U+0378>"),
        ("héllo wörld", "héllo wörld"),
    ];
    for (raw, shown) in rows {
        assert_eq!(&*Safe::line(raw), shown, "{raw:?}");
    }
}

#[test]
fn bad_utf8_is_replaced_byte_by_byte() {
    assert_eq!(&*Safe::lossy(b"ok\x9b31m\xc3("), "ok<x9B>31m<xC3>(");
}

#[test]
fn a_long_line_is_capped_and_says_what_is_missing() {
    let safe = Safe::line(&"x".repeat(LINE_CAP + 100));
    assert!(safe.len() <= LINE_CAP, "{}", safe.len());
    assert!(
        safe.ends_with("<+132 bytes>"),
        "{}",
        &safe[safe.len() - 40..]
    );
    assert_eq!(Safe::line(&safe), safe);
    let whole = "y".repeat(LINE_CAP);
    assert_eq!(&*Safe::line(&whole), whole);
    let flood = Safe::line(&"\u{202e}".repeat(LINE_CAP));
    assert!(flood.len() <= LINE_CAP);
    assert_eq!(Safe::line(&flood), flood);
    // A cap inside a cluster that is broken up later.
    let tones = Safe::line(&"👍🏽".repeat(LINE_CAP / 16));
    assert!(tones.len() <= LINE_CAP);
    assert_eq!(Safe::line(&tones), tones);
}

#[test]
fn ascii_shows_controls_with_a_caret() {
    assert_eq!(&*Safe::line("a\u{1b}[m é世").ascii(), "a^[[m ???");
}

#[test]
fn cut_ends_in_a_tilde_and_halves_no_letter() {
    let rows = [
        ("abcdef", 6, "abcdef"),
        ("abcdef", 5, "abcd~"),
        ("abcdef", 1, "~"),
        ("abcdef", 0, ""),
        ("世界人", 6, "世界人"),
        ("世界人", 5, "世界~"),
        ("世界人", 4, "世~"),
        ("世界", 1, "~"),
        ("", 0, ""),
    ];
    for (text, cells, cut_to) in rows {
        assert_eq!(cut(text, cells), cut_to, "{text} to {cells}");
    }
    assert_eq!(cut_left("a/path/to/file", 8), "~to/file");
    assert_eq!(fit("世", 3), "世 ");
}

#[test]
fn colours_are_read_and_everything_else_is_shown() {
    let line = b"\x1b[1;31mbad\x1b[0m \x1b[38;5;208mamber\x1b[39m\x1b[2Jx\x1b]0;title\x07\x1b[5mblink\x1b[8mhide\r";
    let shown: Vec<(String, Sgr)> = styled(line)
        .into_iter()
        .map(|(text, look)| (text.to_string(), look))
        .collect();
    let red = Sgr {
        ink: Some(Colour(1)),
        bold: true,
        ..Sgr::default()
    };
    let amber = Sgr {
        ink: Some(Colour(208)),
        ..Sgr::default()
    };
    let plain = Sgr::default();
    assert_eq!(
        shown,
        [
            ("bad".into(), red),
            (" ".into(), plain),
            ("amber".into(), amber),
            ("␛[2Jx␛]0;title␇blinkhide".into(), plain)
        ]
    );
}

#[test]
fn a_colour_never_hides_a_text() {
    for (line, ink, ground) in [
        (&b"\x1b[31;41mx"[..], None, None),
        (b"\x1b[30mx", None, None),
        (b"\x1b[47mx", None, None),
        (b"\x1b[38;5;231;48;5;15mx", None, None),
        (b"\x1b[97;41mx", Some(15), Some(1)),
        (b"\x1b[38;2;255;0;0mx", Some(196), None),
    ] {
        let look = styled(line)[0].1;
        assert_eq!(
            (look.ink, look.ground),
            (ink.map(Colour), ground.map(Colour)),
            "{line:?}"
        );
    }
}

#[test]
fn a_styled_line_is_capped_as_a_whole() {
    let line = "\x1b[31mred \x1b[32mgreen".repeat(20_000);
    let total: usize = styled(line.as_bytes())
        .iter()
        .map(|(text, _)| text.len())
        .sum();
    assert!(total <= LINE_CAP, "{total}");
}

#[test]
fn tabs_go_by_the_line_and_not_by_what_is_coloured() {
    let marked = ["\u{11a51}\u{0}\u{0}\tx", "\t\u{11a51}ab\tx"];
    let plain = ["a\tb", "\tx\ty", "日\tb", "abc\td"];
    for line in plain.into_iter().chain(marked) {
        let plain = Safe::line(line).to_string();
        // Where a mark is cut off its letter it is shown by its number.
        let cut = line
            .char_indices()
            .filter(|(_, letter)| *letter != '\u{11a51}');
        for at in cut.map(|(at, _)| at) {
            let coloured = format!("{}\x1b[31m{}", &line[..at], &line[at..]);
            let shown: String = styled(coloured.as_bytes())
                .iter()
                .map(|(stretch, _)| stretch.to_string())
                .collect();
            assert_eq!(shown, plain, "{line:?} coloured from byte {at} on");
        }
    }
}

#[test]
fn letters_that_look_like_a_space_are_shown_as_what_they_are() {
    let space = regex::Regex::new(r"^\p{Zs}$").unwrap();
    let mut buffer = [0; 4];
    for letter in '!'..=char::MAX {
        let is_space = space.is_match(letter.encode_utf8(&mut buffer)) || letter == '\u{2800}';
        assert_eq!(is_blank(letter), is_space, "U+{:04X}", letter as u32);
    }
    let name = "whitehall\u{a0}admin\u{2800}\u{3000}";
    assert_eq!(&*Safe::line(name), "whitehall<U+00A0>admin<U+2800><U+3000>");
}
