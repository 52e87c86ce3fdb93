//! `--repair`: the rows that were named become what they are on the source, and are compared again.
//!
//! Both sides are brought to the same commit once more and apply is held there: each row is read anew on
//! both sides, so nothing that the application or apply did since the comparison is overwritten with
//! something older, and apply goes on from exactly that commit.
//!
//! A table that the target refuses to change stays as it is, is named, and counts as different; all others are repaired.

use std::collections::{BTreeMap, BTreeSet};

use transhume_core::{count::counted, finding::Finding, shell, table::Table};
use transhume_pg::{
    catalog::tables::tables,
    connection::{error::ServerError, names, session::Session},
    follow::apply::session,
    state::verification::{self, RecordedRow},
    verify::rows::{Mended, Mending, Reading, ReadingSide},
};
use transhume_wire::ident::QualifiedName;

use super::{Compared, Verifier, ledger, quiet};
use crate::{
    cancel::Cancellation,
    endpoints::replica_role,
    error::{Doing, EngineError, Result},
    report::Report,
};

/// Rows to mend, by table.
type Damage<'a> = BTreeMap<&'a QualifiedName, Vec<&'a RecordedRow>>;

/// What came of a repair.
#[derive(Default)]
struct Repaired {
    mended: Mended,
    /// Tables that the target refused to change, and why.
    refused: Vec<(QualifiedName, ServerError)>,
}

impl Verifier<'_> {
    /// Mends what was found, then compares the tables concerned again within the same verification.
    pub(super) async fn repair(
        &mut self,
        compared: &mut Compared,
        cancellation: &Cancellation,
    ) -> Result<()> {
        let rows = self.damaged_rows(compared).await?;
        let mut damage = Damage::new();
        for row in &rows {
            damage.entry(&row.table).or_default().push(row);
        }
        let Repaired { mended, refused } = self.mend(compared, &damage, cancellation).await?;
        damage.retain(|table, _| refused.iter().all(|(refused, _)| refused != *table));
        self.reporter.step(format!(
            "repaired: {} written and {} removed in {}",
            counted(mended.written, "row"),
            mended.removed,
            counted(damage.len(), "table")
        ));
        for (table, error) in &refused {
            self.reporter.send(Report::Finding {
                finding: not_repaired(table, error),
            });
        }
        self.reopen(compared, &damage).await?;
        self.scope.tables.retain(|table| damage.contains_key(&table.name));
        self.compare_rounds(compared, cancellation).await
    }

    async fn damaged_rows(&self, compared: &Compared) -> Result<Vec<RecordedRow>> {
        let mut rows = match compared.id {
            Some(id) => verification::rows(&self.target, id)
                .await
                .doing("reading the rows that differ")?,
            None => ledger::open(&compared.book).rows.clone(),
        };
        rows.retain(|row| !row.is_repaired);
        Ok(rows)
    }

    async fn mend(
        &self,
        compared: &Compared,
        damage: &Damage<'_>,
        cancellation: &Cancellation,
    ) -> Result<Repaired> {
        let writer = self.writer().await?;
        let on_target = tables(&writer).await.doing("reading the target's tables")?;
        if let Some(migration) = self.followed() {
            let (_, mended) = self
                .freezing(migration)
                .standing_still(cancellation, async |standstill| {
                    let snapshot = standstill.source.name();
                    self.mend_under(snapshot, &writer, &on_target, compared, damage)
                        .await
                })
                .await?;
            return Ok(mended);
        }
        let frozen = quiet::freeze(
            self.endpoints,
            &self.source,
            self.options.snapshots.as_ref(),
            self.reporter,
        )
        .await?;
        self.mend_under(frozen.source.name(), &writer, &on_target, compared, damage)
            .await
    }

    /// A session on the target that fires no triggers.
    async fn writer(&self) -> Result<Session> {
        let replica_role = replica_role(&self.target).await?;
        if self.followed().is_none() && !replica_role {
            return Err(EngineError::refused(
                "this role may not set session_replication_role on the target, so a repair would fire triggers",
                "grant set on parameter session_replication_role to the role (15 and later), or use another one",
            ));
        }
        let name = names::application_name(self.id(), "repair");
        session::open(&self.endpoints.target, &name, replica_role)
            .await
            .doing("opening a session for the repair")
    }

    /// All tables in one transaction, each in a savepoint of its own.
    async fn mend_under(
        &self,
        source_snapshot: &str,
        writer: &Session,
        on_target: &[Table],
        compared: &Compared,
        damage: &Damage<'_>,
    ) -> Result<Repaired> {
        let source = ReadingSide {
            session: &self.source,
            snapshot: source_snapshot,
        };
        session::begin(writer).await.doing("beginning the repair")?;
        let mut repaired = Repaired::default();
        let mut damage = damage.clone();
        for (name, rows) in damage.clone() {
            let doing = || format!("repairing {}", name.plain());
            let subject = compared.subjects.get(name);
            let table = on_target.iter().find(|table| table.name == *name);
            let (Some(subject), Some(table)) = (subject, table) else {
                continue;
            };
            let mending = Mending {
                subject,
                table,
                source,
                target: writer,
            };
            session::save(writer).await.doing(doing())?;
            let mended = if subject.key.is_empty() {
                let hashes: Vec<i64> = rows.iter().map(|row| row.hash).collect();
                mending.images(&hashes).await
            } else {
                let keys: BTreeSet<Vec<String>> = rows.iter().map(|row| row.key.clone()).collect();
                mending.keys(&keys).await
            };
            match mended {
                Ok(Reading::Seen(mended)) => {
                    repaired.mended.written += mended.written;
                    repaired.mended.removed += mended.removed;
                }
                // What was truncated meanwhile is compared again anyway.
                Ok(Reading::Moved) => session::back_to_saved(writer).await.doing(doing())?,
                Err(error) => match error.refusal().cloned() {
                    Some(refusal) => {
                        session::back_to_saved(writer).await.doing(doing())?;
                        damage.remove(name);
                        repaired.refused.push((name.clone(), refusal));
                    }
                    None => return Err(error).doing(doing()),
                },
            }
        }
        self.record(writer, compared, &damage).await?;
        session::commit(writer).await.doing("committing the repair")?;
        Ok(repaired)
    }

    async fn record(&self, writer: &Session, compared: &Compared, damage: &Damage<'_>) -> Result<()> {
        if compared.id.is_some() {
            let ids: Vec<i64> = damage.values().flatten().map(|row| row.id).collect();
            return verification::repaired(writer, &ids)
                .await
                .doing("recording the repair");
        }
        for row in &mut ledger::open(&compared.book).rows {
            row.is_repaired = true;
        }
        Ok(())
    }

    async fn reopen(&self, compared: &Compared, damage: &Damage<'_>) -> Result<()> {
        let names: Vec<&QualifiedName> = damage.keys().copied().collect();
        if let Some(id) = compared.id {
            return verification::reopen(&self.target, id, &names)
                .await
                .doing("recording the repair");
        }
        ledger::open(&compared.book).forget(&names);
        Ok(())
    }
}

fn not_repaired(table: &QualifiedName, error: &ServerError) -> Finding {
    Finding::warning(
        "not-repaired",
        &table.plain(),
        format!("the target does not take the source's rows: {}", error.message),
        format!(
            "remedy what the target says, then \"transhume verify --repair\"; or load the table anew: \"transhume table reload {}\"",
            shell::word(&table.plain())
        ),
    )
}
