//! Indexes that the old server used and the new one does not, while it reads their tables from end to end.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use transhume_wire::ident::QualifiedName;

use crate::{
    count::counted,
    finding::{Finding, Remedy},
};

/// So often an index is not used by chance.
const LEAST_SCANS: i64 = 50;
/// Rows for each scan of the table: a smaller one is read from end to end with good reason.
const LEAST_ROWS: i64 = 1000;

/// What a server counted of an index and its table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexUse {
    pub table: QualifiedName,
    pub index: String,
    pub scans: i64,
    /// Of the table from end to end.
    pub table_scans: i64,
    /// In all of them.
    pub rows_read: i64,
}

/// Plans that lost an index.
pub fn unused(before: &[IndexUse], after: &[IndexUse]) -> Vec<Finding> {
    let there: HashMap<(&QualifiedName, &str), &IndexUse> = after
        .iter()
        .map(|one| ((&one.table, one.index.as_str()), one))
        .collect();
    let findings = before
        .iter()
        .filter(|old| old.scans >= LEAST_SCANS)
        .filter_map(|old| {
            let new = there.get(&(&old.table, old.index.as_str()))?;
            (new.scans == 0 && new.table_scans > 0 && new.rows_read / new.table_scans >= LEAST_ROWS)
                .then(|| finding(old, new))
        })
        .collect();
    Finding::or_pass(
        findings,
        "index-unused",
        "every index that the source used often is used, or its table is not read",
    )
}

fn finding(old: &IndexUse, new: &IndexUse) -> Finding {
    Finding::warning(
        "index-unused",
        &format!("{} on {}", old.index, old.table.plain()),
        format!(
            "the source used it {}; the target never did, and read its table from end to end {}, {} each",
            counted(old.scans, "time"),
            counted(new.table_scans, "time"),
            counted(new.rows_read / new.table_scans.max(1), "row")
        ),
        Remedy::on_target(format!("analyze {};", old.table)).then(
            " then look at the plan of what reads it, at random_page_cost and effective_cache_size, and at the collation where it orders \
             text",
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;

    fn used(scans: i64, table_scans: i64, rows_read: i64) -> IndexUse {
        IndexUse {
            table: QualifiedName::new("shop", "orders"),
            index: "orders_at".into(),
            scans,
            table_scans,
            rows_read,
        }
    }

    #[test]
    fn an_index_is_missed_where_the_table_is_read_instead() {
        let found = |before, after| unused(&[before], &[after])[0].severity;
        assert_eq!(found(used(500, 0, 0), used(0, 3, 90_000)), Severity::Warning);
        assert_eq!(
            found(used(500, 0, 0), used(0, 0, 0)),
            Severity::Pass,
            "nobody read it"
        );
        assert_eq!(
            found(used(500, 0, 0), used(0, 3, 30)),
            Severity::Pass,
            "it is small"
        );
        assert_eq!(
            found(used(3, 0, 0), used(0, 3, 90_000)),
            Severity::Pass,
            "it was hardly used"
        );
        assert_eq!(found(used(500, 0, 0), used(1, 3, 90_000)), Severity::Pass);
    }
}
