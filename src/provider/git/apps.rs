//! The *apps* of an environment, as its values file lists them: which app ships from which version file.
//!
//! Real values files repeat anchors and write `!!merge <<`; what an entry takes over by a merge key counts as its own.
//! Deliberately absent: every other value in the file.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::yaml::{self, Content, Node};
use crate::delivery::AppsAt;
use crate::model::{App, AppDeclared, Repository};

/// How deep merges are followed: an anchor that merges itself ends here.
const MERGES: usize = 16;

/// What a values file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    /// In the order of the file.
    pub apps: Vec<AppDeclared>,
    /// What is strange, in words, each a fragment that can follow the file's name.
    pub odd: Vec<String>,
}

/// Reads the list of apps.
///
/// # Errors
/// In words, when the file cannot be read or holds no such list: the file names then stand for the apps.
pub fn read(bytes: &[u8], at: &AppsAt) -> Result<Listed, String> {
    let text =
        std::str::from_utf8(bytes).map_err(|e| format!("not UTF-8 at byte {}", e.valid_up_to()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let read = yaml::read(text).map_err(|e| format!("not readable as YAML: {e}"))?;
    let Some(root) = read.documents.first() else {
        return Err("empty".to_owned());
    };
    let values = Values::of(root);
    let list = at
        .list
        .split('.')
        .try_fold(root, |node, segment| values.get(node, segment))
        .ok_or_else(|| format!("no {}", at.list))?;
    if !matches!(list.content, Content::Sequence(_)) {
        return Err(format!("{} is not a list", at.list));
    }
    let mut listed = Listed::default();
    let mut names = HashSet::new();
    for item in list.items() {
        let item = values.target(item);
        let Some(name) = values.text(item, &at.name).filter(|name| !name.is_empty()) else {
            listed.odd.push(format!(
                "an entry without {} in line {}",
                at.name, item.line
            ));
            continue;
        };
        if !names.insert(name) {
            listed.odd.push(format!(
                "{name} is listed twice, again in line {}",
                item.line
            ));
            continue;
        }
        let text = |key: &Option<Arc<str>>| {
            let text = key.as_deref().and_then(|key| values.text(item, key));
            text.filter(|text| !text.is_empty())
        };
        let images: Vec<Repository> = at
            .images
            .as_deref()
            .and_then(|key| values.get(item, key))
            .map(Node::items)
            .unwrap_or_default()
            .iter()
            .filter_map(|image| values.target(image).text())
            .filter(|image| !image.is_empty())
            .map(Repository::new)
            .collect();
        let repositories = if images.is_empty() {
            vec![Repository::new(text(&at.repository).unwrap_or(name))]
        } else {
            images
        };
        listed.apps.push(AppDeclared {
            app: App::new(name),
            repositories,
            namespace: text(&at.namespace).map(Arc::from),
            smoke: at
                .smoke
                .as_deref()
                .and_then(|key| values.text(item, key))
                .is_none_or(|text| text == "true"),
        });
    }
    Ok(listed)
}

/// A document with its anchors, so that aliases and merge keys can be followed.
struct Values<'a> {
    anchored: HashMap<usize, &'a Node>,
}

impl<'a> Values<'a> {
    fn of(root: &'a Node) -> Self {
        let mut anchored = HashMap::new();
        collect(root, &mut anchored);
        Self { anchored }
    }

    /// What a node stands for.
    fn target(&self, node: &'a Node) -> &'a Node {
        match &node.content {
            Content::Alias(Some(anchor)) => self.anchored.get(anchor).copied().unwrap_or(node),
            _ => node,
        }
    }

    /// The value of a key: the mapping's own, else one that it merges in.
    fn get(&self, node: &'a Node, key: &str) -> Option<&'a Node> {
        self.merged(node, key, MERGES)
    }

    fn merged(&self, node: &'a Node, key: &str, left: usize) -> Option<&'a Node> {
        let node = self.target(node);
        let own = node.entries().iter().find(|(k, _)| k.text() == Some(key));
        if let Some((_, value)) = own {
            return Some(self.target(value));
        }
        let left = left.checked_sub(1)?;
        node.entries()
            .iter()
            .filter(|(k, _)| k.text() == Some("<<"))
            .find_map(|(_, from)| match &self.target(from).content {
                Content::Sequence(several) => {
                    several.iter().find_map(|one| self.merged(one, key, left))
                }
                _ => self.merged(from, key, left),
            })
    }

    fn text(&self, node: &'a Node, key: &str) -> Option<&'a str> {
        self.get(node, key)?.text()
    }
}

fn collect<'a>(node: &'a Node, anchored: &mut HashMap<usize, &'a Node>) {
    if node.anchor != 0 {
        anchored.insert(node.anchor, node);
    }
    for item in node.items() {
        collect(item, anchored);
    }
    for (key, value) in node.entries() {
        collect(key, anchored);
        collect(value, anchored);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> AppsAt {
        AppsAt {
            path: "values-{environment}.yaml".into(),
            list: "govukApplications".into(),
            name: "name".into(),
            repository: Some("repoName".into()),
            images: Some("imageValues".into()),
            namespace: Some("namespace".into()),
            smoke: Some("postSyncWorkflowEnabled".into()),
            twin_prefix: Some("draft-".into()),
        }
    }

    fn describe(text: &str) -> Vec<String> {
        read(text.as_bytes(), &at())
            .unwrap()
            .apps
            .iter()
            .map(|a| {
                let files: Vec<_> = a.repositories.iter().map(Repository::as_str).collect();
                format!(
                    "{} {} {:?} {}",
                    a.app,
                    files.join("+"),
                    a.namespace,
                    a.smoke
                )
            })
            .collect()
    }

    /// Written after what real files do: repeated anchors, merge keys with a tag, long lists below anchors.
    #[test]
    fn anchors_and_merges_of_real_files_are_followed() {
        let mut text = String::from(
            "environment: integration\n\
             defaults: &defaults\n  postSyncWorkflowEnabled: 'false'\n  namespace: shared\n\
             govukApplications:\n\
             - name: plain\n\
             - name: draft-frontend\n  repoName: frontend\n  helmValues: &conf\n    hosts: &hosts [a.example, b.example]\n\
             - name: whitehall-admin\n  repoName: whitehall\n  helmValues:\n    !!merge <<: *conf\n    hosts: &hosts [c.example]\n\
             - <<: *defaults\n  name: argo\n\
             - name: licensify\n  imageValues: [licensify-admin, \"licensify-feed\"]\n  !!merge <<: [*defaults]\n\
             - name: tested\n  postSyncWorkflowEnabled: \"true\"\n  helmValues:\n    env:\n",
        );
        for n in 0..500 {
            text.push_str(&format!(
                "    - name: VARIABLE_{n}\n      value: &v \"{n}\"\n"
            ));
        }
        text.push_str("- name: 'last'\n  helmValues: {hosts: *hosts, value: *v}\n");
        assert_eq!(
            describe(&text),
            [
                "plain plain None true",
                "draft-frontend frontend None true",
                "whitehall-admin whitehall None true",
                "argo argo Some(\"shared\") false",
                "licensify licensify-admin+licensify-feed Some(\"shared\") false",
                "tested tested None true",
                "last last None true",
            ]
        );
    }

    #[test]
    fn odd_entries_cost_themselves_alone() {
        let text = "govukApplications:\n- {name: a}\n- {repoName: x}\n- just text\n- {name: a, repoName: b}\n- {name: c}\n";
        let listed = read(text.as_bytes(), &at()).unwrap();
        assert_eq!(listed.apps.len(), 2);
        assert_eq!(listed.odd.len(), 3, "{:?}", listed.odd);
        assert!(listed.odd[2].contains("twice"), "{:?}", listed.odd);
    }

    #[test]
    fn a_merge_that_eats_itself_ends() {
        let text = "a: &a\n  <<: *a\n  x: 1\ngovukApplications:\n- &me\n  <<: *me\n  name: a\n- <<: *a\n  name: b\n";
        assert_eq!(describe(text).len(), 2);
    }

    #[test]
    fn what_is_no_list_says_so() {
        for (text, why) in [
            ("", "empty"),
            ("a: 1\n", "no govukApplications"),
            ("govukApplications: x\n", "not a list"),
            ("a: [\n", "YAML"),
        ] {
            let error = read(text.as_bytes(), &at()).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
        assert!(read(b"\xff", &at()).is_err());
    }

    #[test]
    fn the_real_values_files_are_read() {
        let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/govuk/values");
        if !std::path::Path::new(dir).exists() {
            println!("SKIPPED: no ../shared/data/govuk/values");
            return;
        }
        for (environment, least) in [("integration", 50), ("staging", 50), ("production", 50)] {
            let bytes = std::fs::read(format!("{dir}/values-{environment}.yaml")).unwrap();
            let listed = read(&bytes, &at()).unwrap();
            // Every `- name:` at the left edge is an app, and nothing else is.
            let lines = String::from_utf8(bytes).unwrap();
            let named = lines
                .lines()
                .filter(|line| line.starts_with("- name:"))
                .count();
            assert_eq!(
                (listed.apps.len(), listed.odd.len()),
                (named, 0),
                "{environment}"
            );
            assert!(named > least, "{environment}: {named}");
            let find = |name: &str| listed.apps.iter().find(|a| a.app.as_str() == name);
            assert_eq!(
                find("whitehall-admin").unwrap().repositories,
                [Repository::new("whitehall")]
            );
            assert_eq!(
                find("draft-frontend").unwrap().repositories,
                [Repository::new("frontend")]
            );
            assert_eq!(find("licensify").unwrap().repositories.len(), 4);
            assert_eq!(
                find("licensify").unwrap().namespace.as_deref(),
                Some("licensify")
            );
        }
    }
}
