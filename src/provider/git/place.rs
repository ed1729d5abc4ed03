//! A *place*: the path template of a delivery's version files, matched against the paths of a tree.
//!
//! Deliberately absent: reading; this only tells which path is whose.

use crate::model::{Environment, Repository};

const ENVIRONMENT: &str = "{environment}";
const REPOSITORY: &str = "{repository}";

/// A template such as `charts/app-config/image-tags/{environment}/{repository}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    segments: Vec<String>,
}

impl Place {
    pub fn new(template: &str) -> Self {
        Self {
            segments: template
                .split('/')
                .filter(|segment| !segment.is_empty())
                .map(str::to_owned)
                .collect(),
        }
    }

    /// The directory above everything that can match, without a slash at the end.
    pub fn prefix(&self) -> String {
        let dirs = self.segments.len().saturating_sub(1);
        self.segments[..dirs]
            .iter()
            .take_while(|segment| !segment.contains('{'))
            .cloned()
            .collect::<Vec<_>>()
            .join("/")
    }

    /// How many segments a path has.
    pub fn depth(&self) -> usize {
        self.segments.len()
    }

    /// Whose file this is: none where the path is no version file. Without a `{repository}` in the template the file's
    /// repository is empty.
    pub fn owner(&self, path: &str) -> Option<(Environment, Repository)> {
        let mut environment = None;
        let mut repository =
            Some(String::new()).filter(|_| !self.segments.iter().any(|s| s.contains(REPOSITORY)));
        let mut parts = path.split('/');
        for segment in &self.segments {
            let part = parts.next()?;
            if !matches(segment, part, &mut environment, &mut repository) {
                return None;
            }
        }
        if parts.next().is_some() {
            return None;
        }
        Some((
            Environment::new(&environment?),
            Repository::new(&repository?),
        ))
    }
}

/// Matches one segment, which holds at most one variable beside literal text.
fn matches(
    segment: &str,
    part: &str,
    environment: &mut Option<String>,
    repository: &mut Option<String>,
) -> bool {
    for (name, value) in [(ENVIRONMENT, environment), (REPOSITORY, repository)] {
        let Some((before, after)) = segment.split_once(name) else {
            continue;
        };
        let Some(middle) = part
            .strip_prefix(before)
            .and_then(|rest| rest.strip_suffix(after))
        else {
            return false;
        };
        if middle.is_empty() {
            return false;
        }
        *value = Some(middle.to_owned());
        return true;
    }
    segment == part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_apart_by_their_template() {
        let place = Place::new("charts/app-config/image-tags/{environment}/{repository}");
        assert_eq!(place.prefix(), "charts/app-config/image-tags");
        assert_eq!(
            place.owner("charts/app-config/image-tags/staging/whitehall"),
            Some(("staging".into(), "whitehall".into()))
        );
        for other in [
            "charts/app-config/image-tags/staging",
            "charts/app-config/image-tags/staging/a/b",
            "charts/app-config/values-staging.yaml",
            "x/charts/app-config/image-tags/staging/a",
        ] {
            assert_eq!(place.owner(other), None, "{other}");
        }
        let place = Place::new("apps/{repository}/values-{environment}.yaml");
        assert_eq!(place.prefix(), "apps");
        assert_eq!(
            place.owner("apps/a/values-qa.yaml"),
            Some(("qa".into(), "a".into()))
        );
        assert_eq!(place.owner("apps/a/values-.yaml"), None);
        assert_eq!(Place::new("{environment}.yaml").prefix(), "");
        assert_eq!(
            Place::new("{environment}.yaml").owner("qa.yaml"),
            Some(("qa".into(), "".into()))
        );
    }
}
