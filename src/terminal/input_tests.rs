//! What each sequence of bytes means, and which keys were not typed by themselves.

use super::*;

const NONE: KeyModifiers = KeyModifiers::NONE;
const ALT: KeyModifiers = KeyModifiers::ALT;
const CONTROL: KeyModifiers = KeyModifiers::CONTROL;

fn keys(inputs: &[Input]) -> Vec<(KeyCode, KeyModifiers)> {
    inputs
        .iter()
        .map(|input| match input {
            Input::Key(key) => (key.code, key.modifiers),
            Input::Paste(text) => panic!("a paste: {text:?}"),
            Input::Answer(answer) => panic!("an answer: {answer:?}"),
        })
        .collect()
}

/// All the bytes in one read, then silence.
fn decoded(bytes: &[u8]) -> Vec<Input> {
    let mut decoder = Decoder::default();
    let mut inputs = decoder.feed(bytes, Instant::now());
    inputs.extend(decoder.end_sequence());
    inputs
}

#[test]
fn every_known_sequence_is_its_key_whole_and_cut_anywhere() {
    let char = KeyCode::Char;
    let table: &[(&[u8], KeyCode, KeyModifiers)] = &[
        (b"j", char('j'), NONE),
        (b"Q", char('Q'), NONE),
        ("é".as_bytes(), char('é'), NONE),
        ("日".as_bytes(), char('日'), NONE),
        ("🚦".as_bytes(), char('🚦'), NONE),
        (b"\r", KeyCode::Enter, NONE),
        (b"\n", char('j'), CONTROL),
        (b"\t", KeyCode::Tab, NONE),
        (b"\x7f", KeyCode::Backspace, NONE),
        (b"\x08", KeyCode::Backspace, NONE),
        (b"\x03", char('c'), CONTROL),
        (b"\x1a", char('z'), CONTROL),
        (b"\x0c", char('l'), CONTROL),
        (b"\x18", char('x'), CONTROL),
        (b"\x00", char(' '), CONTROL),
        (b"\x1c", char('\\'), CONTROL),
        (b"\x1f", char('_'), CONTROL),
        (b"\x1b", KeyCode::Esc, NONE),
        (b"\x1ba", char('a'), ALT),
        (b"\x1bA", char('A'), ALT),
        (b"\x1b/", char('/'), ALT),
        (b"\x1b#", char('#'), ALT),
        (b"\x1b[", char('['), ALT),
        (b"\x1b]", char(']'), ALT),
        (b"\x1bO", char('O'), ALT),
        (b"\x1bP", char('P'), ALT),
        (b"\x1b\\", char('\\'), ALT),
        (b"\x1b\r", KeyCode::Enter, ALT),
        (b"\x1b\x7f", KeyCode::Backspace, ALT),
        ("\x1bé".as_bytes(), char('é'), ALT),
        (b"\x1b[A", KeyCode::Up, NONE),
        (b"\x1b[B", KeyCode::Down, NONE),
        (b"\x1b[C", KeyCode::Right, NONE),
        (b"\x1b[D", KeyCode::Left, NONE),
        (b"\x1bOA", KeyCode::Up, NONE),
        (b"\x1bOM", KeyCode::Enter, NONE),
        (b"\x1b[1;5A", KeyCode::Up, CONTROL),
        (b"\x1b[1;2B", KeyCode::Down, KeyModifiers::SHIFT),
        (b"\x1b[1;3C", KeyCode::Right, ALT),
        (b"\x1b[H", KeyCode::Home, NONE),
        (b"\x1b[1~", KeyCode::Home, NONE),
        (b"\x1b[4~", KeyCode::End, NONE),
        (b"\x1b[5~", KeyCode::PageUp, NONE),
        (b"\x1b[6;5~", KeyCode::PageDown, CONTROL),
        (b"\x1b[3~", KeyCode::Delete, NONE),
        (b"\x1b[Z", KeyCode::BackTab, NONE),
        (b"\x1bOP", KeyCode::F(1), NONE),
        (b"\x1b[15~", KeyCode::F(5), NONE),
        (b"\x1b[17~", KeyCode::F(6), NONE),
        (b"\x1b[24~", KeyCode::F(12), NONE),
        (b"\x1b[[C", KeyCode::F(3), NONE),
        (b"\x1b[99;5u", char('c'), CONTROL),
        (b"\x1b[27u", KeyCode::Esc, NONE),
        (b"\x1b[27;5;13~", KeyCode::Enter, CONTROL),
    ];
    for (bytes, code, modifiers) in table {
        assert_eq!(
            keys(&decoded(bytes)),
            [(*code, *modifiers)],
            "{bytes:?} whole"
        );
        let mut decoder = Decoder::default();
        let mut inputs: Vec<_> = bytes
            .iter()
            .flat_map(|byte| decoder.feed(&[*byte], Instant::now()))
            .collect();
        inputs.extend(decoder.end_sequence());
        assert_eq!(
            keys(&inputs),
            [(*code, *modifiers)],
            "{bytes:?} byte by byte"
        );
        // Whatever came, the next key is itself.
        assert_eq!(
            keys(&decoder.feed(b"k", Instant::now())),
            [(char('k'), NONE)],
            "after {bytes:?}"
        );
    }
}

