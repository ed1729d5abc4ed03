//! A *path template*: where a delivery's version files stand, matched against the paths of a tree.
//!
//! Deliberately absent: reading; this only tells which path is whose.

use crate::delivery::Delivery;
use crate::model::{Environment, Repository};

const ENVIRONMENT: &str = "{environment}";
const REPOSITORY: &str = "{repository}";

/// A template such as `charts/app-config/image-tags/{environment}/{repository}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathTemplate {
    segments: Vec<String>,
    /// Longest first: of `prod` and `prod-eu` the one that takes more of a segment is meant.
    environments: Vec<String>,
}

impl PathTemplate {
    /// The template of a delivery's version files.
    pub fn of_declared(delivery: &Delivery) -> Self {
        let names = delivery
            .environments
            .iter()
            .map(|stage| stage.name.as_str());
        Self::new(&delivery.declared.path, names)
    }

    fn new<'e>(template: &str, environments: impl Iterator<Item = &'e str>) -> Self {
        let mut environments: Vec<String> = environments.map(str::to_owned).collect();
        environments.sort_by_key(|name| std::cmp::Reverse(name.len()));
        Self {
            segments: template
                .split('/')
                .filter(|segment| !segment.is_empty())
                .map(str::to_owned)
                .collect(),
            environments,
        }
    }

    /// The directory above everything that can match, without a slash at the end.
    pub fn prefix(&self) -> String {
        self.segments[..self.prefix_depth()].join("/")
    }

    fn prefix_depth(&self) -> usize {
        let dirs = self.segments.len().saturating_sub(1);
        let above = self.segments.iter().take(dirs);
        above.take_while(|segment| !segment.contains('{')).count()
    }

    /// A file's path from the prefix on.
    pub fn file(&self, environment: &Environment, repository: &Repository) -> String {
        let below = self.segments.iter().skip(self.prefix_depth());
        let filled = below.map(|segment| {
            segment
                .replace(ENVIRONMENT, environment.as_str())
                .replace(REPOSITORY, repository.as_str())
        });
        filled.collect::<Vec<_>>().join("/")
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
            if segment.contains(ENVIRONMENT) && segment.contains(REPOSITORY) {
                let known = self.environments.iter().find_map(|name| {
                    let file = fill(&segment.replace(ENVIRONMENT, name), REPOSITORY, part)?;
                    Some((name.clone(), file.to_owned()))
                });
                let (name, file) = known?;
                (environment, repository) = (Some(name), Some(file));
            } else if segment.contains(ENVIRONMENT) {
                environment = Some(fill(segment, ENVIRONMENT, part)?.to_owned());
            } else if segment.contains(REPOSITORY) {
                repository = Some(fill(segment, REPOSITORY, part)?.to_owned());
            } else if segment != part {
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

/// What stands in place of the variable, where a part of a path fits a segment with that one variable.
fn fill<'p>(segment: &str, variable: &str, part: &'p str) -> Option<&'p str> {
    let (before, after) = segment.split_once(variable)?;
    let middle = part.strip_prefix(before)?.strip_suffix(after)?;
    (!middle.is_empty()).then_some(middle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(text: &str) -> PathTemplate {
        PathTemplate::new(text, ["qa", "prod", "prod-eu"].into_iter())
    }

    #[test]
    fn paths_are_told_apart_by_their_template() {
        let path = template("charts/app-config/image-tags/{environment}/{repository}");
        assert_eq!(path.prefix(), "charts/app-config/image-tags");
        assert_eq!(
            path.owner("charts/app-config/image-tags/staging/whitehall"),
            Some(("staging".into(), "whitehall".into()))
        );
        for other in [
            "charts/app-config/image-tags/staging",
            "charts/app-config/image-tags/staging/a/b",
            "charts/app-config/values-staging.yaml",
            "x/charts/app-config/image-tags/staging/a",
        ] {
            assert_eq!(path.owner(other), None, "{other}");
        }
        let path = template("apps/{repository}/values-{environment}.yaml");
        assert_eq!(path.prefix(), "apps");
        assert_eq!(
            path.owner("apps/a/values-qa.yaml"),
            Some(("qa".into(), "a".into()))
        );
        assert_eq!(path.file(&"qa".into(), &"a".into()), "a/values-qa.yaml");
        assert_eq!(path.owner("apps/a/values-.yaml"), None);
        assert_eq!(template("{environment}.yaml").prefix(), "");
        assert_eq!(
            template("{environment}.yaml").owner("qa.yaml"),
            Some(("qa".into(), "".into()))
        );
    }

    #[test]
    fn a_segment_may_hold_both_the_environment_and_the_repository() {
        let path = template("apps/{environment}-{repository}.yaml");
        for (file, owner) in [
            ("apps/qa-frontend.yaml", Some(("qa", "frontend"))),
            ("apps/prod-eu-frontend.yaml", Some(("prod-eu", "frontend"))),
            ("apps/prod-frontend.yaml", Some(("prod", "frontend"))),
            ("apps/test-frontend.yaml", None),
            ("apps/qa-.yaml", None),
        ] {
            let owner = owner.map(|(e, r)| (Environment::new(e), Repository::new(r)));
            assert_eq!(path.owner(file), owner, "{file}");
        }
    }
}
