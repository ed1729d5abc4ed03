//! Status: the API server's refusals, shaped exactly as Kubernetes' own `metav1.Status`.
//!
//! The texts are the real server's, since consoles and people read them; success has no Status but for a deletion.

use axum::body::Body;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::kinds::Kind;

/// One refusal, with its HTTP code.
#[derive(Debug, Clone)]
pub struct Status {
    /// HTTP code.
    pub code: u16,
    body: Value,
}

/// What a handler answers: a response, or a refusal.
pub type Answer = Result<Response, Status>;

impl Status {
    fn new(code: u16, reason: &str, message: String, details: Option<Value>) -> Status {
        let mut body = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": message, "reason": reason, "code": code,
        });
        if let (Some(details), Some(map)) = (details, body.as_object_mut()) {
            map.insert("details".to_owned(), details);
        }
        Status { code, body }
    }

    /// The Status object itself, as an in-stream ERROR carries it.
    pub fn object(&self) -> &Value {
        &self.body
    }

    /// 400.
    pub fn bad_request(message: impl Into<String>) -> Status {
        Status::new(400, "BadRequest", message.into(), None)
    }

    /// 401, for a missing or unknown token.
    pub fn unauthorized() -> Status {
        Status::new(401, "Unauthorized", "Unauthorized".to_owned(), None)
    }

    /// 403; `resource` may name a subresource as `pods/log`, `namespace` is empty at the cluster scope.
    pub fn forbidden(
        user: &str,
        verb: &str,
        kind: &Kind,
        resource: &str,
        namespace: &str,
        name: &str,
    ) -> Status {
        let named = if name.is_empty() {
            String::new()
        } else {
            format!(" \"{name}\"")
        };
        let scope = if namespace.is_empty() {
            "at the cluster scope".to_owned()
        } else {
            format!("in the namespace \"{namespace}\"")
        };
        let message = format!(
            "{}{named} is forbidden: User \"{user}\" cannot {verb} resource \"{resource}\" in API group \"{}\" {scope}",
            kind.qualified(),
            kind.group
        );
        Status::new(
            403,
            "Forbidden",
            message,
            Some(details(kind.resource, kind, name)),
        )
    }

    /// 404 of an object.
    pub fn not_found(kind: &Kind, name: &str) -> Status {
        let message = format!("{} \"{name}\" not found", kind.qualified());
        Status::new(
            404,
            "NotFound",
            message,
            Some(details(kind.resource, kind, name)),
        )
    }

    /// 405.
    pub fn method_not_allowed() -> Status {
        let message = "the server does not allow this method on the requested resource";
        Status::new(405, "MethodNotAllowed", message.to_owned(), Some(json!({})))
    }

    /// 409 of a create.
    pub fn already_exists(kind: &Kind, name: &str) -> Status {
        let message = format!("{} \"{name}\" already exists", kind.qualified());
        Status::new(
            409,
            "AlreadyExists",
            message,
            Some(details(kind.resource, kind, name)),
        )
    }

    /// 409 of a stale resourceVersion.
    pub fn conflict(kind: &Kind, name: &str) -> Status {
        let message = format!(
            "Operation cannot be fulfilled on {} \"{name}\": the object has been modified; please apply your changes to the latest version and try again",
            kind.qualified()
        );
        Status::new(
            409,
            "Conflict",
            message,
            Some(details(kind.resource, kind, name)),
        )
    }

    /// 409 of a precondition on the uid or resourceVersion that does not hold (replace and delete).
    pub fn precondition(kind: &Kind, name: &str, field: &str, wanted: &str, found: &str) -> Status {
        let message = format!(
            "Operation cannot be fulfilled on {} \"{name}\": Precondition failed: {field} in precondition: {wanted}, {field} in object meta: {found}",
            kind.qualified()
        );
        Status::new(
            409,
            "Conflict",
            message,
            Some(details(kind.resource, kind, name)),
        )
    }

    /// 410, of a watch that starts too early (in the stream) or of a continue token (as HTTP).
    pub fn expired(message: impl Into<String>) -> Status {
        Status::new(410, "Expired", message.into(), None)
    }

    /// 415.
    pub fn unsupported(kind: &Kind, found: &str) -> Status {
        let accepted = if kind.custom() {
            "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
        } else {
            "application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml"
        };
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: {accepted} (was {found})"
        );
        Status::new(415, "UnsupportedMediaType", message, Some(json!({})))
    }

    /// 422, with one cause on one field.
    pub fn invalid(kind: &Kind, name: &str, field: &str, cause: &str) -> Status {
        let message = format!(
            "{} \"{name}\" is invalid: {field}: {cause}",
            kind.qualified_kind()
        );
        let mut details = details(kind.kind, kind, name);
        if let Some(map) = details.as_object_mut() {
            let cause = json!({ "reason": "FieldValueInvalid", "message": cause, "field": field });
            map.insert("causes".to_owned(), json!([cause]));
        }
        Status::new(422, "Invalid", message, Some(details))
    }

    /// 422, of list options that do not go together.
    pub fn invalid_options(field: &str, cause: &str) -> Status {
        let message = format!("ListOptions.meta.k8s.io \"\" is invalid: {field}: {cause}");
        let cause = json!({ "reason": "FieldValueForbidden", "message": cause, "field": field });
        let details = json!({ "group": "meta.k8s.io", "kind": "ListOptions", "causes": [cause] });
        Status::new(422, "Invalid", message, Some(details))
    }

    /// 500, or any other code that a fault asks for.
    pub fn other(code: u16, message: impl Into<String>) -> Status {
        let reason = match code {
            429 => "TooManyRequests",
            503 => "ServiceUnavailable",
            504 => "Timeout",
            _ => "InternalError",
        };
        Status::new(code, reason, message.into(), None)
    }

    /// Success, as a deletion answers.
    pub fn deleted(kind: &Kind, name: &str, uid: &str) -> Value {
        let mut details = details(kind.resource, kind, name);
        if let Some(map) = details.as_object_mut() {
            map.insert("uid".to_owned(), json!(uid));
        }
        json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details })
    }
}

fn details(named: &str, kind: &Kind, name: &str) -> Value {
    let mut map = serde_json::Map::new();
    if !name.is_empty() {
        map.insert("name".to_owned(), json!(name));
    }
    if !kind.group.is_empty() {
        map.insert("group".to_owned(), json!(kind.group));
    }
    map.insert("kind".to_owned(), json!(named));
    Value::Object(map)
}

impl IntoResponse for Status {
    fn into_response(self) -> Response {
        let code = StatusCode::from_u16(self.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        answer(code, self.body.to_string())
    }
}

/// A JSON response of this code.
pub fn answer(code: StatusCode, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = code;
    let json = axum::http::HeaderValue::from_static("application/json");
    response
        .headers_mut()
        .insert(axum::http::header::CONTENT_TYPE, json);
    response
}
