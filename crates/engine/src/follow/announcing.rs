//! What is made on the source so that statements announce what they leave behind, or are refused.
//!
//! It is there before the slot is, so that what alters the schema during the load is in the stream as everything later.
//! Each is written down on the target before it is made, as every change of the source. Where the source does not let us,
//! the schema is looked at as without it, and a finding says so.

use transhume_core::{
    count::counted, direction::Direction, disposition::Disposition, finding::Finding,
    guard::schema::SchemaChanges,
};
use transhume_pg::{
    connection::{error::PgError, names},
    follow::announcing::{self, AnnouncementKey, Announcers},
    state::{
        deviation::{self, NewDeviation, Side},
        finding,
        migration::Migration,
        undo::{OwnName, Undo},
    },
};

use super::ORIGIN;
use crate::{
    endpoints::Sessions,
    error::{Doing, EngineError, Result},
    report::{Report, Reporter},
};

/// The kind of the deviation, and the code of the finding where it cannot be made.
const KIND: &str = "schema-changes";

/// Makes the source what the setting says; gives back what recognises the messages of its statements.
pub(crate) async fn ensure(
    migration: &Migration,
    schema_changes: Option<SchemaChanges>,
    Sessions { source, target }: Sessions<'_>,
    reporter: &Reporter,
) -> Result<Option<AnnouncementKey>> {
    let id = &migration.id;
    let is_forward = migration.direction == Direction::Forward;
    if !is_forward || !announcing::is_possible(source) {
        return Ok(None);
    }
    let doing = "looking for event triggers of this migration on the source";
    let installed = announcing::installed(source, id).await.doing(doing)?;
    let wanted = match (schema_changes, installed) {
        // A command that follows for a while has no such setting: what the run made stays, unless somebody else has altered it.
        // A run always has one, which is "hold" where nobody sets it.
        (None, Announcers::As(found) | Announcers::OfAnotherVersion(found)) => found,
        (None, _) => SchemaChanges::Hold,
        (Some(wanted), _) => wanted,
    };
    let is_right = match installed {
        Announcers::Nothing => wanted == SchemaChanges::Hold,
        Announcers::Altered | Announcers::OfAnotherVersion(_) => false,
        Announcers::As(found) => found == wanted,
    };
    if !is_right {
        // What statements have announced until now is still to be read.
        let kept = match installed {
            Announcers::As(SchemaChanges::Replicate)
            | Announcers::OfAnotherVersion(SchemaChanges::Replicate) => {
                announcing::key(source, id).await.ok()
            }
            _ => None,
        };
        if !make(migration, Sessions::of(source, target), (wanted, kept), reporter).await? {
            return Ok(None);
        }
    }
    if wanted != SchemaChanges::Replicate {
        return Ok(None);
    }
    let key = announcing::key(source, id).await;
    Ok(Some(key.doing("reading the key of announcements")?))
}

/// False where the source refuses it.
async fn make(
    migration: &Migration,
    Sessions { source, target }: Sessions<'_>,
    (wanted, kept): (SchemaChanges, Option<AnnouncementKey>),
    reporter: &Reporter,
) -> Result<bool> {
    let id = &migration.id;
    let doing = "recording a change of the source";
    let schema = names::ddl(id);
    let does = match wanted {
        SchemaChanges::Replicate => "announce",
        SchemaChanges::Refuse => "refuse",
        SchemaChanges::Hold => "are to ignore",
    };
    let deviation = NewDeviation {
        side: Side::Source,
        kind: KIND,
        object: &schema,
        description: &format!(
            "schema {schema} with {} that {does} what alters the schema",
            counted(2, "event trigger")
        ),
        undo: &[Undo::DropDdlSchema {
            name: OwnName::made(&schema),
        }],
    };
    let deviation = deviation::intend(&**target, &deviation).await.doing(doing)?;
    match announcing::install(source, id, wanted, kept.as_ref()).await {
        Ok(()) if wanted == SchemaChanges::Hold => {
            deviation::undone(target, &[deviation]).await.doing(doing)?;
            reporter.step("changes of the source's schema are neither announced nor refused any more");
        }
        Ok(()) => {
            deviation::made(&**target, deviation).await.doing(doing)?;
            reporter.step(format!(
                "event triggers of the source {does} what alters the schema from here on (schema {schema})"
            ));
        }
        Err(error) if is_lasting(&error) => {
            let left = announcing::installed(source, id).await.doing(doing)?;
            if left == Announcers::Nothing {
                deviation::undone(target, &[deviation]).await.doing(doing)?;
            }
            let finding = refused(wanted, &error);
            finding::replace(&**target, ORIGIN, &finding).await.doing(doing)?;
            reporter.send(Report::Finding { finding });
            return Ok(false);
        }
        Err(error) => {
            return Err(EngineError::Server {
                doing: "making event triggers on the source".to_owned(),
                source: error,
            });
        }
    }
    finding::clear(&**target, ORIGIN, KIND).await.doing(doing)?;
    Ok(true)
}

fn is_lasting(error: &PgError) -> bool {
    error.refusal().is_some() && error.disposition() != Disposition::Retry
}

fn refused(wanted: SchemaChanges, error: &PgError) -> Finding {
    Finding::warning(
        KIND,
        "",
        format!(
            "follow.schema_changes is \"{wanted}\", but the source lets this role make no event triggers: {error}. Changes of \
             its schema hold the stream, as with \"hold\""
        ),
        "let an administrator of the source give the role that right, or set follow.schema_changes to \"hold\"",
    )
}
