//! What the catalogs of either side say of tables: with OIDs, column numbers, files and versions, so that everything is
//! known by what it is and not by its name.
//!
//! One query for all tables. Where the session holds a snapshot, that is what it reads.

use std::collections::HashMap;

use tokio_postgres::{GenericClient, Row};
use transhume_core::guard::schema::{ColumnFacts, PublicationMembership, TableFacts};
use transhume_wire::ident::QualifiedName;

use super::{partition_trees::scattered, qualified_name};
use crate::connection::error::PgError;

const TABLE_FACTS: &str = include_str!("sql/table_facts.sql");

/// All user tables that rows are moved under, selected or not.
pub async fn table_facts(client: &impl GenericClient, publication: &str) -> Result<Vec<TableFacts>, PgError> {
    let query = async { Ok(client.query(TABLE_FACTS, &[&publication]).await?) };
    let (rows, tree_of) = tokio::try_join!(query, scattered(client))?;
    let mut moved = Vec::with_capacity(rows.len());
    let mut within: HashMap<u32, Vec<TableFacts>> = HashMap::new();
    for row in &rows {
        let table = facts(row)?;
        let is_partitioned: bool = row.try_get("is_partitioned")?;
        match tree_of.get(&table.oid) {
            Some(tree) if !is_partitioned => within.entry(*tree).or_default().push(table),
            None if !is_partitioned || tree_of.values().any(|tree| *tree == table.oid) => moved.push(table),
            _ => {}
        }
    }
    for (oid, partitions) in &within {
        if let Some(tree) = moved.iter_mut().find(|table| table.oid == *oid) {
            gather(tree, partitions);
        }
    }
    Ok(moved)
}

/// A tree is what its partitions are: rewritten where one of them is, published where all are, and since when the last of
/// them is.
fn gather(tree: &mut TableFacts, partitions: &[TableFacts]) {
    tree.partitions = partitions.iter().map(|partition| partition.oid).collect();
    tree.partitions.sort_unstable();
    tree.filenode = sum(partitions.iter().map(|partition| partition.filenode));
    let members: Option<Vec<PublicationMembership>> =
        partitions.iter().map(|partition| partition.publication).collect();
    tree.publication = members
        .filter(|members| !members.is_empty())
        .map(|members| PublicationMembership {
            row: sum(members.iter().map(|member| member.row)),
            publication_version: members[0].publication_version,
            is_whole: members.iter().all(|member| member.is_whole),
        });
}

/// Another one once any of the numbers is another one, as good as always.
fn sum(numbers: impl Iterator<Item = u32>) -> u32 {
    numbers.fold(0, u32::wrapping_add)
}

fn facts(row: &Row) -> Result<TableFacts, PgError> {
    let parent = name(row, "parent_schema", "parent_name")?;
    let root = name(row, "root_schema", "root_name")?;
    Ok(TableFacts {
        oid: row.try_get("oid")?,
        name: qualified_name(row, "table_name")?,
        is_logged: row.try_get("is_logged")?,
        publication: membership(row)?,
        filenode: row.try_get("filenode")?,
        partition_of: parent,
        bound: row.try_get("bound")?,
        root,
        partitions: Vec::new(),
        attributes: row.try_get("attributes")?,
        columns: columns(row)?,
    })
}

fn name(row: &Row, schema: &str, name: &str) -> Result<Option<QualifiedName>, PgError> {
    let schema: Option<String> = row.try_get(schema)?;
    let name: Option<String> = row.try_get(name)?;
    Ok(schema
        .zip(name)
        .map(|(schema, name)| QualifiedName::new(schema, name)))
}

fn membership(row: &Row) -> Result<Option<PublicationMembership>, PgError> {
    let Some(member) = row.try_get::<_, Option<u32>>("member_row")? else {
        return Ok(None);
    };
    Ok(Some(PublicationMembership {
        row: member,
        publication_version: row.try_get("publication_version")?,
        is_whole: row.try_get("is_published_whole")?,
    }))
}

/// As [`table_facts`], of a list of columns that the query gives as arrays.
fn columns(row: &Row) -> Result<Vec<ColumnFacts>, PgError> {
    let columns: Vec<serde_json::Value> = match row.try_get::<_, serde_json::Value>("columns")? {
        serde_json::Value::Array(columns) => columns,
        _ => Vec::new(),
    };
    columns
        .into_iter()
        .map(|column| {
            serde_json::from_value(column).map_err(|error| PgError::Protocol {
                endpoint: "pg_attribute".to_owned(),
                reason: error.to_string(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    /// From one mark to another, whatever the layout.
    fn between(text: &str, from: &str, to: &str) -> String {
        let start = text.find(from).expect("it begins so");
        let end = start + text[start..].find(to).expect("it ends so") + to.len();
        text[start..end].split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The trigger on the source is a function of its own, which cannot share the text.
    #[test]
    fn the_source_announces_a_table_as_this_query_describes_it() {
        let query = include_str!("sql/table_facts.sql");
        let announced = include_str!("../follow/announcing/sql/facts.sql");
        for (from, to) in [
            ("'number', a.attnum,", "'version', a.xmin::text::bigint"),
            ("p.pubinsert and", "->> 'prattrs', '') = ''"),
            ("a.attnum > 0 and not", "a.attgenerated = ''"),
        ] {
            assert_eq!(between(query, from, to), between(announced, from, to));
        }
    }
}
