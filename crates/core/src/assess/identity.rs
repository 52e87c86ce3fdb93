//! How each table identifies a row in the stream, and what is done where it cannot.
//!
//! Once a table is published, the source refuses UPDATE and DELETE on it unless it has a replica
//! identity. So that the application never fails because of us, such tables are set to replica
//! identity full before they are published, and set back at the end.

use super::observation::Observed;
use crate::{
    count::counted,
    finding::{Finding, Remedy},
    shell,
    table::{Generation, Persistence, Placement, ReplicaIdentity, Table},
};

/// What preparing does with the replica identity of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentityPlan {
    Keep,
    /// Set to full before the publication is made, set back at the end.
    SetFull {
        reason: &'static str,
    },
}

/// Can the changes of this table be published at all?
pub fn is_publishable(table: &Table) -> bool {
    table.holds_rows() && table.persistence == Persistence::Permanent
}

/// What to do with a publishable table.
pub fn plan(table: &Table) -> IdentityPlan {
    if !table.needs_full_identity() {
        return IdentityPlan::Keep;
    }
    let reason = match (table.replica_identity, table.deferrable_key) {
        _ if has_computed_identity(table) => {
            "a generated column is part of its key, and the stream does not carry it"
        }
        _ if is_only_ambiguous(table) => {
            "its rows are moved under the name of the partitioned table, in which its key may find another row"
        }
        (ReplicaIdentity::Nothing, _) => "its replica identity is set to nothing",
        (ReplicaIdentity::Index, _) => "the index of its replica identity is gone",
        (_, true) => "its primary key is deferrable, which cannot identify rows in the stream",
        (_, false) => "it has no primary key",
    };
    IdentityPlan::SetFull { reason }
}

fn is_only_ambiguous(table: &Table) -> bool {
    !table.identity_columns.is_empty() && matches!(table.placement, Placement::Partition { .. })
}

fn has_computed_identity(table: &Table) -> bool {
    table.columns.iter().any(|column| {
        column.generation == Generation::Computed && table.identity_columns.contains(&column.name)
    })
}

/// The first major version that looks at generated columns: published by their whole rows, tables that have any take no UPDATE or DELETE.
const REFUSES_UNPUBLISHED_SINCE: u32 = 18;

/// Published from a server of this major version with the identity that it has or needs, would the application's UPDATE and DELETE
/// of the table fail ("Replica identity must not contain unpublished generated columns")?
pub fn would_refuse_writers(table: &Table, major: u32) -> bool {
    let has_computed = table
        .columns
        .iter()
        .any(|column| column.generation == Generation::Computed);
    major >= REFUSES_UNPUBLISHED_SINCE
        && has_computed
        && (table.replica_identity == ReplicaIdentity::Full || table.needs_full_identity())
}

pub(super) fn check(observed: &Observed) -> Vec<Finding> {
    let source = observed.source.capabilities.server_version.major();
    let target = observed.target.capabilities.server_version.major();
    let published: Vec<&Table> = observed
        .selected_with_rows()
        .filter(|table| is_publishable(table))
        .collect();
    let mut findings = Vec::new();
    let mut counted_out = 0;
    for table in &published {
        if would_refuse_writers(table, source) {
            findings.push(refuses_writers(table));
        } else if would_refuse_writers(table, target) {
            findings.push(refuses_writers_later(table));
        }
        match plan(table) {
            IdentityPlan::SetFull { reason } => {
                counted_out += 1;
                findings.push(will_be_full(table, reason));
            }
            IdentityPlan::Keep if table.replica_identity == ReplicaIdentity::Full => {
                counted_out += 1;
                findings.push(is_full(table));
            }
            IdentityPlan::Keep => {}
        }
    }
    let keyed = published.len() - counted_out;
    findings.extend(Finding::or_pass(
        Vec::new(),
        "replica-identity",
        format!("{} identify their rows by a key", counted(keyed, "table")),
    ));
    findings
}

fn refuses_writers(table: &Table) -> Finding {
    Finding::blocker(
        "generated-column-identity",
        &table.name.plain(),
        "it has a generated column and no key that the stream could carry: published so, PostgreSQL 18 and later refuse UPDATE and DELETE",
        Remedy::from(format!(
            "give it a key of columns that are not generated (alter table {} add primary key (…)), or leave it out: ",
            table.name
        ))
        .then(Remedy::run(format!("--exclude {}", shell::word(&table.name.plain())))),
    )
}

