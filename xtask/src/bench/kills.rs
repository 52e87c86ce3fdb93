//! `bench kills`: a full load under traffic whose process is killed every few seconds, and how many rows the source gave in all
//! beside how many there are.
//!
//! The source's own counts are asked, so that what a killed process had read is in them; the little that the traffic reads counts as
//! ours. Both sides must be equal at the end, by digests that share nothing with the program.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use clap::Args;

use super::site::Site;

const DATABASE: &str = "kills";
const TABLES: [&str; 4] = [
    "pgbench_accounts",
    "pgbench_branches",
    "pgbench_tellers",
    "pgbench_history",
];

/// pgbench's rows of accounts for each unit of its scale.
const ROWS_PER_SCALE: u64 = 100_000;
/// The scale whose parts are as large as the program makes them by itself; smaller tables get parts that are as many.
const WHOLE_SCALE: u64 = 400;
const PART_MB: u64 = 64;
/// Below, beginning a part costs more than reading it.
const SMALLEST_PART_MB: u64 = 4;
/// Of the table that is read in all, beside the table.
const LIMIT: f64 = 1.2;

const POLL: Duration = Duration::from_millis(100);
/// The server counts what a session has read once that has ended.
const COUNTED_AFTER: Duration = Duration::from_secs(2);

#[derive(Args)]
pub(crate) struct Arguments {
    /// pgbench's scale: 100,000 rows each
    #[arg(long, default_value_t = 40)]
    scale: u64,
    /// Seconds of copying between two kills
    #[arg(long, default_value_t = 5)]
    every: u64,
    /// Transactions a second meanwhile
    #[arg(long, default_value_t = 100)]
    rate: u32,
    /// The program to measure; built with the release profile where not given
    #[arg(long)]
    transhume: Option<PathBuf>,
    /// Directory of the server's programs, with psql, pgbench, pg_dump and pg_restore
    #[arg(long, default_value = "/usr/lib/postgresql/15/bin")]
    programs: PathBuf,
    /// Further options of `transhume run`
    #[arg(last = true)]
    options: Vec<String>,
}

/// Sessions of pgbench; they end with this.
struct Traffic(Child);

impl Drop for Traffic {
    fn drop(&mut self) {
        // It may have ended by itself, which the comparison does not mind.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(super) fn kills(workspace: &Path, arguments: &Arguments) -> Result<()> {
    let transhume = super::program(workspace, arguments.transhume.as_deref(), "release")?;
    let site = Site::start(&arguments.programs, false)?;
    let (source, target) = (site.source.url(DATABASE), site.target.url(DATABASE));
    for server in [&site.source, &site.target] {
        site.sql(&server.url("postgres"), &format!("create database {DATABASE}"), 0)?;
    }
    fill(&site, &source, arguments.scale)?;
    let rows = arguments.scale * ROWS_PER_SCALE;
    let before = read_rows(&site, &source)?;
    let started = Instant::now();
    let traffic = traffic(&site, &source, arguments.rate)?;
    let killed = load(&site, arguments, &transhume)?;
    drop(traffic);
    let seconds = started.elapsed().as_secs_f64();
    let read = read_rows(&site, &source)? - before;
    if !run_to_end(program(&site, arguments, &transhume)?)?.success() {
        bail!("catching up failed");
    }
    for table in TABLES {
        let (ours, theirs) = (digest(&site, &target, table)?, digest(&site, &source, table)?);
        if ours != theirs {
            bail!("{table}: rows and digest {ours} instead of {theirs}");
        }
    }
    let share = read as f64 / rows as f64;
    println!(
        "{rows} rows of accounts under {} transactions a second; killed {killed} times, every {} s of copying, in {seconds:.0} s; \
         {read} rows read in all: {share:.3} of the table; both sides equal",
        arguments.rate, arguments.every
    );
    if killed == 0 {
        bail!("the load was over before the first kill: take a larger --scale or a smaller --every");
    }
    if share > LIMIT {
        bail!("more than {LIMIT} of the table was read");
    }
    Ok(())
}

fn fill(site: &Site, url: &str, scale: u64) -> Result<()> {
    let mut filling = site.program("pgbench");
    filling
        .args(["-i", "-q", "-s", &scale.to_string(), url])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if !run_to_end(filling)?.success() {
        bail!("pgbench could not fill its tables");
    }
    site.sql(url, "vacuum (freeze, analyze);\ncheckpoint", 0)
        .map(drop)
}

fn traffic(site: &Site, url: &str, rate: u32) -> Result<Traffic> {
    let mut running = site.program("pgbench");
    running
        .args(["-n", "-c", "2", "-T", "86400", "-R", &rate.to_string(), url])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    Ok(Traffic(running.spawn().context("starting pgbench")?))
}

fn program(site: &Site, arguments: &Arguments, transhume: &Path) -> Result<Command> {
    let part = (PART_MB * arguments.scale / WHOLE_SCALE).clamp(SMALLEST_PART_MB, PART_MB);
    let log = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(std::env::temp_dir().join("transhume-bench-kills.log"))?;
    let mut command = Command::new(transhume);
    command
        .args(["run", "--until-caught-up", "--part-size", &format!("{part}MB")])
        .args(&arguments.options)
        .stdout(Stdio::null())
        .stderr(log);
    site.surround(
        &mut command,
        &site.source.url(DATABASE),
        &site.target.url(DATABASE),
    );
    Ok(command)
}

fn run_to_end(mut command: Command) -> Result<ExitStatus> {
    command.status().with_context(|| format!("running {command:?}"))
}

/// Runs the program until it has caught up, and kills it on the way: says how often.
fn load(site: &Site, arguments: &Arguments, transhume: &Path) -> Result<u32> {
    let mut killed = 0;
    loop {
        let mut running = program(site, arguments, transhume)?.spawn()?;
        if let Some(status) = copied_for(site, &mut running, Duration::from_secs(arguments.every))? {
            if !status.success() {
                bail!("the program failed ({status})");
            }
            return Ok(killed);
        }
        running.kill()?;
        running.wait()?;
        killed += 1;
    }
}

/// Until it has copied for so long, or has ended.
fn copied_for(site: &Site, running: &mut Child, time: Duration) -> Result<Option<ExitStatus>> {
    let mut since: Option<Instant> = None;
    loop {
        if let Some(status) = running.try_wait()? {
            return Ok(Some(status));
        }
        if is_copying(site)? {
            let since = *since.get_or_insert_with(Instant::now);
            if since.elapsed() >= time {
                return Ok(None);
            }
        }
        std::thread::sleep(POLL);
    }
}

fn is_copying(site: &Site) -> Result<bool> {
    let copying =
        "select exists (select from pg_stat_progress_copy p join pg_class c on c.oid = p.relid or p.relid = 0
        where p.command = 'COPY TO')";
    Ok(site.sql(&site.source.url(DATABASE), copying, 0)? == "t")
}

/// All rows of accounts that the source has read for anybody, once it says the same twice.
fn read_rows(site: &Site, url: &str) -> Result<u64> {
    let read = "select coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) from pg_stat_user_tables
        where relname = 'pgbench_accounts'";
    let mut last = None;
    loop {
        let now: u64 = site.sql(url, read, 0)?.parse()?;
        if last.replace(now) == Some(now) {
            return Ok(now);
        }
        std::thread::sleep(COUNTED_AFTER);
    }
}

fn digest(site: &Site, url: &str, table: &str) -> Result<String> {
    let rows = format!("select count(*), sum(hashtextextended(t::text, 0)) from {table} t");
    site.sql(url, &rows, 0)
}
