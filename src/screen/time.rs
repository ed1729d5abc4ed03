//! Time: how a moment is written.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// `02:55Z`, with the date where it was not today.
pub fn when(at: Timestamp, now: Timestamp) -> String {
    let zoned = at.to_zoned(TimeZone::UTC);
    let form = if zoned.date() == now.to_zoned(TimeZone::UTC).date() {
        "%H:%MZ"
    } else {
        "%Y-%m-%d %H:%MZ"
    };
    zoned.strftime(form).to_string()
}
