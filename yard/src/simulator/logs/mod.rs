//! Logs: what the yard's containers print, computed when somebody reads it.
//!
//! A script has the moments at which its container begins and ends, and its lines are spread over that time: who reads early
//! reads only the first lines, and who follows reads the others as they come. The same script always has the same lines.

mod playwright;
mod services;

use jiff::{SignedDuration, Timestamp};

use crate::fleet::seeded;
use crate::simulator::run::deploy_image;

/// One line and its moment.
pub type Line = (Timestamp, String);

/// The program that prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A web server, which prints for ever.
    Web {
        /// The app.
        app: String,
        /// Its version.
        version: String,
    },
    /// A queue worker, which prints for ever.
    Worker {
        /// The app.
        app: String,
    },
    /// The proxy beside a web server, which prints for ever.
    Nginx,
    /// A web server that crashes when it starts.
    Crash {
        /// The app.
        app: String,
        /// Its version.
        version: String,
    },
    /// A database migration.
    Migration {
        /// The app.
        app: String,
        /// Its version.
        version: String,
        /// Whether it succeeds.
        passes: bool,
    },
    /// The update of the virus database.
    Freshclam {
        /// Whether it succeeds.
        passes: bool,
    },
    /// A small task of an app, such as uploading assets or fetching mail.
    Task {
        /// The app.
        app: String,
        /// The task.
        task: String,
    },
    /// The browser tests of one app.
    Playwright {
        /// The app.
        application: String,
        /// The environment in which it is tested.
        environment: String,
        /// The run; its name decides how long each test takes.
        run: String,
        /// The number of this attempt, from 0.
        attempt: usize,
        /// Whether one test fails.
        fails: bool,
    },
    /// The step that calls the webhook of the next environment.
    Webhook {
        /// The next environment.
        environment: String,
        /// The repository.
        repository: String,
        /// The version.
        tag: String,
    },
    /// The step that commits a version.
    UpdateTag {
        /// The parameters of its run.
        parameters: deploy_image::Parameters,
    },
    /// The step that reports to the release app.
    Recorded {
        /// The parameters of its run.
        parameters: deploy_image::Parameters,
    },
    /// The exit handler's steps after a failure.
    Failures {
        /// The app.
        application: String,
        /// The environment.
        environment: String,
        /// The version.
        tag: String,
    },
    /// The engine's own container beside a step.
    Wait {
        /// The pod.
        pod: String,
    },
}

/// One container's whole log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// The program that prints it.
    pub kind: Kind,
    /// When its container began.
    pub started: Timestamp,
    /// When it ends; none for a program that prints for ever.
    pub ended: Option<Timestamp>,
    /// When it was stopped, if that was before its end.
    pub cut: Option<Timestamp>,
}

/// How far back the log of an endless program reaches, as if older lines had been rotated away.
const ROTATED: SignedDuration = SignedDuration::from_mins(40);

impl Script {
    /// The log of a container that begins and ends at these moments; without an end it prints for ever.
    pub fn new(kind: Kind, started: Timestamp, ended: Option<Timestamp>) -> Script {
        Script {
            kind,
            started,
            ended,
            cut: None,
        }
    }

    /// The lines that are stamped after the first moment and no later than the second.
    pub fn lines(&self, after: Option<Timestamp>, until: Timestamp) -> Vec<Line> {
        let until = self.cut.map_or(until, |cut| until.min(cut));
        match self.ended {
            Some(ended) => self.finite(ended, after, until),
            None => self.endless(after, until),
        }
    }

    /// Whether no line comes after this moment.
    pub fn over(&self, at: Timestamp) -> bool {
        [self.ended, self.cut]
            .into_iter()
            .flatten()
            .any(|end| end <= at)
    }

    fn finite(&self, ended: Timestamp, after: Option<Timestamp>, until: Timestamp) -> Vec<Line> {
        let texts = match &self.kind {
            Kind::Playwright {
                application,
                environment,
                run,
                attempt,
                fails,
            } => playwright::lines(application, environment, run, *attempt, *fails),
            other => services::finite(other),
        };
        let span = ended.duration_since(self.started).as_nanos().max(1);
        let count = texts.len().max(1) as i128;
        let stamped = texts.into_iter().enumerate().map(|(number, text)| {
            let offset = span * number as i128 / count;
            (
                self.started
                    .saturating_add(SignedDuration::from_nanos_i128(offset))
                    .unwrap_or(ended),
                text,
            )
        });
        stamped
            .filter(|(at, _)| *at <= until && after.is_none_or(|after| *at > after))
            .collect()
    }

    fn endless(&self, after: Option<Timestamp>, until: Timestamp) -> Vec<Line> {
        let oldest = until
            .saturating_sub(ROTATED)
            .unwrap_or(self.started)
            .max(self.started);
        let from = after.unwrap_or(oldest).max(oldest);
        let pause = 1_300_000_000_i128;
        let first = from.duration_since(self.started).as_nanos() / pause;
        let last = until.duration_since(self.started).as_nanos() / pause;
        let mut lines = Vec::new();
        for number in first..=last {
            let chance = seeded(number as u64, &[&format!("{:?}", self.kind)]);
            let offset = number * pause + i128::from(chance % 1_200_000_000);
            let Ok(at) = self
                .started
                .saturating_add(SignedDuration::from_nanos_i128(offset))
            else {
                continue;
            };
            if at <= until && at >= from && after.is_none_or(|after| at > after) {
                lines.push((at, services::endless(&self.kind, number as u64, chance)));
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_000 + seconds).unwrap()
    }

    #[test]
    fn a_log_read_in_two_parts_is_the_log_read_at_once() {
        let tests = Kind::Playwright {
            application: "publisher".into(),
            environment: "staging".into(),
            run: "r".into(),
            attempt: 2,
            fails: true,
        };
        let web = Kind::Web {
            app: "router".into(),
            version: "v9".into(),
        };
        for script in [
            Script::new(tests, at(0), Some(at(100))),
            Script::new(web, at(0), None),
        ] {
            let whole = script.lines(None, at(90));
            let first = script.lines(None, at(40));
            assert!(first.len() > 5 && first.len() < whole.len());
            let last = first.last().unwrap().0;
            let joined: Vec<Line> = first
                .into_iter()
                .chain(script.lines(Some(last), at(90)))
                .collect();
            assert_eq!(joined, whole);
            assert!(whole.is_sorted_by_key(|line| line.0));
        }
    }

    #[test]
    fn a_failed_test_run_is_hundreds_of_coloured_lines_with_one_error() {
        let kind = Kind::Playwright {
            application: "publisher".into(),
            environment: "staging".into(),
            run: "r".into(),
            attempt: 0,
            fails: true,
        };
        let lines = Script::new(kind, at(0), Some(at(60))).lines(None, at(60));
        assert!(lines.len() > 200, "{}", lines.len());
        assert_eq!(
            lines
                .iter()
                .filter(|line| line
                    .1
                    .contains("Error: expect(locator).toBeVisible() failed"))
                .count(),
            1
        );
        assert!(lines.iter().any(|line| line.1.contains("\u{1b}[31m")));
        let failed = lines
            .iter()
            .filter(|line| line.1.contains("publish a draft @") && !line.1.contains('✓'));
        let places: Vec<&str> = failed
            .filter_map(|line| line.1.split_once("spec.js:")?.1.split(' ').next())
            .collect();
        assert_eq!(places, ["41:3"; 3], "the failing test is at one place");
    }
}
