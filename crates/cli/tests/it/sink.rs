//! Where calls and mails of the program arrive: a web server and a mail server of a few lines each, on threads of their own.

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::mpsc::{self, Receiver},
};

use serde_json::Value;

/// A web server that answers by the path: `/no` refuses, `/silence` never answers, all else agrees.
pub(crate) struct Listener {
    address: String,
    requests: Receiver<Request>,
}

#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) head: String,
    pub(crate) body: Value,
}

impl Listener {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
        let address = format!("http://{}", listener.local_addr().expect("it is bound"));
        let (sender, requests) = mpsc::channel();
        std::thread::spawn(move || {
            // Held open, so that whoever asks for silence waits.
            let mut silent = Vec::new();
            for mut stream in listener.incoming().flatten() {
                let Some(request) = read(&mut BufReader::new(&stream)) else {
                    continue;
                };
                let answer = if request.path == "/no" {
                    "HTTP/1.1 409 Conflict\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                } else {
                    "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"
                };
                let is_silent = request.path == "/silence";
                if sender.send(request).is_err() {
                    return;
                }
                if is_silent {
                    silent.push(stream);
                } else {
                    // The program may have gone away.
                    let _ = stream.write_all(answer.as_bytes());
                }
            }
        });
        Self { address, requests }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.address)
    }

    /// All that was asked so far.
    pub(crate) fn heard(&self) -> Vec<Request> {
        self.requests.try_iter().collect()
    }
}

fn read(reader: &mut impl BufRead) -> Option<Request> {
    let mut head = String::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line.trim().is_empty() {
            break;
        }
        head.push_str(&line.to_lowercase());
    }
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .and_then(|length| length.trim().parse().ok())?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request {
        path: head.split_whitespace().nth(1)?.to_owned(),
        body: serde_json::from_slice(&body).ok()?,
        head,
    })
}

/// A mail server that takes everything: the text of each mail, as it came.
pub(crate) struct MailServer {
    pub(crate) port: u16,
    mails: Receiver<String>,
}

impl MailServer {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let (sender, mails) = mpsc::channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // Whoever hangs up in between has sent nothing.
                if let Some(mail) = take(stream)
                    && sender.send(mail).is_err()
                {
                    return;
                }
            }
        });
        Self { port, mails }
    }

    /// All that came so far.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.mails.try_iter().collect()
    }
}

/// RFC 5321, as much of it as a client needs that sends one mail.
fn take(mut stream: TcpStream) -> Option<String> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut answer = |text: &str| stream.write_all(text.as_bytes()).ok();
    answer("220 sink ESMTP\r\n")?;
    let mut mail = None;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return mail;
        }
        let word = line.get(..4).unwrap_or_default().to_uppercase();
        match word.as_str() {
            "EHLO" => answer("250-sink\r\n250 8BITMIME\r\n")?,
            "DATA" => {
                answer("354 go on\r\n")?;
                let mut text = String::new();
                while !text.ends_with("\r\n.\r\n") {
                    if reader.read_line(&mut text).ok()? == 0 {
                        return None;
                    }
                }
                mail = Some(text);
                answer("250 taken\r\n")?;
            }
            "QUIT" => {
                answer("221 bye\r\n")?;
                return mail;
            }
            _ => answer("250 ok\r\n")?,
        }
    }
}
