//! The selection of a migration as something to ask, and in one wording what is wrong with it.

use transhume_core::selection::{BadPattern, Selector};

pub use transhume_core::selection::{Selection, check_left_out};

use crate::error::{EngineError, Result};

pub(crate) fn selector(selection: &Selection) -> Result<Selector> {
    selection.selector().map_err(|error| bad_pattern(&error))
}

pub(crate) fn bad_pattern(error: &BadPattern) -> EngineError {
    EngineError::refused(
        error.to_string(),
        "a pattern is schema or schema.table, where * and ? stand for any letters",
    )
}
