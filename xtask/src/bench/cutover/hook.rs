//! The application's service discovery: a web address that the cutover's hook calls, whereupon the clients go elsewhere.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    thread,
};

use anyhow::{Context, Result};

use super::clients::Signpost;

/// Larger than what a hook is told.
const MOST_BYTES: usize = 8192;

/// Answers the next call, at the address that is returned, by pointing the clients to `url`.
pub(super) fn listen(signpost: Signpost, url: String) -> Result<String> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("listening for the hook")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        if let Ok((stream, _)) = listener.accept() {
            signpost.point_to(&url);
            // Whether the answer arrives does not matter: the cutover reports a hook that failed.
            let _ = answer(stream);
        }
    });
    Ok(format!("http://{address}/opened"))
}

/// Once the whole request has come: closing before would reset the connection.
fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    let mut request = vec![0; MOST_BYTES];
    let mut length = 0;
    while !request[..length].ends_with(b"}") && length < MOST_BYTES {
        match stream.read(&mut request[length..])? {
            0 => break,
            more => length += more,
        }
    }
    stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
}
