//! The same for programs: every page's data as JSON, actions by POST, metrics, readiness.
//!
//! Whatever goes wrong is a document too.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::future::join_all;
use transhume_engine::tables::Wish;

use super::{
    Console,
    operations::{Ledger, RequestedWork},
    refusal::Refusal,
};
use crate::{
    failure::Failure,
    show::{
        document::{DatabasesDocument, Document, SamplesDocument, TablesDocument, WantedTables, printed},
        metrics::{self, Read},
    },
    watched::Watched,
};

type Shared = State<Arc<Console>>;
type Answer = Result<Response, Refusal>;

pub(super) async fn databases(State(console): Shared) -> Response {
    let names = console.databases.iter().map(|database| database.name.clone());
    told(&DatabasesDocument {
        program: env!("CARGO_PKG_VERSION"),
        allows_actions: console.access.allows_actions(),
        databases: names.collect(),
    })
}

fn found<'a>(console: &'a Console, name: &str) -> Result<&'a Watched, Refusal> {
    console.database(name).ok_or_else(Refusal::unknown_database)
}

fn told(document: &impl Document) -> Response {
    Json(printed(document)).into_response()
}

/// What was read, or why it could not be.
fn read<T>(value: Result<Arc<T>, Arc<Failure>>) -> Result<Arc<T>, Refusal> {
    value.map_err(|failure| Refusal::from(&*failure))
}

pub(super) async fn status(State(console): Shared, Path(name): Path<String>) -> Answer {
    let status = read(found(&console, &name)?.status().await)?;
    Ok(told(&*status))
}

pub(super) async fn tables(State(console): Shared, Path(name): Path<String>) -> Answer {
    let tables = read(found(&console, &name)?.tables().await)?;
    Ok(told(&TablesDocument { tables: &tables }))
}

pub(super) async fn samples(State(console): Shared, Path(name): Path<String>) -> Answer {
    let samples = read(found(&console, &name)?.samples().await)?;
    Ok(told(&SamplesDocument { samples: &samples }))
}

pub(super) async fn story(State(console): Shared, Path(name): Path<String>) -> Answer {
    let story = read(found(&console, &name)?.story().await)?;
    Ok(told(&*story))
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

pub(super) async fn operations(State(console): Shared, Path(name): Path<String>) -> Answer {
    Ok(told(&ledger(&console, &name)?.told()))
}

pub(super) async fn verify(State(console): Shared, Path(name): Path<String>, headers: HeaderMap) -> Answer {
    console.access.may_act(&headers)?;
    let options = Box::new(found(&console, &name)?.verification());
    begun(&console, &name, RequestedWork::Verify(options))
}

/// Which tables is in the body.
pub(super) async fn change_tables(
    State(console): Shared,
    Path((name, wish)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    console.access.may_act(&headers)?;
    let wish = match wish.as_str() {
        "reload" => Wish::Reload,
        "suspend" => Wish::Suspend,
        "resume" => Wish::Resume,
        _ => return Err(Refusal::new(StatusCode::NOT_FOUND, "there is no such action", "")),
    };
    ledger(&console, &name)?;
    let bad = |message: &str| Refusal::new(StatusCode::BAD_REQUEST, message, WANTED);
    let wanted: WantedTables =
        serde_json::from_slice(&body).map_err(|error| bad(&format!("the body cannot be read: {error}")))?;
    if wanted.tables.is_empty() {
        return Err(bad("the body names no table"));
    }
    begun(&console, &name, RequestedWork::Tables(wish, wanted.tables))
}

const WANTED: &str = "send {\"tables\": [\"public.orders\"]}";

fn ledger<'a>(console: &'a Console, name: &str) -> Result<&'a Ledger, Refusal> {
    console.operations.get(name).ok_or_else(Refusal::unknown_database)
}

/// It goes on in the background.
fn begun(console: &Console, name: &str, work: RequestedWork) -> Answer {
    let endpoints = found(console, name)?.both();
    let endpoints = endpoints.map_err(|failure| Refusal::from(&failure))?;
    let operation = ledger(console, name)?.begin(work, endpoints, console.cancellation.clone())?;
    Ok((StatusCode::ACCEPTED, told(&operation)).into_response())
}

fn acted<T: Document>(done: crate::failure::Result<T>) -> Answer {
    let done = done.map_err(|failure| Refusal::from(&failure))?;
    Ok(told(&done))
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
