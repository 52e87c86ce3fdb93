//! TLS as libpq's sslmode defines it.

use crate::{
    connect::Transport,
    conninfo::{ConnectionSettings, Host},
    error::PgError,
};

pub(crate) async fn negotiate(
    plain: Transport,
    _settings: &ConnectionSettings,
    host: &Host,
    required: bool,
) -> Result<Transport, PgError> {
    if required {
        return Err(PgError::Protocol {
            endpoint: host.to_string(),
            reason: "TLS is not built in yet".to_owned(),
        });
    }
    std::future::ready(Ok(plain)).await
}

pub(crate) fn end_point_digest(_certificate: &[u8]) -> Option<Vec<u8>> {
    None
}
