//! Opening an attempt: is this the slot that our frontier belongs to, and can it still be read?
//!
//! LSNs of another system, database or timeline are never compared with ours. A slot that is
//! confirmed beyond the frontier has lost changes that the target never got: that is an end, not a
//! reason to go on.

use std::io;

use transhume_core::{
    assess::capability::SystemIdentity, direction::Direction, follow::frontier::Frontier, guard::anew::anew,
    sqlstate,
};
use transhume_pg::{
    assess,
    catalog::value_encoding::value_encoding,
    connection::{
        names,
        raw::{Mode, RawConnection},
        session::Session,
    },
    follow::{
        announcing::AnnouncementKey,
        apply::{self, BatchWriter, SourceTables},
        slot,
        stream::{ReplicationStream, StreamOptions},
        wal,
    },
    state::{
        apply::{StoredFrontier, frontier},
        command,
    },
};
use transhume_wire::{lsn::Lsn, replication::PluginOptions};

use super::{
    FollowRequest, announcing,
    failure::{Failure, While, explain},
    past::{self, PastCheck},
    receiver::ReceiverThread,
    slot_check::{check_slot, no_slot},
    standstill,
};
use crate::{
    endpoints::Sessions,
    error::{Doing, EngineError},
    report::Reporter,
    silence::shown,
    succession::{self, KnownSource},
};

/// As people are told of them.
const SOURCE: &str = "the source";
const TARGET: &str = "the target";
const BOTH: &str = "the source or the target";

/// Everything that one attempt works with.
pub(super) struct Opened {
    pub(super) frontier: StoredFrontier,
    /// What the slot was told so far.
    confirmed: Lsn,
    /// Where the stream's connection was opened.
    pub(super) thread: ReceiverThread,
    pub(super) stream: ReplicationStream,
    pub(super) target: OpenedTarget,
    /// Recognises what statements of the source announce.
    pub(super) key: Option<AnnouncementKey>,
}

impl Opened {
    /// What it must see first.
    pub(super) fn past(&self) -> PastCheck {
        PastCheck::of(self.frontier.anchor, self.stream.connection().server_version())
    }

    /// Where this attempt begins.
    pub(super) fn frontier(&self) -> Frontier {
        let anchor = self.frontier.anchor.map(|anchor| anchor.commit_lsn);
        Frontier::resume(
            self.frontier.lsn,
            anchor,
            self.confirmed,
            self.target.written_up_to,
        )
    }
}

pub(super) struct OpenedTarget {
    pub(super) writer: BatchWriter,
    /// End of the target's own WAL; the frontier was committed before.
    pub(super) written_up_to: Lsn,
    /// Hears and answers commands.
    pub(super) control: Session,
}

pub(super) async fn open(
    request: &FollowRequest<'_>,
    in_progress: bool,
    reporter: &Reporter,
) -> Result<Opened, Failure> {
    let direction = request.migration.direction;
    // Each takes some round trips. Where neither can be had, the target's failure is told.
    let (control, source) = tokio::join!(
        shown(reporter, TARGET, open_control(request)),
        shown(reporter, SOURCE, connect_source(request, "start")),
    );
    let control = control?;
    let source = source.map_err(as_failure)?;
    let known = succession::known(request.endpoints, Sessions::of(&source, &control), reporter);
    let known = shown(reporter, BOTH, known).await.map_err(as_failure)?;
    let encoding = value_encoding(&source, &control);
    let encoding = shown(reporter, BOTH, encoding)
        .await
        .while_doing("choosing the encoding that rows travel in")?;
    // Whose LSNs these are comes before what they say.
    let thread = ReceiverThread::start().map_err(|error| no_thread(&error))?;
    let (mut target, connection) = tokio::try_join!(
        shown(reporter, TARGET, open_target(request, control, &encoding)),
        shown(
            reporter,
            SOURCE,
            connect_stream(request, &thread, (&known, &encoding))
        ),
    )?;
    // The slot first: a runner that is just ending may move both, and it moves the frontier first.
    let slot = slot::state(&source, &request.migration.slot_name)
        .await
        .while_doing("reading the slot's state")?;
    let frontier = stored_frontier(&target.control, direction).await?;
    let Some(slot) = slot else {
        return Err(no_slot(request, &target.control).await?);
    };
    let confirmed = check_slot(request, &slot, &frontier)?;
    check_not_restored(request, &source, &frontier).await?;
    if frontier.anchor.is_none() && !source.is_standby() {
        past::emit_anchor(&source, &request.migration.id)
            .await
            .while_doing("writing the first marker")?;
    }
    let key = announcing::ensure(
        request.migration,
        request.schema_changes,
        Sessions::of(&source, &target.control),
        reporter,
    )
    .await
    .map_err(as_failure)?;
    let source_tables = SourceTables::new(source)
        .await
        .while_doing("preparing to ask the source about its tables")?;
    target.writer.ask(source_tables);
    let stream = open_stream(request, connection, (&frontier, in_progress), reporter).await?;
    if stored_frontier(&target.control, direction).await?.lsn != frontier.lsn {
        return Err(Failure::passing("another runner has just ended"));
    }
    // What was read may be a COMMIT that nothing has flushed yet.
    let position = target.writer.position().await;
    target.written_up_to = match position {
        Ok(position) => position.end,
        Err(error) => return Err(explain(error, Err(EngineError::Interrupted)).await),
    };
    Ok(Opened {
        frontier,
        confirmed,
        thread,
        stream,
        target,
        key,
    })
}

async fn stored_frontier(target: &Session, direction: Direction) -> Result<StoredFrontier, Failure> {
    frontier(target)
        .await
        .while_doing("reading the applied LSN")?
        .filter(|stored| stored.lsn > Lsn::ZERO)
        .ok_or_else(|| no_frontier(direction))
}

