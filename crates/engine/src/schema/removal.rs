//! Removing from the target what the migration itself made there, when it is given up.
//!
//! Only what is recorded as restored, or was left to build work: what the target had before is not
//! touched, and what others have built on our objects since stops the removal.

use transhume_core::count::{counted, first_lines};
use transhume_pg::{
    connection::error::ServerError,
    schema::restore::{self, Dropped},
    state::{
        addition,
        archive::{self, Disposition},
    },
};

use super::{SchemaOptions, SchemaWork, contents::Contents};
use crate::error::{Doing, EngineError, Result};

/// Objects named where a removal is refused; the rest is like them.
const NAMED: usize = 10;

/// Removes it all, what came last first, and says what was removed; none where nothing had been made.
pub(crate) async fn remove(work: &SchemaWork<'_>) -> Result<Option<String>> {
    let target = work.target().await?;
    let additions = addition::all(&**target).await.doing("reading the additions")?;
    let mut removed = 0;
    for addition in additions.iter().rev() {
        let options = SchemaOptions::new(work.options.programs.clone(), work.options.replica_role);
        removed += remove_added(&SchemaWork {
            addition: Some(addition),
            options: &options,
            ..work.clone()
        })
        .await?;
    }
    removed += remove_added(work).await?;
    Ok((removed > 0).then(|| format!("{} with all rows", counted(removed, "definition"))))
}

/// Takes an archive that was not restored to its end back, with all that was planned by it: the next one shows the source
/// as it is by then. Does nothing where there is none.
pub(crate) async fn begin_anew(work: &SchemaWork<'_>) -> Result<()> {
    // The archive that it opens is not the one that this run works with.
    let options = SchemaOptions::new(work.options.programs.clone(), work.options.replica_role);
    let earlier = SchemaWork {
        options: &options,
        ..work.clone()
    };
    let mut target = work.target().await?;
    if !archive::is_stored(&**target, work.archive())
        .await
        .doing("looking for the schema archive")?
    {
        return Ok(());
    }
    remove_added(&earlier).await?;
    let forgetting = async {
        let transaction = target.transaction().await?;
        archive::forget_all(&transaction).await?;
        Ok(transaction.commit().await?)
    };
    forgetting.await.doing("taking back the schema archive")
}

/// Removes what one archive brought, and says how many objects that were.
pub(crate) async fn remove_added(work: &SchemaWork<'_>) -> Result<usize> {
    let mut target = work.target().await?;
    if !archive::is_stored(&**target, work.archive())
        .await
        .doing("looking for the schema archive")?
    {
        return Ok(0);
    }
    let source_major = work.source().await?.server_version().major();
    let contents = Contents::stored(work, source_major, &target).await?;
    let made: Vec<_> = contents
        .archive
        .entries
        .iter()
        .map(|(entry, _)| entry)
        .filter(|entry| {
            matches!(
                contents.items.get(&entry.dump_id),
                Some(Disposition::Restored | Disposition::Replaced)
            )
        })
        .collect();
    if made.is_empty() {
        return Ok(0);
    }
    work.reporter
        .step("removing the tables and other objects that the migration made on the target");
    let statements = restore::drops(&contents.archive.programs, &contents.archive.file, &made)
        .await
        .doing("reading the schema archive")?;
    match restore::drop_all(&mut target, statements)
        .await
        .doing("removing the objects of the migration from the target")?
    {
        Dropped::All => Ok(made.iter().filter(|entry| entry.object.class != 0).count()),
        Dropped::Refused(answers) => Err(refused(&answers)),
    }
}

fn refused(answers: &[ServerError]) -> EngineError {
    let line = |answer: &ServerError| match &answer.detail {
        Some(detail) => format!("{}: {}", answer.message, detail.replace('\n', "; ")),
        None => answer.message.clone(),
    };
    EngineError::stopped(
        "not all that the migration made on the target can be removed",
        first_lines(answers.iter().map(line), NAMED).join("\n"),
        "what depends on it is not of this migration, and dropping it loses its rows: move it elsewhere and abort again, or leave \
         everything there with \"transhume abort --keep-target\"",
    )
}
