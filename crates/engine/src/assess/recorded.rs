//! Assessing a source from what psql wrote of it, where only its operators reach it.
//!
//! Owns what may be said of it: what only a connection can show is left out, never passed. Reaches no server.

use transhume_core::{
    assess::recorded::{self, BadRecording},
    finding::{Finding, Severity},
    selection::Selection,
};
pub use transhume_pg::assess::recording::script;

use super::{Assessment, of_source_alone};
use crate::{
    error::{EngineError, Result},
    selection::{bad_pattern, selector},
};

/// Codes of what only a connection shows: the file can say no, and never yes.
const TRIED_ALONE: [&str; 4] = [
    "publication-right",
    "replication-right",
    "schema-changes",
    "source-identity",
];

/// Looks at what the file holds; `name` is what it is called.
pub fn assess_recorded(text: &str, name: &str, selection: &Selection) -> Result<Assessment> {
    let recording = recorded::read(text).map_err(|error| unreadable(name, &error))?;
    let (selection, torn) = if selection.has_no_patterns() {
        (selection.clone(), Vec::new())
    } else {
        selection
            .with_partitions(&recording.partitions)
            .map_err(|error| bad_pattern(&error))?
    };
    let selector = selector(&selection)?;
    let database = &recording.source.capabilities.database;
    let place = format!("database {database}, as {name} tells of {}", recording.at);
    let mut assessment = of_source_alone(place, recording.source, (&selection, torn.as_slice()), selector);
    assessment.findings.retain(is_known_offline);
    Ok(assessment)
}

/// Who could not identify the system by SQL may still be told by a replication connection.
fn is_known_offline(finding: &Finding) -> bool {
    let is_no = finding.severity != Severity::Pass && finding.code != "source-identity";
    is_no || !TRIED_ALONE.contains(&finding.code.as_str())
}

fn unreadable(name: &str, error: &BadRecording) -> EngineError {
    EngineError::refused(
        format!("{name} cannot be assessed: {error}"),
        "write it anew with the file of this version: transhume assess --offline-sql > assess.sql, and psql -X -f assess.sql -o FILE; \
         what psql says meanwhile tells what the server refused",
    )
}
