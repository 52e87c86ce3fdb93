//! ANALYZE, VACUUM, postponed definitions and the refreshes of materialized views.

use std::collections::HashSet;
use transhume_core::count::counted;

use transhume_core::schema::build::{BuildKind, refresh_rank};

use crate::{
    catalog::build_definitions::{MaterializedView, PartitionTree},
    schema::restore::Script,
    state::build::{CopiedTable, NewBuild},
};

/// Statistics of tables that belong to none of these trees.
pub fn analyze(tables: &[CopiedTable], trees: &[PartitionTree]) -> Vec<NewBuild> {
    let of_trees: HashSet<u32> = trees.iter().flat_map(|tree| &tree.members).copied().collect();
    tables
        .iter()
        .filter(|table| !of_trees.contains(&table.oid))
        .map(CopiedTable::analyze)
        .collect()
}

/// Freezes what several parts filled: COPY can freeze only what it fills by itself.
pub fn vacuums(tables: &[CopiedTable]) -> Vec<NewBuild> {
    tables
        .iter()
        .filter(|table| table.parts > 1)
        .map(|table| NewBuild {
            table_oid: None,
            kind: BuildKind::Vacuum,
            rank: BuildKind::Vacuum.rank(),
            name: table.name.plain(),
            statements: vec![format!("VACUUM (FREEZE) {}", table.name)],
            bytes: table.bytes,
            held_until_cutover: false,
        })
        .collect()
}

/// Statistics of whole partition trees: the server makes those of each partition as well. They are made while indexes are
/// built, unless they need these.
pub fn analyze_trees(trees: &[PartitionTree]) -> Vec<NewBuild> {
    let kind = |tree: &PartitionTree| {
        if tree.has_expressions {
            BuildKind::Analyze
        } else {
            BuildKind::AnalyzePartitionTree
        }
    };
    trees
        .iter()
        .map(|tree| NewBuild {
            table_oid: None,
            kind: kind(tree),
            rank: BuildKind::AnalyzePartitionTree.rank(),
            name: tree.root.plain(),
            statements: vec![format!("ANALYZE {}", tree.root)],
            bytes: 0,
            held_until_cutover: false,
        })
        .collect()
}

/// One piece for all, since they may build on each other; none where there are none.
pub fn definitions(script: &Script) -> Option<NewBuild> {
    let count = script.pieces.len();
    (count > 0).then(|| NewBuild {
        table_oid: None,
        kind: BuildKind::Definition,
        rank: BuildKind::Definition.rank(),
        name: format!("{} on top of a key", counted(count, "definition")),
        statements: std::iter::once("SET LOCAL check_function_bodies = off".to_owned())
            .chain(script.pieces.iter().map(|piece| piece.sql.clone()))
            .chain(std::iter::once("SET LOCAL check_function_bodies = on".to_owned()))
            .collect(),
        bytes: 0,
        held_until_cutover: false,
    })
}

/// Each is analysed in the same transaction: autovacuum would find it unanalysed only later.
pub fn refreshes(views: &[MaterializedView]) -> Vec<NewBuild> {
    views
        .iter()
        .map(|view| NewBuild {
            table_oid: None,
            kind: BuildKind::RefreshMaterializedView,
            rank: refresh_rank(view.level),
            name: view.name.plain(),
            statements: vec![
                format!("REFRESH MATERIALIZED VIEW {}", view.name),
                format!("ANALYZE {}", view.name),
            ],
            bytes: view.bytes,
            held_until_cutover: false,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use transhume_wire::ident::QualifiedName;

    use super::*;

    #[test]
    fn statistics_of_a_partition_are_made_with_those_of_its_tree() {
        let table = |oid, name: &str| CopiedTable {
            oid,
            name: QualifiedName::new("s", name),
            bytes: 0,
            parts: 1,
        };
        let tree = |name: &str, members: &[u32], has_expressions| PartitionTree {
            root: QualifiedName::new("s", name),
            members: members.to_vec(),
            has_expressions,
        };
        let trees = [
            tree("tree", &[1, 2, 3], false),
            tree("needs indexes", &[5, 6], true),
        ];
        let tables = [
            table(2, "leaf"),
            table(3, "other leaf"),
            table(4, "plain"),
            table(6, "leaf"),
        ];

        let statements = |builds: Vec<NewBuild>| builds.into_iter().flat_map(|build| build.statements);
        let made: Vec<_> = statements(analyze(&tables, &trees))
            .chain(statements(analyze_trees(&trees)))
            .collect();
        assert_eq!(
            made,
            [
                r#"ANALYZE "s"."plain""#,
                r#"ANALYZE "s"."tree""#,
                r#"ANALYZE "s"."needs indexes""#
            ]
        );
        let kinds: Vec<_> = analyze_trees(&trees).iter().map(|build| build.kind).collect();
        assert_eq!(kinds, [BuildKind::AnalyzePartitionTree, BuildKind::Analyze]);
    }
}
