//! Triggers and rules of the target that would act a second time on what apply writes, and how they
//! are set aside and brought back in their former state.

use tokio_postgres::GenericClient;
use transhume_wire::ident::{QualifiedName, quote_identifier};

use crate::{
    catalog::qualified_name,
    connection::error::PgError,
    state::undo::{self, FiringMode, Undo},
};

/// One table with all that must not fire on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Firing {
    pub table: QualifiedName,
    /// Names of the triggers and rules, for people.
    pub names: Vec<String>,
    pub disable: Vec<String>,
    pub restore: Vec<Undo>,
}

/// `replica_role`: apply runs with `session_replication_role = replica`, where only triggers marked
/// REPLICA or ALWAYS fire.
pub async fn firing(target: &impl GenericClient, replica_role: bool) -> Result<Vec<Firing>, PgError> {
    let rows = target
        .query(include_str!("sql/firing.sql"), &[&replica_role])
        .await?;
    let mut tables: Vec<Firing> = Vec::new();
    for row in &rows {
        let table = qualified_name(row, "table_name")?;
        let (kind, name, state): (String, String, String) =
            (row.try_get("kind")?, row.try_get("name")?, row.try_get("state")?);
        if tables.last().is_none_or(|last| last.table != table) {
            tables.push(Firing {
                table,
                names: vec![],
                disable: vec![],
                restore: vec![],
            });
        }
        let firing = tables
            .last_mut()
            .expect("one was just pushed where there was none");
        let quoted = quote_identifier(&name);
        // ONLY: a partition's triggers are listed by themselves, with a state of their own.
        let alter = format!("ALTER TABLE ONLY {}", firing.table);
        let what = match kind.as_str() {
            "RULE" => undo::FiringKind::Rule,
            _ => undo::FiringKind::Trigger,
        };
        let mode = match state.as_str() {
            "A" => FiringMode::Always,
            "R" => FiringMode::Replica,
            _ => FiringMode::Origin,
        };
        firing
            .disable
            .push(format!("{alter} DISABLE {} {quoted}", what.word()));
        firing.restore.push(Undo::Enable {
            table: firing.table.clone(),
            what,
            name: name.clone(),
            mode,
        });
        firing.names.push(name);
    }
    Ok(tables)
}
