//! The web console over HTTP, beside a real migration: every page, the JSON of each, events, and who may act.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::site::{Running, Site, phase};
use crate::schema::hold;

pub(super) const TOKEN: &str = "0123456789abcdef0123456789abcdef";
/// Bytes that the console reads of a body at the most.
const LONGEST_BODY: usize = 2 * 1024 * 1024;
const PAGES: [&str; 6] = [
    "/db/shop",
    "/db/shop/tables",
    "/db/shop/findings",
    "/db/shop/verification",
    "/db/shop/cutover",
    "/db/shop/history",
];
/// Generous: the first reading opens connections on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    /// To its end.
    fn read(mut stream: TcpStream) -> Self {
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("an answer comes whole");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
        let status = head.split(' ').nth(1).expect("a status");
        Self {
            status: status.parse().expect("a number"),
            head: head.to_lowercase(),
            body: body.to_owned(),
        }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

pub(super) struct Client {
    pub(super) address: String,
}

impl Client {
    /// Where the program says that it answers.
    pub(super) async fn of(running: &mut Running) -> Self {
        const SAYS: &str = "the console answers on http://";
        running.said(SAYS).await;
        let log = running.log();
        let (_, rest) = log.split_once(SAYS).expect("it was said");
        Self {
            address: rest.lines().next().expect("an address").trim().to_owned(),
        }
    }

    fn open(&self, method: &str, path: &str, headers: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).expect("the console listens");
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("a timeout can be set");
        let host = if headers.contains("Host:") {
            String::new()
        } else {
            format!("Host: {}\r\n", self.address)
        };
        let request = format!("{method} {path} HTTP/1.1\r\n{host}Connection: close\r\n{headers}\r\n");
        stream
            .write_all(request.as_bytes())
            .expect("a request can be sent");
        stream
    }

    fn request(&self, method: &str, path: &str, headers: &str) -> Answer {
        Answer::read(self.open(method, path, headers))
    }

    /// With the token, and a body.
    fn post_body(&self, path: &str, body: &[u8]) -> Answer {
        let headers = format!("{}Content-Length: {}\r\n", bearer(TOKEN), body.len());
        let mut stream = self.open("POST", path, &headers);
        stream.write_all(body).expect("a body can be sent");
        Answer::read(stream)
    }

    fn get(&self, path: &str) -> Answer {
        self.request("GET", path, "")
    }

    /// A good answer, as its schema says.
    fn document(&self, path: &str, schema: &str) -> Value {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        let document = answer.json();
        hold(schema, &document);
        document
    }

    fn post(&self, action: &str, headers: &str) -> Answer {
        let headers = format!("Content-Length: 0\r\n{headers}");
        self.request("POST", &format!("/api/v1/databases/shop/{action}"), &headers)
    }
}

fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}\r\n")
}

