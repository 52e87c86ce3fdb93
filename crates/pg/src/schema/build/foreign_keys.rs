//! Foreign keys: made without looking at the rows, then validated, each table by itself.

use transhume_core::schema::build::BuildKind;
use transhume_wire::ident::quote_identifier;

use crate::{catalog::build_definitions::ForeignKeyDefinition, state::build::NewBuild};

/// Before 18 a foreign key of a partitioned table cannot be NOT VALID, and to validate one that refers to such a table leaves its
/// keys to the single partitions as they were: both are checked as they are made.
const NOT_VALID: &str = " NOT VALID";

/// `held` for targets where nothing but the absence of foreign keys keeps them from acting while
/// changes are applied.
pub fn foreign_keys(definitions: &[ForeignKeyDefinition], held: bool) -> Vec<NewBuild> {
    definitions.iter().flat_map(|key| of_key(key, held)).collect()
}

fn of_key(key: &ForeignKeyDefinition, held: bool) -> Vec<NewBuild> {
    let name = quote_identifier(&key.name);
    let build = |kind: BuildKind, statement: String| NewBuild {
        table_oid: None,
        kind,
        rank: kind.rank(),
        name: format!("{} on {}", key.name.escape_debug(), key.table.plain()),
        statements: vec![statement],
        bytes: key.bytes,
        held_until_cutover: held,
    };
    // The source prints NOT VALID itself where the key is not validated there.
    let bare = key.definition.strip_suffix(NOT_VALID).unwrap_or(&key.definition);
    if key.of_partitions {
        let add = format!(
            "ALTER TABLE {} ADD CONSTRAINT {name} {}",
            key.table, key.definition
        );
        return vec![build(BuildKind::ForeignKey, add)];
    }
    let add = format!(
        "ALTER TABLE ONLY {} ADD CONSTRAINT {name} {bare}{NOT_VALID}",
        key.table
    );
    let mut builds = vec![build(BuildKind::ForeignKey, add)];
    if key.validated {
        let validate = format!("ALTER TABLE ONLY {} VALIDATE CONSTRAINT {name}", key.table);
        builds.push(build(BuildKind::ValidateForeignKey, validate));
    }
    builds
}
