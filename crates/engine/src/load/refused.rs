//! Builds that the rows do not allow: an orphan under a foreign key, a duplicate under a unique index, a view that
//! does not refresh, statistics that cannot be made.
//!
//! They hold nobody up: each is a finding that bars the cutover, what is repaired on the source arrives by the stream, and
//! they are tried again at every start of the run and before the cutover's checks.

use transhume_core::{finding::Finding, sqlstate};
use transhume_pg::{
    connection::{error::PgError, session::Session},
    load::part_copy,
    state::{
        finding, held,
        load::refused::{self, Refused},
    },
};

use super::{
    ORIGIN,
    sessions::{RefusedBuild, WorkerSessions},
};
use crate::{
    error::{Doing, Result},
    report::{Report, Reporter},
};

/// Code of the findings.
const CODE: &str = "build-failed";

/// Lets everything else go on without it. Where several were sent together, each is tried by itself first.
pub(super) async fn put_off(
    worker: &mut WorkerSessions,
    builds: &[RefusedBuild],
    error: &PgError,
) -> Result<()> {
    let doing = "putting off what cannot be built";
    if let Ok(target) = worker.target().await {
        // What the transaction has done is done again; without an answer the session is given up.
        if part_copy::roll_back(target).await.is_err() {
            worker.give_up();
        }
    }
    let session = Session::connect(&worker.shared.endpoints.target, &worker.name)
        .await
        .doing(doing)?;
    let [build] = builds else {
        let ids: Vec<i64> = builds.iter().map(|build| build.id).collect();
        return refused::separate(&*session, &ids).await.doing(doing);
    };
    let found = if build.can_wait {
        refused::put_off(&*session, build.id, &error.to_string())
            .await
            .doing(doing)?;
        waiting(&build.name, error)
    } else {
        worker.give_up();
        refused::leave(&*session, build.id).await.doing(doing)?;
        Finding::warning(
            CODE,
            &build.name,
            format!("it could not be done: {error}"),
            "run it on the target when the cause is remedied",
        )
    };
    finding::replace(&*session, ORIGIN, &found).await.doing(doing)?;
    session.close().await;
    worker.shared.reporter.send(Report::Finding { finding: found });
    Ok(())
}

/// Tries all that was refused once more; says how many are still refused.
pub(crate) async fn try_again(target: &mut Session, reporter: &Reporter) -> Result<usize> {
    let doing = "trying again what could not be built";
    let mut left = 0;
    for Refused { build } in refused::all(target).await.doing(doing)? {
        match held::run(target, &build).await {
            Ok(()) => {
                finding::clear_object(&**target, ORIGIN, CODE, &build.name)
                    .await
                    .doing(doing)?;
                reporter.step(format!("built after all: {}", build.name.escape_debug()));
            }
            Err(error) if error.refusal().is_some() => {
                left += 1;
                let found = waiting(&build.name, &error);
                finding::replace(&**target, ORIGIN, &found).await.doing(doing)?;
                reporter.send(Report::Finding { finding: found });
            }
            Err(error) => return Err(error).doing(doing),
        }
    }
    Ok(left)
}

fn waiting(name: &str, error: &PgError) -> Finding {
    let detail = error
        .detail()
        .map(|detail| format!(" ({})", detail.trim_end_matches('.')))
        .unwrap_or_default();
    let remedy = if error.sqlstate().is_some_and(sqlstate::is_missing_name) {
        "give the function that misses the name a search path (alter function … set search_path = …)"
    } else {
        "repair the rows on the source"
    };
    Finding::blocker(
        CODE,
        name,
        format!("it cannot be built: {error}{detail}"),
        format!("{remedy}; it is tried again when \"transhume run\" starts, and before a cutover's checks"),
    )
}
