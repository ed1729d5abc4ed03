//! Version forms: what the text of a version says by this delivery's patterns: a release, a branch build, higher or lower.
//!
//! Organisations spell versions as they like (`v1362`, `1.10`, `2024-11-03`, `sha-8f3c1a9`), so what may be concluded from the
//! text stands in the delivery file. Deliberately absent: which version was seen first, which only history knows.

use crate::model::{Order, Version};
use regex::Regex;
use std::cmp::Ordering;

/// A whole version that is put in order by its numbers, where the delivery file does not say what a release looks like.
/// Seven digits and more are as often a commit or a moment as a number.
const USUAL_RELEASE: &str = r"v?[0-9]{1,6}([._-][0-9]+)*";

/// What versions look like.
#[derive(Clone, Debug)]
pub struct VersionForms {
    /// None: any version may be a release.
    release: Option<Regex>,
    branch: Option<Regex>,
    pub order: OrderBy,
    usual: Option<Regex>,
}

/// What puts two versions in order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OrderBy {
    /// Their numbers, from left to right, where the text between them is the same.
    Numeric,
    /// The rules of semver.org: a pre-release is lower than its release.
    Semver,
    /// The dates that they name.
    Calendar,
    /// What history saw first is the lower one.
    FirstSeen,
}

impl OrderBy {
    /// As a delivery file spells them.
    pub const NAMES: [(&'static str, OrderBy); 4] = [
        ("numeric", OrderBy::Numeric),
        ("semver", OrderBy::Semver),
        ("calendar", OrderBy::Calendar),
        ("first_seen", OrderBy::FirstSeen),
    ];
}

impl PartialEq for VersionForms {
    fn eq(&self, other: &Self) -> bool {
        let texts = |forms: &Self| {
            [&forms.release, &forms.branch]
                .map(|pattern| pattern.as_ref().map(|p| p.as_str().to_owned()))
        };
        texts(self) == texts(other) && self.order == other.order
    }
}

impl Default for VersionForms {
    fn default() -> Self {
        Self::new(None, None, OrderBy::Numeric)
    }
}

impl VersionForms {
    pub fn new(release: Option<Regex>, branch: Option<Regex>, order: OrderBy) -> Self {
        Self {
            release,
            branch,
            order,
            usual: whole(USUAL_RELEASE).ok(),
        }
    }

    /// A build of a branch or of a bare commit: it is not on the way to anywhere. Where the file says what a release looks
    /// like and not what a branch build does, everything else is one.
    pub fn is_branch(&self, version: &Version) -> bool {
        match (&self.branch, &self.release) {
            (Some(branch), _) => branch.is_match(version.as_str()),
            (None, Some(release)) => !release.is_match(version.as_str()),
            (None, None) => false,
        }
    }

    /// Compares the texts of two versions that take part in the order; unknown where only history can tell.
    pub fn compare_texts(&self, one: &Version, other: &Version) -> Order {
        if one == other {
            return Order::Same;
        }
        let (one, other) = (one.as_str(), other.as_str());
        let ordering = match self.order {
            OrderBy::Numeric => compare_numbers(one, other),
            OrderBy::Semver => compare_semver(one, other),
            OrderBy::Calendar => compare_dates(one, other),
            OrderBy::FirstSeen => None,
        };
        ordering.map_or(Order::Unknown, Order::from)
    }

