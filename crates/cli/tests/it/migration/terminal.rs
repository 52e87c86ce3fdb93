//! What a person sees in a terminal, by tmux: `watch` at two sizes and its keys, and the questions before what cannot be taken back.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use super::site::{Site, phase};
use crate::schema::hold_printed;

/// Generous: servers and terminals share a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// A tmux server of its own, which ends with the test.
struct Tmux {
    socket: String,
}

impl Tmux {
    fn new(site: &Site) -> Self {
        Self {
            socket: site.path("tmux").to_str().expect("a path is UTF-8").to_owned(),
        }
    }

    fn call(&self, arguments: &[&str]) -> Output {
        let mut tmux = Command::new("tmux");
        // The locale is a matter of the machine: -u says that it is UTF-8.
        tmux.args(["-u", "-f", "/dev/null", "-S", &self.socket])
            .args(arguments);
        tmux.output().expect("scripts/setup installs tmux")
    }

    /// A terminal of this size in which the program runs; its exit code stands below what it left.
    fn open(&self, site: &Site, name: &str, (columns, lines): (u16, u16), arguments: &[&str]) {
        let program = site.shell_command(arguments);
        let script = format!("{program}; echo \"ended with $?\"; read -r forever");
        let (columns, lines) = (columns.to_string(), lines.to_string());
        let room = ["-x", &columns, "-y", &lines];
        let opened = self.call(&[&["new-session", "-d", "-s", name], &room[..], &[&script]].concat());
        assert!(
            opened.status.success(),
            "{}",
            String::from_utf8_lossy(&opened.stderr)
        );
    }

    fn press(&self, name: &str, keys: &[&str]) {
        let pressed = self.call(&[&["send-keys", "-t", name], keys].concat());
        assert!(
            pressed.status.success(),
            "{}",
            String::from_utf8_lossy(&pressed.stderr)
        );
    }

    fn screen(&self, name: &str) -> String {
        String::from_utf8_lossy(&self.call(&["capture-pane", "-p", "-t", name]).stdout).into_owned()
    }

    /// Waits until the screen holds all of it.
    #[track_caller]
    fn shows(&self, name: &str, wanted: &[&str]) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            // A long line of a question is broken anywhere by the terminal.
            let screen = self.screen(name);
            let joined = screen.replace('\n', "");
            if wanted
                .iter()
                .all(|words| screen.contains(words) || joined.contains(words))
            {
                return screen;
            }
            assert!(Instant::now() < end, "{name} lacks one of {wanted:?}:\n{screen}");
            std::thread::sleep(LOOK_AGAIN);
        }
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        // It may never have begun.
        self.call(&["kill-server"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_shows_the_migration_and_asks_before_it_changes_anything() {
    let site = Site::empty(15, 15).await;
    site.execute_on_source(
        "create table item (id int primary key, body text);
         insert into item select n, 'before' from generate_series(1, 50) n;
         create table order_line (id int primary key)",
    )
    .await;
    let mut runner = site.begin(&["run"]);
    site.wait_for(&mut runner, "rates", |status| {
        phase(status) == "follow" && status["rates"].is_object()
    })
    .await;
    lines_of_json(&site).await;
    let tmux = Tmux::new(&site);
    for (name, room) in [("small", (80, 24)), ("large", (200, 50))] {
        watched(&tmux, &site, name, room);
    }
    asked(&tmux, &site);
    assert!(runner.is_alive(), "nobody agreed to anything: {}", runner.log());
}

/// `watch --json` prints documents of `status` for as long as somebody reads them.
async fn lines_of_json(site: &Site) {
    let arguments = ["watch", "--json", "--interval", "100ms"];
    let mut watch = site
        .prepared(&arguments)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut read = BufReader::new(watch.stdout.take().expect("it is piped"));
    let mut printed = String::new();
    for _ in 0..2 {
        read.read_line(&mut printed).expect("a line comes");
    }
    drop(read);
    hold_printed(&arguments, &printed);
    let end = Instant::now() + PATIENCE;
    let code = loop {
        if let Some(status) = watch.try_wait().expect("it can be waited for") {
            break status.code();
        }
        assert!(Instant::now() < end, "it goes on though nobody reads");
        tokio::time::sleep(LOOK_AGAIN).await;
    };
    assert_eq!(code, Some(0));
}

fn watched(tmux: &Tmux, site: &Site, name: &str, room: (u16, u16)) {
    tmux.open(site, name, room, &["watch", "--interval", "200ms"]);
    let overview = tmux.shows(
        name,
        &["[1 Overview]", "✓ In order: the target", "to runner", "q quit"],
    );
    assert_eq!(overview.lines().count(), usize::from(room.1), "{overview}");
    tmux.press(name, &["2"]);
    tmux.shows(name, &["[2 Tables]", "public.item", "public.order_line"]);
    tmux.press(name, &["/", "line", "Enter"]);
    let filtered = tmux.shows(name, &["1 of 2 tables"]);
    assert!(!filtered.contains("public.item "), "{filtered}");
    tmux.press(name, &["s"]);
    tmux.shows(name, &["Suspend public.order_line?", "y / n"]);
    tmux.press(name, &["n", "5"]);
    tmux.shows(name, &["[5 Cutover]", "transhume cutover --check"]);
    tmux.press(name, &["c", "y"]);
    tmux.shows(name, &["runner", "passed", "checks "]);
    tmux.press(name, &["6"]);
    tmux.shows(name, &["[6 History]", "post-data completed"]);
    tmux.press(name, &["q"]);
    let left = tmux.shows(name, &["ended with 0"]);
    assert!(
        !left.contains("[6 History]"),
        "the terminal is given back: {left}"
    );
}

/// Each question names both servers and how much lies there, a switch its forecast too; nothing but "yes" agrees.
fn asked(tmux: &Tmux, site: &Site) {
    for (command, forecast) in [("cutover", "pause      about"), ("abort", "lag ")] {
        tmux.open(site, command, (200, 50), &[command]);
        tmux.shows(
            command,
            &[
                "Type \"yes\" to go on",
                "phase follow, 2 tables",
                forecast,
                &site.source_url,
                &site.target_url,
            ],
        );
        tmux.press(command, &["y", "Enter"]);
        tmux.shows(command, &["nothing was changed", "ended with 1"]);
    }
}
