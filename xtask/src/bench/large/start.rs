//! A run that goes on over a long way: from the program's start until it follows.

use std::{
    fs::{self, File},
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};

use super::Move;
use crate::bench::delay;

const POLL: Duration = Duration::from_millis(2);
/// Far more than any start takes.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) fn measure(moving: &Move<'_>, way: u64) -> Result<()> {
    moving.source("create table entry (id int primary key)")?;
    moving.run(&["run", "--until-caught-up"], 0)?;
    println!("a start near: {:.2} s", follows_after(moving, 0)?);
    println!(
        "a start over a way of {way} ms there and back: {:.2} s",
        follows_after(moving, way)?
    );
    Ok(())
}

/// Seconds.
fn follows_after(moving: &Move<'_>, way: u64) -> Result<f64> {
    let log = moving.scratch.join("start");
    let mut command = moving.command(&["run"]);
    for (name, server) in [("SOURCE", &moving.site.source), ("TARGET", &moving.site.target)] {
        let far = delay::start(server.port(), Duration::from_millis(way) / 2)?;
        let url = server.url(moving.database);
        let url = url.replace(&format!(":{}/", server.port()), &format!(":{far}/"));
        command.env(format!("TRANSHUME_{name}"), url);
    }
    command.stdout(Stdio::null()).stderr(File::create(&log)?);
    let began = Instant::now();
    let mut running = command.spawn()?;
    let mut follows = None;
    while follows.is_none() && began.elapsed() < PATIENCE && running.try_wait()?.is_none() {
        std::thread::sleep(POLL);
        follows = fs::read_to_string(&log)?
            .contains("phase follow")
            .then(|| began.elapsed());
    }
    // It may have ended by itself, which is told below.
    let _ = running.kill();
    running.wait()?;
    match follows {
        Some(time) => Ok(time.as_secs_f64()),
        None => bail!("it does not follow:\n{}", fs::read_to_string(&log)?),
    }
}
