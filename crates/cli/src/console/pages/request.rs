//! What a browser asks for: a page of a database that this console shows.
//!
//! Invariant: the database is there; a path that names another is answered before any page is made.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, Path},
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use maud::Markup;
use transhume_engine::printable::escape_hidden;

use super::{
    super::{Console, refusal::Refusal},
    layout::{problem, whole},
};
use crate::{failure::Failure, tab::Tab, watched::Watched};

/// The page's script asks for the middle alone.
const MIDDLE_ONLY: &str = "x-transhume-part";

pub(in super::super) struct PageRequest {
    console: Arc<Console>,
    database: String,
    middle_only: bool,
}

impl FromRequestParts<Arc<Console>> for PageRequest {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, console: &Arc<Console>) -> Result<Self, Response> {
        let Path(database) = Path::<String>::from_request_parts(parts, console)
            .await
            .map_err(IntoResponse::into_response)?;
        if console.database(&database).is_none() {
            return Err(Refusal::unknown_database().into_response());
        }
        Ok(Self {
            console: Arc::clone(console),
            database,
            middle_only: parts.headers.contains_key(MIDDLE_ONLY),
        })
    }
}

impl PageRequest {
    pub(super) fn database(&self) -> &Watched {
        let database = self.console.database(&self.database);
        database.expect("invariant: it was looked up when the request came")
    }

    /// The page, or its middle where that was asked for; what kept it from being read stands in its place.
    pub(super) fn answer(&self, tab: Tab, middle: Result<Markup, Arc<Failure>>) -> Response {
        let middle = middle.unwrap_or_else(|failure| problem(&failure));
        let text = if self.middle_only {
            middle.into_string()
        } else {
            whole(&self.console, &self.database, tab, &middle).into_string()
        };
        // What names hide is shown: the page itself has nothing to hide.
        let text = escape_hidden(&text);
        let kind = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
        (StatusCode::OK, kind, text).into_response()
    }
}