pub(super) async fn connect_source(request: &FollowRequest<'_>, role: &str) -> Result<Session, EngineError> {
    let name = names::application_name(&request.migration.id, role);
    Session::connect(&request.endpoints.source, &name)
        .await
        .doing("connecting to the source")
}

async fn open_control(request: &FollowRequest<'_>) -> Result<Session, Failure> {
    let name = names::application_name(&request.migration.id, "commands");
    let control = Session::connect(&request.endpoints.target, &name)
        .await
        .while_doing("connecting to the target")?;
    command::listen(&control)
        .await
        .while_doing("listening for commands")?;
    let former = ["apply", "early"].map(|role| names::application_name(&request.migration.id, role));
    let are_gone = apply::end_former(&control, &former)
        .await
        .while_doing("ending sessions of an earlier attempt")?;
    if are_gone {
        standstill::forget(&control).await?;
        return Ok(control);
    }
    Err(Failure::Passing {
        reason: format!(
            "sessions of an earlier attempt do not end on {}",
            control.endpoint()
        ),
        made_progress: false,
    })
}

async fn open_target(
    request: &FollowRequest<'_>,
    control: Session,
    encoding: &str,
) -> Result<OpenedTarget, Failure> {
    let id = &request.migration.id;
    let session = apply::open(
        &request.endpoints.target.clone().carrying(encoding),
        &names::application_name(id, "apply"),
        request.replica_role,
    )
    .await
    .while_doing("opening the apply session")?;
    let writer = match BatchWriter::new(session, request.replica_role).await {
        Ok(writer) => writer,
        Err(error) => return Err(explain(error, Err(EngineError::Interrupted)).await),
    };
    Ok(OpenedTarget {
        writer,
        written_up_to: Lsn::ZERO,
        control,
    })
}

fn as_failure(error: EngineError) -> Failure {
    match error {
        EngineError::Server { doing, source } => Failure::server(&doing, source),
        other => Failure::Final(other),
    }
}

/// A copy of the source's files has the same identity; it is told by its WAL, which ends too early. A server
/// that is asked for WAL from beyond its end would wait, and go on in the midst of what it writes next.
async fn check_not_restored(
    request: &FollowRequest<'_>,
    source: &Session,
    frontier: &StoredFrontier,
) -> Result<(), Failure> {
    let end = wal::flushed_end(source)
        .await
        .while_doing("reading the source's WAL end")?;
    if end >= frontier.lsn {
        return Ok(());
    }
    let evidence = format!("its WAL ends at {end}, before the applied LSN {}.", frontier.lsn);
    Err(Failure::Final(past::set_back(
        request.endpoints,
        request.migration.direction,
        &evidence,
    )))
}

/// A connection for the stream, to the server that is known.
async fn connect_stream(
    request: &FollowRequest<'_>,
    thread: &ReceiverThread,
    (known, encoding): (&KnownSource, &str),
) -> Result<RawConnection, Failure> {
    let name = names::application_name(&request.migration.id, "stream");
    let settings = request.endpoints.source.clone().carrying(encoding);
    let opening = async move { RawConnection::connect(&settings, &name, Mode::Replication).await };
    let opened = thread.run(opening).await.map_err(|error| no_thread(&error))?;
    let mut connection = opened.while_doing("connecting to the source for its stream")?;
    check_system(known, &mut connection).await?;
    Ok(connection)
}

async fn open_stream(
    request: &FollowRequest<'_>,
    connection: RawConnection,
    (frontier, in_progress): (&StoredFrontier, bool),
    reporter: &Reporter,
) -> Result<ReplicationStream, Failure> {
    let migration = request.migration;
    let options = StreamOptions {
        plugin: PluginOptions {
            messages: true,
            in_progress,
        },
        ..StreamOptions::default()
    };
    // With what is known already, so that another past is seen before anything of it is applied.
    let begin = frontier
        .anchor
        .map_or(frontier.lsn, |anchor| anchor.commit_lsn.min(frontier.lsn));
    let publications = [&migration.publication_name];
    match connection
        .start_replication(&migration.slot_name, begin, &publications, options)
        .await
    {
        Ok(stream) => Ok(stream),
        Err(error) if error.sqlstate() == Some(sqlstate::OBJECT_IN_USE) => {
            let reason = format!("the slot is still in use: {error}");
            reporter.waiting(&reason);
            Err(Failure::passing(reason))
        }
        // The next look says why.
        Err(error) if error.sqlstate() == Some(sqlstate::UNDEFINED_OBJECT) => Err(Failure::Retry),
        Err(error) => Err(Failure::server("starting the stream", error)),
    }
}

/// Of several hosts another one may have answered, or the same one may have been promoted meanwhile.
async fn check_system(known: &KnownSource, connection: &mut RawConnection) -> Result<(), Failure> {
    let found = assess::identify_on(connection)
        .await
        .while_doing("reading the source's identity")?;
    let is_same =
        |found: &SystemIdentity| found.system_identifier == known.system && found.timeline == known.timeline;
    if found.as_ref().is_some_and(is_same) {
        return Ok(());
    }
    Err(Failure::passing(format!(
        "{} answers the stream as another server than before: {found:?} instead of system {} on timeline {}",
        connection.endpoint(),
        known.system,
        known.timeline
    )))
}

fn no_thread(error: &io::Error) -> Failure {
    Failure::stopped(
        "the thread that receives the stream cannot run",
        error.to_string(),
        "look at the limits for threads and files of this machine's users, then run again",
    )
}

fn no_frontier(direction: Direction) -> Failure {
    Failure::stopped(
        "the target holds no applied LSN",
        "Where the stream must go on from is not known.",
        anew(direction),
    )
}
