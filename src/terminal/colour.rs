//! Colour: how a colour is said to a terminal, within what it can show.

use ratatui::style::Color;

use super::capabilities::Depth;

/// The sixteen named colours as xterm shows them, in the order of their numbers.
const NAMED: [(Color, [u8; 3]); 16] = [
    (Color::Black, [0, 0, 0]),
    (Color::Red, [205, 0, 0]),
    (Color::Green, [0, 205, 0]),
    (Color::Yellow, [205, 205, 0]),
    (Color::Blue, [0, 0, 238]),
    (Color::Magenta, [205, 0, 205]),
    (Color::Cyan, [0, 205, 205]),
    (Color::Gray, [229, 229, 229]),
    (Color::DarkGray, [127, 127, 127]),
    (Color::LightRed, [255, 0, 0]),
    (Color::LightGreen, [0, 255, 0]),
    (Color::LightYellow, [255, 255, 0]),
    (Color::LightBlue, [92, 92, 255]),
    (Color::LightMagenta, [255, 0, 255]),
    (Color::LightCyan, [0, 255, 255]),
    (Color::White, [255, 255, 255]),
];

/// The steps of the indexed palette's cube.
const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// The nearest colour that may be sent.
pub(super) fn within(colour: Color, depth: Depth) -> Color {
    match (depth, colour) {
        (_, Color::Reset) | (Depth::Mono, _) => Color::Reset,
        (Depth::True, _) | (Depth::Indexed, Color::Indexed(_)) => colour,
        (Depth::Indexed, Color::Rgb(red, green, blue)) => {
            Color::Indexed(nearest_indexed([red, green, blue]))
        }
        (Depth::Sixteen, Color::Indexed(index)) => nearest_named(rgb_of(index)),
        (Depth::Sixteen, Color::Rgb(red, green, blue)) => nearest_named([red, green, blue]),
        (Depth::Sixteen | Depth::Indexed, named) => named,
    }
}

/// The codes that make it the text's colour.
pub(super) fn foreground(colour: Color) -> String {
    codes(colour, 30, 90, 38)
}

/// The codes that make it the ground's colour.
pub(super) fn background(colour: Color) -> String {
    codes(colour, 40, 100, 48)
}

fn codes(colour: Color, dark: usize, light: usize, other: usize) -> String {
    match colour {
        Color::Rgb(red, green, blue) => format!("{other};2;{red};{green};{blue}"),
        Color::Indexed(index) => format!("{other};5;{index}"),
        _ => match NAMED.iter().position(|(named, _)| *named == colour) {
            Some(number) if number < 8 => (dark + number).to_string(),
            Some(number) => (light + number - 8).to_string(),
            None => (dark + 9).to_string(),
        },
    }
}

fn nearest_named(wanted: [u8; 3]) -> Color {
    NAMED
        .iter()
        .min_by_key(|(_, rgb)| distance(*rgb, wanted))
        .map_or(Color::Reset, |(named, _)| *named)
}

fn nearest_indexed(wanted: [u8; 3]) -> u8 {
    (16..=255)
        .min_by_key(|index| distance(rgb_of(*index), wanted))
        .unwrap_or(7)
}

fn rgb_of(index: u8) -> [u8; 3] {
    match index {
        0..=15 => NAMED
            .get(usize::from(index))
            .map_or([0, 0, 0], |(_, rgb)| *rgb),
        16..=231 => {
            let cube = index - 16;
            [cube / 36, cube / 6 % 6, cube % 6]
                .map(|step| STEPS.get(usize::from(step)).copied().unwrap_or(0))
        }
        232..=255 => [(index - 232) * 10 + 8; 3],
    }
}

fn distance(one: [u8; 3], other: [u8; 3]) -> u32 {
    one.iter()
        .zip(other)
        .map(|(one, other)| u32::from(one.abs_diff(other)).pow(2))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_is_said_in_the_shortest_way_that_the_terminal_knows() {
        assert_eq!(foreground(Color::Red), "31");
        assert_eq!(foreground(Color::LightRed), "91");
        assert_eq!(background(Color::White), "107");
        assert_eq!(background(Color::Indexed(238)), "48;5;238");
        assert_eq!(foreground(Color::Rgb(1, 2, 3)), "38;2;1;2;3");
        assert_eq!(
            (foreground(Color::Reset), background(Color::Reset)),
            ("39".to_owned(), "49".to_owned())
        );
    }

    #[test]
    fn each_depth_gets_the_nearest_it_can_show() {
        let orange = Color::Rgb(255, 130, 0);
        assert_eq!(within(orange, Depth::True), orange);
        assert_eq!(within(orange, Depth::Indexed), Color::Indexed(208));
        assert_eq!(
            within(Color::Rgb(250, 10, 10), Depth::Sixteen),
            Color::LightRed
        );
        assert_eq!(within(Color::Indexed(16), Depth::Sixteen), Color::Black);
        assert_eq!(within(Color::Indexed(255), Depth::Sixteen), Color::Gray);
        assert_eq!(within(Color::Red, Depth::Indexed), Color::Red);
        for colour in [orange, Color::Red, Color::Indexed(3)] {
            assert_eq!(within(colour, Depth::Mono), Color::Reset);
        }
    }
}
