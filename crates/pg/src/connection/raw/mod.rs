//! A thin connection of our own: start-up, login, plain queries, and the bytes of COPY and replication.
//!
//! Owns the wire between two messages. Every frame is bounded before it is read. After a lost
//! connection or a protocol error it refuses all further use. Never retries.

mod authentication;
mod cancel;
mod frame;
mod query;
mod startup;
mod traffic;

use std::collections::BTreeMap;

use bytes::BytesMut;
use postgres_protocol::message::frontend;
use tokio::io::AsyncWriteExt;

pub use self::{cancel::CancelHandle, query::AnswerColumn};
pub(crate) use self::{
    frame::header as frame_header,
    query::rows_of_tag,
    traffic::{COPY_DONE, SMALLEST_READ_BYTES},
};
use crate::connection::{
    connect::transport::Transport, conninfo::ConnectionSettings, error::PgError, silence::Peer,
    version::ServerVersion,
};

/// What the server process at the other end shall be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// An ordinary backend whose rows may wait to be read, as those of a COPY do.
    Sql,
    /// An ordinary backend whose answers are read at once.
    Session,
    /// A walsender of the database, which also takes SQL by simple query.
    Replication,
    /// The admin console of PgBouncer, which has no settings to pin.
    Console,
}

/// What a session may expect of its server, as found when it began.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ServerRole {
    pub(crate) standby: bool,
    pub(crate) read_only: bool,
}

#[derive(Debug)]
pub struct RawConnection {
    pub(crate) transport: Transport,
    /// Received and not yet cut into messages.
    pub(crate) received: BytesMut,
    endpoint: String,
    largest_frame: usize,
    backend_pid: i32,
    secret_key: i32,
    parameters: BTreeMap<String, String>,
    version: ServerVersion,
    role: ServerRole,
    /// Who is asked after when it falls silent; nobody before the login is done.
    pub(crate) peer: Peer,
    /// Bytes are written that may not be on the wire yet.
    flush_due: bool,
    /// The answer to a command has not been read up to ReadyForQuery.
    in_command: bool,
    /// Why it cannot be used any more.
    broken: Option<String>,
    /// `I`dle, in a `T`ransaction, in a failed (`E`) one.
    pub(crate) transaction_status: u8,
}

impl RawConnection {
    /// `host:port` of the server that answered.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    pub fn backend_pid(&self) -> i32 {
        self.backend_pid
    }

    pub fn server_version(&self) -> ServerVersion {
        self.version
    }

    /// Whether the server was in recovery when the session began.
    pub fn is_standby(&self) -> bool {
        self.role.standby
    }

    /// Whether transactions are read-only by default: a fence, or a standby.
    pub fn is_read_only(&self) -> bool {
        self.role.read_only
    }

    pub fn is_encrypted(&self) -> bool {
        self.transport.is_encrypted()
    }

    /// Whether nothing more can be done with it.
    pub fn is_broken(&self) -> bool {
        self.broken.is_some() || self.in_command
    }

    /// Whether the connection itself is gone, whatever is under way on it.
    pub(crate) fn is_lost(&self) -> bool {
        self.broken.is_some()
    }

    /// To end a command of this session from elsewhere; `settings` are those that it was opened with.
    pub fn canceller(&self, settings: &ConnectionSettings) -> CancelHandle {
        CancelHandle::new(self, settings)
    }

    /// Ends the session in order; dropping it without leaves the end to the server.
    pub async fn close(mut self) {
        let mut bytes = BytesMut::new();
        frontend::terminate(&mut bytes);
        // The session is over either way.
        let _ = self.transport.write_all(&bytes).await;
        let _ = self.transport.shutdown().await;
    }

    /// Process and key that a cancel request must name.
    pub(crate) fn cancel_key(&self) -> (i32, i32) {
        (self.backend_pid, self.secret_key)
    }

    /// Takes what the verification of the session found out.
    pub(crate) fn learn(
        &mut self,
        backend_pid: Option<i32>,
        version: Option<ServerVersion>,
        role: ServerRole,
    ) -> Result<(), PgError> {
        self.version = version.unwrap_or(self.version);
        self.role = role;
        // A pooler answers with a process of its own invention. Some proxies send none (0): nothing to compare.
        match backend_pid {
            Some(actual) if self.backend_pid != 0 && actual != self.backend_pid => Err(PgError::Connect {
                endpoint: self.endpoint.clone(),
                reason: "a connection pooler answers instead of the server".to_owned(),
                server: None,
                hint: Some(
                    "connect to the server directly (on Azure: port 5432 instead of 6432): snapshots, settings and \
                     locks of a session do not survive a pooler"
                        .to_owned(),
                ),
            }),
            actual => {
                self.backend_pid = actual.unwrap_or(self.backend_pid);
                Ok(())
            }
        }
    }

    pub(crate) fn usable(&self) -> Result<(), PgError> {
        match &self.broken {
            Some(reason) => Err(PgError::Lost {
                endpoint: self.endpoint.clone(),
                reason: reason.clone(),
            }),
            None => Ok(()),
        }
    }

    pub(crate) fn lost(&mut self, reason: &str) -> PgError {
        self.broken = Some(reason.to_owned());
        PgError::Lost {
            endpoint: self.endpoint.clone(),
            reason: reason.to_owned(),
        }
    }

    pub(crate) fn protocol_broken(&mut self, reason: &str) -> PgError {
        self.broken = Some(reason.to_owned());
        self.protocol(reason)
    }

    pub(crate) fn protocol(&self, reason: &str) -> PgError {
        PgError::Protocol {
            endpoint: self.endpoint.clone(),
            reason: reason.to_owned(),
        }
    }
}
