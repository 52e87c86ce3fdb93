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
        schema::{self, CarryOver, ChangeKind, Followed, SchemaChange, not_to_come},
        user_types::TypeChange,
    },
    load::RelationState,
    phase::Phase,
    shell,
};
use transhume_pg::{
    catalog::tables::existing,
    connection::{error::PgError, session::Session},
    guard::{remedy::SchemaRemedy, schema_change, user_types as types},
    state::{apply, command, finding, history},
};
use transhume_wire::ident::QualifiedName;

use super::{
    Ends, Guard,
    schemas::{self, CHANGED, Schemas, StreamAtLook},
};
use crate::{load, report::Report};

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
        let side = self.endpoints.written_side(self.migration.direction);
        let now = Schemas::take(&ends.source, &ends.target, publication, &self.selector).await?;
        let stream = StreamAtLook::take(&ends.source, &ends.target).await?;
        let reached = stream.reached(self.applied_at_last_look.replace(stream.applied));
        now.remember(&ends.target, &mut self.in_step, stream).await?;
        let follows_statements = self.replicates && may_carry;
        if follows_statements {
            self.settle(ends, &now, (stream.seen_at, reached)).await?;
        }
        let allowed = self.carry_over.iter().copied();
        let allowed: Vec<CarryOver> = allowed.filter(|_| may_carry).collect();
        let mut findings: Vec<Finding> = Vec::new();
        let mut changes = now.changes();
        if follows_statements {
            changes = not_to_come(changes, &now.source, &mut self.altered, (stream.seen_at, reached));
            self.ask_for_reloads(ends, &schema::to_reload(&changes)).await?;
        }
        for change in changes {
            if follows_statements && self.is_of_new_tree(ends, &now, &change).await? {
                continue;
            }
            let remedy = schema_change::remedy(&ends.source, &change).await?;
            let remedy = now.with_type(&change, remedy);
            let joins = follows_statements && schema::joins_by_itself(&change, &now.target);
            let is_carried =
                schema::may_be_carried(&change, &allowed, &now.followed, &now.source, &now.target)
                    || joins && is_free(&ends.target, &change.table).await?;
            let refusal = if is_carried {
                self.carry(ends, &change, &remedy).await?
            } else {
                Some(String::new())
            };
            if let Some(refusal) = refusal {
                schemas::add(&mut findings, &side, &change, (&remedy, &refusal));
            }
        }
        for change in now.type_changes() {
            if let Some(refusal) = self.carry_type(ends, &change, &allowed).await? {
                schemas::add_type(&mut findings, &side, &change, &refusal);
            }
        }
        if may_carry && now.type_changes().is_empty() {
            self.ask_for_waiting(ends, &now).await?;
        }
        self.tell_of_schema(ends, findings).await
    }

    /// Tables that the load has left waiting for a type: both sides have the same by now.
    async fn ask_for_waiting(&self, ends: &Ends, now: &Schemas) -> Result<(), PgError> {
        let suspended = |table: &&Followed| table.state == RelationState::Suspended;
        let suspended: Vec<&Followed> = now.followed.iter().filter(suspended).collect();
        if suspended.is_empty() {
            return Ok(());
        }
        let waiting = finding::current(&*ends.target, load::ORIGIN, load::TYPE_ALTERED).await?;
        for finding in waiting {
            let is_its = |table: &&&Followed| table.name.plain() == finding.object;
            if let Some(table) = suspended.iter().find(is_its) {
                self.request_reload(ends, table.oid, &finding.object).await?;
            }
            finding::clear_object(&*ends.target, load::ORIGIN, load::TYPE_ALTERED, &finding.object).await?;
        }
        Ok(())
    }

    /// Does it on the target; says why where that is refused there.
    async fn carry(
        &mut self,
        ends: &Ends,
        change: &SchemaChange,
        remedy: &SchemaRemedy,
    ) -> Result<Option<String>, PgError> {
        if let ChangeKind::TableNew { .. } = change.kind {
            return self.ask_for(ends, change).await.map(|()| None);
        }
        if remedy.statement.is_empty() {
            return Ok(Some(String::new()));
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

    /// The runner loads these anew while the rest goes on. What it could not do it has said: asked again only once the
    /// table has been in step.
    async fn ask_for_reloads(&mut self, ends: &Ends, tables: &[(u32, QualifiedName)]) -> Result<(), PgError> {
        self.asked_anew
            .retain(|asked| tables.iter().any(|(oid, _)| oid == asked));
        for (oid, table) in tables {
            if !self.asked_anew.insert(*oid) {
                continue;
            }
            // What is said of the table itself was not altered with it.
            self.joining.insert(*oid);
            self.request_reload(ends, *oid, &table.plain()).await?;
        }
        Ok(())
    }

    async fn request_reload(&self, ends: &Ends, oid: u32, table: &str) -> Result<(), PgError> {
        let statement = format!("transhume table reload {}", shell::word(table));
        let detail = serde_json::json!({ "object": table, "statement": statement });
        history::add(&*ends.target, "table loaded anew without asking", &detail).await?;
        command::request(&ends.target, Command::Reload(vec![oid]), None).await?;
        self.reporter.step(format!("{table} is to be loaded anew"));
        Ok(())
    }

    /// The runner takes the partition in by the way of every table that joins.
    async fn ask_for(&mut self, ends: &Ends, change: &SchemaChange) -> Result<(), PgError> {
        if !self.asked_for.is_due(change.oid, Instant::now()) {
            return Ok(());
        }
        self.joining.insert(change.oid);
        command::request(&ends.target, Command::Add(vec![change.oid]), None).await?;
        let table = change.table.plain();
        self.carried(
            ends,
            &change.table,
            &format!("transhume table add {}", shell::word(&table)),
        )
        .await
    }

    /// Says why not, where it is not carried over.
    async fn carry_type(
        &self,
        ends: &Ends,
        change: &TypeChange,
        allowed: &[CarryOver],
    ) -> Result<Option<String>, PgError> {
        if !change.only_adds_a_label() || !allowed.contains(&CarryOver::EnumLabels) {
            return Ok(Some(String::new()));
        }
        let statement = types::statement(change);
        match schema_change::run(&ends.target, &statement).await {
            Ok(()) => {
                self.carried(ends, &change.name, &statement).await?;
                Ok(None)
            }
            Err(PgError::Server(error)) => {
                Ok(Some(format!("; carrying it over was refused: {}", error.message)))
            }
            Err(error) => Err(error),
        }
    }

    pub(super) async fn carried(
        &self,
        ends: &Ends,
        object: &QualifiedName,
        statement: &str,
    ) -> Result<(), PgError> {
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
        let reported = self.schema_findings.take().unwrap_or_default();
        for finding in findings.iter().filter(|finding| !reported.contains(finding)) {
            self.reporter.send(Report::Finding {
                finding: finding.clone(),
            });
        }
        self.schema_findings = Some(findings);
        Ok(())
    }
}

/// A view, or a root of partitions, may have the name still: its drop is on its way, or it is in the way.
async fn is_free(target: &Session, table: &QualifiedName) -> Result<bool, PgError> {
    let there = existing(target, std::slice::from_ref(table)).await?;
    Ok(there.is_empty())
}
