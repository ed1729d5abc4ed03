//! Capabilities: what the terminal can show, as the environment says in which the console was started.
//!
//! Deliberately absent: questions to the terminal itself. An answer would arrive among the keys, late over a slow
//! connection, and a terminal that never answers would cost the first frame.

use rustix::process::{Pid, getppid};

/// How many colours may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// None at all: bold, underline and reverse still serve.
    Mono,
    /// The sixteen that every terminal names.
    Sixteen,
    /// The indexed palette.
    Indexed,
    /// Any red, green and blue.
    True,
}

/// What the terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Colours.
    pub depth: Depth,
    /// Whether the locale is UTF-8; without it only ASCII is sent.
    pub unicode: bool,
    /// What stands between the console and the terminal, and answers in its stead.
    pub relay: Option<Relay>,
}

/// A program that keeps a screen of its own and shows it to the terminal when it can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relay {
    Tmux,
    Screen,
    Zellij,
    Mosh,
}

impl Relay {
    pub fn name(self) -> &'static str {
        match self {
            Relay::Tmux => "tmux",
            Relay::Screen => "screen",
            Relay::Zellij => "zellij",
            Relay::Mosh => "mosh",
        }
    }

    /// As the programs say themselves, or as their `TERM` does where the variable was lost (`sudo`).
    fn from_variables(set: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let term = set("TERM").unwrap_or_default();
        if set("TMUX").is_some() || term.starts_with("tmux") {
            Some(Relay::Tmux)
        } else if set("STY").is_some() || term.starts_with("screen") {
            Some(Relay::Screen)
        } else if set("ZELLIJ").is_some() {
            Some(Relay::Zellij)
        } else {
            None
        }
    }

    /// mosh says nothing to the programs that it runs, but it is one of their ancestors.
    fn from_ancestors(named: impl Fn(Pid) -> Option<(String, Option<Pid>)>) -> Option<Self> {
        let mut pid = getppid();
        for _ in 0..GENERATIONS {
            let (name, parent) = named(pid?)?;
            if name == "mosh-server" {
                return Some(Relay::Mosh);
            }
            pid = parent;
        }
        None
    }
}

/// More shells are not nested in each other.
const GENERATIONS: usize = 32;

/// A process's name and its parent.
fn process(pid: Pid) -> Option<(String, Option<Pid>)> {
    let line = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    let (name, rest) = line.split_once('(')?.1.rsplit_once(") ")?;
    let parent = rest.split(' ').nth(1)?.parse().ok()?;
    Some((name.to_owned(), Pid::from_raw(parent)))
}

impl Capabilities {
    /// What this process's environment says.
    pub fn from_environment() -> Self {
        let mut capabilities = Self::from_variables(|name| std::env::var(name).ok());
        capabilities.relay = capabilities
            .relay
            .or_else(|| Relay::from_ancestors(process));
        capabilities
    }

    /// Reads `NO_COLOR`, `COLORTERM`, `TERM`, and the first of `LC_ALL`, `LC_CTYPE`, `LANG` that is set.
    ///
    /// An empty variable counts as unset (no-color.org and POSIX locale rules both say so).
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let term = set("TERM").unwrap_or_default();
        let depth = if set("NO_COLOR").is_some()
            || matches!(term.as_str(), "" | "dumb")
            || term.starts_with("vt")
        {
            Depth::Mono
        } else if matches!(set("COLORTERM").as_deref(), Some("truecolor" | "24bit")) {
            Depth::True
        } else if term.contains("256color") || term.contains("kitty") || term.contains("alacritty")
        {
            Depth::Indexed
        } else {
            Depth::Sixteen
        };
        let locale = set("LC_ALL")
            .or_else(|| set("LC_CTYPE"))
            .or_else(|| set("LANG"))
            .unwrap_or_default();
        let locale = locale.to_ascii_lowercase();
        Self {
            depth,
            unicode: locale.contains("utf-8") || locale.contains("utf8"),
            relay: Relay::from_variables(set),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Capabilities {
        Capabilities::from_variables(|name| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn colours_follow_no_color_then_colorterm_then_term() {
        assert_eq!(read(&[("TERM", "xterm-256color")]).depth, Depth::Indexed);
        assert_eq!(
            read(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]).depth,
            Depth::True
        );
        assert_eq!(
            read(&[("TERM", "xterm-256color"), ("NO_COLOR", "1")]).depth,
            Depth::Mono
        );
        assert_eq!(
            read(&[("TERM", "xterm-256color"), ("NO_COLOR", "")]).depth,
            Depth::Indexed
        );
        assert_eq!(read(&[("TERM", "screen")]).depth, Depth::Sixteen);
        assert_eq!(read(&[("TERM", "linux")]).depth, Depth::Sixteen);
        for none in ["", "dumb", "vt100", "vt220"] {
            assert_eq!(read(&[("TERM", none)]).depth, Depth::Mono, "{none}");
        }
        assert_eq!(read(&[]).depth, Depth::Mono);
    }

    #[test]
    fn who_stands_between_is_known_by_its_variable_its_term_or_its_process() {
        assert_eq!(read(&[("TMUX", "/tmp/x,1,0")]).relay, Some(Relay::Tmux));
        assert_eq!(read(&[("TERM", "tmux-256color")]).relay, Some(Relay::Tmux));
        assert_eq!(read(&[("TERM", "screen.xterm")]).relay, Some(Relay::Screen));
        assert_eq!(read(&[("STY", "1.pts-0")]).relay, Some(Relay::Screen));
        assert_eq!(read(&[("TERM", "xterm-256color")]).relay, None);
        let own = rustix::process::getppid();
        let under = |name: &str| {
            let name = name.to_owned();
            Relay::from_ancestors(move |pid| {
                let is_first = Some(pid) == own;
                let name = if is_first {
                    "bash".into()
                } else {
                    name.clone()
                };
                Some((name, is_first.then(|| Pid::from_raw(1)).flatten()))
            })
        };
        assert_eq!(under("mosh-server"), Some(Relay::Mosh));
        assert_eq!(under("sshd"), None);
        assert!(process(rustix::process::getpid()).is_some());
    }

    #[test]
    fn the_first_locale_variable_that_is_set_decides() {
        assert!(read(&[("LANG", "en_GB.UTF-8")]).unicode);
        assert!(read(&[("LANG", "C.utf8")]).unicode);
        assert!(!read(&[("LANG", "en_GB.UTF-8"), ("LC_ALL", "C")]).unicode);
        assert!(read(&[("LANG", "C"), ("LC_ALL", ""), ("LC_CTYPE", "en_GB.UTF-8")]).unicode);
        assert!(!read(&[("LANG", "en_GB.ISO-8859-1")]).unicode);
        assert!(!read(&[]).unicode);
    }
}
