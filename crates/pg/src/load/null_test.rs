//! Whether a value is NULL, as an expression.
//!
//! `x IS NULL` will not do: of a composite type it is true as well for a row whose fields are all NULL, and `x IS NOT NULL`
//! is false as soon as one of them is (PostgreSQL manual, "Comparison Functions and Operators"). The stream, COPY and the hash of
//! a row tell such rows from NULL, and so must whatever looks for them. The server makes the plain test of NULL from these
//! two forms, so they use an index as `IS NULL` does.

/// True for NULL alone.
pub(crate) fn is_null(value: &str) -> String {
    format!("{value} is not distinct from null")
}

/// True for every value, a row of NULLs too.
pub(crate) fn is_value(value: &str) -> String {
    format!("{value} is distinct from null")
}
