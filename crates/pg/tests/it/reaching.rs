//! The way to a server: several hosts, one that never answers, a pooler in between.

use std::net::TcpListener;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use transhume_testkit::server::{self, EVERYDAY_MAJOR};

use crate::connecting::{connect, dead_port, settings};

#[tokio::test]
async fn hosts_are_tried_in_order_until_one_fits() {
    let cluster = server::cluster(EVERYDAY_MAJOR);
    let (dead, live) = (dead_port(), cluster.port());
    let text = |attributes: &str| {
        format!("host=127.0.0.1,localhost port={dead},{live} user=postgres target_session_attrs={attributes}")
    };
    for attributes in ["any", "read-write", "primary", "prefer-standby"] {
        let session = connect(&text(attributes)).await.unwrap();
        assert_eq!(session.endpoint(), format!("localhost:{live}"), "{attributes}");
        let only = settings(&text(attributes)).only(session.endpoint());
        assert_eq!(only.host_label(), session.endpoint());
    }
    let error = connect(&text("standby")).await.unwrap_err().to_string();
    assert!(
        error.contains(&format!("127.0.0.1:{dead}: connection refused")),
        "{error}"
    );
    assert!(
        error.contains(&format!("localhost:{live}: it is not a standby")),
        "{error}"
    );
    let session = connect(&cluster.url("postgres")).await.unwrap();
    session
        .batch_execute("ALTER ROLE postgres SET default_transaction_read_only TO on")
        .await
        .unwrap();
    connect(&text("read-only")).await.unwrap();
    let error = connect(&text("read-write")).await.unwrap_err().to_string();
    assert!(error.contains("read-only"), "{error}");
}

#[tokio::test]
async fn a_host_that_never_answers_ends_with_the_time_limit() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let error = connect(&format!("host=127.0.0.1 port={port} user=u connect_timeout=2"))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("no answer within 2 s"), "{error}");
}

#[tokio::test]
async fn a_pooler_in_between_is_noticed() {
    let cluster = server::cluster(EVERYDAY_MAJOR);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server_port = cluster.port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(pretend_to_be_a_pooler(client, server_port));
        }
    });
    let url = format!("host=127.0.0.1 port={port} user=postgres sslmode=disable");
    let error = connect(&url).await.unwrap_err();
    assert!(error.to_string().contains("pooler"), "{error}");
    assert!(error.hint().unwrap().contains("directly"));
}

/// Passes everything on, but gives the client a process number of its own.
async fn pretend_to_be_a_pooler(client: tokio::net::TcpStream, server_port: u16) {
    const KEY: &[u8] = b"K\0\0\0\x0c";
    let server = tokio::net::TcpStream::connect(("127.0.0.1", server_port))
        .await
        .unwrap();
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_server).await });
    let mut buffer = vec![0; 1 << 16];
    while let Ok(count @ 1..) = from_server.read(&mut buffer).await {
        if let Some(position) = buffer[..count]
            .windows(KEY.len())
            .position(|window| window == KEY)
        {
            buffer[position + KEY.len()] ^= 0x40;
        }
        if to_client.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}
