//! Arming the way back: everything of the reverse stream exists before the target's first write.
//!
//! Before the fence: its state on the source, identities, publication and slot on the target. Inside the
//! pause, once the forward stream writes nothing more: the position of the target's WAL from which it is
//! followed. So nothing that the forward stream wrote ever comes back. All of it is written down in
//! the reverse state itself, and taken away again where the cutover is undone.

use std::collections::HashSet;

use transhume_core::{finding::Finding, selection::Selector, sequence::Sequence, table::Table};
use transhume_pg::{
    catalog::tables::tables,
    connection::{names, quiet::silence_event_triggers, session::Session},
    cutover::way_back::own_grants,
    schema::firing::firing,
    state::{
        deviation::{self, Deviation, NewDeviation, Side},
        finding,
        load::relations,
        migration::{self, Migration, NewMigration},
        undo::Undo,
        way_back,
    },
};
use transhume_wire::lsn::Lsn;

use super::{super::answering, disarm::disarm};
use crate::{
    cancel::Cancellation,
    endpoints::{Endpoints, replica_role},
    error::{Doing, EngineError, Result},
    failpoint::{Point, reach},
    guard::schemas::Schemas,
    prepare::{Preparation, identity, prepare_stream},
    report::Reporter,
    selection::selector,
};

/// Origin of our findings in `transhume.finding`.
const ORIGIN: &str = "fallback";

/// Something of the old source that the reverse stream needs: made in the fence's transaction, undone where the
/// source opens again.
#[derive(Debug, Clone)]
pub(crate) struct Keep {
    pub(crate) kind: &'static str,
    pub(crate) description: String,
    pub(crate) make: Vec<String>,
    pub(crate) undo: Vec<Undo>,
}

/// The reverse stream, ready but for the position that it begins at.
pub(crate) struct Armed {
    keeps: Vec<Keep>,
}

/// What arming works with.
pub(crate) struct Arming<'run> {
    pub(crate) endpoints: &'run Endpoints,
    pub(crate) migration: &'run Migration,
    pub(crate) reporter: &'run Reporter,
    pub(crate) cancellation: &'run Cancellation,
}

impl Arming<'_> {
    /// Makes everything that takes time, while the application writes on.
    pub(crate) async fn prepare(
        &self,
        source_tables: &[Table],
        source_sequences: &[Sequence],
    ) -> Result<Armed> {
        let id = &self.migration.id;
        let mut source = self.endpoints.source_session(id, "arm").await?;
        let mut target = self.endpoints.target_session(id, "arm").await?;
        for session in [&source, &target] {
            silence_event_triggers(session)
                .await
                .doing("keeping event triggers silent")?;
        }
        // A cutover that died may have left something.
        disarm(&source, &target, id).await?;
        let reversed = self.endpoints.reversed();
        let (followed, others) = self.tables(&target).await?;
        let new = NewMigration {
            id: id.clone(),
            selection: self.migration.selection.reversed(),
            source_label: self.endpoints.target.to_string(),
            identity: identity::source_identity(&reversed, &target).await?,
            slot_name: names::reverse(id),
            publication_name: names::reverse(id),
        };
        let published: Vec<&Table> = followed.iter().collect();
        way_back::create(&mut source, &new, &published)
            .await
            .doing("creating the schema transhume on the source, for reverse replication")?;
        reach(Point::ReverseStateMade).await;
        let reverse = reverse_migration(&source).await?;
        tell_others(&source, &others).await?;
        self.remember_identities(&source, &target).await?;
        prepare_stream(Preparation {
            endpoints: &reversed,
            source: &mut target,
            target: &mut source,
            migration: &reverse,
            tables: &followed,
            reporter: self.reporter,
            cancellation: self.cancellation,
        })
        .await?;
        self.remember_schemas(&reverse, &source, &target).await?;
        let position = answering::commits(&target, "target", id).await?;
        answering::reverse_stream(&reversed, &reverse, position).await?;
        let selector = selector(&self.migration.selection)?;
        let keeps = keeps(&source, source_tables, source_sequences, &selector).await?;
        self.reporter.step(format!(
            "reverse replication is prepared: slot {} on the target",
            reverse.slot_name
        ));
        reach(Point::WayBackPrepared).await;
        Ok(Armed { keeps })
    }

    /// The target's selected tables: those of the migration, and others.
    async fn tables(&self, target: &Session) -> Result<(Vec<Table>, Vec<Table>)> {
        let migrated = relations::all(&**target)
            .await
            .doing("reading the tables of the migration")?;
        let migrated: HashSet<_> = migrated.into_iter().map(|relation| relation.name).collect();
        let selector = selector(&self.migration.selection)?;
        let mut all = tables(target).await.doing("reading the target's tables")?;
        all.retain(|table| table.moves_rows() && selector.selects(&table.name));
        Ok(all.into_iter().partition(|table| migrated.contains(&table.name)))
    }

    /// What is renamed as soon as the application lives on the target is told from what it was called by now.
    async fn remember_schemas(&self, reverse: &Migration, source: &Session, target: &Session) -> Result<()> {
        let doing = "remembering the schemas, for reverse replication";
        let selector = selector(&reverse.selection)?;
        let schemas = Schemas::take(target, source, &reverse.publication_name, &selector)
            .await
            .doing(doing)?;
        schemas.remember_at_once(source).await.doing(doing)
    }

    /// The target got its schema with the identities that the source was given for the migration. They stay
    /// while the reverse stream needs them; then the target gets the former ones.
    async fn remember_identities(&self, source: &Session, target: &Session) -> Result<()> {
        let doing = "recording the replica identities of the target";
        let open = deviation::open(target, Side::Source).await.doing(doing)?;
        for identity in open.iter().filter(|open| open.kind == "replica-identity") {
            let new = NewDeviation {
                side: Side::Source,
                kind: &identity.kind,
                object: &identity.object,
                description: &identity.description,
                undo: &identity.undo,
            };
            let id = deviation::intend(&**source, &new).await.doing(doing)?;
            deviation::made(&**source, id).await.doing(doing)?;
        }
        Ok(())
    }
}

