//! `table`: requests about single tables, made to the runner through the target.
//!
//! The runner does the work; whoever asks may go away meanwhile. Tables are named by patterns, as in the
//! selection, among those that the migration has.

mod add;

use std::time::Duration;

pub use self::add::{NewTables, add, choose_new};

use serde::Serialize;
use transhume_core::{command::Command, load::RelationState, phase::Phase, selection::Selection};
use transhume_pg::{
    connection::session::Session,
    state::{
        command::{self, Answer},
        load::relations::{self, Relation},
        runner,
    },
};
use transhume_wire::ident::QualifiedName;

use crate::{
    cancel::Cancellation,
    door::{self, Past},
    endpoints::Endpoints,
    error::{Doing, EngineError, Result},
    present::migration_on,
    report::Reporter,
};

/// Between two looks at what became of a request.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(250);
/// What is not taken up by then waits for something that is worth telling.
const TAKEN_UP_WITHIN: Duration = Duration::from_secs(5);

/// What is to become of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Empty and load them anew.
    Reload,
    /// Skip their changes from now on.
    Suspend,
    /// Load those that are suspended anew.
    Resume,
}

/// Tables that a request is about.
#[derive(Debug, Clone)]
pub struct Chosen {
    wish: Wish,
    relations: Vec<Relation>,
}

#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct TableStanding {
    pub table: QualifiedName,
    /// loaded or suspended.
    pub state: RelationState,
}

impl Chosen {
    pub fn names(&self) -> Vec<String> {
        self.relations
            .iter()
            .map(|relation| relation.name.plain())
            .collect()
    }

    fn oids(&self) -> Vec<u32> {
        self.relations
            .iter()
            .map(|relation| relation.source_oid)
            .collect()
    }
}

/// The tables of the migration that these patterns name and that the wish can be fulfilled for.
pub async fn choose(endpoints: &Endpoints, wish: Wish, patterns: &[String]) -> Result<Chosen> {
    door::enter(endpoints, Past::Compared).await?;
    let target = endpoints.target_session("table", "table").await?;
    check_phase(&target).await?;
    let selection = Selection {
        include: patterns.to_vec(),
        ..Selection::default()
    };
    let selector = selection
        .selector()
        .map_err(|error| EngineError::refused(error.to_string(), "correct the name"))?;
    let mut chosen = all(&target).await?;
    let names: Vec<_> = chosen.iter().map(|relation| relation.name.clone()).collect();
    if let Some(pattern) = selector.unmatched(&names).first() {
        return Err(EngineError::refused(
            format!("the migration has no table \"{}\"", pattern.escape_debug()),
            "name tables as schema.table; partitions by their own names, * and ? stand for any letters",
        ));
    }
    chosen.retain(|relation| {
        let suspended = relation.state == RelationState::Suspended;
        selector.selects(&relation.name)
            && relation.state != RelationState::Adding
            && match wish {
                Wish::Reload => true,
                Wish::Suspend => !suspended,
                Wish::Resume => suspended,
            }
    });
    if chosen.is_empty() {
        let which = if wish == Wish::Resume { "" } else { " not" };
        return Err(EngineError::refused(
            format!("none of these tables is{which} suspended"),
            "see \"transhume status\"",
        ));
    }
    Ok(Chosen {
        wish,
        relations: chosen,
    })
}

/// Asks the runner, and waits until it is done.
pub async fn fulfil(
    endpoints: &Endpoints,
    chosen: &Chosen,
    reporter: &Reporter,
    cancellation: &Cancellation,
) -> Result<Vec<TableStanding>> {
    let mut target = endpoints.target_session("table", "table").await?;
    check_phase(&target).await?;
    require_runner(&target).await?;
    let (command, wanted) = match chosen.wish {
        Wish::Reload | Wish::Resume => (Command::Reload(chosen.oids()), RelationState::Loaded),
        Wish::Suspend => (Command::Suspend(chosen.oids()), RelationState::Suspended),
    };
    let id = command::request(&target, command, None)
        .await
        .doing("asking the runner")?;
    await_taken_up(&mut target, id, reporter, cancellation).await?;
    await_end(&target, chosen, wanted, reporter, cancellation).await
}

pub(crate) async fn await_taken_up(
    target: &mut Session,
    id: i64,
    reporter: &Reporter,
    cancellation: &Cancellation,
) -> Result<String> {
    loop {
        let answer = tokio::select! {
            answer = command::await_answer(target, id, TAKEN_UP_WITHIN) => answer.doing("waiting for the runner")?,
            () = cancellation.cancelled() => {
                command::withdraw(target, id).await.doing("taking the request back")?;
                return Err(EngineError::Interrupted);
            }
        };
        match answer {
            Answer::Active(text) | Answer::Done(text) => return Ok(text),
            Answer::Failed(reason) => {
                return Err(EngineError::stopped(reason, "", "see \"transhume status\""));
            }
            Answer::Withdrawn => {
                return Err(EngineError::stopped("the request was withdrawn", "", "ask again"));
            }
            Answer::Waiting => {
                require_runner(target).await?;
                reporter.waiting("the runner to end another table's load, a verification or a cutover");
            }
        }
    }
}

async fn await_end(
    target: &Session,
    chosen: &Chosen,
    wanted: RelationState,
    reporter: &Reporter,
    cancellation: &Cancellation,
) -> Result<Vec<TableStanding>> {
    reporter.step("the runner has taken the request up");
    let oids = chosen.oids();
    loop {
        let mut standing = all(target).await?;
        standing.retain(|relation| oids.contains(&relation.source_oid));
        let is_settled =
            |relation: &Relation| matches!(relation.state, RelationState::Loaded | RelationState::Suspended);
        if standing.iter().all(is_settled) {
            return settled(standing, wanted);
        }
        require_runner(target).await?;
        // The request stands; only nobody waits for it any more.
        cancellation.rest(LOOK_EVERY).await?;
    }
}

fn settled(standing: Vec<Relation>, wanted: RelationState) -> Result<Vec<TableStanding>> {
    if let Some(failed) = standing.iter().find(|relation| relation.state != wanted) {
        return Err(EngineError::stopped(
            format!("{} could not be loaded and is suspended", failed.name.plain()),
            "The rest of the migration continues.",
            "see the finding in \"transhume status\"",
        ));
    }
    let standing = standing.into_iter().map(|relation| TableStanding {
        table: relation.name,
        state: relation.state,
    });
    Ok(standing.collect())
}

pub(crate) async fn all(target: &Session) -> Result<Vec<Relation>> {
    relations::all(&**target)
        .await
        .doing("reading the tables of the migration")
}

pub(crate) async fn check_phase(target: &Session) -> Result<()> {
    let migration = migration_on(target).await?;
    if migration.phase == Phase::Follow {
        return Ok(());
    }
    Err(EngineError::refused(
        format!("the migration is in phase {}", migration.phase),
        "single tables are loaded anew or suspended in phase follow (see \"transhume status\")",
    ))
}

pub(crate) async fn require_runner(target: &Session) -> Result<()> {
    if runner::is_locked(target).await.doing("looking for the runner")? {
        return Ok(());
    }
    Err(EngineError::refused(
        "no runner is there to do it",
        "start \"transhume run\"; what it has taken up already continues then",
    ))
}
