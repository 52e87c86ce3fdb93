//! A source that nobody here can reach: what psql wrote down of it, read as what would have been observed.
//!
//! Owns the form of the file: a line of JSON for each question, with the rows of its answer. Refuses to guess: a question
//! without an answer is named. What can only be tried counts as not tried. Invariant: of the same database, a file and a
//! session give the same observation.

mod rows;

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use transhume_wire::ident::QualifiedName;

use self::rows::{
    CollationRow, ExtensionTableRow, MaterializedViewRow, Named, PartitionRow, SequenceRow, SettingRow,
    TraitRow, WritingRow,
};
use super::{
    capability::{Attempt, Capabilities, SystemIdentity},
    catalog::{FactsRow, OurRow},
    observation::{
        Database, EventTrigger, FiringTrigger, InheritedColumn, NameColumn, OurObjects, Parameter,
        PreparedTransaction, SourceObservation, Subscription, TableRights, UnenforcedKey, WideRows,
    },
};
use crate::table::{Table, catalog::TableRow, place};

/// Of the file; another one means other questions.
pub const VERSION: u32 = 1;

/// Why a file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRecording {
    #[error("line {line} cannot be read: {reason}")]
    Line { line: usize, reason: String },
    #[error("it has no answer to \"{0}\"")]
    Missing(&'static str),
    #[error("the answer to \"{question}\" cannot be read: {reason}")]
    Answer { question: &'static str, reason: String },
    #[error("it was written for another version of this program")]
    Version,
}

/// What a file holds.
#[derive(Debug, Clone)]
pub struct Recording {
    pub source: SourceObservation,
    /// Every partition with each table above it.
    pub partitions: Vec<(QualifiedName, QualifiedName)>,
    /// When it was written, by the server's clock.
    pub at: String,
}

#[derive(Deserialize)]
struct Line {
    question: String,
    rows: Vec<Value>,
}

#[derive(Deserialize)]
struct Stamp {
    version: u32,
    at: String,
}

#[derive(Deserialize)]
struct Single<T> {
    value: T,
}

/// Answers by their questions.
struct Answers(BTreeMap<String, Vec<Value>>);

impl Answers {
    fn parse(text: &str) -> Result<Self, BadRecording> {
        let mut answers = BTreeMap::new();
        // Some shells put a mark in front of what they write.
        for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            if line.trim().is_empty() {
                continue;
            }
            let line: Line = serde_json::from_str(line).map_err(|error| BadRecording::Line {
                line: number + 1,
                reason: error.to_string(),
            })?;
            answers.insert(line.question, line.rows);
        }
        Ok(Self(answers))
    }

    fn rows<T: DeserializeOwned>(&self, question: &'static str) -> Result<Vec<T>, BadRecording> {
        let rows = self.0.get(question).ok_or(BadRecording::Missing(question))?;
        rows.iter()
            .map(|row| {
                serde_json::from_value(row.clone()).map_err(|error| BadRecording::Answer {
                    question,
                    reason: error.to_string(),
                })
            })
            .collect()
    }

    fn row<T: DeserializeOwned>(&self, question: &'static str) -> Result<T, BadRecording> {
        let first = self.rows(question)?.into_iter().next();
        first.ok_or(BadRecording::Missing(question))
    }

    /// Of a question with one row of one column.
    fn value<T: DeserializeOwned>(&self, question: &'static str) -> Result<T, BadRecording> {
        self.row::<Single<T>>(question).map(|single| single.value)
    }

    /// None where the server refused to answer, or its version does not know the question.
    fn optional<T: DeserializeOwned>(&self, question: &'static str) -> Result<Option<T>, BadRecording> {
        if self.0.contains_key(question) {
            self.row(question).map(Some)
        } else {
            Ok(None)
        }
    }

    fn named(&self, question: &'static str) -> Result<Vec<QualifiedName>, BadRecording> {
        Ok(self
            .rows::<Named>(question)?
            .into_iter()
            .map(Named::name)
            .collect())
    }
}

/// Reads what the script for psql wrote.
pub fn read(text: &str) -> Result<Recording, BadRecording> {
    let answers = Answers::parse(text)?;
    let stamp: Stamp = answers.row("recording")?;
    if stamp.version != VERSION {
        return Err(BadRecording::Version);
    }
    let partitions: Vec<PartitionRow> = answers.rows("partitions")?;
    Ok(Recording {
        source: source(&answers)?,
        partitions: partitions.into_iter().map(PartitionRow::names).collect(),
        at: stamp.at,
    })
}

