//! A way that takes time: every byte arrives later by the same delay, however much is under way.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use anyhow::Result;

/// As much as a socket usually gives at once.
const BUFFER_BYTES: usize = 64 * 1024;
/// Pieces under way in one direction: 64 MB of full ones, far more than 20 ms carry.
const PIECES: usize = 1024;

/// Listens on a port of its own for as long as the process lives; returns it.
pub(super) fn start(port: u16, delay: Duration) -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let own = listener.local_addr()?.port();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else {
                continue;
            };
            let (Ok(to_client), Ok(to_server)) = (client.try_clone(), server.try_clone()) else {
                continue;
            };
            pass_on(client, to_server, delay);
            pass_on(server, to_client, delay);
        }
    });
    Ok(own)
}

fn pass_on(mut from: TcpStream, mut to: TcpStream, delay: Duration) {
    let (sender, pieces) = mpsc::sync_channel::<(Instant, Vec<u8>)>(PIECES);
    let _ = to.set_nodelay(true);
    thread::spawn(move || {
        let mut buffer = vec![0; BUFFER_BYTES];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            let piece = (Instant::now() + delay, buffer[..length].to_vec());
            if sender.send(piece).is_err() {
                return;
            }
        }
    });
    thread::spawn(move || {
        for (due, piece) in pieces {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if to.write_all(&piece).is_err() {
                return;
            }
        }
        let _ = to.shutdown(std::net::Shutdown::Write);
    });
}
