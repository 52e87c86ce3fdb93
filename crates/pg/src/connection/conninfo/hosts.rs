//! The servers a connection string names, in the order in which they are tried.
//!
//! `host`, `hostaddr` and `port` are lists that belong together by position (manual, "Specifying
//! Multiple Hosts"); one port serves all hosts.

use std::{fmt, net::IpAddr, path::PathBuf};
use transhume_core::count::counted;

use super::{error::ConninfoError, keywords::Values};

const DEFAULT_PORT: u16 = 5432;
/// Where distributions put the socket, then where PostgreSQL's own default is.
const SOCKET_DIRECTORIES: [&str; 2] = ["/var/run/postgresql", "/tmp"];

/// Where one server is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Address {
    /// The directory of a Unix socket.
    Socket(PathBuf),
    /// A name or literal address, resolved anew at every connect.
    Name(String),
    /// `hostaddr`: connects there, while the name (if any) is what certificates are checked against.
    Fixed(IpAddr, Option<String>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Host {
    pub(crate) address: Address,
    pub(crate) port: u16,
}

impl Host {
    /// The name that a certificate must carry and that a password file is searched for.
    pub(crate) fn name(&self) -> String {
        match &self.address {
            Address::Socket(directory) => directory.display().to_string(),
            Address::Name(name) | Address::Fixed(_, Some(name)) => name.clone(),
            Address::Fixed(address, None) => address.to_string(),
        }
    }

    pub(crate) fn is_socket(&self) -> bool {
        matches!(self.address, Address::Socket(_))
    }

    /// Nobody is between here and there: a socket, or the loopback interface by name or address.
    pub(crate) fn is_local(&self) -> bool {
        match &self.address {
            Address::Socket(_) => true,
            Address::Fixed(address, _) => address.is_loopback(),
            Address::Name(name) => {
                name.eq_ignore_ascii_case("localhost")
                    || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
            }
        }
    }

    pub(crate) fn socket_path(&self) -> Option<PathBuf> {
        match &self.address {
            Address::Socket(directory) => Some(directory.join(format!(".s.PGSQL.{}", self.port))),
            _ => None,
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        if name.contains(':') {
            write!(formatter, "[{name}]:{}", self.port)
        } else {
            write!(formatter, "{name}:{}", self.port)
        }
    }
}

pub(super) fn read(values: &Values) -> Result<Vec<Host>, ConninfoError> {
    let names = list(values.get("host"));
    let addresses = list(values.get("hostaddr"));
    let ports = list(values.get("port"));
    let count = addresses.len().max(names.len()).max(1);
    for (key, given) in [("host", names.len()), ("hostaddr", addresses.len())] {
        if given != 0 && given != count {
            let text = format!(
                "{} for {key} do not match {}",
                counted(given, "value"),
                counted(count, "host")
            );
            return Err(ConninfoError::Contradiction(text));
        }
    }
    if ports.len() > 1 && ports.len() != count {
        let text = format!(
            "{} do not match {}: give one port or one for each",
            counted(ports.len(), "port"),
            counted(count, "host")
        );
        return Err(ConninfoError::Contradiction(text));
    }
    let at = |values: &[&str], index: usize| values.get(index).map_or(String::new(), ToString::to_string);
    (0..count)
        .map(|index| {
            let port = at(&ports, if ports.len() == 1 { 0 } else { index });
            Ok(Host {
                address: address(at(&names, index), &at(&addresses, index))?,
                port: if port.is_empty() {
                    DEFAULT_PORT
                } else {
                    parse_port(&port)?
                },
            })
        })
        .collect()
}

fn list(value: Option<&str>) -> Vec<&str> {
    value
        .map(|value| value.split(',').map(str::trim).collect())
        .unwrap_or_default()
}

fn parse_port(text: &str) -> Result<u16, ConninfoError> {
    text.parse()
        .ok()
        .filter(|port| *port != 0)
        .ok_or(ConninfoError::InvalidValue {
            key: "port",
            expected: "a number from 1 to 65535",
        })
}

fn address(name: String, literal: &str) -> Result<Address, ConninfoError> {
    if !literal.is_empty() {
        let address = literal.parse().map_err(|_| ConninfoError::InvalidValue {
            key: "hostaddr",
            expected: "an IPv4 or IPv6 address",
        })?;
        return Ok(Address::Fixed(
            address,
            Some(name).filter(|name| !name.is_empty()),
        ));
    }
    if name.is_empty() {
        let directory = SOCKET_DIRECTORIES
            .into_iter()
            .map(PathBuf::from)
            .find(|directory| directory.is_dir());
        return Ok(directory.map_or(Address::Name("localhost".to_owned()), Address::Socket));
    }
    if name.starts_with('@') {
        return Err(ConninfoError::InvalidValue {
            key: "host",
            expected: "a host name, an address or the absolute directory of a socket (abstract sockets are not supported)",
        });
    }
    Ok(if name.starts_with('/') {
        Address::Socket(name.into())
    } else {
        Address::Name(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::conninfo::keyword_string;

    fn hosts(text: &str) -> Result<Vec<String>, ConninfoError> {
        Ok(read(&keyword_string::parse(text)?)?
            .iter()
            .map(ToString::to_string)
            .collect())
    }

    #[test]
    fn lists_belong_together_by_position_and_one_port_serves_all() {
        assert_eq!(hosts("host=a,b port=1,2").unwrap(), ["a:1", "b:2"]);
        assert_eq!(hosts("host=a,/tmp port=7").unwrap(), ["a:7", "/tmp:7"]);
        assert_eq!(hosts("host=a,b port=1,").unwrap(), ["a:1", "b:5432"]);
        assert_eq!(hosts("hostaddr=::1 host=db port=1").unwrap(), ["db:1"]);
        assert_eq!(hosts("hostaddr=::1").unwrap(), ["[::1]:5432"]);
    }

    #[test]
    fn lists_that_do_not_fit_and_bad_ports_are_refused() {
        for text in [
            "host=a,b port=1,2,3",
            "host=a hostaddr=::1,::2",
            "port=0",
            "port=70000",
            "hostaddr=db",
        ] {
            assert!(hosts(text).is_err(), "{text}");
        }
    }
}
