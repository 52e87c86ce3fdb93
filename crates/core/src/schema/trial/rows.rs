//! What it means that the target refuses rows of a table, or what is made of them.

use super::{
    Answer,
    finding::{NAMED, exclude},
};
use crate::{
    count::{counted, first_listed},
    finding::{Finding, Remedy},
    sqlstate,
};

/// Code of the findings about rows that the target refuses.
const CODE: &str = "rows-refused";

/// From here on objects that are refused for the same reason are one finding: it is mended once.
const TOGETHER: usize = 9;

/// What the target does not take, of rows of the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRows {
    pub object: String,
    pub answer: Answer,
    /// A load stops at such a table; indexes and views are told, and built later.
    pub holds_data: bool,
    /// The statements that give a search path to the functions at work.
    pub remedies: Vec<String>,
}

impl RefusedRows {
    /// Tried with a piece of the schema, a name may be missing that is in another one: a function's body says nothing of what
    /// it calls. A name without a schema that is looked for without a path is missing everywhere.
    pub fn is_for_want_of_other_pieces(&self) -> bool {
        sqlstate::is_missing_name(&self.answer.sqlstate)
            && (self.remedies.is_empty() || self.answer.message.contains('.'))
    }

    fn is_as(&self, other: &Self) -> bool {
        let reason = |one: &Self| (one.holds_data, one.answer.message.clone(), one.remedies.clone());
        reason(self) == reason(other)
    }
}

pub fn rows_refused(refused: &[RefusedRows]) -> Vec<Finding> {
    let mut groups: Vec<Vec<&RefusedRows>> = Vec::new();
    for one in refused {
        match groups.iter_mut().find(|group| group[0].is_as(one)) {
            Some(group) => group.push(one),
            None => groups.push(vec![one]),
        }
    }
    let of_group = |group: &Vec<&RefusedRows>| -> Vec<Finding> {
        if group.len() < TOGETHER {
            return group.iter().map(|one| told(one)).collect();
        }
        vec![told_together(group)]
    };
    groups.iter().flat_map(of_group).collect()
}

fn told(refused: &RefusedRows) -> Finding {
    let what = if refused.holds_data {
        "rows of it"
    } else {
        "to make it of rows of the source"
    };
    let object = &refused.object;
    let elsewhere = Remedy::from("; or leave it where it is: ").then(Remedy::run(exclude(object)));
    finding(refused, object, what, elsewhere)
}

fn told_together(group: &[&RefusedRows]) -> Finding {
    let names: Vec<String> = group.iter().map(|one| one.object.clone()).collect();
    let listed = first_listed(&names, NAMED);
    let what = if group[0].holds_data {
        format!("rows of {}, which are {listed}", counted(group.len(), "table"))
    } else {
        format!(
            "to make {} of rows of the source, which are {listed}",
            counted(group.len(), "object")
        )
    };
    finding(
        group[0],
        "",
        &what,
        Remedy::from("; or leave them where they are (--exclude)"),
    )
}

fn finding(refused: &RefusedRows, object: &str, what: &str, elsewhere: Remedy) -> Finding {
    let answer = &refused.answer;
    let message = format!(
        "the target refuses {what}: {} (SQLSTATE {})",
        answer.message, answer.sqlstate
    );
    let mend = mend(answer, &refused.remedies);
    if refused.holds_data {
        return Finding::blocker(CODE, object, message, mend.then(elsewhere));
    }
    let remedy =
        mend.then("; or leave it out (--leave-out); else the run continues without it, and tells it again before the cutover");
    Finding::warning(CODE, object, message, remedy)
}

/// A check that calls functions which may read other tables: in a trial those are empty, in a load they may be.
pub fn check_refused(answer: &Answer, object: &str) -> Finding {
    Finding::warning(
        CODE,
        object,
        format!(
            "a check refuses rows of it as long as other tables have none: {} (SQLSTATE {})",
            answer.message, answer.sqlstate
        ),
        "where the check reads other tables and a load stops here, start the run again: what is loaded stays; else mend the check \
         or the rows on the source",
    )
}

/// A restore finds no name without its schema, as pg_restore does not.
fn mend(answer: &Answer, remedies: &[String]) -> Remedy {
    if answer.sqlstate == sqlstate::INSUFFICIENT_PRIVILEGE {
        return "on the target, give its owner the right".into();
    }
    if !sqlstate::is_missing_name(&answer.sqlstate) {
        return "mend the function or the rows on the source".into();
    }
    if remedies.is_empty() {
        return "create on the target what is missing".into();
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

    fn refused(object: &str, holds_data: bool, sqlstate: &str) -> RefusedRows {
        RefusedRows {
            object: object.into(),
            answer: answer(sqlstate),
            holds_data,
            remedies: vec!["alter function s.g(integer) set search_path = s, public".into()],
        }
    }

    #[test]
    fn a_table_blocks_and_names_the_statement_that_helps() {
        let findings = rows_refused(&[
            refused("table s.t", true, "42883"),
            refused("materialized view s.m", false, "22012"),
        ]);
        assert_eq!(findings[0].severity, Severity::Blocker);
        assert_eq!(
            findings[0].remedy,
            "on the source, so that names without a schema are found on either side: alter function s.g(integer) set \
             search_path = s, public; or leave it where it is: --exclude s.t"
        );
        assert_eq!(findings[1].severity, Severity::Warning);
        assert!(
            findings[1].remedy.starts_with("mend the function"),
            "{findings:?}"
        );
    }

    #[test]
    fn many_tables_that_are_refused_for_one_reason_are_one_finding() {
        let tables: Vec<RefusedRows> = (0..500)
            .map(|number| refused(&format!("table s.t{number}"), true, "42883"))
            .collect();
        let findings = rows_refused(&tables);
        assert_eq!(findings.len(), 1);
        assert!(
            findings[0]
                .message
                .contains("rows of 500 tables, which are table s.t0,"),
            "{findings:?}"
        );
    }

    #[test]
    fn in_a_piece_only_a_name_without_a_schema_is_sure_to_be_missing() {
        let mut table = refused("table s.t", true, "42883");
        assert!(!table.is_for_want_of_other_pieces());
        table.answer.message = "function s.f(integer) does not exist".into();
        assert!(table.is_for_want_of_other_pieces());
        table.answer.message = "function f(integer) does not exist".into();
        table.remedies.clear();
        assert!(table.is_for_want_of_other_pieces());
        table.answer.sqlstate = "22012".into();
        assert!(!table.is_for_want_of_other_pieces());
    }
}
