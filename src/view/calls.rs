//! Calls: every call made to the outside, newest first, with target, answer and latency.

use super::list::Page;
use super::pen::Line;
use super::theme::Theme;
use crate::provider::Call;
use crate::text::fit;
use jiff::tz::TimeZone;
use std::collections::VecDeque;

pub fn page(calls: &VecDeque<Call>, theme: Theme) -> Page<'_> {
    Page {
        title: format!("calls, the newest {}", calls.len()),
        head: Line::from(format!(
            "{:<10}{:<13}{:<9}{:<8}call",
            "TIME", "SOURCE", "TOOK", "ANSWER"
        )),
        row: Box::new(move |n| {
            let Some(call) = calls.iter().rev().nth(n) else {
                return Line::new();
            };
            let well = call.answer.starts_with('2') || call.answer == "ok";
            let look = if well { theme.plain() } else { theme.warning() };
            Line::new()
                .say(format!(
                    "{:<10}",
                    call.at
                        .to_zoned(TimeZone::UTC)
                        .strftime("%H:%M:%SZ")
                        .to_string()
                ))
                .say(fit(&crate::text::Safe::line(&call.source.to_string()), 12))
                .say(format!(" {:<9}", format!("{}ms", call.took_ms)))
                .look(fit(&crate::text::Safe::line(&call.answer), 7), look)
                .say(" ")
                .say(&call.what)
        }),
        empty: vec![
            "No call was made yet: no source is configured, or the console has just begun.".into(),
        ],
        detail: None,
    }
}
