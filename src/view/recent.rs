//! Recent: what moved in the last hour, below the board.

use super::pen::{Line, Pen};
use crate::model::Version;
use crate::screen::recent::{RecentItem, moved, name_mover, recent_items};
use crate::state::State;
use crate::text::{fit, width};
use jiff::tz::TimeZone;

/// Columns of a name; longer ones are whole in the history.
const NAME: usize = 20;

pub fn draw(state: &State, pen: &mut Pen<'_>) {
    let rows = pen.rows();
    if rows == 0 {
        return;
    }
    let theme = pen.theme;
    let mut news = recent_items(state);
    let title = match news.len() {
        all if all > rows - 1 => format!("last hour, {} of {all}", rows - 1),
        _ => "last hour".to_owned(),
    };
    pen.rule(0, &title, theme.dim());
    // What failed is not pushed out by what went well.
    news.sort_by_key(|piece| !matches!(piece, RecentItem::SmokeFailed(..)));
    news.truncate(rows - 1);
    news.sort_by_key(|piece| std::cmp::Reverse(piece.moment()));
    let place = news.iter().map(|n| width(n.environment().as_str())).max();
    let place = place.unwrap_or(0);
    let name = news.iter().map(|n| width(&n.name())).max();
    let name = name.unwrap_or(0).min(NAME);
    for (y, piece) in news.iter().enumerate() {
        let head = format!(
            "{} {}  {}  ",
            piece.moment().to_zoned(TimeZone::UTC).strftime("%H:%MZ"),
            fit(piece.environment().as_str(), place),
            fit(&piece.name(), name)
        );
        let line = match piece {
            RecentItem::Moved(change) => Line::from(format!(
                "{head}{}    {}",
                moved(change),
                name_mover(state, change)
            )),
            RecentItem::Many(change, _) => Line::from(format!(
                "{head}{}    {}",
                name_mover(state, change),
                change.subject
            )),
            RecentItem::SmokeFailed(status, _) => {
                let version = status.version.as_ref().map_or("?", Version::short);
                Line::from(head).look(format!("{version} smoke failed"), theme.bad())
            }
        };
        pen.line(y + 1, &line);
    }
}
