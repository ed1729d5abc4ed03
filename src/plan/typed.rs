//! Typed: what must be typed before a plan that reaches production is sent.
//!
//! Deliberately absent: comparing it with what was typed, which the overlay and the command line do.

use super::Plan;
use crate::model::Version;

impl Plan {
    /// What must be typed before Enter acts: the version that will run, or the app's name where no single version moves.
    /// None where two buttons do, which is never so with reach into production.
    pub fn typed(&self) -> Option<&str> {
        self.reach.production.then(|| {
            self.version_that_runs()
                .unwrap_or(self.request.target.app.as_str())
        })
    }

    /// What [`Plan::typed`] is, in words.
    pub fn typed_is(&self) -> &'static str {
        match self.version_that_runs() {
            Some(_) => "the version that will run",
            None => "the name of the app",
        }
    }

    fn version_that_runs(&self) -> Option<&str> {
        self.to
            .as_ref()
            .map(Version::short)
            .filter(|v| !v.is_empty())
    }
}
