//! Who may read and who may act, and what every answer bears.
//!
//! Acting needs the token in a header of its own, which no page of another origin can send unasked. On loopback a request must
//! name a loopback host, so that a name of somebody's that leads here reads nothing.

use std::{net::SocketAddr, path::Path, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{
    Console,
    refusal::{Refusal, documented},
};
use crate::failure::{Failure, Result};

/// Shorter ones can be guessed.
const SHORTEST_TOKEN: usize = 16;

/// Lets whoever knows it act.
pub(crate) struct Token(String);

impl Token {
    /// From a file that holds nothing else.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Failure::new(format!("cannot read the token {}: {error}", path.display())))?;
        let token = text.trim().to_owned();
        if token.len() < SHORTEST_TOKEN || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Failure::new(format!(
                "the token in {} is not {SHORTEST_TOKEN} or more printable characters",
                path.display()
            ))
            .with_hint("make one: openssl rand -hex 32"));
        }
        Ok(Self(token))
    }

    /// In a time that says nothing of where they differ.
    fn is(&self, given: &str) -> bool {
        let (own, given) = (self.0.as_bytes(), given.as_bytes());
        let differing = own
            .iter()
            .zip(given)
            .fold(0, |all, (one, other)| all | (one ^ other));
        own.len() == given.len() && differing == 0
    }
}

pub(super) struct Access {
    is_loopback: bool,
    token: Option<Token>,
}

impl Access {
    pub(super) fn new(address: SocketAddr, token: Option<Token>) -> Self {
        Self {
            is_loopback: address.ip().is_loopback(),
            token,
        }
    }

    /// Actions can be had with the token.
    pub(super) fn allows_actions(&self) -> bool {
        self.token.is_some()
    }

    pub(super) fn may_act(&self, headers: &HeaderMap) -> std::result::Result<(), Refusal> {
        let Some(token) = &self.token else {
            return Err(Refusal::forbidden(
                "this console is read-only",
                "start it with --token-file to allow actions",
            ));
        };
        let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
        if site.is_some_and(|site| site != b"same-origin" && site != b"none") {
            return Err(Refusal::forbidden("the request comes from another origin", ""));
        }
        let given = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "));
        match given {
            Some(given) if token.is(given) => Ok(()),
            _ => Err(Refusal::forbidden(
                "the token is missing or wrong",
                "send it as \"Authorization: Bearer TOKEN\"",
            )),
        }
    }

    fn is_host_in_order(&self, headers: &HeaderMap) -> bool {
        if !self.is_loopback {
            return true;
        }
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let authority = host.and_then(|host| host.parse::<Authority>().ok());
        authority.is_some_and(|authority| is_loopback(authority.host()))
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// Scripts, styles and data of this origin only; nobody may frame it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

const HEADERS: [(&str, &str); 6] = [
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cache-control", "no-store"),
];

/// Around every route.
pub(super) async fn guard(State(console): State<Arc<Console>>, request: Request, next: Next) -> Response {
    let mut response = if console.access.is_host_in_order(request.headers()) {
        documented(next.run(request).await).await
    } else {
        let refusal = Refusal::new(
            StatusCode::MISDIRECTED_REQUEST,
            "this console answers to localhost only",
            "open it by its address, or give it another one with --listen",
        );
        refusal.into_response()
    };
    for (name, value) in HEADERS {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loopback_console_answers_to_loopback_names_only() {
        for host in ["localhost", "127.0.0.1", "[::1]", "LOCALHOST", "127.8.8.8"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["example.com", "localhost.example.com", "10.0.0.1", ""] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn only_the_whole_token_is_the_token() {
        let token = Token("0123456789abcdef".to_owned());
        assert!(token.is("0123456789abcdef"));
        for other in ["0123456789abcdeg", "0123456789abcde", "0123456789abcdef0", ""] {
            assert!(!token.is(other), "{other}");
        }
    }
}
