//! The pages. Each is made whole on the server; while it is open its script asks for its middle again at every event.

pub(super) mod cutover;
pub(super) mod findings;
pub(super) mod history;
mod layout;
pub(super) mod overview;
mod request;
pub(super) mod tables;
pub(super) mod verification;
mod words;

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};

use super::Console;
use crate::tab::Tab;

/// Straight to the one database, or to the first of several: the others stand in every page's head.
pub(super) async fn home(State(console): State<Arc<Console>>) -> Response {
    let name = console.databases.first().map_or("", |database| &database.name);
    Redirect::to(&layout::path(Tab::Overview, name)).into_response()
}