#[test]
fn what_is_no_key_leaves_nothing_behind() {
    let nothing: &[&[u8]] = &[
        b"\x1b]11;rgb:0000/0000/0000\x07",
        b"\x1b]11;rgb:0000/0000/0000\x1b\\",
        b"\x1bP1+r544e\x1b\\",
        b"\x1b_app\x1b\\",
        b"\x1b[?62;22c",
        b"\x1b[12;40",
        b"\x1b[999~",
        b"\x1b[1;2;3;4;5;6;7;8;9;10;11;12;13;14;15;16;17;18;19;20;21;22;23;24;25;26;27;28;29;30;31;32;33;34z",
        b"\x1b]0;never ended",
        b"\x1b[I",
        b"\x1b[O",
        b"\xc2\x9b",
    ];
    for bytes in nothing {
        let mut decoder = Decoder::default();
        let mut inputs = decoder.feed(bytes, Instant::now());
        inputs.extend(decoder.end_sequence());
        inputs.extend(decoder.feed(b"k", Instant::now()));
        assert_eq!(keys(&inputs), [(KeyCode::Char('k'), NONE)], "{bytes:?}");
    }
}

#[test]
fn two_escapes_are_two_keys_and_arrows_after_one_stay_arrows() {
    let escape = (KeyCode::Esc, NONE);
    assert_eq!(keys(&decoded(b"\x1b\x1b")), [escape, escape]);
    assert_eq!(keys(&decoded(b"\x1b\x1b[A")), [escape, (KeyCode::Up, NONE)]);
}

#[test]
fn a_paste_is_one_input_whatever_it_holds_and_however_it_is_cut() {
    let text = "p\r\x1b[A\u{202e}q\n";
    let bytes = format!("\x1b[200~{text}\x1b[201~");
    let paste = [Input::Paste(text.to_owned())];
    assert_eq!(decoded(bytes.as_bytes()), paste);
    for cut in 1..bytes.len() {
        let mut decoder = Decoder::default();
        let (before, after) = bytes.as_bytes().split_at(cut);
        let mut inputs = decoder.feed(before, Instant::now());
        inputs.extend(decoder.feed(after, Instant::now()));
        assert_eq!(inputs, paste, "cut at {cut}");
    }
}

#[test]
fn a_paste_without_end_ends_by_itself_and_a_huge_one_is_capped() {
    let mut decoder = Decoder::default();
    assert_eq!(decoder.feed(b"\x1b[200~abc", Instant::now()), []);
    assert_eq!(decoder.patience(), Some(SEQUENCE_GAP));
    assert_eq!(decoder.end_sequence(), [Input::Paste("abc".to_owned())]);
    assert_eq!(decoder.patience(), None);

    let mut bytes = b"\x1b[200~".to_vec();
    bytes.extend(std::iter::repeat_n(b'x', PASTE_LIMIT + 1000));
    bytes.extend(PASTE_END);
    bytes.push(b'k');
    let inputs = decoder.feed(&bytes, Instant::now());
    let [Input::Paste(text), Input::Key(key)] = inputs.as_slice() else {
        panic!("{} inputs", inputs.len())
    };
    assert_eq!(text.len(), PASTE_LIMIT);
    assert_eq!(key.code, KeyCode::Char('k'));
}

