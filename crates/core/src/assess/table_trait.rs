//! Traits of tables that a migration treats in a way of its own.

use transhume_wire::ident::{QualifiedName, quote_identifier};

use super::observation::{Observed, WideRows};
use crate::{
    count::{counted, listed},
    finding::{Finding, Remedy},
    shell,
    table::{Persistence, TableKind},
};

pub(super) fn check(observed: &Observed) -> Vec<Finding> {
    [
        unlogged(observed),
        inheritance(observed),
        nullable_children(observed),
        unenforced_keys(observed),
        name_columns(observed),
        firing_triggers(observed),
        foreign_tables(observed),
        materialized_views(observed),
        wide_rows(observed),
    ]
    .concat()
}

fn unlogged(observed: &Observed) -> Vec<Finding> {
    let findings = observed
        .selected_with_rows()
        .filter(|table| table.persistence == Persistence::Unlogged)
        .map(|table| {
            Finding::warning(
                "unlogged-tables",
                &table.name.plain(),
                format!(
                    "{} is unlogged: its rows are copied once, later changes are not in the WAL",
                    table.name.plain()
                ),
                Remedy::run(format!("alter table {} set logged;", table.name))
                    .then(" or exclude it from the selection, or fill it again after the cutover"),
            )
        })
        .collect();
    Finding::or_pass(findings, "unlogged-tables", "no selected table is unlogged")
}

fn inheritance(observed: &Observed) -> Vec<Finding> {
    let children = observed
        .source
        .inheritance_children
        .iter()
        .filter(|name| observed.selects(name))
        .count();
    // Each table of the tree is loaded and published by itself (ONLY), so nothing is doubled.
    vec![Finding::pass(
        "inheritance",
        format!(
            "{} by inheritance, each moved by itself",
            counted(children, "child table")
        ),
    )]
}

/// pg_dump cannot say it of servers before 18, so that the target's column takes no NULL.
fn nullable_children(observed: &Observed) -> Vec<Finding> {
    let findings = observed
        .source
        .nullable_children
        .iter()
        .filter(|column| observed.selects(&column.table))
        .map(|column| {
            let (table, name) = (&column.table, quote_identifier(&column.column));
            Finding::warning(
                "inherited-not-null",
                &format!("{}.{}", table.plain(), column.column),
                "it takes NULL although the table that it inherits from does not; the target's will not, and rows with a NULL \
                 cannot be loaded",
                Remedy::from("on the source, if no row has a NULL there: ")
                    .then(Remedy::run(format!("alter table only {table} alter column {name} set not null;")))
                    .then(" else on a target before version 18, once the schema is restored: ")
                    .then(Remedy::run(format!("alter table {table} alter column {name} drop not null"))),
            )
        })
        .collect();
    Finding::or_pass(
        findings,
        "inherited-not-null",
        "no selected column takes NULL where its parent does not",
    )
}

/// Copied in binary they have any size; the stream has only their text.
fn wide_rows(observed: &Observed) -> Vec<Finding> {
    let WideRows { found, unseen } = &observed.source.wide_rows;
    let findings = found
        .iter()
        .filter(|row| observed.selects(&row.table))
        .map(|row| {
            let table = row.table.plain();
            Finding::warning(
                "wide-rows",
                &table,
                format!(
                    "a {}: it is copied, but the stream ends at the first change that writes such a row",
                    row.words()
                ),
                Remedy::from("see that no such row is written until the cutover, or leave the table out and copy it then: ")
                    .then(Remedy::run(format!("transhume run --exclude {}", shell::word(&table)))),
            )
        })
        .collect();
    let unseen = unseen
        .iter()
        .filter(|table| observed.selects(table))
        .map(QualifiedName::plain);
    let unseen: Vec<String> = unseen.collect();
    let message = if unseen.is_empty() {
        "no selected table holds a row that is too wide to be printed".to_owned()
    } else {
        format!(
            "not looked through for rows that are too wide to be printed: {}",
            listed(unseen)
        )
    };
    Finding::or_pass(findings, "wide-rows", message)
}

