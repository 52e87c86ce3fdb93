//! The OpenAPI document of `/api/v1`, from one table of its operations; a test holds the router to it.

use axum::Json;
use schemars::{Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};
use transhume_engine::{
    cutover::Gate,
    load::throttle::Pausing,
    status::{Status, Story},
};

use crate::show::document::{
    DatabasesDocument, ErrorDocument, OperationDocument, OperationsDocument, SamplesDocument, TablesDocument,
    WantedTables, reference,
};

/// Adds the schema of an answer to those of the document.
type Answered = fn(&mut SchemaGenerator) -> Schema;

pub(super) struct Operation {
    pub(super) method: &'static str,
    /// Below `/api/v1`.
    pub(super) path: &'static str,
    summary: &'static str,
    /// What a good answer holds.
    answer: &'static str,
    schema: Answered,
}

const fn read(
    path: &'static str,
    summary: &'static str,
    answer: &'static str,
    schema: Answered,
) -> Operation {
    Operation {
        method: "get",
        path,
        summary,
        answer,
        schema,
    }
}

const fn act(path: &'static str, summary: &'static str, answer: &'static str, schema: Answered) -> Operation {
    Operation {
        method: "post",
        path,
        summary,
        answer,
        schema,
    }
}

impl Operation {
    fn acts(&self) -> bool {
        self.method == "post"
    }

    /// It goes on after the answer.
    fn takes_time(&self) -> bool {
        self.path.ends_with("/verify") || self.takes_tables()
    }

    fn takes_tables(&self) -> bool {
        self.path.ends_with("/{wish}")
    }
}

fn object(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({ "type": "object" })
}

fn text(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({ "type": "string" })
}

pub(super) const OPERATIONS: [Operation; 13] = [
    read("/openapi.json", "This document", "An OpenAPI document", object),
    read(
        "/databases",
        "The databases of this console",
        "Their names, and whether actions are allowed",
        reference::<DatabasesDocument>,
    ),
    read(
        "/databases/{database}/status",
        "Where the migration stands",
        "The document of `transhume status --json`",
        reference::<Status>,
    ),
    read(
        "/databases/{database}/tables",
        "Every table",
        "The document of `transhume status --tables --json`",
        reference::<TablesDocument<'_>>,
    ),
    read(
        "/databases/{database}/samples",
        "Figures of the last day, for curves",
        "Samples, the oldest first",
        reference::<SamplesDocument<'_>>,
    ),
    read(
        "/databases/{database}/story",
        "History and verifications",
        "Lines of both, the newest first",
        reference::<Story>,
    ),
    read(
        "/databases/{database}/events",
        "Server-sent events, one each time the status was read",
        "A stream of events",
        text,
    ),
    act(
        "/databases/{database}/pause",
        "Pause the full load",
        "Whether it was changed",
        reference::<Pausing>,
    ),
    act(
        "/databases/{database}/resume",
        "Resume the full load",
        "Whether it was changed",
        reference::<Pausing>,
    ),
    act(
        "/databases/{database}/check",
        "The checks of a cutover, now",
        "The document of `transhume cutover --check --json`",
        reference::<Gate>,
    ),
    read(
        "/databases/{database}/operations",
        "Work that the console was asked for",
        "What is under way, and what came of the last ones",
        reference::<OperationsDocument>,
    ),
    act(
        "/databases/{database}/verify",
        "Compare both sides, in the background",
        "It has begun: its result is in the status",
        reference::<OperationDocument>,
    ),
    act(
        "/databases/{database}/tables/{wish}",
        "Load tables anew, suspend or resume them, in the background",
        "It has begun: /operations tells what comes of it",
        reference::<OperationDocument>,
    ),
];

pub(super) async fn document() -> Json<Value> {
    Json(openapi())
}

fn openapi() -> Value {
    let mut generator = SchemaSettings::draft2020_12()
        .for_serialize()
        .with(|settings| settings.definitions_path = "/components/schemas".into())
        .into_generator();
    let refusal = Value::from(reference::<ErrorDocument>(&mut generator));
    let mut paths = Map::new();
    for operation in &OPERATIONS {
        let schema = Value::from((operation.schema)(&mut generator));
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method] = described(operation, &schema, &refusal);
        if operation.takes_tables() {
            let body = Value::from(generator.subschema_for::<WantedTables>());
            path["post"]["requestBody"] =
                json!({ "required": true, "content": { "application/json": { "schema": body } } });
        }
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
            "schemas": generator.take_definitions(true),
        },
    })
}

fn described(operation: &Operation, schema: &Value, refusal: &Value) -> Value {
    let kind = if operation.path.ends_with("/events") {
        "text/event-stream"
    } else {
        "application/json"
    };
    let refused = |description: &str| json!({ "description": description, "content": { "application/json": { "schema": refusal } } });
    let good = if operation.takes_time() { "202" } else { "200" };
    let mut answers = json!({
        good: { "description": operation.answer, "content": { kind: { "schema": schema } } },
        "405": refused("The path has no such method; Allow names those it has"),
        "421": refused("The host's name is not the console's"),
    });
    let mut described = json!({ "summary": operation.summary });
    if operation.path.contains("{database}") {
        let mut parameters = vec![json!({
            "name": "database", "in": "path", "required": true, "schema": { "type": "string" },
        })];
        if operation.takes_tables() {
            let wishes = json!({ "type": "string", "enum": ["reload", "suspend", "resume"] });
            parameters.push(json!({ "name": "wish", "in": "path", "required": true, "schema": wishes }));
            answers["413"] = refused("The body is too long");
        }
        answers["400"] = refused(if operation.takes_tables() {
            "The body names no tables, or the path is no UTF-8"
        } else {
            "The path is no UTF-8"
        });
        described["parameters"] = parameters.into();
        answers["404"] = refused(if operation.takes_tables() {
            "There is no such database, or no such action"
        } else {
            "There is no such database"
        });
        answers["409"] = refused("The migration's state forbids it");
        answers["502"] = refused("A server does not answer");
    }
    if operation.acts() {
        described["security"] = json!([{ "token": [] }]);
        answers["403"] = refused("Read-only, or the token is missing or wrong");
    }
    described["responses"] = answers;
    described
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
