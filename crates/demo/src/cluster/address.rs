//! Where a disposable server listens, and how that is written in a URL.

use std::net::TcpListener;

use super::error::ClusterError;

/// Below the range that the kernel gives to outgoing connections (32768 and up), so that a stopped
/// server's port is still free when it starts again.
const PORTS: std::ops::Range<u16> = 15_000..32_000;

pub(super) fn free_port() -> Result<u16, ClusterError> {
    let mut refusal = None;
    for _ in 0..100 {
        let port = fastrand::u16(PORTS);
        match TcpListener::bind(("127.0.0.1", port)) {
            Ok(_) => return Ok(port),
            Err(error) => refusal = Some(error),
        }
    }
    let refusal = refusal.expect("a hundred attempts were refused");
    Err(ClusterError::file("no port is free on", "127.0.0.1")(refusal))
}

/// For the parts of a connection URI: everything but letters, digits and `-._~` is escaped.
pub(super) fn percent_encoded(text: &str) -> String {
    use std::fmt::Write;
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("writing to a string cannot fail");
        }
    }
    encoded
}
