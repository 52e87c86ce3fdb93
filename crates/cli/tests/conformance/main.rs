//! Runs every scenario file: each is one migration by the program, written in SQL with directives in comments.
//!
//! The files lie in `scenarios`; a new one is found by itself. What they may say is told in `scenarios/README.md`.
//! Scenarios share two servers, a database each, unless they stop one or want another version.
#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helping functions too"
)]

mod expectation;
mod scenario;
mod servers;
mod stage;

use std::{fs, path::Path, process::ExitCode, sync::Arc};

use libtest_mimic::{Arguments, Failed, Trial};

use scenario::Scenario;
use servers::Shared;
use stage::Stage;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let shared = Arc::new(Shared::default());
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/scenarios");
    let mut files: Vec<_> = fs::read_dir(directory)
        .expect("the scenarios are there")
        .map(|entry| entry.expect("a directory can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .collect();
    files.sort();
    let trials = files.into_iter().map(|path| {
        let name = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let shared = Arc::clone(&shared);
        Trial::test(name.clone(), move || run(&name, &path, &shared))
    });
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    // The servers end with it.
    drop(shared);
    conclusion.exit_code()
}

fn run(name: &str, path: &Path, shared: &Shared) -> Result<(), Failed> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    let scenario = Scenario::parse(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    let runtime = tokio::runtime::Runtime::new().map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let mut stage = Stage::set(name, &scenario, shared).await?;
        for step in &scenario.steps {
            stage
                .take(step)
                .await
                .map_err(|error| stage.tell(path, step, &error))?;
        }
        Ok(stage.clear().await?)
    })
}