    /// Whether a version takes part in the order at all: a release does.
    pub fn is_ordered(&self, version: &Version) -> bool {
        let text = version.as_str();
        match &self.release {
            Some(release) => release.is_match(text),
            None if self.is_branch(version) => false,
            None if self.order == OrderBy::Numeric => self
                .usual
                .as_ref()
                .is_some_and(|usual| usual.is_match(text)),
            None => true,
        }
    }
}

/// A pattern that has to fit the whole text.
///
/// # Errors
/// When it is no regular expression.
pub fn whole(pattern: &str) -> Result<Regex, regex::Error> {
    // Tried by itself first: brackets that do not match must not be made to by the ones around them.
    Regex::new(pattern)?;
    Regex::new(&format!("^(?:{pattern})$"))
}

/// The text as pieces that are all digits or none.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let digits = rest.starts_with(|c: char| c.is_ascii_digit());
        let end = rest
            .find(|c: char| c.is_ascii_digit() != digits)
            .unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

/// Numbers of any length, without leading zeros.
fn compare_digits(one: &str, other: &str) -> Ordering {
    let (one, other) = (one.trim_start_matches('0'), other.trim_start_matches('0'));
    one.len().cmp(&other.len()).then_with(|| one.cmp(other))
}

fn is_number(piece: &str) -> bool {
    piece.starts_with(|c: char| c.is_ascii_digit())
}

/// None where the texts differ in anything but their numbers before a number decides.
fn compare_numbers(one: &str, other: &str) -> Option<Ordering> {
    let (mut ones, mut others) = (pieces(one), pieces(other));
    loop {
        match (ones.next(), others.next()) {
            (None, None) => return Some(Ordering::Equal),
            (None, Some(_)) => return Some(Ordering::Less),
            (Some(_), None) => return Some(Ordering::Greater),
            (Some(a), Some(b)) if is_number(a) && is_number(b) => {
                let ordering = compare_digits(a, b);
                if ordering != Ordering::Equal {
                    return Some(ordering);
                }
            }
            (Some(a), Some(b)) if a == b => {}
            _ => return None,
        }
    }
}

/// Its three numbers and its pre-release; a number that is left out is 0.
fn semver(text: &str) -> Option<(Vec<&str>, Option<&str>)> {
    let text = text.strip_prefix('v').unwrap_or(text);
    let text = text.split_once('+').map_or(text, |(version, _)| version);
    let (numbers, pre) = match text.split_once('-') {
        Some((numbers, pre)) => (numbers, Some(pre)),
        None => (text, None),
    };
    let mut numbers: Vec<&str> = numbers.split('.').collect();
    let all_digits = |n: &&str| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit());
    if numbers.len() > 3 || !numbers.iter().all(all_digits) {
        return None;
    }
    numbers.resize(3, "0");
    Some((numbers, pre))
}

fn compare_semver(one: &str, other: &str) -> Option<Ordering> {
    let ((one, one_pre), (other, other_pre)) = (semver(one)?, semver(other)?);
    let numbers = one
        .iter()
        .zip(&other)
        .map(|(a, b)| compare_digits(a, b))
        .find(|ordering| *ordering != Ordering::Equal);
    Some(numbers.unwrap_or_else(|| match (one_pre, other_pre) {
        (None, None) => Ordering::Equal,
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (Some(one), Some(other)) => compare_pre_releases(one, other),
    }))
}

/// semver.org, rule 11: part by part; numbers below words; fewer parts below more.
fn compare_pre_releases(one: &str, other: &str) -> Ordering {
    let (mut ones, mut others) = (one.split('.'), other.split('.'));
    loop {
        let (one, other) = match (ones.next(), others.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(one), Some(other)) => (one, other),
        };
        let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let ordering = match (number(one), number(other)) {
            (true, true) => compare_digits(one, other),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => one.cmp(other),
        };
        if ordering != Ordering::Equal {
            return ordering;
        }
    }
}

/// The numbers of a date, its year first; eight digits at the beginning are a year, a month and a day.
fn date(text: &str) -> Option<Vec<&str>> {
    let mut numbers: Vec<&str> = pieces(text).filter(|piece| is_number(piece)).collect();
    let first = *numbers.first()?;
    if first.len() == 8 {
        numbers.splice(0..1, [&first[..4], &first[4..6], &first[6..]]);
    }
    let year: u32 = numbers.first()?.parse().ok()?;
    (1970..3000).contains(&year).then_some(numbers)
}

