//! The two restores of definitions: before the data and after it, in groups that commit with their record.

use transhume_core::{
    count::counted,
    finding::Finding,
    roles::RoleMap,
    schema::archive::{Decision, Entry},
};
use transhume_pg::{
    catalog::identities::identities,
    connection::session::Session,
    schema::restore::{self, Content, GroupError, Script},
    state::archive::{self, Disposition, Item},
};

use super::{SchemaWork, contents::Contents, findings, firing, inherited_checks};
use crate::error::{Doing, EngineError, Result};

/// Entries restored by one transaction: each takes a lock or more, and the default lock table holds
/// some thousands for all sessions together.
const GROUP: usize = 1000;

/// Entries of one script, which is held in memory: pg_restore reads the whole table of contents for each.
const SCRIPT: usize = 10 * GROUP;

/// Restores all that must be there before rows are copied.
pub async fn pre_data(work: &SchemaWork<'_>) -> Result<()> {
    restore_section(work, &Decision::BeforeData).await
}

/// Restores what remains when rows, indexes and keys are there, and sets aside the triggers that
/// would act on what apply writes.
pub async fn post_data(work: &SchemaWork<'_>) -> Result<()> {
    restore_section(work, &Decision::AfterData).await?;
    inherited_checks::validate(work).await?;
    firing::disable(work).await
}

async fn restore_section(work: &SchemaWork<'_>, section: &Decision) -> Result<()> {
    let mut target = work.own_target().await?;
    let source_major = work.source().await?.server_version().major();
    let contents = Contents::stored(work, source_major, &target).await?;
    let mut open = contents.open(section);
    let all = open.len();
    let mut restored = 0;
    while !open.is_empty() {
        let roles = &work.migration.selection.roles;
        let script = script(&contents, &open[..open.len().min(SCRIPT)], roles).await?;
        for group in script.into_groups(GROUP) {
            work.stop_if_cancelled()?;
            let count = group.pieces.len();
            if let Some(refused) = restore_group(work, &mut target, &open[..count], &group).await? {
                open.retain(|entry| entry.dump_id != refused);
                // What follows rests on settings that were rolled back with the group.
                break;
            }
            open.drain(..count);
            restored += count;
            if all > GROUP {
                work.reporter
                    .step(format!("{restored} of {} restored", counted(all, "definition")));
            }
        }
    }
    if restored > 0 {
        let when = if *section == Decision::BeforeData {
            "before"
        } else {
            "after"
        };
        work.reporter.step(format!(
            "{} restored {when} the data",
            counted(restored, "definition")
        ));
    }
    Ok(())
}

async fn script(contents: &Contents, entries: &[&Entry], roles: &RoleMap) -> Result<Script> {
    restore::script(
        &contents.archive.programs,
        &contents.archive.file,
        entries,
        (Content::Definitions, roles),
    )
    .await
    .doing("reading the schema archive")
}

/// All entries of the group or none; one that may fail and does is recorded and returned.
async fn restore_group(
    work: &SchemaWork<'_>,
    target: &mut Session,
    entries: &[&Entry],
    group: &Script,
) -> Result<Option<i32>> {
    let items: Vec<Item<'_>> = entries.iter().map(|entry| item(entry, "")).collect();
    let Err(error) = restore::restore_group(target, group, work.archive(), &items).await else {
        return Ok(None);
    };
    let may_miss = may_miss(work, entries, &error).await?;
    let (entry, message) = failed_entry(entries, error, may_miss)?;
    refuse(work, target, entry, &message).await?;
    Ok(Some(entry.dump_id))
}

/// The operator leaves the refused definition out since the archive was taken.
async fn may_miss(work: &SchemaWork<'_>, entries: &[&Entry], error: &GroupError) -> Result<bool> {
    let selection = &work.migration.selection;
    let refused = entries.iter().find(|entry| Some(entry.dump_id) == error.dump_id);
    let Some(entry) = refused.filter(|_| !selection.leave_out.is_empty()) else {
        return Ok(false);
    };
    let source = work.source().await?;
    let identities = identities(&source, &[entry])
        .await
        .doing("reading what a refused definition is called")?;
    let name = identities.get(&entry.dump_id);
    Ok(name.is_some_and(|name| selection.left_out().any(|object| object == name)))
}

fn item<'a>(entry: &'a Entry, reason: &'a str) -> Item<'a> {
    Item {
        dump_id: entry.dump_id,
        description: &entry.description,
        reason,
        identity: None,
    }
}

/// The entry that can be done without, with the server's message; anything else ends the restore.
fn failed_entry<'a>(entries: &[&'a Entry], error: GroupError, may_miss: bool) -> Result<(&'a Entry, String)> {
    let failed = error
        .dump_id
        .and_then(|id| entries.iter().copied().find(|entry| entry.dump_id == id));
    // Only what the server refuses is about the entry; a lost connection or a session that is ended is about none.
    let Some((entry, server)) = failed.zip(error.source.refusal()) else {
        return Err(EngineError::Server {
            doing: "restoring the schema".to_owned(),
            source: error.source,
        });
    };
    if may_miss || entry.kind.may_fail() {
        return Ok((entry, server.message.clone()));
    }
    let more = [&server.detail, &server.context];
    let detail = more.into_iter().flatten().cloned().collect::<Vec<_>>().join("\n");
    Err(EngineError::stopped(
        format!(
            "the target refused {}: {}",
            entry.description.escape_debug(),
            server.message
        ),
        detail,
        server.hint.clone().unwrap_or_else(|| {
            "create what is missing on the target, or leave it out (--leave-out, as assess names it), then run the same command again".to_owned()
        }),
    ))
}

async fn refuse(work: &SchemaWork<'_>, target: &Session, entry: &Entry, message: &str) -> Result<()> {
    archive::record(
        &**target,
        work.archive(),
        Disposition::Failed,
        &[item(entry, message)],
    )
    .await
    .doing("recording what the target refused")?;
    let finding = Finding::warning(
        "definition-refused",
        &entry.description,
        format!("the target refused it: {message}"),
        "create it on the target by a role that may, where it is needed",
    );
    findings::record(work, target, vec![finding]).await
}

#[cfg(test)]
mod tests {
    use transhume_pg::connection::error::{PgError, ServerError};

    use super::*;

    /// Found by torture: an ended session was told as an extension that the target refuses, and a cancelled one was left out.
    #[test]
    fn what_passes_by_itself_is_about_no_entry() {
        let extension = Entry::parse("2; 3079 16385 EXTENSION - hstore ").expect("an entry");
        let comment = Entry::parse("3; 0 0 COMMENT - EXTENSION hstore ").expect("an entry");
        let entries = [&extension, &comment];
        let failed = |dump_id, sqlstate: &str| {
            let answer = ServerError {
                sqlstate: sqlstate.to_owned(),
                message: "as the server says".to_owned(),
                detail: None,
                hint: None,
                context: None,
                table: None,
                constraint: None,
            };
            let error = GroupError {
                dump_id: Some(dump_id),
                source: PgError::from(answer),
            };
            failed_entry(&entries, error, false)
        };
        for (dump_id, sqlstate) in [(2, "57P01"), (3, "57P01"), (3, "57014"), (3, "40P01")] {
            let outcome = failed(dump_id, sqlstate);
            assert!(
                matches!(outcome, Err(EngineError::Server { .. })),
                "{dump_id} {sqlstate}: {outcome:?}"
            );
        }
        assert!(matches!(failed(2, "42501"), Err(EngineError::Stopped { .. })));
        assert!(matches!(failed(3, "42501"), Ok((entry, _)) if entry.dump_id == 3));
    }
}
