//! A session for ordinary SQL: the tokio-postgres driver over a connection that we opened and pinned.
//!
//! Owns the task that drives the connection. Notifications are queued for their one reader; notices
//! are traced. Dropped, it ends in order by itself; `close` waits for that.

mod handover;

use std::{
    future::poll_fn,
    ops::{Deref, DerefMut},
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    sync::mpsc::{self, UnboundedReceiver, UnboundedSender},
    task::JoinHandle,
    time::timeout,
};
use tokio_postgres::{AsyncMessage, Client, Connection, NoTls, Notification, tls::NoTlsStream};

use self::handover::Handover;
use crate::connection::{
    conninfo::ConnectionSettings,
    error::PgError,
    raw::{CancelHandle, Mode, RawConnection},
    silence::{Owed, Peer},
    version::ServerVersion,
};

/// Enough that one of them meets no other work, and nothing that anybody waits for.
const ROUND_TRIPS: u32 = 3;

/// A session is ended within a few milliseconds; nobody waits longer for one whose server hangs.
const FAREWELL: Duration = Duration::from_secs(5);

/// What LISTEN brings; `recv` gives none once the connection has ended.
pub type Notifications = UnboundedReceiver<Notification>;

pub struct Session {
    client: Client,
    notifications: Notifications,
    driver: JoinHandle<()>,
    endpoint: String,
    /// All that its settings name, of which one answered.
    hosts: Vec<String>,
    backend_pid: i32,
    canceller: CancelHandle,
    version: ServerVersion,
    standby: bool,
    read_only: bool,
    encrypted: bool,
    client_encoding: String,
}

impl Session {
    /// Opens, logs in, pins and verifies the session's settings.
    pub async fn connect(settings: &ConnectionSettings, application_name: &str) -> Result<Self, PgError> {
        let connection = RawConnection::connect(settings, application_name, Mode::Session).await?;
        let canceller = CancelHandle::new(&connection, settings);
        Self::from_raw(connection, canceller, settings).await
    }

    async fn from_raw(
        connection: RawConnection,
        canceller: CancelHandle,
        settings: &ConnectionSettings,
    ) -> Result<Self, PgError> {
        let endpoint = connection.endpoint().to_owned();
        let backend_pid = connection.backend_pid();
        let version = connection.server_version();
        let (standby, read_only) = (connection.is_standby(), connection.is_read_only());
        let encrypted = connection.is_encrypted();
        let mut config = tokio_postgres::Config::new();
        config
            .user("logged in already")
            .ssl_mode(tokio_postgres::config::SslMode::Disable);
        let (peer, owed) = (connection.peer.clone(), Arc::new(Owed::default()));
        let handover = Handover::new(connection, Arc::clone(&owed));
        let (client, connection) = config.connect_raw(handover, NoTls).await?;
        let (sender, notifications) = mpsc::unbounded_channel();
        let driver = tokio::spawn(drive(connection, sender, endpoint.clone(), (peer, owed)));
        Ok(Self {
            client,
            notifications,
            driver,
            endpoint,
            hosts: settings.servers().map(|(host, _)| host).collect(),
            backend_pid,
            canceller,
            version,
            standby,
            read_only,
            encrypted,
            client_encoding: settings.client_encoding.clone(),
        })
    }

    /// `host:port` of the server that answered.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// All hosts that its settings name: what a service is called tells whose it is.
    pub fn hosts(&self) -> &[String] {
        &self.hosts
    }

    pub fn server_version(&self) -> ServerVersion {
        self.version
    }

    pub fn backend_pid(&self) -> i32 {
        self.backend_pid
    }

    /// How long a question and its answer take at least: the best of a few that ask for nothing.
    pub async fn round_trip(&self) -> Result<Duration, PgError> {
        let mut best = Duration::MAX;
        for _ in 0..ROUND_TRIPS {
            let asked = Instant::now();
            self.client.batch_execute("").await?;
            best = best.min(asked.elapsed());
        }
        Ok(best)
    }

    /// To end a command of this session from elsewhere.
    pub fn canceller(&self) -> CancelHandle {
        self.canceller.clone()
    }

    /// Whether the server was in recovery when the session began.
    pub fn is_standby(&self) -> bool {
        self.standby
    }

    /// Whether transactions are read-only by default: a fence, or a setting of the role or database.
    pub fn is_read_only(&self) -> bool {
        self.read_only
    }

    pub fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// The encoding of all text in this session.
    pub fn client_encoding(&self) -> &str {
        &self.client_encoding
    }

    pub fn notifications(&mut self) -> &mut Notifications {
        &mut self.notifications
    }

    /// Gives away what LISTEN brings, so that the session can be shared; [`Self::notifications`] brings nothing more.
    pub fn take_notifications(&mut self) -> Notifications {
        std::mem::replace(&mut self.notifications, mpsc::unbounded_channel().1)
    }

    /// Ends the session and waits until the server has been told.
    pub async fn close(self) {
        drop(self.client);
        // The driver only fails by a panic, which has been reported already; a server that takes no farewell is left.
        let _ = timeout(FAREWELL, self.driver).await;
    }
}

impl Deref for Session {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl DerefMut for Session {
    fn deref_mut(&mut self) -> &mut Client {
        &mut self.client
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "Session({}, backend {})",
            self.endpoint, self.backend_pid
        )
    }
}

async fn drive(
    mut connection: Connection<Handover, NoTlsStream>,
    notifications: UnboundedSender<Notification>,
    endpoint: String,
    (peer, owed): (Peer, Arc<Owed>),
) {
    let lost = peer.until_session_lost(&owed);
    let mut lost = std::pin::pin!(lost);
    loop {
        let message = tokio::select! {
            biased;
            message = poll_fn(|context| connection.poll_message(context)) => message,
            // With the connection go the requests that wait for it: each fails as one of a closed connection.
            reason = &mut lost => {
                tracing::warn!(%endpoint, "the connection is given up: {reason}");
                return;
            }
        };
        let Some(message) = message else { return };
        match message {
            // Nobody may be interested: then the session is being closed.
            Ok(AsyncMessage::Notification(notification)) => drop(notifications.send(notification)),
            Ok(AsyncMessage::Notice(notice)) => {
                tracing::debug!(%endpoint, sqlstate = notice.code().code(), "{}", notice.message());
            }
            Ok(_) => {}
            Err(error) => {
                // Whoever waits for an answer gets the error; this is for the log only.
                tracing::debug!(%endpoint, "the connection ended: {error}");
                return;
            }
        }
    }
}
