//! The start of a session: the start-up packet, the login, what the server says about itself.

use std::collections::BTreeMap;

use bytes::BytesMut;
use postgres_protocol::message::{backend::Message, frontend};

use super::{Mode, RawConnection, ServerRole, authentication, frame};
use crate::connection::{
    connect::transport::Transport,
    conninfo::{ConnectionSettings, Host},
    error::{PgError, ServerError},
    silence::Peer,
    version::ServerVersion,
};

impl RawConnection {
    pub(crate) async fn start(
        transport: Transport,
        settings: &ConnectionSettings,
        host: &Host,
        application_name: &str,
        mode: Mode,
    ) -> Result<Self, PgError> {
        let mut connection = Self {
            transport,
            received: BytesMut::new(),
            endpoint: host.to_string(),
            largest_frame: frame::LARGEST_STARTUP_LENGTH,
            backend_pid: 0,
            secret_key: 0,
            parameters: BTreeMap::new(),
            version: ServerVersion(0),
            role: ServerRole::default(),
            peer: Peer::default(),
            flush_due: false,
            in_command: false,
            broken: None,
            transaction_status: b'I',
        };
        let packet = packet(settings, application_name, mode);
        let packet = packet.map_err(|error| connection.protocol(&error.to_string()))?;
        connection.send(&packet).await?;
        authentication::authenticate(&mut connection, settings, host).await?;
        connection.read_until_ready().await?;
        connection.largest_frame = frame::LARGEST_LENGTH;
        Ok(connection)
    }

    /// A message of the login; an error of the server ends it.
    pub(super) async fn startup_message(&mut self) -> Result<Message, PgError> {
        let frame = self.conversation_frame().await?;
        match frame.parse().map_err(|reason| self.protocol_broken(&reason))? {
            Message::ErrorResponse(body) => Err(ServerError::from_fields(body.fields()).into()),
            message => Ok(message),
        }
    }

    async fn read_until_ready(&mut self) -> Result<(), PgError> {
        loop {
            match self.startup_message().await? {
                Message::BackendKeyData(body) => {
                    (self.backend_pid, self.secret_key) = (body.process_id(), body.secret_key());
                }
                Message::ReadyForQuery(_) => break,
                _ => return Err(self.protocol_broken("the start of the session is out of order")),
            }
        }
        let report = self.parameters.get("server_version").map(String::as_str);
        self.version = report
            .and_then(ServerVersion::from_report)
            .ok_or_else(|| self.protocol("the server reports no version that can be read"))?;
        Ok(())
    }
}

fn packet(settings: &ConnectionSettings, application_name: &str, mode: Mode) -> std::io::Result<BytesMut> {
    let mut parameters = vec![
        ("user", settings.user.as_str()),
        ("database", settings.database.as_str()),
        ("client_encoding", settings.client_encoding.as_str()),
        ("application_name", application_name),
    ];
    if mode == Mode::Replication {
        parameters.push(("replication", "database"));
    }
    if let Some(options) = &settings.options {
        parameters.push(("options", options));
    }
    let mut packet = BytesMut::new();
    frontend::startup_message(parameters, &mut packet)?;
    Ok(packet)
}
