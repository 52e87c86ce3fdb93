//! Asks a server to end what a session is executing (manual, "Canceling Requests in Progress").
//!
//! Goes over a connection of its own, encrypted where the session's is. The server answers nothing: the
//! session itself reports error 57014, or is already done.

use bytes::BytesMut;
use postgres_protocol::message::frontend;
use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

use super::RawConnection;
use crate::connection::{connect::stream::open_transport, conninfo::ConnectionSettings, error::PgError};

/// A server that does not close the connection by then has not taken the request.
const PATIENCE: Duration = Duration::from_secs(10);

/// Cancels the command of one session; may outlive it.
#[derive(Debug, Clone)]
pub struct CancelHandle {
    settings: ConnectionSettings,
    backend_pid: i32,
    secret_key: SecretKey,
    encrypted: bool,
}

/// Whoever knows it can disturb the session: Debug keeps it.
#[derive(Clone, Copy)]
struct SecretKey(i32);

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("***")
    }
}

impl CancelHandle {
    pub(crate) fn new(connection: &RawConnection, settings: &ConnectionSettings) -> Self {
        let (backend_pid, secret_key) = connection.cancel_key();
        Self {
            settings: settings.only(connection.endpoint()),
            backend_pid,
            secret_key: SecretKey(secret_key),
            encrypted: connection.is_encrypted(),
        }
    }

    /// Sends the request and waits until the server has taken it.
    pub async fn cancel(&self) -> Result<(), PgError> {
        let mut transport = open_transport(&self.settings, self.encrypted).await?;
        let mut request = BytesMut::new();
        frontend::cancel_request(self.backend_pid, self.secret_key.0, &mut request);
        let sent = async {
            transport.write_all(&request).await?;
            transport.flush().await?;
            // The server closes the connection once it has signalled the session.
            transport.read(&mut [0]).await
        };
        // TLS complains about an end without farewell, which is how this always ends.
        let _ = timeout(PATIENCE, sent).await;
        Ok(())
    }
}
