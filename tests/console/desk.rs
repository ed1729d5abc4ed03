//! Desk: a console on the yard, the keys that were pressed at it, and the screens that were read.

use std::time::{Duration, Instant};

use super::pty::{Console, LIMIT, Screen, Start};

/// The yard plays sixty times as fast as life, or ten times; a promotion with all its hops takes a quarter of a minute, or
/// two, on an idle machine.
pub const PLAYED: Duration = Duration::from_secs(300);

/// How the line begins in which something is typed before Enter acts.
pub const TYPED: &str = "type the ";

/// What is said of a plan whose write was refused.
const REFUSED: &str = "was refused; nothing was changed";

pub struct Desk {
    pub console: Console,
    keys: Vec<String>,
}

impl Desk {
    /// Opens the yard at 80x24 and waits until every source that lives was read.
    pub fn open(scenario: &str) -> Desk {
        Desk::open_with(scenario, &[])
    }

    pub fn open_with(scenario: &str, more: &[&str]) -> Desk {
        Desk::open_at("60", scenario, more)
    }

    /// The same, so many times as fast as life: what one types in the middle of must not be over before.
    pub fn open_at(speed: &str, scenario: &str, more: &[&str]) -> Desk {
        let yard = [
            "demo",
            "--scenario",
            scenario,
            "--seed",
            "1",
            "--speed",
            speed,
        ];
        let console = Start::new(&[&yard, more].concat()).start();
        let desk = Desk {
            console,
            keys: Vec::new(),
        };
        let read = |screen: &Screen| {
            ["git", "integration", "staging", "production"]
                .iter()
                .all(|source| {
                    let down = scenario == "environment-down" && *source == "integration";
                    let state = if down { "FAILED" } else { "ok" };
                    screen.contains(&format!("{source} {state}"))
                })
        };
        desk.console.wait_for_fn("every source", read);
        desk
    }

    /// Presses keys, separated by blanks.
    pub fn press(&mut self, keys: &str) {
        self.keys.push(keys.to_owned());
        self.console.press(keys);
    }

    /// Types a text, blanks too.
    pub fn type_text(&mut self, text: &str) {
        self.keys.push(format!("{text:?}"));
        self.console.type_text(text);
    }

    /// Lets a moment go by, so that the next key does not come together with the one before.
    pub fn pause(&mut self) {
        self.console.pause();
    }

    /// Waits until a row of the screen holds the text.
    #[track_caller]
    pub fn see(&self, text: &str) -> Screen {
        self.look(LIMIT, text, |screen| screen.contains(text))
    }

    /// The same for what the yard must first play.
    #[track_caller]
    pub fn see_played(&self, text: &str) -> Screen {
        self.look(PLAYED, text, |screen| screen.contains(text))
    }

    #[track_caller]
    pub fn look(&self, limit: Duration, what: &str, wished: impl Fn(&Screen) -> bool) -> Screen {
        let screen = self.console.wait_at_most(limit, what, wished);
        println!("keys: {}\n{screen}", self.keys.join("  "));
        screen
    }

    /// Goes to a cell of the board: filters for the app, then moves along its row.
    #[track_caller]
    pub fn select(&mut self, app: &str, environment: &str) {
        self.press("/ ctrl-u");
        self.type_text(app);
        self.press("enter g");
        let column = ["integration", "staging", "production"]
            .iter()
            .position(|name| *name == environment)
            .expect("an environment of the yard");
        self.press(&["h h", &"l ".repeat(column)].join(" "));
        self.see(&format!("{app} @ {environment}"));
    }

    /// Opens the levers of the selected cell and pulls one as soon as it is ready: what it is decided on may still be read.
    #[track_caller]
    pub fn lever(&mut self, letter: &str, title: &str) -> Screen {
        self.ready(letter);
        self.press(letter);
        self.see(title)
    }

    /// Opens the levers and waits until one is live.
    #[track_caller]
    pub fn ready(&mut self, letter: &str) {
        self.press("a");
        self.look(LIMIT, &format!("lever {letter} ready"), |screen| {
            screen.row("-- levers of ").is_some()
                && screen.rows.iter().any(|row| {
                    let row = row.trim_start_matches(['[', ' ']);
                    row.starts_with(letter)
                        && row[1..].starts_with([']', ' '])
                        && row
                            .get(22..)
                            .is_some_and(|rest| rest.trim_start().starts_with("ready"))
                })
        });
    }

    /// Opens the levers and pulls one that is off.
    #[track_caller]
    pub fn refused(&mut self, letter: &str, why: &str) -> Screen {
        self.press("a");
        self.see("-- levers of ");
        self.press(letter);
        let screen = self.look(LIMIT, why, |screen| {
            screen.contains("-- REFUSED ") && screen.contains(why)
        });
        assert!(screen.contains("Nothing was sent."), "{screen}");
        screen
    }

    /// Gives the reason of the open plan, whether it is wanted (which the hour may decide) or not, and leaves the field.
    #[track_caller]
    pub fn reason(&mut self, text: &str) {
        // The field before the last one, wherever the focus starts.
        if !self.console.screen().contains("Enter goes on") {
            self.press("backtab");
            self.see("Enter goes on");
        }
        self.keys.push(format!("{text:?}"));
        self.console.type_into("reason  [", text);
        self.see(&format!("reason  [{text}]"));
        self.press("enter");
    }

    /// Types what the plan asks for: the version that will run, or where several apps move, or none does, something else.
    #[track_caller]
    pub fn version(&mut self, text: &str) {
        let screen = self.see("acts when it matches");
        let row = screen.row(TYPED).expect("what is to be typed").to_owned();
        let wanted = &row[row.find(TYPED).expect("what is to be typed")..];
        let field = wanted.find('[').map(|to| &wanted[..=to]);
        // The first letter would come together with the key that led here.
        self.console.pause();
        self.keys.push(format!("{text:?}"));
        self.console.type_into(field.expect("a field"), text);
        self.console.look_before_answer();
        self.press("enter");
    }

