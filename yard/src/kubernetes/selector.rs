//! Selector: which objects a label or field selector picks.
//!
//! Labels know every operator of Kubernetes; fields only equality, on the fields that the real server indexes too.

use serde_json::Value;

use super::kinds::Kind;
use super::status::Status;

/// Both selectors of one request.
#[derive(Debug, Clone, Default)]
pub struct Selector {
    labels: Vec<Label>,
    fields: Vec<Field>,
}

#[derive(Debug, Clone)]
struct Label {
    key: String,
    test: Test,
}

#[derive(Debug, Clone)]
enum Test {
    Exists,
    Absent,
    In(Vec<String>),
    NotIn(Vec<String>),
}

#[derive(Debug, Clone)]
struct Field {
    path: String,
    value: String,
    equal: bool,
}

impl Selector {
    /// Reads both texts of a request; 400 with the real server's words for what cannot be read.
    pub fn parse(kind: &Kind, labels: &str, fields: &str) -> Result<Selector, Status> {
        let labels = split(labels)
            .into_iter()
            .map(label)
            .collect::<Result<_, _>>()?;
        let mut found = Vec::new();
        for part in split(fields) {
            let field = field(part)?;
            let known = ["metadata.name", "metadata.namespace"].contains(&field.path.as_str())
                || kind.fields.contains(&field.path.as_str());
            if !known {
                return Err(Status::bad_request(format!(
                    "field label not supported: {}",
                    field.path
                )));
            }
            found.push(field);
        }
        Ok(Selector {
            labels,
            fields: found,
        })
    }

    /// Whether it picks this object.
    pub fn picks(&self, object: &Value) -> bool {
        let labels = &object["metadata"]["labels"];
        self.labels.iter().all(|label| {
            let value = labels.get(&label.key).and_then(Value::as_str);
            match &label.test {
                Test::Exists => value.is_some(),
                Test::Absent => value.is_none(),
                Test::In(values) => {
                    value.is_some_and(|value| values.iter().any(|wanted| wanted == value))
                }
                Test::NotIn(values) => {
                    value.is_none_or(|value| values.iter().all(|unwanted| unwanted != value))
                }
            }
        }) && self.fields.iter().all(|field| {
            let value = field
                .path
                .split('.')
                .fold(object, |at, key| &at[key])
                .as_str()
                .unwrap_or("");
            (value == field.value) == field.equal
        })
    }
}

/// Parts between commas that stand outside parentheses.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            b',' if depth == 0 => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts.retain(|part| !part.is_empty());
    parts
}

fn label(part: &str) -> Result<Label, Status> {
    let values = |text: &str| -> Result<Vec<String>, Status> {
        let inner = text
            .trim()
            .strip_prefix('(')
            .and_then(|text| text.strip_suffix(')'));
        let inner = inner
            .ok_or_else(|| Status::bad_request(format!("unable to parse requirement: {part}")))?;
        Ok(inner
            .split(',')
            .map(|value| value.trim().to_owned())
            .collect())
    };
    let (key, test) = if let Some(key) = part.strip_prefix('!') {
        (key, Test::Absent)
    } else if let Some((key, value)) = part.split_once("!=") {
        (key, Test::NotIn(vec![value.trim().to_owned()]))
    } else if let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
        (key, Test::In(vec![value.trim().to_owned()]))
    } else if let Some((key, rest)) = part.split_once(" notin") {
        (key, Test::NotIn(values(rest)?))
    } else if let Some((key, rest)) = part.split_once(" in") {
        (key, Test::In(values(rest)?))
    } else {
        (part, Test::Exists)
    };
    let key = key.trim();
    if key.is_empty() || key.contains(|c: char| c.is_whitespace() || "(),".contains(c)) {
        return Err(Status::bad_request(format!(
            "unable to parse requirement: {part}"
        )));
    }
    Ok(Label {
        key: key.to_owned(),
        test,
    })
}

fn field(part: &str) -> Result<Field, Status> {
    let (path, value, equal) = if let Some((path, value)) = part.split_once("!=") {
        (path, value, false)
    } else if let Some((path, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
        (path, value, true)
    } else {
        let message = format!("invalid selector: '{part}'; can't understand '{part}'");
        return Err(Status::bad_request(message));
    };
    Ok(Field {
        path: path.trim().to_owned(),
        value: value.trim().to_owned(),
        equal,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::kinds;
    use serde_json::json;

    #[test]
    fn every_operator_picks_as_kubernetes_does() {
        let pods = kinds::find("", "v1", "pods").unwrap();
        let object = json!({"metadata": {"name": "a", "labels": {"app": "x", "tier": "web"}}, "spec": {"nodeName": "n"}});
        for (labels, fields, picked) in [
            ("app=x", "", true),
            ("app==y", "", false),
            ("app!=y,tier", "", true),
            ("!app", "", false),
            ("!none", "", true),
            ("app in (x, y),tier notin (db)", "", true),
            ("app in (y)", "", false),
            ("none!=x", "", true),
            ("", "metadata.name=a,spec.nodeName=n", true),
            ("", "metadata.name!=a", false),
        ] {
            let selector = Selector::parse(pods, labels, fields).unwrap();
            assert_eq!(selector.picks(&object), picked, "{labels} {fields}");
        }
        assert_eq!(Selector::parse(pods, "", "spec.x=1").unwrap_err().code, 400);
        assert_eq!(Selector::parse(pods, "a b c", "").unwrap_err().code, 400);
    }
}
