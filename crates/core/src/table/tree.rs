//! Partition trees whose rows lie in other partitions on another server.
//!
//! Owns under which name such rows are moved: that of the partitioned table at the top of the tree, which
//! places each row by itself, while its partitions are what is read and published. Refuses to find such
//! trees: the catalogs tell. Invariant: every row is moved under exactly one name.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::Table;

/// Under which name the rows of a table are loaded, followed and compared.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Placement {
    /// Its own.
    #[default]
    Own,
    /// That of the tree, which has this OID; columns of the tree's own key, empty where it has none.
    Partition { tree: u32, key: Vec<String> },
    /// It is such a tree; its rows are in these tables.
    Tree(Vec<Table>),
}

impl Table {
    /// Rows are loaded, followed and compared under this name.
    pub fn moves_rows(&self) -> bool {
        match self.placement {
            Placement::Own => self.holds_rows(),
            Placement::Partition { .. } => false,
            Placement::Tree(_) => true,
        }
    }

    /// The tables that hold the rows which are moved under this name.
    pub fn stores(&self) -> &[Table] {
        match &self.placement {
            Placement::Tree(partitions) => partitions,
            Placement::Own | Placement::Partition { .. } => std::slice::from_ref(self),
        }
    }

    /// A row that this table's identity finds may be another one in the whole tree.
    pub(super) fn is_ambiguous_in_tree(&self) -> bool {
        let Placement::Partition { key, .. } = &self.placement else {
            return false;
        };
        key.is_empty() || key.iter().any(|column| !self.identity_columns.contains(column))
    }
}

/// Gives every table its placement. `tree_of`: the tree of each partition, whatever its kind.
pub fn place(mut tables: Vec<Table>, tree_of: &BTreeMap<u32, u32>) -> Vec<Table> {
    if tree_of.is_empty() {
        return tables;
    }
    let keys: HashMap<u32, Vec<String>> = tables
        .iter()
        .filter(|table| tree_of.values().any(|tree| *tree == table.oid))
        .map(|tree| (tree.oid, tree.identity_columns.clone()))
        .collect();
    let mut partitions: HashMap<u32, Vec<Table>> = HashMap::new();
    for table in &mut tables {
        let known = tree_of
            .get(&table.oid)
            .and_then(|tree| Some((*tree, keys.get(tree)?)));
        let Some((tree, key)) = known else { continue };
        table.placement = Placement::Partition {
            tree,
            key: key.clone(),
        };
        if table.holds_rows() {
            partitions.entry(tree).or_default().push(table.clone());
        }
    }
    for table in tables.iter_mut().filter(|table| keys.contains_key(&table.oid)) {
        become_tree(table, partitions.remove(&table.oid).unwrap_or_default());
    }
    tables
}

fn become_tree(table: &mut Table, partitions: Vec<Table>) {
    table.bytes = partitions.iter().map(|partition| partition.bytes).sum();
    table.rows_estimate = partitions
        .iter()
        .map(|partition| partition.rows_estimate.max(0))
        .sum();
    // A range of pages means those of every partition.
    table.pages = partitions
        .iter()
        .map(|partition| partition.pages)
        .max()
        .unwrap_or_default();
    table.placement = Placement::Tree(partitions);
}

#[cfg(test)]
mod tests {
    use transhume_wire::ident::QualifiedName;

    use super::*;
    use crate::table::{Persistence, ReplicaIdentity, RowSecurity, TableKind};

    fn table(oid: u32, kind: TableKind, identity: &[&str]) -> Table {
        Table {
            oid,
            name: QualifiedName::new("s", format!("t{oid}")),
            kind,
            persistence: Persistence::Permanent,
            is_partition: oid > 1,
            columns: Vec::new(),
            replica_identity: ReplicaIdentity::Default,
            identity_columns: identity.iter().map(ToString::to_string).collect(),
            identity_index: None,
            deferrable_key: false,
            row_security: RowSecurity::Off,
            owner: "o".to_owned(),
            rows_estimate: i64::from(oid),
            pages: i64::from(oid),
            bytes: i64::from(oid) * 10,
            placement: Placement::Own,
        }
    }

    /// A tree (1) of a branch (2), its partition (3), and one beside it (4); 5 is a table of its own.
    fn placed(tree_key: &[&str]) -> Vec<Table> {
        let tables = vec![
            table(1, TableKind::Partitioned, tree_key),
            table(2, TableKind::Partitioned, &[]),
            table(3, TableKind::Ordinary, &["id", "k"]),
            table(4, TableKind::Ordinary, &["id"]),
            table(5, TableKind::Ordinary, &["id"]),
        ];
        place(tables, &BTreeMap::from([(2, 1), (3, 1), (4, 1)]))
    }

    #[test]
    fn rows_of_a_tree_are_moved_under_its_name_alone() {
        let placed = placed(&["id", "k"]);
        let moved: Vec<u32> = placed
            .iter()
            .filter(|table| table.moves_rows())
            .map(|table| table.oid)
            .collect();
        assert_eq!(moved, [1, 5]);
        let stores: Vec<u32> = placed[0].stores().iter().map(|table| table.oid).collect();
        assert_eq!(stores, [3, 4]);
        assert_eq!(
            (placed[0].bytes, placed[0].rows_estimate, placed[0].pages),
            (70, 7, 4)
        );
        assert_eq!(placed[4].stores(), &placed[4..]);
    }

    #[test]
    fn a_key_of_one_partition_does_not_find_a_row_of_the_tree() {
        let needs =
            |placed: &[Table]| -> Vec<bool> { placed[2..].iter().map(Table::needs_full_identity).collect() };
        assert_eq!(needs(&placed(&["id", "k"])), [false, true, false]);
        assert_eq!(needs(&placed(&[])), [true, true, false], "the tree has no key");
    }
}
