//! The same for programs: every page's data as JSON, actions by POST, metrics, readiness.
//!
//! Whatever goes wrong is JSON too: `{"error": {"message", "detail", "hint"}}`.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::future::join_all;
use serde::Serialize;
use serde_json::{Value, json};

use super::{Console, watched::Watched};
use crate::{
    failure::{Exit, Failure},
    show::{
        metrics::{self, Read},
        terminal::secret::redact,
    },
};

type Shared = State<Arc<Console>>;
type Answer = Result<Json<Value>, Refusal>;

/// An answer that is none.
pub(super) struct Refusal {
    status: StatusCode,
    message: String,
    detail: String,
    hint: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, message: &str, hint: &str) -> Self {
        Self {
            status,
            message: message.to_owned(),
            detail: String::new(),
            hint: hint.to_owned(),
        }
    }

    pub(super) fn forbidden(message: &str, hint: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, message, hint)
    }

    pub(super) fn unknown_database() -> Self {
        Self::new(StatusCode::NOT_FOUND, "this console has no such database", "")
    }
}

/// What the engine refused is the migration's state; everything else is a server's.
impl From<&Failure> for Refusal {
    fn from(failure: &Failure) -> Self {
        let status = match failure.exit {
            Exit::OperatorMustAct => StatusCode::CONFLICT,
            _ => StatusCode::BAD_GATEWAY,
        };
        Self {
            status,
            message: redact(&failure.message),
            detail: redact(failure.detail.as_deref().unwrap_or_default()),
            hint: redact(failure.hint.as_deref().unwrap_or_default()),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (message, detail, hint) = (self.message, self.detail, self.hint);
        let body = json!({ "error": { "message": message, "detail": detail, "hint": hint } });
        (self.status, Json(body)).into_response()
    }
}

pub(super) async fn databases(State(console): Shared) -> Json<Value> {
    let names = console.databases.iter().map(|database| &database.name);
    Json(json!({
        "version": transhume_engine::status::VERSION,
        "program": env!("CARGO_PKG_VERSION"),
        "allows_actions": console.access.allows_actions(),
        "databases": names.collect::<Vec<_>>(),
    }))
}

fn found<'a>(console: &'a Console, name: &str) -> Result<&'a Watched, Refusal> {
    console.database(name).ok_or_else(Refusal::unknown_database)
}

fn told<T: Serialize>(value: &Result<Arc<T>, Arc<Failure>>, name: &str) -> Answer {
    let value = value.as_ref().map_err(|failure| Refusal::from(&**failure))?;
    let value = document(&**value)?;
    Ok(Json(match name {
        "" => value,
        name => json!({ "version": transhume_engine::status::VERSION, name: value }),
    }))
}

fn document(value: &impl Serialize) -> Result<Value, Refusal> {
    serde_json::to_value(value).map_err(|error| {
        Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            &error.to_string(),
            "report this",
        )
    })
}

pub(super) async fn status(State(console): Shared, Path(name): Path<String>) -> Answer {
    told(&found(&console, &name)?.status().await, "")
}

pub(super) async fn tables(State(console): Shared, Path(name): Path<String>) -> Answer {
    told(&found(&console, &name)?.tables().await, "tables")
}

pub(super) async fn samples(State(console): Shared, Path(name): Path<String>) -> Answer {
    told(&found(&console, &name)?.samples().await, "samples")
}

pub(super) async fn story(State(console): Shared, Path(name): Path<String>) -> Answer {
    told(&found(&console, &name)?.story().await, "")
}

pub(super) async fn pause(State(console): Shared, Path(name): Path<String>, headers: HeaderMap) -> Answer {
    console.access.may_act(&headers)?;
    acted(found(&console, &name)?.pause().await)
}

pub(super) async fn resume(State(console): Shared, Path(name): Path<String>, headers: HeaderMap) -> Answer {
    console.access.may_act(&headers)?;
    acted(found(&console, &name)?.resume().await)
}

pub(super) async fn check(State(console): Shared, Path(name): Path<String>, headers: HeaderMap) -> Answer {
    console.access.may_act(&headers)?;
    acted(found(&console, &name)?.check().await)
}

fn acted<T: Serialize>(done: crate::failure::Result<T>) -> Answer {
    let done = done.map_err(|failure| Refusal::from(&failure))?;
    document(&done).map(Json)
}

pub(super) async fn metrics(State(console): Shared) -> impl IntoResponse {
    let statuses = join_all(console.databases.iter().map(Watched::status)).await;
    let reads: Vec<Read<'_>> = console
        .databases
        .iter()
        .zip(&statuses)
        .map(|(database, status)| Read {
            database: &database.name,
            status: status.as_deref().ok(),
        })
        .collect();
    let text = metrics::exposition(&reads);
    ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], text)
}

/// Ready is who can read the state of every database.
pub(super) async fn ready(State(console): Shared) -> (StatusCode, &'static str) {
    let statuses = join_all(console.databases.iter().map(Watched::status)).await;
    if statuses.iter().all(Result::is_ok) {
        (StatusCode::OK, "ready\n")
    } else {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "the state of a database cannot be read\n",
        )
    }
}
