//! Reads `postgresql://user:password@host:port,host:port/dbname?key=value` (manual, "Connection URIs").
//!
//! Every part is percent-decoded after it was cut out; a literal IPv6 address stands in brackets.

use std::fmt::Write as _;

use super::{error::ConninfoError, keywords::Values};

pub(super) const SCHEMES: [&str; 2] = ["postgresql://", "postgres://"];

/// `rest` is the text behind the scheme.
pub(super) fn parse(rest: &str) -> Result<Values, ConninfoError> {
    let mut values = Values::default();
    let (rest, query) = match rest.split_once('?') {
        Some((before, query)) => (before, Some(query)),
        None => (rest, None),
    };
    let (authority, database) = match rest.split_once('/') {
        Some((authority, database)) => (authority, Some(database)),
        None => (rest, None),
    };
    // Whatever stands before an @ may be a part of the password.
    if database.is_some_and(|name| name.contains('@')) {
        return Err(ConninfoError::Malformed {
            reason: "there is an @ behind the first /",
        });
    }
    let hosts = match authority.rsplit_once('@') {
        Some((credentials, hosts)) => {
            read_credentials(credentials, &mut values)?;
            hosts
        }
        None => authority,
    };
    read_hosts(hosts, &mut values)?;
    if let Some(database) = database.filter(|name| !name.is_empty()) {
        values.set("dbname", decode(database)?)?;
    }
    for pair in query
        .into_iter()
        .flat_map(|query| query.split('&'))
        .filter(|pair| !pair.is_empty())
    {
        read_parameter(pair, &mut values)?;
    }
    Ok(values)
}

fn read_credentials(credentials: &str, values: &mut Values) -> Result<(), ConninfoError> {
    let (user, password) = match credentials.split_once(':') {
        Some((user, password)) => (user, Some(password)),
        None => (credentials, None),
    };
    if !user.is_empty() {
        values.set("user", decode(user)?)?;
    }
    if let Some(password) = password.filter(|password| !password.is_empty()) {
        values.set("password", decode(password)?)?;
    }
    Ok(())
}

fn read_hosts(hosts: &str, values: &mut Values) -> Result<(), ConninfoError> {
    if hosts.is_empty() {
        return Ok(());
    }
    let (mut names, mut ports) = (Vec::new(), Vec::new());
    for host in hosts.split(',') {
        let (name, port) = split_port(host)?;
        names.push(decode(name)?);
        ports.push(port);
    }
    if names.iter().any(|name| !name.is_empty()) {
        values.set("host", names.join(","))?;
    }
    if ports.iter().any(|port| !port.is_empty()) {
        values.set("port", ports.join(","))?;
    }
    Ok(())
}

/// Cuts `host:port`; brackets around an IPv6 address are taken off.
fn split_port(host: &str) -> Result<(&str, &str), ConninfoError> {
    const REASON: ConninfoError = ConninfoError::Malformed {
        reason: "a bracketed IPv6 address is not closed or followed by more than a port",
    };
    let Some(inner) = host.strip_prefix('[') else {
        return Ok(host.split_once(':').unwrap_or((host, "")));
    };
    let (address, rest) = inner.split_once(']').ok_or(REASON)?;
    if rest.is_empty() {
        return Ok((address, ""));
    }
    rest.strip_prefix(':').map(|port| (address, port)).ok_or(REASON)
}

fn read_parameter(pair: &str, values: &mut Values) -> Result<(), ConninfoError> {
    let (key, value) = pair
        .split_once('=')
        .filter(|(_, value)| !value.contains('='))
        .ok_or(ConninfoError::Malformed {
            reason: "a parameter of the URI is not of the form key=value",
        })?;
    let (key, value) = (decode(key)?, decode(value)?);
    // JDBC's spelling, which libpq accepts too.
    if key == "ssl" && value == "true" {
        return values.set("sslmode", "require".to_owned());
    }
    values.set(&key, value)
}

/// A part of a URI, so that [`decode`] gives it back. Letters of other alphabets stay, for people to read.
pub(super) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_alphanumeric() || matches!(letter, '-' | '.' | '_' | '~') {
            encoded.push(letter);
        } else {
            for byte in letter.encode_utf8(&mut [0; 4]).bytes() {
                write!(encoded, "%{byte:02X}").expect("invariant: a String takes all that is written");
            }
        }
    }
    encoded
}

fn decode(text: &str) -> Result<String, ConninfoError> {
    const REASON: ConninfoError = ConninfoError::Malformed {
        reason: "a percent-encoded character is not valid",
    };
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        if first == b'%' {
            let digits = after
                .get(..2)
                .filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))
                .ok_or(REASON)?;
            let digits = std::str::from_utf8(digits).map_err(|_| REASON)?;
            let byte = u8::from_str_radix(digits, 16).map_err(|_| REASON)?;
            if byte == 0 {
                return Err(REASON);
            }
            bytes.push(byte);
            rest = &after[2..];
        } else {
            bytes.push(first);
            rest = after;
        }
    }
    String::from_utf8(bytes).map_err(|_| REASON)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_cut_out_before_it_is_decoded() {
        let values =
            parse("o%40x:p%2Fw%3A%25@h1:5433,[::1],%2Ftmp:1/d%20b?sslmode=require&ssl=true").unwrap();
        assert_eq!(values.get("user"), Some("o@x"));
        assert_eq!(values.get("password"), Some("p/w:%"));
        assert_eq!(values.get("host"), Some("h1,::1,/tmp"));
        assert_eq!(values.get("port"), Some("5433,,1"));
        assert_eq!(values.get("dbname"), Some("d b"));
        assert_eq!(values.get("sslmode"), Some("require"));
    }

    #[test]
    fn parts_may_be_left_out() {
        let values = parse("").unwrap();
        assert!(values.get("host").is_none() && values.get("dbname").is_none());
        assert_eq!(parse("/db?host=/tmp").unwrap().get("host"), Some("/tmp"));
        assert_eq!(parse("user@").unwrap().get("user"), Some("user"));
    }

    #[test]
    fn what_is_malformed_is_refused() {
        for text in [
            "h%zz",
            "h%2",
            "[::1",
            "[::1]x",
            "h/d?x",
            "h/d?user=a=b",
            "h%00",
            "u:pass/word@h/d",
            "u:pass?word=x@h/d",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(matches!(
            parse("h/d?sslmod=x"),
            Err(ConninfoError::UnknownKey { .. })
        ));
    }
}
