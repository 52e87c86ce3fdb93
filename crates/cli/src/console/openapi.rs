//! The OpenAPI document of `/api/v1`, from one table of its operations; a test holds the router to it.

use axum::Json;
use serde_json::{Map, Value, json};

pub(super) struct Operation {
    pub(super) method: &'static str,
    /// Below `/api/v1`.
    pub(super) path: &'static str,
    summary: &'static str,
    /// What a good answer holds.
    answer: &'static str,
}

const fn read(path: &'static str, summary: &'static str, answer: &'static str) -> Operation {
    Operation {
        method: "get",
        path,
        summary,
        answer,
    }
}

const fn act(path: &'static str, summary: &'static str, answer: &'static str) -> Operation {
    Operation {
        method: "post",
        path,
        summary,
        answer,
    }
}

pub(super) const OPERATIONS: [Operation; 10] = [
    read("/openapi.json", "This document", "An OpenAPI document"),
    read(
        "/databases",
        "The databases of this console",
        "Their names, and whether actions are allowed",
    ),
    read(
        "/databases/{database}/status",
        "Where the migration stands",
        "The document of `transhume status --json`",
    ),
    read(
        "/databases/{database}/tables",
        "Every table",
        "The document of `transhume status --tables --json`",
    ),
    read(
        "/databases/{database}/samples",
        "Figures of the last day, for curves",
        "Samples, the oldest first",
    ),
    read(
        "/databases/{database}/story",
        "History and verifications",
        "Lines of both, the newest first",
    ),
    read(
        "/databases/{database}/events",
        "Server-sent events, one each time the status was read",
        "A stream of events",
    ),
    act(
        "/databases/{database}/pause",
        "Pause the full load",
        "Whether it was changed",
    ),
    act(
        "/databases/{database}/resume",
        "Resume the full load",
        "Whether it was changed",
    ),
    act(
        "/databases/{database}/check",
        "The checks of a cutover, now",
        "Each check with evidence and remedy",
    ),
];

pub(super) async fn document() -> Json<Value> {
    Json(openapi())
}

fn openapi() -> Value {
    let mut paths = Map::new();
    for operation in &OPERATIONS {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method] = described(operation);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "transhume",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Everything that the console shows, and the actions that its token allows.",
        },
        "servers": [{ "url": "/api/v1" }],
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "schemas": {
                "Error": {
                    "type": "object",
                    "required": ["error"],
                    "properties": { "error": {
                        "type": "object",
                        "required": ["message", "detail", "hint"],
                        "properties": {
                            "message": { "type": "string" },
                            "detail": { "type": "string" },
                            "hint": { "type": "string" },
                        },
                    } },
                },
            },
        },
    })
}

fn described(operation: &Operation) -> Value {
    let kind = if operation.path.ends_with("/events") {
        "text/event-stream"
    } else {
        "application/json"
    };
    let schema = if kind == "application/json" {
        "object"
    } else {
        "string"
    };
    let mut answers = json!({
        "200": { "description": operation.answer, "content": { kind: { "schema": { "type": schema } } } },
        "421": refused("The host's name is not the console's"),
    });
    let mut described = json!({ "summary": operation.summary });
    if operation.path.contains("{database}") {
        described["parameters"] = json!([{
            "name": "database", "in": "path", "required": true, "schema": { "type": "string" },
        }]);
        answers["404"] = refused("There is no such database");
        answers["409"] = refused("The migration's state forbids it");
        answers["502"] = refused("A server does not answer");
    }
    if operation.method == "post" {
        described["security"] = json!([{ "token": [] }]);
        answers["403"] = refused("Read-only, or the token is missing or wrong");
    }
    described["responses"] = answers;
    described
}

fn refused(description: &str) -> Value {
    let schema = json!({ "$ref": "#/components/schemas/Error" });
    json!({ "description": description, "content": { "application/json": { "schema": schema } } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_of_the_api_is_described_and_nothing_else() {
        let routes = include_str!("routes.rs");
        let (_, api) = routes.split_once("fn api_routes").expect("the routes are there");
        assert_eq!(api.matches(".route(").count(), OPERATIONS.len());
        for operation in &OPERATIONS {
            let route = format!(".route(\"{}\", {}(", operation.path, operation.method);
            assert!(api.contains(&route), "{route}");
        }
    }
}
