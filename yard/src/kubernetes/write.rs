//! Write: create, replace, merge patch and delete.

use axum::http::{HeaderMap, StatusCode, header};
use serde_json::Value;

use super::objects::{Objects, UpdateMethod};
use super::patch;
use super::route::{Query, Route, text};
use super::status::{Answer, Status, answer};

/// Everything that one writing request carries.
pub struct Request<'a> {
    /// Where it goes.
    pub route: &'a Route,
    /// Its parameters.
    pub query: &'a Query,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its body.
    pub body: &'a [u8],
}

impl Request<'_> {
    fn dry(&self) -> bool {
        text(self.query, "dryRun") == "All"
    }

    fn json(&self) -> Result<Value, Status> {
        serde_json::from_slice(self.body).map_err(|error| {
            Status::bad_request(format!("error decoding the body of the request: {error}"))
        })
    }

    fn target(&self) -> (&str, &str) {
        (&self.route.namespace, &self.route.name)
    }
}

/// 201 with the object.
pub fn create(objects: &Objects, request: &Request<'_>) -> Answer {
    let route = request.route;
    let created = objects.create(route.kind, &route.namespace, request.json()?, request.dry())?;
    Ok(answer(StatusCode::CREATED, created.bytes.clone()))
}

/// 200 with the object.
pub fn replace(objects: &Objects, request: &Request<'_>) -> Answer {
    let value = request.json()?;
    let status = request.route.subresource == "status";
    let changed = objects.change(
        request.route.kind,
        request.target(),
        UpdateMethod::Replace,
        status,
        request.dry(),
        |_| Ok(value),
    )?;
    Ok(answer(StatusCode::OK, changed.bytes.clone()))
}

/// 200 with the object; merge patches only.
pub fn patch(objects: &Objects, request: &Request<'_>) -> Answer {
    let route = request.route;
    let content = request
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    if content.split(';').next().map(str::trim) != Some("application/merge-patch+json") {
        return Err(Status::unsupported(route.kind, content));
    }
    let change = request.json()?;
    let status = route.subresource == "status";
    let changed = objects.change(
        route.kind,
        request.target(),
        UpdateMethod::Patch,
        status,
        request.dry(),
        |old| {
            let mut new = old.clone();
            patch::merge(&mut new, &change);
            Ok(new)
        },
    )?;
    Ok(answer(StatusCode::OK, changed.bytes.clone()))
}

/// 200 with a Status, or with the object where something still holds it.
pub fn delete(objects: &Objects, request: &Request<'_>) -> Answer {
    let route = request.route;
    let options = if request.body.is_empty() {
        Value::Null
    } else {
        request.json()?
    };
    let gone = objects.delete(
        route.kind,
        request.target(),
        &options["preconditions"],
        request.dry(),
    )?;
    let held = gone.value["metadata"].get("deletionTimestamp").is_some();
    if held {
        return Ok(answer(StatusCode::OK, gone.bytes.clone()));
    }
    let uid = gone.value["metadata"]["uid"].as_str().unwrap_or("");
    Ok(answer(
        StatusCode::OK,
        Status::deleted(route.kind, &route.name, uid).to_string(),
    ))
}
