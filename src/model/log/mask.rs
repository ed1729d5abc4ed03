//! Mask: credentials that a script printed (`bash -x`, `env`, a URL with a password), taken out of what is shown and saved.
//!
//! Only shapes that are surely credentials, so that a log stays readable. Deliberately absent: a promise that nothing
//! else is secret, and any change to the bytes that are held: a search still finds what the container printed.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::bytes::{Captures, Regex};

/// What is kept stands in group 1 where there is one, the secret behind it.
const SHAPES: &str = concat!(
    r"(?-u)",
    r#"((?i:--?[a-z-]*(?:token|password|passwd|secret|api-?key|access-?key)[a-z-]*)(?:=| +)['"]?)[^\s'"-][^\s'"]*"#,
    r#"|((?i:\b[a-z0-9_]*(?:token|password|passwd|secret|api_?key|access_?key|private_?key)[a-z0-9_]*)=['"]?)[^\s'"]+"#,
    r#"|((?i:"[a-z0-9_-]*(?:token|password|secret|api_?key)[a-z0-9_]*") ?: ?")[^"]+"#,
    r"|((?i:\b(?:bearer|basic) +))[A-Za-z0-9+/._~=-]{8,}",
    r"|([a-z][a-z0-9+.-]*://[^\s/:@]*:)[^\s/@]+@",
    r"|((?i:[?&](?:sig|signature|x-amz-signature|x-amz-security-token|access_token|code)=))[^\s&]+",
    r"|\b(?:ghp|gho|ghu|ghs|ghr)_[A-Za-z0-9]{16,}|\bgithub_pat_[A-Za-z0-9_]{16,}|\bglpat-[A-Za-z0-9_-]{16,}",
    r"|\bxox[abprs]-[A-Za-z0-9-]{10,}|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    r"|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*",
);

static SHAPE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(SHAPES).ok());

/// The line with each credential replaced by `<masked>`; what says that there was one stays.
pub fn masked(line: &[u8]) -> Cow<'_, [u8]> {
    let Some(shape) = &*SHAPE else {
        return Cow::Borrowed(line);
    };
    shape.replace_all(line, |found: &Captures<'_>| {
        let kept = (1..found.len())
            .find_map(|group| found.get(group))
            .map_or(&b""[..], |kept| kept.as_bytes());
        let mut out = kept.to_vec();
        out.extend_from_slice(b"<masked>");
        // The one shape whose end is not part of the secret.
        if found
            .get(0)
            .is_some_and(|whole| whole.as_bytes().ends_with(b"@"))
        {
            out.push(b'@');
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_masked_and_what_is_none_stays() {
        let rows = [
            (
                "+ helm login --token=abc123 --debug",
                "+ helm login --token=<masked> --debug",
            ),
            (
                "+ curl --password 's3cret' x",
                "+ curl --password '<masked>' x",
            ),
            ("tool --api-key=k-1", "tool --api-key=<masked>"),
            (
                "++ export GITHUB_TOKEN=ghp_abcdefghijklmnopqrst0123456789",
                "++ export GITHUB_TOKEN=<masked>",
            ),
            (
                "db_password=\"hunter2\" next",
                "db_password=\"<masked>\" next",
            ),
            (
                r#"{"access_token": "abc", "n": 1}"#,
                r#"{"access_token": "<masked>", "n": 1}"#,
            ),
            (
                "Authorization: Bearer eyJhbGciOi.eyJzdWIi.c2ln",
                "Authorization: Bearer <masked>",
            ),
            (
                "git clone https://robot:hunter2@github.com/x",
                "git clone https://robot:<masked>@github.com/x",
            ),
            ("got ghp_abcdefghijklmnopqrst0123 back", "got <masked> back"),
            ("github_pat_11ABCDEFG0123456789_abcdef", "<masked>"),
            (
                "https://b.example/log?sig=a%2Fb&x=1",
                "https://b.example/log?sig=<masked>&x=1",
            ),
            ("key AKIAIOSFODNN7EXAMPLE used", "key <masked> used"),
            ("run --token-file /run/token", "run --token-file <masked>"),
            ("the token was refused", "the token was refused"),
            ("bearer of news", "bearer of news"),
            ("http://host:8080/path?x=1", "http://host:8080/path?x=1"),
            (
                "publisher.spec.js:41 > publish a draft",
                "publisher.spec.js:41 > publish a draft",
            ),
        ];
        for (line, shown) in rows {
            assert_eq!(
                String::from_utf8_lossy(&masked(line.as_bytes())),
                shown,
                "{line}"
            );
        }
        assert_eq!(
            &*masked(b"\xff --token=\xfe\xfd x"),
            &b"\xff --token=<masked> x"[..]
        );
    }
}