fn source(answers: &Answers) -> Result<SourceObservation, BadRecording> {
    let collation: Option<Single<Option<String>>> = answers.optional("database collation version")?;
    let mut database: Database = answers.row("database")?;
    database.actual_collation_version = collation.and_then(|single| single.value);
    let sequences: Vec<SequenceRow> = answers.rows("sequences")?;
    let views: Vec<MaterializedViewRow> = answers.rows("materialized views")?;
    let tables: Vec<ExtensionTableRow> = answers.rows("extension tables")?;
    let writing: Vec<WritingRow> = answers.rows("writing transactions")?;
    let collations: Vec<CollationRow> = answers.rows("collations")?;
    let roles: Vec<rows::ReferencedRole> = answers.rows("roles")?;
    Ok(SourceObservation {
        capabilities: capabilities(answers)?,
        database,
        tables: placed(answers)?,
        rights: answers.rows::<TableRights>("rights")?,
        sequences: sequences.into_iter().map(SequenceRow::sequence).collect(),
        extensions: answers
            .rows::<rows::ExtensionRow>("extensions")?
            .into_iter()
            .map(rows::ExtensionRow::extension)
            .collect(),
        extension_tables: tables.into_iter().map(ExtensionTableRow::table).collect(),
        large_objects: answers.value("large objects")?,
        unreadable_large_objects: answers.value("unreadable large objects")?,
        materialized_views: views.into_iter().map(MaterializedViewRow::view).collect(),
        event_triggers: answers.rows::<EventTrigger>("event triggers")?,
        subscriptions: answers.rows::<Subscription>("subscriptions")?,
        prepared_transactions: answers.rows::<PreparedTransaction>("prepared transactions")?,
        writing_transactions: writing.into_iter().map(WritingRow::transaction).collect(),
        collations: collations.into_iter().map(CollationRow::collation).collect(),
        roles: roles.into_iter().map(|role| role.name).collect(),
        triggers: traits(answers, "firing triggers", |row| FiringTrigger {
            table: row.table(),
            name: row.trigger_name.unwrap_or_default(),
            mode: row.mode.unwrap_or_default(),
        })?,
        name_columns: traits(answers, "name columns", |row| NameColumn {
            table: row.table(),
            column: row.column_name.unwrap_or_default(),
            type_name: row.type_name.unwrap_or_default(),
        })?,
        inheritance_children: answers.named("inheritance children")?,
        nullable_children: traits(answers, "nullable children", |row| InheritedColumn {
            table: row.table(),
            column: row.column_name.unwrap_or_default(),
        })?,
        unenforced_keys: traits(answers, "unenforced keys", |row| UnenforcedKey {
            table: row.table(),
            name: row.constraint_name.unwrap_or_default(),
            orphans: row.orphans.unwrap_or_default(),
        })?,
        parameters: answers.rows::<Parameter>("parameters")?,
        foreign_keys: answers.value("foreign keys")?,
        words_of_functions: answers
            .rows::<rows::FunctionRow>("words of functions")?
            .into_iter()
            .map(|row| (row.function, row.words))
            .collect(),
        round_trip: Duration::ZERO,
        ours: ours(answers)?,
        // No question looks through rows.
        wide_rows: WideRows::default(),
    })
}

fn traits<T>(
    answers: &Answers,
    question: &'static str,
    of: impl Fn(TraitRow) -> T,
) -> Result<Vec<T>, BadRecording> {
    Ok(answers.rows::<TraitRow>(question)?.into_iter().map(of).collect())
}

/// Partitions that are moved as a whole stand under their tree.
fn placed(answers: &Answers) -> Result<Vec<Table>, BadRecording> {
    let trees: Vec<rows::TreeRow> = answers.rows("scattered partitions")?;
    let tree_of = trees.iter().map(|row| (row.oid, row.tree)).collect();
    let tables: Vec<TableRow> = answers.rows("tables")?;
    Ok(place(
        tables.into_iter().map(TableRow::into_table).collect(),
        &tree_of,
    ))
}

fn capabilities(answers: &Answers) -> Result<Capabilities, BadRecording> {
    let facts: FactsRow = answers.row("facts")?;
    let settings: Vec<SettingRow> = answers.rows("settings")?;
    let hosts: Vec<Single<String>> = answers.rows("host")?;
    let may_create: bool = answers.value("create")?;
    let mut capabilities = facts.capabilities();
    capabilities.identity = answers.optional::<SystemIdentity>("identity")?;
    capabilities.settings = settings.into_iter().map(|row| (row.name, row.setting)).collect();
    capabilities.marks.hosts = hosts.into_iter().map(|host| host.value).collect();
    if !may_create {
        let reason = format!("permission denied for database {}", capabilities.database);
        capabilities.create_publication = Attempt::Refused(reason);
    }
    Ok(capabilities)
}

fn ours(answers: &Answers) -> Result<OurObjects, BadRecording> {
    let mut ours = OurObjects::default();
    for row in answers.rows::<OurRow>("our objects")? {
        row.add_to(&mut ours);
    }
    Ok(ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_none_says_where_and_what_is_missing() {
        let error = read("{\"question\": \"recording\"").unwrap_err();
        assert!(error.to_string().starts_with("line 1 cannot be read"), "{error}");
        assert_eq!(read("").unwrap_err(), BadRecording::Missing("recording"));
        let stamp = |version: u32| {
            format!(
                "\u{feff}{{\"question\": \"recording\", \"rows\": [{{\"version\": {version}, \"at\": \"now\"}}]}}\r\n\r\n"
            )
        };
        assert_eq!(read(&stamp(VERSION + 1)).unwrap_err(), BadRecording::Version);
        assert_eq!(
            read(&stamp(VERSION)).unwrap_err(),
            BadRecording::Missing("partitions")
        );
    }
}
