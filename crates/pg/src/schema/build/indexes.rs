//! Indexes with the keys that they back, and the trees of partitioned indexes.
//!
//! The index of a table is built plainly and then becomes its primary key or unique constraint. On a
//! partitioned table only a frame is made; the whole tree is attached once all partitions have theirs.

use std::collections::HashMap;

use transhume_core::schema::{build::BuildKind, reserved_options::without_reserved_options};
use transhume_wire::ident::{QualifiedName, quote_identifier, quote_literal};

use crate::{
    catalog::build_definitions::{IndexDefinition, KeyDefinition},
    state::build::NewBuild,
};

/// Build work for all of them. An index whose parent is not among them stands alone.
pub fn indexes(definitions: &[IndexDefinition]) -> Vec<NewBuild> {
    let by_oid: HashMap<u32, &IndexDefinition> = definitions.iter().map(|index| (index.oid, index)).collect();
    let mut children: HashMap<u32, Vec<&IndexDefinition>> = HashMap::new();
    for index in definitions {
        if let Some(parent) = index.parent_oid.filter(|parent| by_oid.contains_key(parent)) {
            children.entry(parent).or_default().push(index);
        }
    }
    let mut builds: Vec<NewBuild> = definitions
        .iter()
        .filter(|index| !index.partitioned)
        .map(of_table)
        .collect();
    builds.extend(keys(definitions));
    builds.extend(
        definitions
            .iter()
            .filter(|index| index.partitioned)
            .filter(|index| {
                index
                    .parent_oid
                    .is_none_or(|parent| !by_oid.contains_key(&parent))
            })
            .map(|root| tree(root, &children)),
    );
    builds
}

fn of_table(index: &IndexDefinition) -> NewBuild {
    let exclusion = index.constraint.as_ref().is_some_and(|key| key.exclusion);
    let kind = match (index.on_materialized_view, exclusion) {
        (true, _) => BuildKind::MaterializedViewIndex,
        (false, true) => BuildKind::Constraint,
        (false, false) => BuildKind::Index,
    };
    NewBuild {
        table_oid: Some(index.table_oid),
        kind,
        rank: kind.rank(),
        name: format!("{} on {}", index.name.escape_debug(), index.table.plain()),
        statements: if index.on_materialized_view {
            making(index)
        } else {
            building(index)
        },
        bytes: index.bytes,
        held_until_cutover: false,
    }
}

/// What makes indexes of one table its keys, in one piece for each table. It locks the table against
/// everything: beside the index that it turns into a key it would deadlock with the building of another.
fn keys(definitions: &[IndexDefinition]) -> Vec<NewBuild> {
    let mut builds: Vec<NewBuild> = Vec::new();
    let mut places: HashMap<u32, usize> = HashMap::new();
    for index in definitions {
        let statements = marking(index);
        if index.partitioned || index.on_materialized_view || statements.is_empty() {
            continue;
        }
        let place = *places.entry(index.table_oid).or_insert_with(|| {
            builds.push(NewBuild {
                table_oid: Some(index.table_oid),
                kind: BuildKind::Key,
                rank: BuildKind::Key.rank(),
                name: format!("keys of {}", index.table.plain()),
                statements: Vec::new(),
                bytes: 0,
                held_until_cutover: false,
            });
            builds.len() - 1
        });
        builds[place].statements.extend(statements);
    }
    builds
}

/// Everything that makes one index what it is on the source.
fn making(index: &IndexDefinition) -> Vec<String> {
    let mut statements = building(index);
    statements.extend(marking(index));
    statements
}

/// The index itself.
fn building(index: &IndexDefinition) -> Vec<String> {
    let definition = match &index.constraint {
        Some(key) if key.exclusion || index.partitioned => add_constraint(&index.table, key),
        _ => index.definition.clone(),
    };
    let mut statements = vec![without_reserved_options(&definition).into_owned()];
    let qualified = qualified(index);
    statements.extend(
        index
            .statistics_targets
            .iter()
            .map(|target| format!("ALTER INDEX {qualified} ALTER COLUMN {target}")),
    );
    statements
}

/// What the index is to its table.
fn marking(index: &IndexDefinition) -> Vec<String> {
    let table = &index.table;
    let name = quote_identifier(&index.name);
    let mut statements = Vec::new();
    if let Some(key) = index
        .constraint
        .as_ref()
        .filter(|key| !key.exclusion && !index.partitioned)
    {
        statements.push(add_using_index(table, key, &name));
    }
    if index.clustered {
        statements.push(format!("ALTER {} {table} CLUSTER ON {name}", table_word(index)));
    }
    if index.replica_identity {
        statements.push(format!(
            "ALTER TABLE ONLY {table} REPLICA IDENTITY USING INDEX {name}"
        ));
    }
    statements
}

fn table_word(index: &IndexDefinition) -> &'static str {
    if index.on_materialized_view {
        "MATERIALIZED VIEW"
    } else {
        "TABLE"
    }
}

fn add_constraint(table: &QualifiedName, key: &KeyDefinition) -> String {
    let name = quote_identifier(&key.name);
    format!(
        "ALTER TABLE ONLY {table} ADD CONSTRAINT {name} {}",
        key.definition
    )
}

fn add_using_index(table: &QualifiedName, key: &KeyDefinition, index: &str) -> String {
    let name = quote_identifier(&key.name);
    let kind = if key.primary { "PRIMARY KEY" } else { "UNIQUE" };
    let deferral = match (key.deferrable, key.deferred) {
        (false, _) => "",
        (true, false) => " DEFERRABLE",
        (true, true) => " DEFERRABLE INITIALLY DEFERRED",
    };
    format!("ALTER TABLE ONLY {table} ADD CONSTRAINT {name} {kind} USING INDEX {index}{deferral}")
}

/// The frames of a tree from the root down, then the attachments from the leaves up: each frame
/// becomes valid with its last child.
fn tree(root: &IndexDefinition, children: &HashMap<u32, Vec<&IndexDefinition>>) -> NewBuild {
    let mut frames = Vec::new();
    let mut attachments = Vec::new();
    let mut open = vec![root];
    while let Some(node) = open.pop() {
        frames.extend(making(node));
        for &child in children.get(&node.oid).into_iter().flatten() {
            attachments.push(attachment(node, child));
            if child.partitioned {
                open.push(child);
            }
        }
    }
    attachments.reverse();
    frames.append(&mut attachments);
    NewBuild {
        table_oid: None,
        kind: BuildKind::PartitionedIndex,
        rank: BuildKind::PartitionedIndex.rank(),
        name: format!("{} on {}", root.name.escape_debug(), root.table.plain()),
        statements: frames,
        bytes: 0,
        held_until_cutover: false,
    }
}

/// A partition that the source dropped before it was copied is left out, and its index with it.
fn attachment(parent: &IndexDefinition, child: &IndexDefinition) -> String {
    let attach = format!(
        "ALTER INDEX {} ATTACH PARTITION {}",
        qualified(parent),
        qualified(child)
    );
    if child.partitioned {
        return attach;
    }
    let is_there = |name: &QualifiedName| {
        format!(
            "pg_catalog.to_regclass({}) is not null",
            quote_literal(&name.lookup())
        )
    };
    let body = format!(
        "begin if {} or {} then {attach}; end if; end",
        is_there(&child.table),
        is_there(&qualified(child))
    );
    format!("do {}", quote_literal(&body))
}

/// An index lives in its table's schema.
fn qualified(index: &IndexDefinition) -> QualifiedName {
    QualifiedName::new(index.table.schema.clone(), index.name.clone())
}
