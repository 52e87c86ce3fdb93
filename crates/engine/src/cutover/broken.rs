//! How an attempt at a cutover is broken off.

use crate::error::EngineError;

/// Why an attempt did not come to its end.
pub(super) struct Broken {
    pub(super) error: EngineError,
    /// Both sides are as before.
    pub(super) is_undone: bool,
}

impl From<EngineError> for Broken {
    fn from(error: EngineError) -> Self {
        Self {
            error,
            is_undone: true,
        }
    }
}

impl Broken {
    pub(super) fn left(error: EngineError) -> Self {
        Self {
            error,
            is_undone: false,
        }
    }
}
