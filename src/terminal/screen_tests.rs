//! Frames as a terminal emulator that is not ours shows them, and what they cost.

use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::super::capabilities::Depth;
use super::*;

const FULL: Capabilities = Capabilities {
    depth: Depth::Indexed,
    unicode: true,
    relay: None,
};

fn show(
    emulator: &mut vt100::Parser,
    screen: &mut Screen,
    render: impl FnOnce(&mut Frame<'_>),
) -> usize {
    let bytes = screen.compose(render);
    emulator.process(&bytes);
    bytes.len()
}

/// A board-like page: 20 rows of columns, one of them selected, and a sentence about it at the foot.
fn board(frame: &mut Frame<'_>, selected: u16) {
    let area = frame.area();
    for row in 0..area.height.saturating_sub(3).min(20) {
        let name = format!(
            "  app-{row:<14}  v{:<6} 2h?    #   v{:<6} 27m    >   v{:<6} 3d",
            3000 + row,
            2900 + row,
            2800
        );
        let buffer = frame.buffer_mut();
        buffer.set_stringn(0, row + 1, name, usize::from(area.width), Style::new());
        if row == selected {
            let style = Style::new().add_modifier(Modifier::REVERSED);
            buffer.set_stringn(
                50,
                row + 1,
                "[v2800   CRASH ]",
                usize::from(area.width) - 50,
                style,
            );
        }
    }
    let sentence = format!(
        "app-{selected} @ production  v{} -> v2800  2/6 new, CrashLoopBackOff, 22m",
        2900 + selected
    );
    frame.render_widget(
        Paragraph::new(sentence),
        Rect::new(0, area.height - 1, area.width, 1),
    );
}

fn rows(emulator: &vt100::Parser) -> Vec<String> {
    let (_, columns) = emulator.screen().size();
    emulator.screen().rows(0, columns).collect()
}

#[test]
fn any_order_of_frames_shows_what_a_fresh_start_would() {
    let mut emulator = vt100::Parser::new(24, 80, 0);
    let mut screen = Screen::new((80, 24), FULL);
    for selected in [0, 1, 2, 7, 3, 19, 0, 12] {
        show(&mut emulator, &mut screen, |frame| board(frame, selected));
        let mut fresh = vt100::Parser::new(24, 80, 0);
        show(&mut fresh, &mut Screen::new((80, 24), FULL), |frame| {
            board(frame, selected)
        });
        for row in 0..24 {
            for column in 0..80 {
                assert_eq!(
                    emulator
                        .screen()
                        .cell(row, column)
                        .map(|cell| (cell.contents().trim().to_owned(), cell.inverse())),
                    fresh
                        .screen()
                        .cell(row, column)
                        .map(|cell| (cell.contents().trim().to_owned(), cell.inverse())),
                    "row {row} column {column} with {selected}"
                );
            }
        }
    }
}

#[test]
fn nothing_changed_costs_nothing_and_a_moved_selection_little() {
    let mut emulator = vt100::Parser::new(24, 80, 0);
    let mut screen = Screen::new((80, 24), FULL);
    let first = show(&mut emulator, &mut screen, |frame| board(frame, 3));
    assert!(first > 0);
    assert_eq!(show(&mut emulator, &mut screen, |frame| board(frame, 3)), 0);
    let moved = show(&mut emulator, &mut screen, |frame| board(frame, 4));
    assert!((1..200).contains(&moved), "{moved} bytes");
    screen.repaint();
    assert!(
        show(&mut emulator, &mut screen, |frame| board(frame, 4)) >= first - 60,
        "a whole frame"
    );
}

#[test]
fn a_frame_is_one_synchronised_update_of_positions_styles_and_text() {
    let mut screen = Screen::new((80, 24), FULL);
    let bytes = screen.compose(|frame| board(frame, 3));
    assert!(bytes.starts_with(OPEN) && bytes.ends_with(CLOSE));
    assert_only_ours(&bytes);
}

#[test]
fn styles_arrive_and_do_not_stay() {
    let mut emulator = vt100::Parser::new(2, 20, 0);
    let mut screen = Screen::new((20, 2), FULL);
    let line = |frame: &mut Frame<'_>| {
        let bold = Style::new().fg(Color::Red).add_modifier(Modifier::BOLD);
        let ground = Style::new().fg(Color::Indexed(208)).bg(Color::Blue);
        frame.render_widget(
            Line::from(vec![
                Span::styled("A", bold),
                Span::raw("b"),
                Span::styled("C", ground),
                Span::raw("d"),
            ]),
            frame.area(),
        );
    };
    show(&mut emulator, &mut screen, line);
    let cell = |column| emulator.screen().cell(0, column).unwrap();
    assert_eq!(
        (cell(0).bold(), cell(0).fgcolor()),
        (true, vt100::Color::Idx(1))
    );
    assert_eq!(
        (cell(1).bold(), cell(1).fgcolor()),
        (false, vt100::Color::Default)
    );
    assert_eq!(
        (cell(2).fgcolor(), cell(2).bgcolor()),
        (vt100::Color::Idx(208), vt100::Color::Idx(4))
    );
    assert_eq!(
        (cell(3).fgcolor(), cell(3).bgcolor()),
        (vt100::Color::Default, vt100::Color::Default)
    );
    assert_eq!(rows(&emulator)[0], "AbCd");
}

