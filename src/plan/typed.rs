//! Typed: what must be typed before a plan that reaches production is sent.
//!
//! Deliberately absent: comparing it with what was typed, which the overlay and the command line do.

use super::Plan;
use crate::model::{App, Version};
use std::collections::BTreeSet;

/// What names best what will run in production.
enum Names<'p> {
    Version(&'p str),
    App(&'p str),
    /// So many apps move.
    Count(usize),
}

impl Plan {
    /// What must be typed before Enter acts: the version that will run; where several apps move, their number; for one
    /// app with several images, its name. None where two buttons are enough, which they never are in production.
    pub fn typed(&self) -> Option<String> {
        self.reach.production.then(|| match self.names() {
            Names::Version(text) | Names::App(text) => text.to_owned(),
            Names::Count(count) => count.to_string(),
        })
    }

    /// What [`Plan::typed`] is, in words.
    pub fn typed_is(&self) -> &'static str {
        match self.names() {
            Names::Version(_) => "the version that will run",
            Names::App(_) => "the name of the app",
            Names::Count(_) => "the number of apps that move",
        }
    }

    fn names(&self) -> Names<'_> {
        let arrivals = &self.reach.arrivals;
        let apps: BTreeSet<&App> = arrivals.iter().map(|arrival| &arrival.app).collect();
        let files: BTreeSet<_> = arrivals.iter().map(|arrival| &arrival.repository).collect();
        let app = || Names::App(self.request.target.app.as_str());
        match (&arrivals[..], files.len(), apps.len()) {
            ([], ..) => named(self.to.as_ref()).map_or_else(app, Names::Version),
            ([first, ..], 1, _) => match named(first.version.as_ref()) {
                Some(version) => Names::Version(version),
                None => Names::App(first.app.as_str()),
            },
            ([first, ..], _, 1) => Names::App(first.app.as_str()),
            (_, _, apps) => Names::Count(apps),
        }
    }
}

/// A version as it is typed.
fn named(version: Option<&Version>) -> Option<&str> {
    version.map(Version::short).filter(|text| !text.is_empty())
}
