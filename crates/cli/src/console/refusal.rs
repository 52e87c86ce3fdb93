//! What is answered where nothing good can be: a document with message, detail and hint, without secrets.
//!
//! Invariant: no refusal leaves as bare text or empty, not even one of the HTTP library's own.

use axum::{
    Json,
    body::to_bytes,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::{
    failure::{Exit, Failure},
    show::{
        document::{ErrorDetail, ErrorDocument, printed},
        terminal::secret::redact,
    },
};

/// Bytes of the library's own words that are read: they are a sentence.
const LONGEST_WORDS: usize = 4096;

/// Turns what the HTTP library refused by itself (a method, a path that is no UTF-8, a body too long) into a document.
pub(super) async fn documented(answer: Response) -> Response {
    let (status, headers) = (answer.status(), answer.headers());
    if !status.is_client_error() || is_told(headers) {
        return answer;
    }
    let allowed = headers.get(header::ALLOW).cloned();
    let words = to_bytes(answer.into_body(), LONGEST_WORDS)
        .await
        .unwrap_or_default();
    let words = String::from_utf8_lossy(&words);
    let message = match words.trim() {
        "" => status.canonical_reason().unwrap_or("refused").to_lowercase(),
        words => words.to_owned(),
    };
    let mut refusal = Refusal::new(status, &message, "").into_response();
    if let Some(allowed) = allowed {
        refusal.headers_mut().insert(header::ALLOW, allowed);
    }
    refusal
}

/// A document or a page of our own.
fn is_told(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    kind.is_some_and(|kind| kind.starts_with(b"application/json") || kind.starts_with(b"text/html"))
}

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
        let error = ErrorDetail {
            message: self.message,
            detail: self.detail,
            hint: self.hint,
        };
        (self.status, Json(printed(&ErrorDocument { error }))).into_response()
    }
}
