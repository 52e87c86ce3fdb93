//! PgBouncer: `PAUSE`, its file rewritten and read again, `RESUME`. Clients wait and none fails.
//!
//! Its file points to the target only once the target is open: a PgBouncer that starts again before leads its clients to
//! the source, where the fence has them wait, and never to a target that may not open after all. All that can fail
//! (writing the new file) is done beside the old one before, so that one rename is left.

mod file;
mod trial;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use transhume_core::{
    cutover::{
        gate::{Condition, ConditionName},
        pgbouncer_file::{DatabaseAddress, EntryError, NewEntry, rewrite, without},
    },
    finding::Finding,
};
use transhume_pg::{
    connection::{conninfo::ConnectionSettings, names, session::Session},
    cutover::pgbouncer::Console,
    state::{
        deviation::{self, NewDeviation, Side},
        finding,
        undo::{self, Undo},
    },
};

use self::trial::Trial;
use crate::{
    endpoints::Endpoints,
    error::{Doing, EngineError, Result},
    failpoint::{Point, reach},
    report::{Report, Reporter},
};

/// The deviation that held clients are.
const KIND: &str = "pgbouncer";

#[derive(Debug, Clone)]
pub struct PgBouncerOptions {
    /// The admin console: PgBouncer's address, its database `pgbouncer`, a user of `admin_users`.
    pub admin: ConnectionSettings,
    /// The name of the entry; none: that of the source's database.
    pub database: Option<String>,
    /// The file with the section [databases], on this machine.
    pub file: PathBuf,
    /// The entry's whole new right-hand side; none: the former one with the target's host, port and database.
    pub entry: Option<String>,
    /// How long running transactions may take to end once new ones wait.
    pub timeout: Duration,
}

pub(super) struct PgBouncer {
    options: PgBouncerOptions,
    database: String,
    console: Console,
    /// The file as it was, and what its entry is to say.
    former: String,
    entry: NewEntry,
    new: String,
    trial: Trial,
    /// What the clients would find in the way.
    remark: Option<String>,
    is_held: bool,
}

impl PgBouncer {
    /// Connects, and makes sure that all that will be needed can be done.
    pub(super) async fn connect(
        options: &PgBouncerOptions,
        endpoints: &Endpoints,
        target: &Session,
    ) -> Result<Self> {
        let database = database(options, endpoints);
        let mut console = console(options).await?;
        let former = former(options)?;
        let entry = new_entry(options, &endpoints.target, target)?;
        let new = rewritten(&former, options, &database, &entry)?;
        file::probe(&options.file)?;
        let remark = remark(&mut console, options, &database).await?;
        Ok(Self {
            options: options.clone(),
            database,
            console,
            former,
            entry,
            new,
            remark,
            is_held: false,
            trial: Trial::None,
        })
    }

    pub(super) fn condition(&self, name: ConditionName) -> Condition {
        match &self.remark {
            None => Condition::met(
                name,
                format!(
                    "PgBouncer can hold the clients of {} and point them to the target",
                    self.database
                ),
            ),
            Some(remark) => Condition::degraded(
                name,
                remark,
                "set pool_mode = transaction for it, or expect the time-out of PAUSE",
            ),
        }
    }

    /// Before clients are held, so that whoever comes after a crash finds them.
    pub(super) async fn write_down(&self, target: &Session) -> Result<()> {
        let new = NewDeviation {
            side: Side::Application,
            kind: KIND,
            object: &self.database,
            description: &format!(
                "PgBouncer at {} holds the clients of {}",
                self.options.admin.host_label(),
                self.database
            ),
            undo: &[Undo::ResumeClients {
                entry: self.database.clone(),
            }],
        };
        deviation::intend(&**target, &new)
            .await
            .doing("recording that clients are held")
            .map(drop)
    }

    /// False where their transactions did not end in time: then they go on.
    pub(super) async fn hold(&mut self) -> Result<bool> {
        self.is_held = true;
        let pausing = self.console.pause(&self.database);
        if let Ok(paused) = tokio::time::timeout(self.options.timeout, pausing).await {
            return paused.doing("PAUSE of PgBouncer").map(|()| true);
        }
        // That console waits on; another one lets the clients go.
        self.console = console(&self.options).await?;
        self.release().await?;
        Ok(false)
    }

    /// Why the clients could not be held.
    pub(super) fn unheld(&self) -> EngineError {
        EngineError::stopped(
            format!("the transactions of {} did not end in time", self.database),
            format!(
                "PgBouncer was given {} ms to pause.",
                self.options.timeout.as_millis()
            ),
            "end long transactions, use pool_mode = transaction, or allow more with --pgbouncer-timeout",
        )
    }

    /// Before the point of no return: the new file is on disk, beside the one that is read.
    pub(super) fn stage(&self) -> Result<()> {
        file::stage(&self.options.file, &self.new)
    }

    /// The target is open: clients go on there.
    pub(super) async fn release_to_target(&mut self) -> Result<()> {
        file::take_over(&self.options.file)?;
        reach(Point::FileRewritten).await;
        if self.console.reload().await.is_err() {
            // It started again meanwhile; whoever connects from now on is led to the target.
            self.console = console(&self.options).await?;
            self.console.reload().await.doing("RELOAD of PgBouncer")?;
        }
        reach(Point::PoolerReloaded).await;
        self.release().await
    }

    pub(super) async fn release(&mut self) -> Result<()> {
        if self.is_held {
            if self.console.resume(&self.database).await.is_err() {
                // One that started again holds nobody, and says so to a new console.
                self.console = console(&self.options).await?;
                let resumed = self.console.resume(&self.database).await;
                resumed.doing("RESUME of PgBouncer")?;
            }
            self.is_held = false;
        }
        Ok(())
    }

