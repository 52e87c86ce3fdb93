//! Changes of the source's schema: told before the stream meets them, carried over where that is allowed.
//!
//! A change that is carried over is one statement on the target, written into the history. What cannot be, or
//! was refused there, is a finding with the statement to run, and bars the cutover until it is done.

use std::time::{Duration, Instant};

use transhume_core::{
    command::Command,
    finding::Finding,
    guard::{
        ORIGIN,
        enum_labels::MissingLabel,
        schema::{self, CarryOver, ChangeKind, SchemaChange},
    },
    phase::Phase,
};
use transhume_pg::{
    connection::error::PgError,
    guard::{drift::Remedy, enum_labels, schema_change},
    state::{apply, command, finding, history},
};
use transhume_wire::ident::QualifiedName;

use super::{
    Ends, Guard,
    schemas::{self, CHANGED, Schemas},
};
use crate::report::Report;

/// At least this between two looks.
const EVERY: Duration = Duration::from_secs(5);
/// Looking takes at most one part in this many of the servers' time, however many tables there are.
const SHARE: u32 = 20;

impl Guard<'_> {
    pub(super) async fn schema_when_due(&mut self, ends: &mut Ends) -> Result<(), PgError> {
        let began = Instant::now();
        if self.next_schema_look.is_some_and(|due| began < due) {
            return Ok(());
        }
        let now = apply::phase(&ends.target).await?;
        let phase = now.map(|now| now.phase);
        if let Some(phase @ (Phase::FullLoad | Phase::PostData | Phase::Follow)) = phase {
            self.schema(ends, phase == Phase::Follow).await?;
        }
        self.next_schema_look = Some(Instant::now() + EVERY.max(began.elapsed() * SHARE));
        Ok(())
    }

    async fn schema(&mut self, ends: &mut Ends, may_carry: bool) -> Result<(), PgError> {
        let publication = &self.migration.publication_name;
        let now = Schemas::take(&ends.source, &ends.target, publication, &self.selector).await?;
        now.remember(&ends.target).await?;
        let allowed = self.carry_over.iter().copied();
        let allowed: Vec<CarryOver> = allowed.filter(|_| may_carry).collect();
        let mut findings: Vec<Finding> = Vec::new();
        for change in now.changes() {
            let remedy = schema_change::remedy(&ends.source, &change).await?;
            let is_carried =
                schema::may_be_carried(&change, &allowed, &now.followed, &now.source, &now.target);
            let refusal = if is_carried {
                self.carry(ends, &change, &remedy).await?
            } else {
                Some(String::new())
            };
            if let Some(refusal) = refusal {
                schemas::add(&mut findings, &change, &remedy, &refusal);
            }
        }
        for label in &now.labels {
            findings.extend(self.label(ends, label, &allowed).await?);
        }
        self.tell_of_schema(ends, findings).await
    }

    /// Does it on the target; says why where that is refused there.
    async fn carry(
        &mut self,
        ends: &Ends,
        change: &SchemaChange,
        remedy: &Remedy,
    ) -> Result<Option<String>, PgError> {
        if let ChangeKind::TableNew { .. } = change.kind {
            return self.ask_for(ends, change).await.map(|()| None);
        }
        let done = schema_change::run(&ends.target, &remedy.statement).await;
        match done {
            Ok(()) => {
                self.carried(ends, &change.table, &remedy.statement).await?;
                Ok(None)
            }
            Err(PgError::Server(error)) => {
                Ok(Some(format!("; carrying it over was refused: {}", error.message)))
            }
            Err(error) => Err(error),
        }
    }

    /// The runner takes the partition in by the way of every table that joins.
    async fn ask_for(&mut self, ends: &Ends, change: &SchemaChange) -> Result<(), PgError> {
        // What it could not do it has said; asking again and again would not help.
        if !self.asked_for.insert(change.oid) {
            return Ok(());
        }
        command::request(&ends.target, Command::Add(vec![change.oid]), None).await?;
        let table = change.table.plain();
        self.carried(ends, &change.table, &format!("transhume table add {table}"))
            .await
    }

    async fn label(
        &self,
        ends: &Ends,
        label: &MissingLabel,
        allowed: &[CarryOver],
    ) -> Result<Option<Finding>, PgError> {
        let statement = enum_labels::add_statement(label);
        let mut refusal = String::new();
        if allowed.contains(&CarryOver::EnumLabels) {
            match schema_change::run(&ends.target, &statement).await {
                Ok(()) => {
                    self.carried(ends, &label.enum_type, &statement).await?;
                    return Ok(None);
                }
                Err(PgError::Server(error)) => {
                    refusal = format!("; carrying it over was refused: {}", error.message);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Some(schemas::label_missing(label, &refusal)))
    }

    async fn carried(&self, ends: &Ends, object: &QualifiedName, statement: &str) -> Result<(), PgError> {
        let detail = serde_json::json!({ "object": object.plain(), "statement": statement });
        history::add(&*ends.target, "schema change carried over", &detail).await?;
        self.reporter
            .step(format!("carried over to the target: {statement}"));
        Ok(())
    }

    /// All of them in one transaction, and only where something is new.
    async fn tell_of_schema(&mut self, ends: &mut Ends, findings: Vec<Finding>) -> Result<(), PgError> {
        if self.schema_findings.as_ref() == Some(&findings) {
            return Ok(());
        }
        let transaction = ends.target.transaction().await?;
        finding::clear(&transaction, ORIGIN, CHANGED).await?;
        for finding in &findings {
            finding::replace(&transaction, ORIGIN, finding).await?;
        }
        transaction.commit().await?;
        let told = self.schema_findings.take().unwrap_or_default();
        for finding in findings.iter().filter(|finding| !told.contains(finding)) {
            self.reporter.send(Report::Finding {
                finding: finding.clone(),
            });
        }
        self.schema_findings = Some(findings);
        Ok(())
    }
}
