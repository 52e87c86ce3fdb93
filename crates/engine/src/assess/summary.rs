//! What was observed of both ends in the few figures that an operator reads first.

use transhume_core::{
    assess::{
        capability::Capabilities,
        observation::{Database, Observed},
        parameter,
        platform::Platform,
    },
    finding::Finding,
    sides::Sides,
    table::Table,
};

use super::{AssessedTable, Assessment, EndSummary, Estimate, LargeTable, Prior};
use crate::cutover::write_pause;

/// Tables named in the estimate.
const LARGEST_SHOWN: usize = 5;

pub(super) fn summarise(places: Sides<String>, observed: &Observed, findings: Vec<Finding>) -> Assessment {
    let (source, target) = (&observed.source, &observed.target);
    Assessment {
        source: end(
            places.source,
            &source.capabilities,
            &source.database,
            &source.tables,
        ),
        target: Some(end(
            places.target,
            &target.capabilities,
            &target.database,
            &target.tables,
        )),
        estimate: estimate(observed),
        write_pause: write_pause::of_observed(observed),
        forecast: None,
        resuming: observed.context.resuming,
        parameters: parameter::differences(observed),
        findings,
        tables: assessed_tables(observed),
        prior: Prior::default(),
    }
}

pub(super) fn assessed_tables(observed: &Observed) -> Vec<AssessedTable> {
    let mut tables: Vec<&Table> = observed
        .source
        .tables
        .iter()
        .filter(|table| table.holds_rows())
        .collect();
    tables.sort_by_key(|table| std::cmp::Reverse(table.bytes));
    tables
        .into_iter()
        .map(|table| AssessedTable {
            table: table.name.plain(),
            rows_estimate: table.rows_estimate,
            bytes: table.bytes,
            key: match table.identity_columns.as_slice() {
                [] => "none: all columns together".to_owned(),
                columns => columns.join(", "),
            },
            is_selected: observed.selects(&table.name),
        })
        .collect()
}

pub(super) fn end(
    endpoint: String,
    capabilities: &Capabilities,
    database: &Database,
    tables: &[Table],
) -> EndSummary {
    EndSummary {
        endpoint,
        database: capabilities.database.clone(),
        role: capabilities.role.clone(),
        platform: Platform::of(capabilities),
        platform_name: Platform::of(capabilities).name(),
        server_version: capabilities.server_version.to_string(),
        standby: capabilities.in_recovery,
        encoding: database.encoding.clone(),
        collate: database
            .locale
            .clone()
            .unwrap_or_else(|| database.collate.clone()),
        identity: capabilities.identity.clone(),
        free_connections: capabilities.free_connections,
        tables: tables.iter().filter(|table| table.holds_rows()).count(),
        bytes: tables.iter().map(|table| table.bytes).sum(),
    }
}

pub(super) fn estimate(observed: &Observed) -> Estimate {
    let mut tables: Vec<&Table> = observed.selected_with_rows().collect();
    tables.sort_by_key(|table| std::cmp::Reverse(table.bytes));
    Estimate {
        tables: tables.len(),
        rows: tables.iter().map(|table| table.rows_estimate.max(0)).sum(),
        tables_never_analysed: tables.iter().filter(|table| table.is_never_analysed()).count(),
        bytes: tables.iter().map(|table| table.bytes).sum(),
        sequences: observed
            .source
            .sequences
            .iter()
            .filter(|sequence| observed.selects(&sequence.name))
            .count(),
        largest: tables
            .iter()
            .take(LARGEST_SHOWN)
            .map(|table| LargeTable {
                table: table.name.plain(),
                bytes: table.bytes,
            })
            .collect(),
    }
}