    /// On a console of its own: the former one may be in the middle of a command.
    pub(super) async fn restore(&mut self) -> Result<()> {
        self.end_trial().await?;
        file::unstage(&self.options.file)?;
        if !self.is_held {
            return Ok(());
        }
        self.console = console(&self.options).await?;
        self.release().await
    }
}

/// The clients have gone on: nothing is left to undo.
pub(crate) async fn settled(target: &Session) -> Result<()> {
    for held in open(target).await? {
        deviation::undone(target, &[held.id])
            .await
            .doing("recording that clients are held no more")?;
    }
    Ok(())
}

/// After a crash: clients that are still held go on, to the target where it is open, else to the source.
pub(crate) async fn settle(
    endpoints: &Endpoints,
    target: &Session,
    options: Option<&PgBouncerOptions>,
    is_open: bool,
    reporter: &Reporter,
) -> Result<()> {
    let held = open(target).await?;
    let Some(first) = held.first() else {
        return Ok(());
    };
    let side = if is_open { "target" } else { "source" };
    let Some(options) = options else {
        let finding = Finding::warning(
            "clients-held",
            &first.object,
            format!(
                "{}, since a cutover died; the application belongs to the {side}",
                first.description
            ),
            format!(
                "point the entry to the {side} where it is not, then run RELOAD and {} in PgBouncer's console; \
                 [cutover.pgbouncer] in the configuration of \"transhume run\" does that by itself",
                undo::statements(&first.undo).join("; ")
            ),
        );
        finding::replace(&**target, "cutover", &finding)
            .await
            .doing("recording that clients are held")?;
        reporter.send(Report::Finding { finding });
        return settled(target).await;
    };
    let database = database(options, endpoints);
    let mut console = console(options).await?;
    file::unstage(&options.file)?;
    let former = former(options)?;
    if !is_open && former != file::read(&options.file)? {
        // A trial that nobody ended.
        file::stage(&options.file, &former)?;
        file::take_over(&options.file)?;
        console.reload().await.doing("RELOAD of PgBouncer")?;
    }
    if is_open {
        let entry = new_entry(options, &endpoints.target, target)?;
        let new = rewritten(&former, options, &database, &entry)?;
        file::stage(&options.file, &new)?;
        file::take_over(&options.file)?;
        console.reload().await.doing("RELOAD of PgBouncer")?;
    }
    console.resume(&database).await.doing("RESUME of PgBouncer")?;
    reporter.step(format!(
        "PgBouncer lets the clients of {database} go on, to the {side}"
    ));
    settled(target).await
}

async fn open(target: &Session) -> Result<Vec<deviation::Deviation>> {
    let mut open = deviation::open(target, Side::Application)
        .await
        .doing("looking for clients that are held")?;
    open.retain(|deviation| deviation.kind == KIND);
    Ok(open)
}

fn database(options: &PgBouncerOptions, endpoints: &Endpoints) -> String {
    let own = || endpoints.source.database().to_owned();
    options.database.clone().unwrap_or_else(own)
}

async fn console(options: &PgBouncerOptions) -> Result<Console> {
    Console::connect(&options.admin, &names::application_name("cutover", "pgbouncer"))
        .await
        .doing("connecting to PgBouncer's console")
}

/// The file without what a cutover that died has left in it.
fn former(options: &PgBouncerOptions) -> Result<String> {
    let text = file::read(&options.file)?;
    Ok(without(&text, trial::ENTRY).unwrap_or(text))
}

fn rewritten(text: &str, options: &PgBouncerOptions, database: &str, entry: &NewEntry) -> Result<String> {
    rewrite(text, database, entry).map_err(|error| unusable_entry(options, &error))
}

fn unusable_entry(options: &PgBouncerOptions, error: &EntryError) -> EngineError {
    EngineError::refused(
        format!("{}: {error}", options.file.display()),
        "name the file and the entry with cutover.pgbouncer.file and database",
    )
}

/// Where clients are to be led: to the server of the target that answers us, whichever of several it is.
fn new_entry(
    options: &PgBouncerOptions,
    settings: &ConnectionSettings,
    target: &Session,
) -> Result<NewEntry> {
    if let Some(entry) = &options.entry {
        return Ok(NewEntry::Written(entry.clone()));
    }
    let (host, port) = settings.server_at(target.endpoint()).ok_or_else(|| {
        EngineError::refused(
            "the target names no server",
            "give the entry with cutover.pgbouncer.entry",
        )
    })?;
    Ok(NewEntry::PointingTo(DatabaseAddress {
        host,
        port,
        database: settings.database().to_owned(),
    }))
}

/// A session pool gives a server back only when its client leaves: PAUSE would wait for all of them.
async fn remark(console: &mut Console, options: &PgBouncerOptions, database: &str) -> Result<Option<String>> {
    let asking = "asking PgBouncer's console";
    let own = console.served(database).await.doing(asking)?;
    let own = own.map(|served| served.pool_mode).filter(|mode| !mode.is_empty());
    let mode = match own {
        Some(mode) => Some(mode),
        None => console.setting("pool_mode").await.doing(asking)?,
    };
    let read = console.file().await.doing(asking)?;
    let same = |read: &Path| match (read.canonicalize(), options.file.canonicalize()) {
        (Ok(read), Ok(named)) => read == named,
        // Another machine's name for it, or a file that it includes: nothing can be said.
        _ => true,
    };
    if let Some(read) = read.filter(|read| !same(read)) {
        return Ok(Some(format!(
            "PgBouncer reads {}, which must include {}",
            read.display(),
            options.file.display()
        )));
    }
    Ok(mode
        .filter(|mode| mode == "session")
        .map(|_| format!("PgBouncer pools sessions of {database}: PAUSE waits until their clients leave")))
}