#[test]
fn keys_that_were_not_typed_one_by_one_are_marked() {
    let start = Instant::now();
    let after = |millis| start + Duration::from_millis(millis);
    let mut decoder = Decoder::default();
    let mut flags = |bytes: &[u8], at| -> Vec<(bool, bool)> {
        let mut inputs = decoder.feed(bytes, at);
        inputs.extend(decoder.end_sequence());
        inputs
            .iter()
            .map(|input| match input {
                Input::Key(key) => (key.queued, key.repeated),
                Input::Paste(_) | Input::Answer(_) => panic!("no such thing was sent"),
            })
            .collect()
    };
    assert_eq!(flags(b"j", after(0)), [(false, false)], "typed");
    assert_eq!(
        flags(b"p\r", after(1000)),
        [(true, false), (true, false)],
        "a burst, its first key too"
    );
    assert_eq!(
        flags(b"y", after(1001)),
        [(true, false)],
        "read at once after a burst"
    );
    assert_eq!(flags(b"\r", after(3000)), [(false, false)], "typed");
    assert_eq!(
        flags(b"\r", after(3500)),
        [(false, true)],
        "held: the first repeat"
    );
    assert_eq!(flags(b"\r", after(3533)), [(false, true)], "held");
    assert_eq!(flags(b"\r", after(5000)), [(false, false)], "pressed again");
    assert_eq!(
        flags(b"\x1b[A", after(6000)),
        [(false, false)],
        "one key of three bytes"
    );
}

#[test]
fn an_escape_that_was_alone_is_esc_however_late_the_reader_wakes() {
    let now = Instant::now();
    for (after, next, meant) in [
        (
            ESCAPE_GAP,
            b"q".as_slice(),
            vec![(KeyCode::Esc, NONE), (KeyCode::Char('q'), NONE)],
        ),
        (ESCAPE_GAP / 2, b"q", vec![(KeyCode::Char('q'), ALT)]),
        // A slow line may cut a sequence anywhere.
        (ESCAPE_GAP, b"[A", vec![(KeyCode::Up, NONE)]),
    ] {
        let mut decoder = Decoder::default();
        assert_eq!(keys(&decoder.feed(b"\x1b", now)), []);
        assert_eq!(keys(&decoder.feed(next, now + after)), meant, "{next:?}");
    }
}

#[test]
fn the_terminals_answer_is_no_key_and_stands_in_its_place_among_them() {
    let at = Instant::now();
    let answer = Input::Answer(Answer {
        position: (12, 40),
        read_at: at,
    });
    for cut in 0..8 {
        let bytes = b"\x1b[12;40R";
        let mut decoder = Decoder::default();
        let mut inputs = decoder.feed(&bytes[..cut], at);
        inputs.extend(decoder.feed(&bytes[cut..], at));
        assert_eq!(inputs, std::slice::from_ref(&answer), "cut at {cut}");
    }
    let mut decoder = Decoder::default();
    let inputs = decoder.feed(b"j\x1b[12;40Rk", at);
    assert!(matches!(
        inputs.as_slice(),
        [Input::Key(before), found, Input::Key(after)]
            if before.code == KeyCode::Char('j') && *found == answer && after.code == KeyCode::Char('k')
    ));
}

#[test]
fn a_key_beside_an_answer_was_typed_by_itself() {
    let at = Instant::now();
    for bytes in [&b"\x1b[12;40R\r"[..], b"\r\x1b[12;40R"] {
        let inputs = Decoder::default().feed(bytes, at);
        let key = inputs.iter().find_map(|input| match input {
            Input::Key(key) => Some(*key),
            _ => None,
        });
        assert!(key.is_some_and(|key| !key.queued), "{inputs:?}");
    }
    // Right behind it, too.
    let mut decoder = Decoder::default();
    decoder.feed(b"\x1b[12;40R", at);
    let inputs = decoder.feed(b"\r", at + Duration::from_millis(1));
    assert!(matches!(inputs.as_slice(), [Input::Key(key)] if !key.queued));
}