/// The source keeps the mark of a key whose triggers are disabled; the target checks every row when it makes the key.
fn unenforced_keys(observed: &Observed) -> Vec<Finding> {
    let keys = observed.source.unenforced_keys.iter();
    let findings = keys
        .filter(|key| observed.selects(&key.table))
        .map(|key| {
            Finding::warning(
                "foreign-keys-off",
                &format!("{}.{}", key.table.plain(), key.name),
                "its triggers are disabled on the source: where a row has no parent, the target cannot make the key; the run \
                 continues without it and tells it again before the cutover",
                Remedy::from("look for rows without a parent on the source: ").then(Remedy::run(&key.orphans)),
            )
        })
        .collect();
    Finding::or_pass(
        findings,
        "foreign-keys-off",
        "every foreign key that is marked as valid holds for what the application writes",
    )
}

fn name_columns(observed: &Observed) -> Vec<Finding> {
    let findings = observed
        .source
        .name_columns
        .iter()
        .filter(|column| observed.selects(&column.table))
        .map(|column| {
            Finding::warning(
                "name-columns",
                &format!("{}.{}", column.table.plain(), column.column),
                format!(
                    "values of type {} name objects or roles: they travel as text and must exist on the target first",
                    column.type_name
                ),
                "create the named roles on the target; objects outside the selection must be there already",
            )
        })
        .collect();
    Finding::or_pass(
        findings,
        "name-columns",
        "no selected column holds names of objects or roles",
    )
}

fn firing_triggers(observed: &Observed) -> Vec<Finding> {
    let findings = observed
        .source
        .triggers
        .iter()
        .filter(|trigger| observed.selects(&trigger.table))
        .map(|trigger| {
            Finding::warning(
                "firing-triggers",
                &format!("{}.{}", trigger.table.plain(), trigger.name),
                format!(
                    "the trigger is enabled {}: it fires on the target for every applied change, besides its effects \
                     that arrive in the stream",
                    trigger.mode
                ),
                Remedy::from("unless this is meant: ")
                    .then(Remedy::run(format!(
                        "alter table {} enable trigger {};",
                        trigger.table,
                        quote_identifier(&trigger.name)
                    )))
                    .then(" on the source before the migration"),
            )
        })
        .collect();
    Finding::or_pass(
        findings,
        "firing-triggers",
        "no trigger fires for applied changes",
    )
}

fn of_kind(observed: &Observed, kind: TableKind) -> Vec<String> {
    observed
        .selected()
        .filter(|table| table.kind == kind)
        .map(|table| table.name.plain())
        .collect()
}

fn foreign_tables(observed: &Observed) -> Vec<Finding> {
    let tables = of_kind(observed, TableKind::Foreign);
    if tables.is_empty() {
        return vec![Finding::pass("foreign-tables", "no foreign table is selected")];
    }
    vec![Finding::warning(
        "foreign-tables",
        "",
        format!(
            "{} come as definitions without rows: {}",
            counted(tables.len(), "foreign table"),
            listed(&tables)
        ),
        "check that the target reaches the foreign servers, and give it their user mappings: create user mapping for … \
         server … options (…);",
    )]
}

fn materialized_views(observed: &Observed) -> Vec<Finding> {
    let views = observed.source.materialized_views.iter();
    let (filled, empty): (Vec<_>, Vec<_>) = views
        .filter(|view| observed.selects(&view.name))
        .partition(|view| view.populated);
    let mut findings = Vec::new();
    if !empty.is_empty() {
        let empty: Vec<String> = empty.iter().map(|view| view.name.plain()).collect();
        findings.push(Finding::warning(
            "materialized-views",
            "",
            format!(
                "materialized views that were never filled stay so on the target: {}",
                listed(&empty)
            ),
            "if they should have rows: refresh materialized view …; on the source",
        ));
    }
    let hidden: Vec<&QualifiedName> = filled
        .iter()
        .filter(|view| !view.readable)
        .map(|view| &view.name)
        .collect();
    findings.extend(hidden_views(&hidden, &observed.source.capabilities.role));
    let count = of_kind(observed, TableKind::MaterializedView).len();
    Finding::or_pass(
        findings,
        "materialized-views",
        format!("{} to refresh on the target", counted(count, "materialized view")),
    )
}