fn compare_dates(one: &str, other: &str) -> Option<Ordering> {
    let (one, other) = (date(one)?, date(other)?);
    let decided = one
        .iter()
        .zip(&other)
        .map(|(a, b)| compare_digits(a, b))
        .find(|ordering| *ordering != Ordering::Equal);
    Some(decided.unwrap_or_else(|| one.len().cmp(&other.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forms(release: Option<&str>, branch: Option<&str>, order: OrderBy) -> VersionForms {
        let pattern = |text: &str| whole(text).unwrap();
        VersionForms::new(release.map(pattern), branch.map(pattern), order)
    }

    fn compare(forms: &VersionForms, one: &str, other: &str) -> Order {
        let (one, other) = (Version::new(one), Version::new(other));
        if forms.is_ordered(&one) && forms.is_ordered(&other) {
            forms.compare_texts(&one, &other)
        } else {
            Order::Unknown
        }
    }

    #[test]
    fn numbers_are_compared_as_numbers_where_the_text_around_them_is_the_same() {
        let govuk = forms(
            Some(r"v[0-9]{1,7}|v?[0-9]+\.[0-9]+\.[0-9]+"),
            None,
            OrderBy::Numeric,
        );
        for (a, b, order) in [
            ("v9", "v10", Order::Lower),
            ("v10", "v10", Order::Same),
            ("v3084", "v3083", Order::Higher),
            ("2.9.0", "2.10.0", Order::Lower),
            (
                "v12",
                "9f83e630aa83e630aa83e630aa83e630aa83e630",
                Order::Unknown,
            ),
            ("v1756914795", "v12", Order::Unknown),
            ("1.10", "1.9", Order::Unknown),
            ("v12-on-pg", "v11", Order::Unknown),
        ] {
            assert_eq!(compare(&govuk, a, b), order, "{a} {b}");
        }
    }

    /// A delivery file that says nothing of versions.
    #[test]
    fn no_version_is_a_branch_build_by_default_and_numbers_are_ordered_where_they_are_numbers() {
        let usual = VersionForms::default();
        for text in [
            "v12",
            "sha-8f3c1a9",
            "1.10",
            "2024-11-03",
            "1.17.0-next",
            "8f3c1a9",
            "9f83e630aa83e630aa83e630aa83e630aa83e630",
            "latest",
        ] {
            assert!(!usual.is_branch(&Version::new(text)), "{text}");
        }
        for (a, b, order) in [
            ("1.10", "1.9", Order::Higher),
            ("1.10", "1.10.1", Order::Lower),
            ("v9", "v10", Order::Lower),
            ("2024-11-03", "2024-9-30", Order::Higher),
            ("v12", "12", Order::Unknown),
            ("1.17.0-next", "1.17.0", Order::Unknown),
            // Short commits of digits alone, and moments, are no numbers.
            ("1234567", "2345678", Order::Unknown),
            ("v1756914795", "v12", Order::Unknown),
            ("sha-1234567", "sha-2345678", Order::Unknown),
        ] {
            assert_eq!(compare(&usual, a, b), order, "{a} {b}");
        }
    }

    #[test]
    fn semver_knows_pre_releases() {
        let semver = forms(None, None, OrderBy::Semver);
        for (a, b, order) in [
            ("1.17.0-next", "1.17.0", Order::Lower),
            ("1.17.0-rc.2", "1.17.0-rc.10", Order::Lower),
            ("1.17.0-rc.1", "1.17.0-rc", Order::Higher),
            ("1.17.0-1", "1.17.0-rc", Order::Lower),
            ("v1.10", "1.9.3", Order::Higher),
            ("1.2.3+build.7", "1.2.3+build.8", Order::Same),
            ("2024-11-03", "latest", Order::Unknown),
        ] {
            assert_eq!(compare(&semver, a, b), order, "{a} {b}");
        }
    }

    #[test]
    fn a_calendar_compares_the_dates_that_are_named() {
        let calendar = forms(None, None, OrderBy::Calendar);
        for (a, b, order) in [
            ("2024-11-03", "20241102", Order::Higher),
            ("2024-11-03", "2024-11-03.2", Order::Lower),
            ("release-2024.9.30", "release-2024.11.3", Order::Lower),
            ("20241103-9", "20241103-10", Order::Lower),
            ("1.10", "2024-11-03", Order::Unknown),
        ] {
            assert_eq!(compare(&calendar, a, b), order, "{a} {b}");
        }
        let first_seen = forms(None, None, OrderBy::FirstSeen);
        assert_eq!(compare(&first_seen, "v1", "v2"), Order::Unknown);
    }

    #[test]
    fn branch_builds_are_what_the_file_says_else_what_is_no_release() {
        let govuk = forms(
            Some(r"v[0-9]{1,7}|v?[0-9]+\.[0-9]+\.[0-9]+"),
            None,
            OrderBy::Numeric,
        );
        for (text, branch) in [
            ("v12", false),
            ("2.18.3", false),
            ("main", true),
            ("latest", true),
            ("20", true),
            ("v792-on-pg", true),
        ] {
            assert_eq!(govuk.is_branch(&Version::new(text)), branch, "{text}");
        }
        let named = forms(None, Some("pr-.*|main"), OrderBy::Numeric);
        assert!(named.is_branch(&Version::new("pr-12")));
        assert!(!named.is_branch(&Version::new("maintenance")));
        assert!(!named.is_branch(&Version::new("12")));
    }

    #[test]
    fn a_pattern_is_whole_and_cannot_break_out_of_its_brackets() {
        assert!(!whole("v[0-9]+").unwrap().is_match("xv12"));
        assert!(!whole("a|b").unwrap().is_match("ax"));
        assert!(whole("a)|(b").is_err());
    }
}
