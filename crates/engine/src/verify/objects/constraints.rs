//! What nothing has checked on the target: foreign keys that are not validated, deferrable constraints,
//! which are not checked while changes are applied as a replica, and tables that nobody analysed.

use std::collections::{BTreeMap, HashSet};

use transhume_core::{
    count::counted,
    finding::{Finding, Remedy},
    verify::objects::{Object, ObjectKind, for_people},
};
use transhume_pg::{
    connection::session::Session,
    verify::objects::{self, Doubtful},
};
use transhume_wire::ident::quote_identifier;

use super::{ObjectComparison, ObjectVerifier};
use crate::error::{Doing, Result};

pub(super) async fn check(
    verifier: &ObjectVerifier<'_>,
    target: &Session,
    unvalidated: &HashSet<String>,
    comparison: &mut ObjectComparison,
) -> Result<()> {
    objects::begin(target).await.doing("reading the target")?;
    let doubtful = objects::doubtful_constraints(target, verifier.all_constraints)
        .await
        .doing("looking for constraints to check")?;
    // Each check is a transaction of its own: no table stays locked, and none is read for longer than need be.
    objects::roll_back(target).await.doing("reading the target")?;
    let selected = doubtful
        .iter()
        .filter(|constraint| verifier.selector.selects(&constraint.table));
    let mut checked = BTreeMap::new();
    for constraint in selected {
        let table = constraint.table.plain();
        let count = objects::count_against(target, constraint)
            .await
            .doing(format!("checking {} of {table}", constraint.constraint))?;
        match count {
            None => comparison.not_compared.push(cannot_be_asked(constraint)),
            Some(0) => *checked.entry("constraint checked against its rows").or_insert(0) += 1,
            Some(count) => {
                // That it is not validated follows.
                let difference = format!("foreign key {}", shown(constraint));
                comparison.findings.retain(|finding| finding.object != difference);
                let as_source = unvalidated.contains(&shown(constraint));
                comparison.findings.push(if as_source {
                    broken_on_both(constraint, count)
                } else {
                    broken(constraint, count)
                });
            }
        }
    }
    for (kind, count) in checked {
        comparison.compared.insert(kind.to_owned(), count);
    }
    let unanalysed = objects::without_statistics(target)
        .await
        .doing("looking for statistics")?;
    let selected = unanalysed
        .into_iter()
        .filter(|table| verifier.selector.selects(table));
    comparison.findings.extend(selected.map(|table| {
        Finding::warning(
            "no-statistics",
            &format!("table {}", table.plain()),
            "the target has no statistics of it: queries may be planned badly",
            Remedy::run(format!("ANALYZE {table}")),
        )
    }));
    Ok(())
}

/// Foreign keys that the source never validated, as people call them: their rows may be without a counterpart there too.
pub(super) fn unvalidated(source: &[Object]) -> HashSet<String> {
    source
        .iter()
        .filter(|object| object.kind == ObjectKind::ForeignKey && object.traits().contains_key("validated"))
        .map(|key| for_people(&key.name))
        .collect()
}

/// `name on schema.table`, as the objects are called.
fn shown(constraint: &Doubtful) -> String {
    let name = quote_identifier(&constraint.constraint);
    for_people(&format!("{name} on {}", constraint.table))
}

fn many(count: i64, noun: &str) -> String {
    match count {
        more if more > objects::MOST_COUNTED => format!("more than {}", counted(objects::MOST_COUNTED, noun)),
        count => counted(count, noun),
    }
}

fn validate(constraint: &Doubtful) -> Remedy {
    Remedy::run(format!(
        "ALTER TABLE {} VALIDATE CONSTRAINT {}",
        constraint.table,
        quote_identifier(&constraint.constraint)
    ))
}

/// It is NOT VALID on the source as well.
fn broken_on_both(constraint: &Doubtful, count: i64) -> Finding {
    Finding::warning(
        "broken-foreign-key",
        &format!("constraint {}", shown(constraint)),
        format!(
            "{} without a counterpart, under a key that the source has never validated either",
            many(count, "row")
        ),
        Remedy::from("mend them on both sides where they are wrong, then ").then(validate(constraint)),
    )
}

fn broken(constraint: &Doubtful, count: i64) -> Finding {
    let object = format!("constraint {}", shown(constraint));
    if constraint.is_foreign_key {
        Finding::blocker(
            "broken-foreign-key",
            &object,
            format!("{} without a counterpart", many(count, "row")),
            Remedy::from("find out why they are there, mend them, then ").then(validate(constraint)),
        )
    } else {
        Finding::blocker(
            "broken-unique-constraint",
            &object,
            format!("{} with more than one row", many(count, "key")),
            "compare the rows of this table, and mend those that are there twice",
        )
    }
}

fn cannot_be_asked(constraint: &Doubtful) -> Finding {
    Finding::warning(
        "not-compared",
        &format!("constraint {}", shown(constraint)),
        "whether its rows obey it was not checked: it is on expressions, some rows or periods only",
        "REINDEX its index on the target, which fails where rows do not obey",
    )
}