#[test]
fn without_colours_none_is_sent_but_reverse_still_is() {
    let mut emulator = vt100::Parser::new(2, 20, 0);
    let mut screen = Screen::new(
        (20, 2),
        Capabilities {
            depth: Depth::Mono,
            unicode: true,
            relay: None,
        },
    );
    let style = Style::new()
        .fg(Color::Rgb(1, 2, 3))
        .bg(Color::Red)
        .add_modifier(Modifier::REVERSED);
    show(&mut emulator, &mut screen, |frame| {
        frame.render_widget(Span::styled("x", style), frame.area())
    });
    let cell = emulator.screen().cell(0, 0).unwrap();
    assert_eq!(
        (cell.fgcolor(), cell.bgcolor(), cell.inverse()),
        (vt100::Color::Default, vt100::Color::Default, true)
    );
}

#[test]
fn wide_characters_keep_the_columns_and_ascii_replaces_them() {
    let page = |frame: &mut Frame<'_>| {
        frame.render_widget(Paragraph::new("日本|é|🚦|e\u{301}|│…\nend"), frame.area());
    };
    let mut emulator = vt100::Parser::new(2, 20, 0);
    show(&mut emulator, &mut Screen::new((20, 2), FULL), page);
    assert_eq!(rows(&emulator), ["日本|é|🚦|e\u{301}|│…", "end"]);
    let mut screen = Screen::new(
        (20, 2),
        Capabilities {
            depth: Depth::Mono,
            unicode: false,
            relay: None,
        },
    );
    let bytes = screen.compose(page);
    assert!(bytes.is_ascii());
    let mut emulator = vt100::Parser::new(2, 20, 0);
    emulator.process(&bytes);
    assert_eq!(rows(&emulator), ["? ? |?|? |?||~", "end"]);
}

#[test]
fn whatever_a_cell_holds_only_our_sequences_leave() {
    let hostile = [
        "\x1b[31m",
        "\x1b]0;title\x07",
        "\u{9b}2J",
        "\x07",
        "\r\n",
        "\u{202e}",
        "\u{2066}",
        "\u{200b}",
        "\u{feff}",
        "a\u{202e}",
        "a\x1bc",
        "\u{301}",
        "\u{e0041}",
        "\u{ad}",
        "\x7f",
        "\0",
        "a\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
    ];
    for unicode in [true, false] {
        for symbol in hostile {
            let mut screen = Screen::new(
                (6, 1),
                Capabilities {
                    depth: Depth::Indexed,
                    unicode,
                    relay: None,
                },
            );
            let bytes = screen.compose(|frame| {
                frame.buffer_mut()[(0, 0)].set_symbol("<");
                frame.buffer_mut()[(1, 0)].set_symbol(symbol);
                frame.buffer_mut()[(2, 0)].set_symbol(">");
            });
            assert_only_ours(&bytes);
            let mut emulator = vt100::Parser::new(1, 6, 0);
            emulator.process(&bytes);
            let shown = &rows(&emulator)[0];
            assert_eq!(shown, "<?>", "{symbol:?}");
        }
    }
}

