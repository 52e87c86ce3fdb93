//! Very many small tables: time, memory, statements on both servers, lines for people, and the write pause step by step.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use serde_json::Value;

use super::{Move, Told};
use crate::bench::data::DataSet;

/// Statements of this database that clients have sent since the last reset.
const STATEMENTS: &str = "select coalesce(sum(calls), 0) from pg_stat_statements
    where dbid = (select oid from pg_database where datname = current_database())";

pub(super) fn measure(moving: &Move<'_>, tables: u64) -> Result<()> {
    let script = format!("set client_min_messages = warning;\n{}", DataSet::Small.sql());
    let url = moving.site.source.url(moving.database);
    moving.site.sql(&url, &script, tables)?;
    moving.source("vacuum (analyze)")?;
    for server in [&moving.site.source, &moving.site.target] {
        let counting = "create extension if not exists pg_stat_statements";
        moving.site.sql(&server.url("postgres"), counting, 0)?;
    }
    println!("{tables} tables");
    counted(moving, "load", &["run", "--until-caught-up"])?;
    counted(moving, "verify", &["verify"])?;
    let rehearsed = counted(moving, "rehearsal", &["cutover", "--rehearse", "--json"])?;
    pause(&rehearsed, "forecast_milliseconds", "forecast_parts")?;
    let cut_over = counted(
        moving,
        "cutover",
        &["cutover", "--yes", "--json", "--report", "reports"],
    )?;
    pause(&cut_over, "write_pause_milliseconds", "steps")?;
    files(&moving.scratch.join("reports"))?;
    counted(moving, "report", &["report", "record"])?;
    files(&moving.scratch.join("record"))?;
    counted(moving, "finish", &["finish", "--yes"])?;
    Ok(())
}

/// Runs a command, and says what it cost, how many statements it sent and how many lines it printed.
fn counted(moving: &Move<'_>, what: &str, arguments: &[&str]) -> Result<Told> {
    let servers = [&moving.site.source, &moving.site.target];
    for server in servers {
        moving
            .site
            .sql(&server.url("postgres"), "select pg_stat_statements_reset()", 0)?;
    }
    let told = moving.run(arguments, 0)?;
    let of_database = STATEMENTS.replace("current_database()", &format!("'{}'", moving.database));
    let mut statements = Vec::new();
    for server in servers {
        statements.push(moving.site.sql(&server.url("postgres"), &of_database, 0)?);
    }
    println!(
        "{}; statements: source {}, target {}; lines: {} printed, {} told meanwhile",
        told.line(what),
        statements[0],
        statements[1],
        told.output.lines().count(),
        told.meanwhile.lines().count()
    );
    Ok(told)
}

fn pause(told: &Told, all: &str, parts: &str) -> Result<()> {
    let report: Value = serde_json::from_str(&told.output).context("reading the report")?;
    println!("  {all}: {}", report[all]);
    for part in report[parts].as_array().into_iter().flatten() {
        println!("  {part}");
    }
    Ok(())
}

fn files(directory: &Path) -> Result<()> {
    for file in fs::read_dir(directory)? {
        let path = file?.path();
        let lines = fs::read_to_string(&path)?.lines().count();
        let name = path.extension().unwrap_or_default().to_string_lossy();
        println!(
            "  a file {name}: {lines} lines, {} KiB",
            fs::metadata(&path)?.len() >> 10
        );
    }
    Ok(())
}
