//! What it means that the target refuses rows of a table, or what is made of them.

use super::{Answer, finding::exclude};
use crate::{
    finding::{Finding, Remedy},
    sqlstate,
};

/// Code of the findings about rows that the target refuses.
const CODE: &str = "rows-refused";

/// `remedies`: the statements that give a search path to the functions at work. A load stops at a table that `holds_data`;
/// indexes and views are told, and built later.
pub fn rows_refused(answer: &Answer, object: &str, holds_data: bool, remedies: &[String]) -> Finding {
    let message = format!(
        "the target refuses {}: {} (SQLSTATE {})",
        if holds_data {
            "rows of it"
        } else {
            "to make it of rows of the source"
        },
        answer.message,
        answer.sqlstate
    );
    let mend = mend(answer, remedies);
    if !holds_data {
        let remedy = mend.then("; else the run continues without it, and tells it again before the cutover");
        return Finding::warning(CODE, object, message, remedy);
    }
    let remedy = mend
        .then("; or leave it where it is: ")
        .then(Remedy::run(exclude(object)));
    Finding::blocker(CODE, object, message, remedy)
}

/// A restore finds no name without its schema, as pg_restore does not.
fn mend(answer: &Answer, remedies: &[String]) -> Remedy {
    let is_missing_name = [
        sqlstate::UNDEFINED_FUNCTION,
        sqlstate::UNDEFINED_TABLE,
        sqlstate::UNDEFINED_OBJECT,
        sqlstate::INVALID_SCHEMA_NAME,
    ]
    .contains(&answer.sqlstate.as_str());
    if !is_missing_name || remedies.is_empty() {
        return "mend the function or the rows on the source".into();
    }
    Remedy::from("on the source, so that names without a schema are found on either side: ")
        .then(Remedy::run(remedies.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;

    fn answer(sqlstate: &str) -> Answer {
        Answer {
            sqlstate: sqlstate.into(),
            message: "function f(integer) does not exist".into(),
            detail: None,
            hint: None,
            is_for_rows: true,
        }
    }

    #[test]
    fn a_table_blocks_and_names_the_statement_that_helps() {
        let remedies = ["alter function s.g(integer) set search_path = s, public".to_owned()];
        let table = rows_refused(&answer("42883"), "table s.t", true, &remedies);
        assert_eq!(table.severity, Severity::Blocker);
        assert_eq!(
            table.remedy,
            "on the source, so that names without a schema are found on either side: alter function s.g(integer) set \
             search_path = s, public; or leave it where it is: --exclude s.t"
        );
        let view = rows_refused(&answer("22012"), "materialized view s.m", false, &remedies);
        assert_eq!(view.severity, Severity::Warning);
        assert!(view.remedy.starts_with("mend the function"), "{view:?}");
    }
}