    /// Presses Enter until it leads to what is wanted: on a busy machine it may come together with the keys before, and does
    /// not count then.
    #[track_caller]
    pub fn enter(&mut self, leads_to: &str) -> Screen {
        for _ in 0..8 {
            self.console.look_before_answer();
            self.press("enter");
            let is_there = |screen: &Screen| screen.contains(leads_to);
            if let Ok(screen) = self.console.look_for(LIMIT / 4, is_there) {
                return screen;
            }
        }
        panic!("it never counts:\n{}", self.console.screen());
    }

    /// Moves from Cancel to the button that acts, and presses it.
    #[track_caller]
    pub fn button(&mut self, title: &str) {
        self.see("[ Cancel ]");
        self.press("right");
        self.see(&format!("[ {title} ]"));
        self.console.look_before_answer();
        self.press("enter");
    }

    /// Presses Esc and waits until the overlay is gone: a key too soon after it would be one with Alt.
    #[track_caller]
    pub fn close(&mut self) {
        const OVERLAYS: [&str; 3] = ["-- levers of ", "-- REFUSED ", "Esc cancel"];
        self.press("esc");
        self.look(LIMIT, "no overlay", |screen| {
            !OVERLAYS.iter().any(|text| screen.contains(text))
        });
    }

    /// Confirms the plan, by its version where one must be typed, else by its button, and waits until it was accepted. In
    /// the yard the facts may move while one reads: then the new plan is confirmed. Levers that are offered next close.
    #[track_caller]
    pub fn confirm(&mut self, by: &str) -> Screen {
        let screen = self.answer(by);
        assert!(!screen.contains(REFUSED), "{screen}");
        screen
    }

    /// The same until it was accepted or refused.
    #[track_caller]
    fn answer(&mut self, by: &str) -> Screen {
        for _ in 0..5 {
            if self.console.screen().contains(TYPED) {
                self.version(by);
            } else {
                self.button(by);
            }
            // A quick plan may be waited for, or done, before anybody reads that it was accepted.
            let accepted = |screen: &Screen| {
                [": accepted, ", ": waiting for ", ": done within ", REFUSED]
                    .iter()
                    .any(|text| screen.contains(text))
            };
            let screen = self.look(LIMIT, "an answer", |screen| {
                // What was typed is gone where the plan changed meanwhile.
                let changed = screen.contains("changed: ") && screen.contains(", then confirm (");
                let too_soon = screen.contains("so it does not count. Look, then");
                accepted(screen) || changed || too_soon || screen.contains("The facts moved while")
            });
            if accepted(&screen) {
                if screen.contains("-- levers of ") {
                    self.close();
                }
                return screen;
            }
        }
        panic!("the facts never rest:\n{}", self.console.screen());
    }

    /// Pulls a lever with a reason until it is accepted: in the yard the object may change between the last look and the
    /// write, which is refused then, and nothing is sent. The plan that was accepted, and how many were made.
    #[track_caller]
    pub fn pull(&mut self, letter: &str, title: &str, reason: &str) -> (Screen, usize) {
        for made in 1..=5 {
            let plan = self.lever(letter, title);
            self.reason(reason);
            let typed = plan.row(TYPED).is_some();
            let by = match typed {
                true => self.wanted(),
                false => title.split("  ").next().unwrap_or_default().to_lowercase(),
            };
            if !self.answer(&by).contains(REFUSED) {
                return (plan, made);
            }
        }
        panic!("refused again and again:\n{}", self.console.screen());
    }

    /// What must be typed, by what a wrong answer is answered with. (Two Enters so close together would be one held key.)
    #[track_caller]
    pub fn wanted(&mut self) -> String {
        for _ in 0..8 {
            self.version("x");
            let screen = self.look(LIMIT, "what is to be typed", |screen| {
                // Where the plan changed meanwhile, what was typed is gone.
                let is_gone = screen.row(TYPED).is_none_or(|row| row.contains("[_"));
                screen.contains("; type ") || is_gone
            });
            let row = screen.row("; type ").unwrap_or_default().to_owned();
            let wanted = row.split_once("; type ");
            if let Some(wanted) = wanted.and_then(|(_, rest)| rest.split(',').next()) {
                self.press("ctrl-u");
                return wanted.to_owned();
            }
        }
        panic!("the facts never rest:\n{}", self.console.screen());
    }

    /// Goes into the log of the selected step, as soon as the pods were read.
    #[track_caller]
    pub fn log(&mut self) -> Screen {
        let deadline = Instant::now() + LIMIT;
        loop {
            self.press("enter");
            let screen = self.look(LIMIT, "the log, or why not", |screen| {
                screen.contains("-- log ") || screen.contains("are still being read")
            });
            if screen.contains("-- log ") {
                return screen;
            }
            assert!(Instant::now() < deadline, "{screen}");
        }
    }

    /// Opens the journal and waits for how the newest plan stands.
    #[track_caller]
    pub fn journal(&mut self, plans: usize, stands: &str) -> Screen {
        self.press("J");
        let title = format!("-- journal, plans: {plans},");
        self.look(PLAYED, &format!("{title} {stands}"), |screen| {
            screen.contains(&title)
                && (plans == 0 || screen.row("> ").is_some_and(|row| row.contains(stands)))
        })
    }

    /// Leaves, and the terminal is as it was.
    #[track_caller]
    pub fn leave(mut self) {
        self.press("Q");
        assert_eq!(self.console.wait_exit(), 0);
        self.console.assert_restored();
        println!("keys: {}", self.keys.join("  "));
    }
}