#[test]
fn other_reports_are_nothing() {
    for bytes in [
        &b"\x1b[?12;40R"[..],
        b"\x1b[12R",
        b"\x1b[12;40;1R",
        b"\x1b[0n",
        b"\x1b[?64;1;2c",
    ] {
        assert_eq!(decoded(bytes), [], "{bytes:?}");
    }
    // With 1 for its first number it is the function key that xterm sends so.
    assert_eq!(keys(&decoded(b"\x1b[1;5R")), [(KeyCode::F(3), CONTROL)]);
}

#[test]
fn a_letter_that_stays_unfinished_is_forgotten_and_the_next_key_is_itself() {
    let begun: [&[u8]; 5] = [
        b"\xc3",
        b"\xe2\x82",
        b"\xf0\x9f\x9a",
        b"\x1b\xf3",
        b"\xf3\xf3",
    ];
    for bytes in begun {
        let mut decoder = Decoder::default();
        let now = Instant::now();
        decoder.feed(bytes, now);
        assert_eq!(decoder.patience(), Some(SEQUENCE_GAP), "{bytes:x?}");
        assert_eq!(decoder.end_sequence(), [], "{bytes:x?}");
        assert_eq!(decoder.patience(), None);
        let next = decoder.feed(b"k", now + Duration::from_secs(5));
        assert_eq!(keys(&next), [(KeyCode::Char('k'), NONE)], "{bytes:x?}");
    }
    // The letter of a keypad's sequence, which is no key and hides the one that it begins.
    let mut decoder = Decoder::default();
    let now = Instant::now();
    assert_eq!(decoder.feed(b"\x1bO\xc6\xc6", now), []);
    assert_eq!(decoder.end_sequence(), []);
    let next = decoder.feed(b"k", now + Duration::from_secs(5));
    assert_eq!(keys(&next), [(KeyCode::Char('k'), NONE)]);
    // A control letter is no key, and what was held goes with it.
    let mut decoder = Decoder::default();
    let now = Instant::now();
    assert_eq!(decoder.feed(b"\x1b\xc2\x82", now), []);
    let next = decoder.feed(b"[", now + Duration::from_secs(5));
    assert_eq!(keys(&next), [(KeyCode::Char('['), NONE)]);
    // One that goes on in time is whole, with what was held.
    let mut decoder = Decoder::default();
    let now = Instant::now();
    assert_eq!(decoder.feed(b"\x1b\xc3", now), []);
    let rest = decoder.feed(b"\xa9", now + Duration::from_millis(30));
    assert_eq!(keys(&rest), [(KeyCode::Char('é'), ALT)]);
    assert_eq!(decoder.patience(), None);
}

#[test]
fn no_sequence_swallows_the_key_that_comes_long_after_it() {
    for bytes in [
        &b"\x1b[["[..],
        b"\x1b[2[",
        b"\x1bO",
        b"\x1b[2",
        b"\x1b]0;x",
        b"\x1bPx",
        b"\x1b[[\x1b[A",
        b"\x1b[[\x1bx",
    ] {
        let mut decoder = Decoder::default();
        let now = Instant::now();
        decoder.feed(bytes, now);
        decoder.end_sequence();
        let next = decoder.feed(b"k", now + Duration::from_secs(5));
        assert_eq!(keys(&next), [(KeyCode::Char('k'), NONE)], "{bytes:?}");
    }
    // One that comes at once belongs to it, and the next does not.
    let known: Vec<_> = keys(&decoded(b"\x1b[[Ak\x1b[[zk\x1b[[2k"));
    let k = (KeyCode::Char('k'), NONE);
    assert_eq!(known, [(KeyCode::F(1), NONE), k, k, k]);
}
