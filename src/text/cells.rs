//! Cells: how many columns of a terminal a text takes, and cutting it to a number of them.
//!
//! Counts as ratatui does, cluster by cluster. For [`super::Safe`] text this is also the sum over its letters, which is
//! what terminals that know no clusters count.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Columns that the text takes.
pub fn width(text: &str) -> usize {
    if text.is_ascii() {
        // Controls take none, but `Safe` text has none, and raw text is not drawn.
        return text.len();
    }
    text.graphemes(true).map(UnicodeWidthStr::width).sum()
}

/// Cuts at the end to at most `cells` columns; what was cut shows as a final `~`. A wide letter is never halved.
pub fn cut(text: &str, cells: usize) -> Cow<'_, str> {
    if text.is_ascii() {
        return match (text.len() <= cells, cells) {
            (true, _) => Cow::Borrowed(text),
            (false, 0) => Cow::Borrowed(""),
            (false, _) => Cow::Owned(format!("{}~", &text[..cells - 1])),
        };
    }
    let mut taken = 0;
    let mut keep = 0;
    for (at, shape) in text.grapheme_indices(true) {
        let wide = shape.width();
        if taken + wide > cells {
            return if cells == 0 {
                Cow::Borrowed("")
            } else {
                Cow::Owned(format!("{}~", &text[..keep]))
            };
        }
        taken += wide;
        // One column stays free for the `~`, in case the text does not end here.
        if taken < cells {
            keep = at + shape.len();
        }
    }
    Cow::Borrowed(text)
}

/// Cuts at the beginning to at most `cells` columns, for texts whose end matters (paths); `~` stands in front.
pub fn cut_left(text: &str, cells: usize) -> Cow<'_, str> {
    if width(text) <= cells {
        return Cow::Borrowed(text);
    }
    if cells == 0 {
        return Cow::Borrowed("");
    }
    let mut taken = 0;
    let mut from = text.len();
    for (at, shape) in text.grapheme_indices(true).rev() {
        taken += shape.width();
        if taken >= cells {
            break;
        }
        from = at;
    }
    Cow::Owned(format!("~{}", &text[from..]))
}

/// Cuts or fills with spaces to exactly `cells` columns.
pub fn fit(text: &str, cells: usize) -> String {
    let mut out = cut(text, cells).into_owned();
    let missing = cells.saturating_sub(width(&out));
    out.extend(std::iter::repeat_n(' ', missing));
    out
}