fn hidden_views(views: &[&QualifiedName], role: &str) -> Option<Finding> {
    let names: Vec<String> = views.iter().map(ToString::to_string).collect();
    let plain: Vec<String> = views.iter().map(|view| view.plain()).collect();
    let grant = format!(
        "grant select on {} to {};",
        names.join(", "),
        quote_identifier(role)
    );
    (!views.is_empty()).then(|| {
        Finding::warning(
            "materialized-views",
            "",
            format!(
                "{role} may not read them on the source, so that their rows are not compared: {}",
                listed(&plain)
            ),
            Remedy::run(grant),
        )
    })
}

#[cfg(test)]
mod tests {
    use transhume_wire::ident::QualifiedName;

    use super::{
        super::{
            fixture::{healthy, table},
            observation::{FiringTrigger, MaterializedView, NameColumn, WideRow},
        },
        *,
    };
    use crate::{finding::Severity, selection::Selection, table::Table};

    fn name() -> QualifiedName {
        QualifiedName::new("shop", "orders")
    }

    #[test]
    fn unlogged_tables_are_told_unless_they_are_excluded() {
        let mut observed = healthy();
        observed.source.tables.push(Table {
            persistence: Persistence::Unlogged,
            ..table("scratch")
        });
        assert_eq!(unlogged(&observed)[0].object, "shop.scratch");
        let selection = Selection {
            exclude: vec!["shop.scratch".into()],
            ..Selection::default()
        };
        observed.selector = selection.selector().unwrap();
        assert_eq!(unlogged(&observed)[0].severity, Severity::Pass);
    }

    #[test]
    fn columns_and_triggers_of_special_kinds_are_told() {
        let mut observed = healthy();
        observed.source.name_columns = vec![NameColumn {
            table: name(),
            column: "kind".into(),
            type_name: "regclass".into(),
        }];
        observed.source.triggers = vec![FiringTrigger {
            table: name(),
            name: "audit".into(),
            mode: "ALWAYS".into(),
        }];
        assert_eq!(name_columns(&observed)[0].object, "shop.orders.kind");
        assert!(firing_triggers(&observed)[0].message.contains("ALWAYS"));
    }

    #[test]
    fn a_row_that_no_server_can_print_is_told_with_its_table() {
        let mut observed = healthy();
        assert_eq!(wide_rows(&observed)[0].severity, Severity::Pass);
        observed.source.wide_rows.unseen = vec![name()];
        assert!(wide_rows(&observed)[0].message.contains("not looked through"));
        observed.source.wide_rows.found = vec![WideRow {
            table: name(),
            bytes: 1_258_291_203,
        }];
        let found = &wide_rows(&observed)[0];
        assert_eq!(
            (found.severity, found.object.as_str()),
            (Severity::Warning, "shop.orders")
        );
        assert!(found.message.contains("1.17 GB as text"), "{}", found.message);
        let selection = Selection {
            exclude: vec!["shop.orders".into()],
            ..Selection::default()
        };
        observed.selector = selection.selector().unwrap();
        assert_eq!(wide_rows(&observed)[0].severity, Severity::Pass);
    }

    #[test]
    fn foreign_tables_and_empty_views_are_told() {
        let mut observed = healthy();
        observed.source.tables.push(Table {
            kind: TableKind::Foreign,
            ..table("remote")
        });
        let view = |name: &str, populated: bool| MaterializedView {
            oid: 1,
            name: QualifiedName::new("shop", name),
            populated,
            readable: false,
            depth: 0,
        };
        observed.source.materialized_views = vec![view("drafts", false), view("totals", true)];
        assert!(foreign_tables(&observed)[0].message.contains("shop.remote"));
        let views = materialized_views(&observed);
        assert!(views[0].message.contains("never filled"), "{views:?}");
        assert!(
            views[1].remedy.contains("grant select on \"shop\".\"totals\""),
            "{views:?}"
        );
        assert_eq!(inheritance(&observed)[0].severity, Severity::Pass);
    }
}