fn refuses_writers_later(table: &Table) -> Finding {
    Finding::warning(
        "generated-column-fallback",
        &table.name.plain(),
        "it has a generated column and no key that the stream could carry: the target, of PostgreSQL 18 or later, would refuse UPDATE \
         and DELETE while it is published, so that a cutover with a fallback is refused",
        format!(
            "give it a key of columns that are not generated (alter table {} add primary key (…)) before the cutover, or cut over \
             with --without-fallback",
            table.name
        ),
    )
}

fn will_be_full(table: &Table, reason: &str) -> Finding {
    let code = if has_computed_identity(table) {
        "generated-identity"
    } else if table.deferrable_key && table.replica_identity == ReplicaIdentity::Default {
        "deferrable-identity"
    } else {
        "replica-identity"
    };
    Finding::warning(
        code,
        &table.name.plain(),
        format!(
            "{}: {reason}; it is set to replica identity full before it is published and set back at the end",
            table.name.plain()
        ),
        format!(
            "nothing needs doing; for faster changes give it a key first: alter table {} add primary key (…); \
             or: alter table {0} replica identity using index …;",
            table.name
        ),
    )
}

fn is_full(table: &Table) -> Finding {
    Finding::warning(
        "replica-identity",
        &table.name.plain(),
        format!(
            "{} has replica identity full: each changed row is looked up by all its values",
            table.name.plain()
        ),
        Remedy::from("nothing needs doing; if it has a primary key, this is faster: ").then(Remedy::run(
            format!("alter table {} replica identity default;", table.name),
        )),
    )
}

#[cfg(test)]
mod tests {
    use super::{
        super::fixture::{healthy, table},
        *,
    };
    use crate::finding::Severity;

    fn codes(table: Table) -> Vec<String> {
        let mut observed = healthy();
        observed.source.tables = vec![table];
        check(&observed)
            .into_iter()
            .filter(|finding| finding.severity == Severity::Warning)
            .map(|finding| finding.code)
            .collect()
    }

    #[test]
    fn a_table_with_a_key_is_kept_as_it_is() {
        assert_eq!(plan(&table("orders")), IdentityPlan::Keep);
        assert!(codes(table("orders")).is_empty());
    }

    #[test]
    fn a_table_without_identity_is_planned_to_be_full() {
        let keyless = Table {
            identity_columns: vec![],
            ..table("ledger")
        };
        assert!(
            matches!(plan(&keyless), IdentityPlan::SetFull { reason } if reason.contains("no primary key"))
        );
        assert_eq!(codes(keyless.clone()), ["replica-identity"]);
        let nothing = Table {
            replica_identity: ReplicaIdentity::Nothing,
            ..keyless
        };
        assert!(matches!(plan(&nothing), IdentityPlan::SetFull { reason } if reason.contains("nothing")));
    }

    #[test]
    fn a_deferrable_key_is_no_identity() {
        let deferrable = Table {
            identity_columns: vec![],
            deferrable_key: true,
            ..table("places")
        };
        assert_eq!(codes(deferrable), ["deferrable-identity"]);
    }

    #[test]
    fn whole_rows_with_generated_columns_are_not_published_from_18_on() {
        let mut keyless = table("ledger");
        keyless.identity_columns = vec![];
        keyless.columns[0].generation = Generation::Computed;
        assert!(!would_refuse_writers(&keyless, 17));
        assert!(would_refuse_writers(&keyless, 18));
        let full = Table {
            replica_identity: ReplicaIdentity::Full,
            ..keyless.clone()
        };
        assert!(would_refuse_writers(&full, 18));
        let mut keyed = table("orders");
        assert!(!would_refuse_writers(&keyed, 18));
        keyed.columns.push(keyless.columns[0].clone());
        keyed.columns.last_mut().expect("it was just pushed").name = "total".to_owned();
        assert!(!would_refuse_writers(&keyed, 18));
    }

    #[test]
    fn a_generated_column_in_the_key_is_no_identity() {
        let mut generated = table("invoices");
        generated.columns[0].generation = Generation::Computed;
        assert_eq!(codes(generated), ["generated-identity"]);
    }

    #[test]
    fn full_identity_is_kept_and_told() {
        let full = Table {
            replica_identity: ReplicaIdentity::Full,
            ..table("notes")
        };
        assert_eq!(plan(&full), IdentityPlan::Keep);
        assert_eq!(codes(full), ["replica-identity"]);
    }

    #[test]
    fn unlogged_tables_are_not_published() {
        let unlogged = Table {
            persistence: Persistence::Unlogged,
            identity_columns: vec![],
            ..table("scratch")
        };
        assert!(codes(unlogged).is_empty());
    }
}