/// Reads from a stream of events until it holds this.
fn read_until(stream: &mut TcpStream, wanted: &str) -> String {
    let end = Instant::now() + PATIENCE;
    let (mut text, mut piece) = (String::new(), [0; 4096]);
    while !text.contains(wanted) {
        assert!(Instant::now() < end, "no {wanted}: {text}");
        let length = stream.read(&mut piece).expect("events come");
        assert!(length > 0, "the stream ended: {text}");
        text.push_str(&String::from_utf8_lossy(&piece[..length]));
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_beside_a_run_shows_the_migration_and_acts_only_with_the_token() {
    let site = Site::empty(15, 15).await;
    site.execute_on_source(
        "create table item (id int primary key, body text);
         insert into item select n, 'before' from generate_series(1, 50) n;
         create table \"<b>odd\" (id int primary key)",
    )
    .await;
    site.write("token", TOKEN);
    let mut runner = site.begin(&["run", "--listen", "127.0.0.1:0", "--token-file", "token"]);
    let client = Client::of(&mut runner).await;
    assert_eq!(client.get("/healthz").status, 200);
    site.wait_for(&mut runner, "rates", |status| {
        phase(status) == "follow" && status["rates"].is_object()
    })
    .await;

    pages(&client);
    data(&client);
    refusals(&client);
    actions(&client);

    // Whoever listens to events holds up no end.
    let mut events = client.open("GET", "/api/v1/databases/shop/events", "");
    let first = read_until(&mut events, "data:");
    assert!(
        first.contains("event: status") && first.contains("\"phase\":\"follow\""),
        "{first}"
    );
    runner.terminate();
    assert_eq!(runner.ended().await, 0, "{}", runner.log());
}

fn pages(client: &Client) {
    let start = client.get("/");
    assert_eq!(
        (start.status, start.head.contains("location: /db/shop")),
        (303, true)
    );
    for path in PAGES {
        let page = client.get(path);
        assert_eq!(page.status, 200, "{path}: {}", page.body);
        for policy in [
            "default-src 'none'",
            "frame-ancestors 'none'",
            "x-content-type-options: nosniff",
        ] {
            assert!(page.head.contains(policy), "{path}: {}", page.head);
        }
        assert!(page.body.contains("<h1>"), "{path}: {}", page.body);
        for foreign in ["src=\"http", "href=\"http", "<b>odd", " style=\"", TOKEN] {
            assert!(!page.body.contains(foreign), "{path}: {foreign}: {}", page.body);
        }
        let part = client.request("GET", path, "X-Transhume-Part: main\r\n");
        assert!(!part.body.contains("<html"), "{path}: {}", part.body);
    }
    let overview = client.get("/db/shop?minutes=15").body;
    for words in ["<svg", "In order", "WAL kept on the source", "follow"] {
        assert!(overview.contains(words), "no {words}: {overview}");
    }
    for (path, kind) in [
        ("console.js", "text/javascript"),
        ("console.css", "text/css"),
        ("icon.svg", "image/svg+xml"),
    ] {
        let file = client.get(&format!("/assets/{path}"));
        assert!(
            file.status == 200 && file.head.contains(kind),
            "{path}: {}",
            file.head
        );
    }
}

fn data(client: &Client) {
    let api = "/api/v1/databases";
    let databases = client.document(api, "databases");
    assert_eq!(databases["databases"], serde_json::json!(["shop"]));
    let status = client.document(&format!("{api}/shop/status"), "status");
    assert_eq!(status["phase"], "follow");
    for (path, least) in [("tables", 2), ("samples", 2)] {
        let document = client.document(&format!("{api}/shop/{path}"), path);
        let lines = document[path].as_array().expect("lines");
        assert!(lines.len() >= least, "{document:#}");
    }
    let story = client.document(&format!("{api}/shop/story"), "story");
    assert!(
        story["history"].as_array().expect("lines").len() >= 4,
        "{story:#}"
    );
    let described = client.get("/api/v1/openapi.json").json();
    assert_eq!(
        described["components"]["schemas"]["WantedTables"]["properties"]["tables"]["minItems"],
        1
    );
    assert!(described["paths"]["/databases/{database}/status"]["get"].is_object());

    let metrics = client.get("/metrics");
    assert!(
        metrics.head.contains("text/plain; version=0.0.4"),
        "{}",
        metrics.head
    );
    assert!(
        metrics.body.contains("transhume_up{database=\"shop\"} 1"),
        "{}",
        metrics.body
    );
    assert_eq!(client.get("/readyz").status, 200);
    for path in ["/db/nothing", "/api/v1/databases/nothing/status", "/nothing"] {
        assert_eq!(client.get(path).status, 404, "{path}");
    }
    let elsewhere = client.request("GET", "/db/shop", "Host: evil.example\r\n");
    assert!(
        elsewhere.status == 421 && !elsewhere.body.contains("item"),
        "{}",
        elsewhere.body
    );
}

/// What the HTTP library refuses by itself is a document too.
fn refusals(client: &Client) {
    let api = "/api/v1/databases/shop";
    let short = format!("{}Content-Length: 0\r\n", bearer(TOKEN));
    for (method, path, headers, status) in [
        ("GET", "/pause", "", 405),
        ("DELETE", "/status", "", 405),
        ("TRACE", "/tables", "", 405),
        ("GET", "%FF/status", "", 400),
        ("GET", "/nothing", "", 404),
        ("POST", "/tables/reload", &short, 400),
        ("POST", "/tables/drop", &short, 404),
    ] {
        let refused = client.request(method, &format!("{api}{path}"), headers);
        assert_eq!(refused.status, status, "{method} {path}: {}", refused.body);
        hold("error", &refused.json());
        let names_methods = refused.head.contains("\r\nallow: ");
        assert_eq!(names_methods, status == 405, "{method} {path}: {}", refused.head);
    }
    let long = client.post_body(&format!("{api}/tables/reload"), &vec![b' '; LONGEST_BODY + 1]);
    assert_eq!(long.status, 413, "{}", long.body);
    hold("error", &long.json());
    let head = client.request("HEAD", &format!("{api}/status"), "");
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    let asked = format!("{api}/status?{}", "x=1&".repeat(2_000));
    assert_eq!(client.get(&asked).status, 200);
}

fn actions(client: &Client) {
    let foreign = format!("{}Sec-Fetch-Site: cross-site\r\n", bearer(TOKEN));
    for headers in ["", &bearer("0123456789abcdef0123456789abcdeX"), &foreign] {
        for action in ["pause", "resume", "check"] {
            let refused = client.post(action, headers);
            assert_eq!(refused.status, 403, "{action} {headers}: {}", refused.body);
            hold("error", &refused.json());
        }
    }
    let over = client.post("pause", &bearer(TOKEN));
    assert_eq!(over.status, 409, "{}", over.body);
    let message = over.json()["error"]["message"].to_string();
    assert!(message.contains("the full load is over"), "{message}");
    let gate = client.post("check", &bearer(TOKEN));
    assert_eq!(gate.status, 200, "{}", gate.body);
    hold("checks", &gate.json());
    assert!(gate.json()["conditions"].as_array().expect("checks").len() > 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_without_a_migration_says_what_to_do_and_is_read_only() {
    let site = Site::empty(15, 15).await;
    let mut console = site.begin(&["serve", "--listen", "127.0.0.1:0"]);
    let client = Client::of(&mut console).await;
    assert_eq!(
        (client.get("/healthz").status, client.get("/readyz").status),
        (200, 503)
    );
    let page = client.get("/db/shop");
    assert!(
        page.status == 200 && page.body.contains("start one with"),
        "{}",
        page.body
    );
    assert_eq!(client.get("/api/v1/databases/shop/status").status, 409);
    assert_eq!(client.post("check", &bearer(TOKEN)).status, 403);
    assert!(
        client
            .get("/metrics")
            .body
            .contains("transhume_up{database=\"shop\"} 0")
    );

    let mut events = client.open("GET", "/api/v1/databases/shop/events", "");
    read_until(&mut events, "data:");
    console.interrupt();
    assert_eq!(console.ended().await, 0, "{}", console.log());

    site.write("short", "secret");
    let refused = site.call(&["serve", "--listen", "127.0.0.1:0", "--token-file", "short"]);
    assert_eq!(refused.code, 2, "{}", refused.error);
    assert!(!refused.error.contains("secret"), "{}", refused.error);
}
