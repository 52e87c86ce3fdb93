//! A password and a row that nobody may meet outside of the databases: not in what is said at any level, in files, in lists
//! of processes or in what children are given, whatever is killed whenever.

use std::{
    fs,
    path::Path,
    process::{ExitStatus, Stdio},
    sync::mpsc::{self, RecvTimeoutError, Sender},
    thread::JoinHandle,
    time::Duration,
};

use tokio::{process::Command, time::timeout};
use transhume_testkit::{Pair, connection::connect};

use super::site::Site;

const PASSWORD: &str = "canary7d1fpassword";
const ROW: &str = "canary93acrow";
/// The row as bytea prints it.
const ROW_IN_HEX: &str = "63616e6172793933616372";

const TABLE: &str = "
    create table kept (id int primary key, body text, raw bytea);
    insert into kept select n, 'canary93acrow ' || n, 'canary93acrow' from generate_series(1, 2000) n;
";

/// From nothing to everything, for people and for programs.
const LOUDNESS: [&[&str]; 4] = [&["-q"], &["-v"], &["-vvv"], &["-vvv", "--log-format", "json"]];

/// What refuses the next row of the source, and says so with the row in it.
const REFUSALS: [(&str, &str); 2] = [
    (
        "alter table kept add constraint short check (length(body) < 100) not valid",
        "alter table kept drop constraint short",
    ),
    (
        "create unique index once on kept (left(body, 150))",
        "drop index once",
    ),
];

const REFUSED: &str = "
    begin;
    insert into kept select max(id) + 1, repeat('canary93acrow', 200), 'canary93acrow' from kept;
    update kept set body = 'canary93acrow again' where id = 7;
    commit";

/// A child is given its arguments and its environment for longer than this.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// Looks at all processes until it is ended.
struct Lookout {
    over: Sender<()>,
    thread: JoinHandle<Vec<String>>,
}

impl Lookout {
    fn begin() -> Self {
        let (over, is_over) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let mut seen = Vec::new();
            while is_over.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout) {
                look(&mut seen);
            }
            seen
        });
        Self { over, thread }
    }

    fn end(self) -> Vec<String> {
        drop(self.over);
        self.thread.join().expect("it looks on")
    }
}

/// It has the operator's environment, and so has a child that has not become another program yet. One that has ended has none.
fn is_ours(process: &Path) -> bool {
    let program = fs::read_link(process.join("exe"));
    program.is_ok_and(|program| program == Path::new(env!("CARGO_BIN_EXE_transhume")))
        || fs::read(process.join("environ")).is_ok_and(|environment| environment.is_empty())
}

fn look(seen: &mut Vec<String>) {
    for process in fs::read_dir("/proc").expect("processes are listed").flatten() {
        let path = process.path();
        for name in ["cmdline", "environ"] {
            let Ok(content) = fs::read(path.join(name)) else {
                continue;
            };
            let content = String::from_utf8_lossy(&content);
            let is_found = content.contains(PASSWORD) || content.contains(ROW);
            if is_found && (name == "cmdline" || !is_ours(&path)) {
                seen.push(format!("{name} of {}: {content}", path.display()));
            }
        }
    }
}

/// Its output goes where everything else is looked for; killed after this time, if any.
async fn call(
    site: &Site,
    arguments: &[&str],
    loudness: &[&str],
    killed_after: Option<Duration>,
) -> ExitStatus {
    let number = fs::read_dir(site.path("")).expect("it is there").count();
    let file = fs::File::create(site.path(&format!("{number}.said"))).expect("a file can be written");
    let mut child = Command::from(site.prepared(arguments))
        .args(loudness)
        .env("TMPDIR", site.path(""))
        .stdout(Stdio::from(file.try_clone().expect("a file can be shared")))
        .stderr(Stdio::from(file))
        .spawn()
        .expect("the program starts");
    let ended = match killed_after {
        None => child.wait().await,
        Some(time) => match timeout(time, child.wait()).await {
            Ok(ended) => ended,
            Err(_) => {
                child.kill().await.expect("it can be killed");
                child.wait().await
            }
        },
    };
    ended.expect("it can be waited for")
}

/// Names of files that hold one of them, with the line.
fn found_in(directory: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(directory).expect("it is there").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found_in(&path, found);
            continue;
        }
        let content = fs::read(&path).unwrap_or_default();
        let content = String::from_utf8_lossy(&content);
        let lines = content.lines().filter(|line| {
            let canaries = [PASSWORD, ROW, ROW_IN_HEX];
            canaries.iter().any(|canary| line.contains(canary))
        });
        found.extend(lines.take(3).map(|line| {
            let start: String = line.chars().take(600).collect();
            format!("{}: {start}", path.display())
        }));
    }
}

async fn on(url: &str, statement: &str) {
    let client = connect(url).await.expect("the server answers");
    client.batch_execute(statement).await.expect(statement);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_and_a_row_are_met_nowhere() {
    let mut site = Site::empty(15, 15).await;
    let pair: &mut Pair = &mut site;
    for url in [&mut pair.source_url, &mut pair.target_url] {
        *url = url.replacen("postgres@", &format!("postgres:{PASSWORD}@"), 1);
    }
    site.execute_on_source(TABLE).await;
    let mut chance = fastrand::Rng::new();
    eprintln!("seed {}", chance.get_seed());
    let lookout = Lookout::begin();
    for loudness in LOUDNESS {
        for command in [&["assess"] as &[&str], &["run"]] {
            let time = Duration::from_millis(chance.u64(100..1_200));
            call(&site, command, loudness, Some(time)).await;
        }
    }
    for (refuse, allow) in REFUSALS {
        let caught_up = call(&site, &["run", "--until-caught-up"], LOUDNESS[2], None).await;
        assert!(caught_up.success());
        on(&site.target_url, refuse).await;
        on(&site.source_url, REFUSED).await;
        let refused = call(&site, &["run", "--until-caught-up"], LOUDNESS[3], None).await;
        assert!(!refused.success(), "{refuse}");
        for command in [&["status", "--json"] as &[&str], &["verify"], &["report"]] {
            let time = Duration::from_millis(chance.u64(100..700));
            call(&site, command, LOUDNESS[2], Some(time)).await;
        }
        call(&site, &["status"], LOUDNESS[0], None).await;
        on(&site.target_url, allow).await;
    }
    let rehearse = ["cutover", "--rehearse", "--yes"];
    let time = Duration::from_millis(chance.u64(50..600));
    call(&site, &rehearse, LOUDNESS[2], Some(time)).await;
    let time = Duration::from_millis(chance.u64(50..600));
    call(&site, &["abort", "--yes"], LOUDNESS[3], Some(time)).await;
    // Refused where the one before had come to its end.
    call(&site, &["abort", "--yes"], LOUDNESS[2], None).await;
    assert_eq!(site.traces().await, [""; 0]);
    let state = "select count(*) from pg_namespace where nspname = 'transhume'";
    site.wait_for_count(&site.target_url, state, 0).await;

    let mut found = lookout.end();
    found_in(&site.path(""), &mut found);
    assert!(found.is_empty(), "{}", found.join("\n"));
}
