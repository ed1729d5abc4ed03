//! Route: what a URL of the Kubernetes API asks for.

use std::collections::HashMap;

use super::kinds::{self, Kind};

/// One resource request, read from its path and method.
#[derive(Debug)]
pub struct Route {
    /// The resource.
    pub kind: &'static Kind,
    /// Empty: all namespaces, or a cluster-wide kind.
    pub namespace: String,
    /// Empty: the collection.
    pub name: String,
    /// `status`, `log` or empty.
    pub subresource: String,
}

impl Route {
    /// Reads a path like `/apis/apps/v1/namespaces/NS/deployments/NAME/status`; nothing else is served.
    pub fn parse(path: &str) -> Option<Route> {
        let mut parts = path
            .strip_prefix('/')?
            .split('/')
            .filter(|part| !part.is_empty());
        let (group, version) = match parts.next()? {
            "api" => ("", parts.next()?),
            "apis" => (parts.next()?, parts.next()?),
            _ => return None,
        };
        let mut rest: Vec<&str> = parts.collect();
        let mut namespace = "";
        if rest.len() > 2
            && rest.first() == Some(&"namespaces")
            && kinds::find(group, version, rest.get(2)?).is_some()
        {
            namespace = rest.get(1)?;
            rest.drain(..2);
        }
        let kind = kinds::find(group, version, rest.first()?)?;
        let name = rest.get(1).copied().unwrap_or("");
        let subresource = rest.get(2).copied().unwrap_or("");
        let served = match subresource {
            "" => true,
            "status" => kind.status,
            "log" => kind.resource == "pods",
            _ => false,
        };
        if !served
            || rest.len() > 3
            || (kind.namespaced && namespace.is_empty() && !name.is_empty())
        {
            return None;
        }
        Some(Route {
            kind,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            subresource: subresource.to_owned(),
        })
    }

    /// `pods` or `pods/log`: how rights name it.
    pub fn resource(&self) -> String {
        if self.subresource.is_empty() {
            self.kind.resource.to_owned()
        } else {
            format!("{}/{}", self.kind.resource, self.subresource)
        }
    }
}

/// The query's parameters; the last of one name counts.
pub type Query = HashMap<String, String>;

/// A parameter that is `true` or `1`.
pub fn flag(query: &Query, name: &str) -> bool {
    matches!(query.get(name).map(String::as_str), Some("true" | "1"))
}

/// A parameter, or the empty text.
pub fn text<'a>(query: &'a Query, name: &str) -> &'a str {
    query.get(name).map_or("", String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_as_the_real_server_reads_them() {
        for (path, expected) in [
            ("/api/v1/pods", Some(("pods", "", "", ""))),
            (
                "/api/v1/namespaces/apps/pods/a/log",
                Some(("pods", "apps", "a", "log")),
            ),
            (
                "/api/v1/namespaces/apps",
                Some(("namespaces", "", "apps", "")),
            ),
            ("/api/v1/namespaces", Some(("namespaces", "", "", ""))),
            (
                "/apis/argoproj.io/v1alpha1/namespaces/x/workflows/w",
                Some(("workflows", "x", "w", "")),
            ),
            (
                "/apis/argoproj.io/v1alpha1/namespaces/x/workflows/w/status",
                None,
            ),
            (
                "/apis/apps/v1/namespaces/x/deployments/d/status",
                Some(("deployments", "x", "d", "status")),
            ),
            ("/api/v1/secrets", None),
            ("/metrics", None),
        ] {
            let route = Route::parse(path);
            let found = route.as_ref().map(|route| {
                (
                    route.kind.resource,
                    route.namespace.as_str(),
                    route.name.as_str(),
                    route.subresource.as_str(),
                )
            });
            assert_eq!(found, expected, "{path}");
        }
    }
}
