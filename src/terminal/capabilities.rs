//! Capabilities: what the terminal can show, told by the environment it was started in.
//!
//! Deliberately absent: questions to the terminal itself. An answer would arrive among the keys, late over a slow
//! connection, and a terminal that never answers would cost the first frame.

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
}

impl Capabilities {
    /// What this process's environment says.
    pub fn from_environment() -> Self {
        Self::from_variables(|name| std::env::var(name).ok())
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
    fn the_first_locale_variable_that_is_set_decides() {
        assert!(read(&[("LANG", "en_GB.UTF-8")]).unicode);
        assert!(read(&[("LANG", "C.utf8")]).unicode);
        assert!(!read(&[("LANG", "en_GB.UTF-8"), ("LC_ALL", "C")]).unicode);
        assert!(read(&[("LANG", "C"), ("LC_ALL", ""), ("LC_CTYPE", "en_GB.UTF-8")]).unicode);
        assert!(!read(&[("LANG", "en_GB.ISO-8859-1")]).unicode);
        assert!(!read(&[]).unicode);
    }
}