#[test]
fn sizes_from_nothing_to_absurd_are_survived() {
    let mut screen = Screen::new((0, 0), FULL);
    assert!(
        screen
            .compose(|_| panic!("there is nothing to draw on"))
            .is_empty()
    );
    for size in [
        (1, 1),
        (0, 24),
        (80, 0),
        (500, 200),
        (80, 24),
        (1, 200),
        (u16::MAX, u16::MAX),
    ] {
        screen.resize(size);
        let (columns, height) = screen.size();
        let bytes = screen.compose(|frame| {
            let area = frame.area();
            assert_eq!((area.width, area.height), (columns, height));
            frame.render_widget(Paragraph::new("x".repeat(usize::from(columns))), area);
        });
        assert_eq!(bytes.is_empty(), columns == 0 || height == 0, "{size:?}");
    }
    assert_eq!(screen.size(), (1000, 500));
}

#[test]
fn the_cursor_is_shown_where_a_field_is_and_costs_nothing_while_it_stays() {
    let mut emulator = vt100::Parser::new(2, 20, 0);
    let mut screen = Screen::new((20, 2), FULL);
    emulator.process(b"\x1b[?25l");
    let field = |at: u16| {
        move |frame: &mut Frame<'_>| {
            frame.render_widget("reason", frame.area());
            frame.set_cursor_position((at, 0));
        }
    };
    show(&mut emulator, &mut screen, field(6));
    assert_eq!(
        (
            emulator.screen().hide_cursor(),
            emulator.screen().cursor_position()
        ),
        (false, (0, 6))
    );
    assert_eq!(show(&mut emulator, &mut screen, field(6)), 0);
    show(&mut emulator, &mut screen, field(3));
    assert_eq!(emulator.screen().cursor_position(), (0, 3));
    show(&mut emulator, &mut screen, |frame| {
        frame.render_widget("reason", frame.area())
    });
    assert!(emulator.screen().hide_cursor());
}

/// Parses the bytes with a parser that is not ours and accepts what [`Sheet`](super::Sheet) may send, nothing else.
fn assert_only_ours(bytes: &[u8]) {
    struct Ours;
    impl vte::Perform for Ours {
        fn print(&mut self, character: char) {
            assert!(
                !character.is_control() && !('\u{202a}'..='\u{202e}').contains(&character),
                "{character:?}"
            );
        }
        fn execute(&mut self, byte: u8) {
            assert!(matches!(byte, b'\r' | b'\n'), "control {byte:#x}");
        }
        fn csi_dispatch(
            &mut self,
            params: &vte::Params,
            intermediates: &[u8],
            _ignore: bool,
            action: char,
        ) {
            let first = params
                .iter()
                .next()
                .and_then(|values| values.first().copied());
            match (intermediates, action) {
                (b"", 'H' | 'C' | 'm') => {}
                (b"", 'J') => assert_eq!(first, Some(2)),
                (b"?", 'h' | 'l') => assert!(matches!(first, Some(25 | 2026)), "mode {first:?}"),
                other => panic!("sequence {other:?}"),
            }
        }
        fn esc_dispatch(&mut self, _intermediates: &[u8], _ignore: bool, byte: u8) {
            panic!("escape {byte:#x}");
        }
        fn osc_dispatch(&mut self, params: &[&[u8]], _bell_terminated: bool) {
            panic!("osc {params:?}");
        }
        fn hook(
            &mut self,
            _params: &vte::Params,
            _intermediates: &[u8],
            _ignore: bool,
            action: char,
        ) {
            panic!("dcs {action:?}");
        }
    }
    vte::Parser::new().advance(&mut Ours, bytes);
}
