//! What is answered where nothing good can be: a document with message, detail and hint, without secrets.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};

use crate::{
    failure::{Exit, Failure},
    show::{
        document::{ErrorDetail, ErrorDocument, printed},
        terminal::secret::redact,
    },
};

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