impl Armed {
    /// What the fence's transaction does on the source beside closing it.
    pub(crate) fn keeps(&self) -> &[Keep] {
        &self.keeps
    }

    /// Writes down, for the fallback, how the old source is opened again. `closed` in the order in which it is
    /// made; undone in the reverse one.
    pub(crate) async fn remember_closing(&self, source: &Session, closed: &[Deviation]) -> Result<()> {
        let doing = "recording how the old source is opened again";
        for deviation in closed {
            let new = NewDeviation {
                side: Side::Target,
                kind: &deviation.kind,
                object: &deviation.object,
                description: &deviation.description,
                undo: &deviation.undo,
            };
            let id = deviation::intend(&**source, &new).await.doing(doing)?;
            deviation::made(&**source, id).await.doing(doing)?;
        }
        Ok(())
    }
}

/// Inside the pause, when the forward stream has written its last: the reverse one begins at the position that
/// is returned.
pub(crate) async fn begin(armed: Option<&Armed>, source: &Session, target: &Session) -> Result<Option<Lsn>> {
    if armed.is_none() {
        return Ok(None);
    }
    let start = way_back::insert_position(target)
        .await
        .doing("reading the target's WAL position")?;
    let begun = way_back::begin(source, start)
        .await
        .doing("recording where reverse replication begins")?;
    if begun {
        return Ok(Some(start));
    }
    Err(EngineError::stopped(
        "reverse replication has been begun by another process",
        "",
        "see \"transhume status\"",
    ))
}

/// Tables of the target that are not the migration's: a fallback leaves their rows behind.
async fn tell_others(source: &Session, others: &[Table]) -> Result<()> {
    for table in others {
        let finding = Finding::warning(
            "not-written-back",
            &table.name.plain(),
            "it was on the target beside the migration: what is written to it is not brought back to the old source",
            "nothing, unless the application needs its rows there after a fallback, which asks for --override tables",
        );
        finding::replace(&**source, ORIGIN, &finding)
            .await
            .doing("recording what is not brought back")?;
    }
    Ok(())
}

async fn reverse_migration(source: &Session) -> Result<Migration> {
    migration::read(source)
        .await
        .doing("reading the state of reverse replication")?
        .ok_or_else(|| {
            EngineError::stopped(
                "the state of reverse replication cannot be read",
                "",
                "report this",
            )
        })
}

/// Triggers that would act a second time, and the right to write where everybody else loses it.
async fn keeps(
    source: &Session,
    tables: &[Table],
    sequences: &[Sequence],
    selector: &Selector,
) -> Result<Vec<Keep>> {
    let mut keeps = Vec::new();
    let own = own_grants(source, tables, sequences)
        .await
        .doing("asking who we are on the source")?;
    if let Some(own) = own {
        keeps.push(Keep {
            kind: "own-grants",
            description: format!(
                "the role {} may write the tables, for the reverse stream",
                own.role
            ),
            make: own.grant,
            undo: own.revoke,
        });
    }
    let replica_role = replica_role(source).await?;
    let firing = firing(&**source, replica_role)
        .await
        .doing("looking for triggers on the source")?;
    let selected: Vec<_> = firing
        .into_iter()
        .filter(|firing| selector.selects(&firing.table))
        .collect();
    if !selected.is_empty() {
        let names: Vec<_> = selected.iter().map(|firing| firing.names.join(", ")).collect();
        keeps.push(Keep {
            kind: "triggers",
            description: format!(
                "triggers and rules disabled while changes are written back: {}",
                names.join(", ")
            ),
            make: selected
                .iter()
                .flat_map(|firing| firing.disable.clone())
                .collect(),
            undo: selected.into_iter().flat_map(|firing| firing.restore).collect(),
        });
    }
    Ok(keeps)
}
