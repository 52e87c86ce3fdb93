//! What a scenario expects, judged by the testkit's oracle and by what the program says.

use std::time::{Duration, Instant};

use transhume_testkit::{
    connection::{connect, connect_canonical, describe},
    oracle::{self, Except},
    pair::Side,
    program::Running,
};

use crate::{
    scenario::Action,
    stage::{DEADLINE, Outcome, Stage},
};

/// Between two looks at a log.
const POLL: Duration = Duration::from_millis(50);
/// A table that is suspended and loaded anew by itself is there again within this.
const REOPENED_WITHIN: Duration = Duration::from_secs(20);

pub(crate) async fn check(stage: &mut Stage, expected: &Action) -> Outcome {
    match expected {
        Action::Equal(except) => equal(stage, except).await,
        Action::Same => same(stage).await,
        Action::Rows {
            side,
            query,
            expected,
        } => rows(stage, *side, query, expected).await,
        Action::Says(text) => says(stage, text).await,
        Action::Stops(text) => stops(stage, text).await,
        Action::Call {
            arguments,
            code,
            text,
        } => call(stage, arguments, *code, text),
        action => Err(format!("{action:?} is nothing to expect")),
    }
}

/// Waits until everything that is committed on the source now is on the target.
async fn catch_up(stage: &mut Stage) -> Outcome {
    let source = connect(stage.url(Side::Source))
        .await
        .map_err(|error| describe(&error))?;
    // A commit of its own, so that an idle stream need not wait for a keepalive.
    let message = "select pg_catalog.pg_logical_emit_message(true, 'conformance', '')";
    source
        .batch_execute(message)
        .await
        .map_err(|error| describe(&error))?;
    let row = source
        .query_one("select pg_catalog.pg_current_wal_lsn()::text", &[])
        .await;
    let end: String = row.map_err(|error| describe(&error))?.get(0);
    // A table that is loaded anew is on its way beside the stream.
    let query = format!(
        "select lsn >= '{end}' and not exists (select from transhume.relation where state in ('planned', 'loading')) \
         from transhume.frontier"
    );
    stage.until_on_target("everything has arrived", &query).await
}

async fn equal(stage: &mut Stage, except: &[String]) -> Outcome {
    catch_up(stage).await?;
    let except = Except {
        tables: except.to_vec(),
        ..Except::default()
    };
    let end = Instant::now() + REOPENED_WITHIN;
    loop {
        let is_settled = !has_suspended(stage).await?;
        let found = oracle::row_differences(stage.url(Side::Source), stage.url(Side::Target), &except).await;
        if found.is_empty() || is_settled || Instant::now() >= end {
            return none_of(&found);
        }
        // It is loaded anew by itself, or stays as it is.
        catch_up(stage).await?;
    }
}

async fn has_suspended(stage: &Stage) -> Result<bool, String> {
    let client = connect(stage.url(Side::Target))
        .await
        .map_err(|error| describe(&error))?;
    let question = "select exists (select from transhume.relation where state <> 'loaded')";
    let row = client.query_one(question, &[]).await;
    Ok(row.map_err(|error| describe(&error))?.get(0))
}

/// After a cutover too, which takes write grants from the source's roles.
async fn same(stage: &mut Stage) -> Outcome {
    let except = Except {
        kinds: vec!["grants".to_owned(), "owner".to_owned()],
        ..Except::default()
    };
    let (source, target) = (stage.url(Side::Source), stage.url(Side::Target));
    let mut found = oracle::row_differences(source, target, &except).await;
    found.extend(oracle::catalog_differences(source, target, &except).await);
    none_of(&found)
}

fn none_of(found: &[String]) -> Outcome {
    if found.is_empty() {
        return Ok(());
    }
    Err(format!("source and target differ:\n{}", found.join("\n")))
}

async fn rows(stage: &Stage, side: Side, query: &str, expected: &[String]) -> Outcome {
    let client = connect_canonical(stage.url(side))
        .await
        .map_err(|error| describe(&error))?;
    let path = client.batch_execute("SET search_path = public").await;
    path.map_err(|error| describe(&error))?;
    // Columns as text whatever their types, as the record's own text would quote them.
    let messages = client
        .simple_query(query)
        .await
        .map_err(|error| describe(&error))?;
    let found: Vec<String> = messages
        .iter()
        .filter_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        })
        .map(|row| {
            let values = (0..row.len()).map(|column| row.get(column).unwrap_or("null"));
            values.collect::<Vec<_>>().join("|")
        })
        .collect();
    if found == expected {
        return Ok(());
    }
    Err(format!(
        "expected:\n  {}\nfound:\n  {}",
        expected.join("\n  "),
        found.join("\n  ")
    ))
}

async fn says(stage: &mut Stage, text: &str) -> Outcome {
    let end = tokio::time::Instant::now() + DEADLINE;
    while !stage.program.log().contains(text) {
        let ended = stage.running.as_mut().and_then(Running::exit_status);
        if let Some(status) = ended.filter(|_| !stage.program.log().contains(text)) {
            return Err(format!("the run ended ({status}) without saying \"{text}\""));
        }
        if tokio::time::Instant::now() > end {
            return Err(format!("the run did not say \"{text}\""));
        }
        tokio::time::sleep(POLL).await;
    }
    Ok(())
}

async fn stops(stage: &mut Stage, text: &str) -> Outcome {
    let end = tokio::time::Instant::now() + DEADLINE;
    let running = stage.running.as_mut().ok_or("nothing runs")?;
    let status = loop {
        if let Some(status) = running.exit_status() {
            break status;
        }
        if tokio::time::Instant::now() > end {
            return Err(format!("the run did not stop with \"{text}\""));
        }
        tokio::time::sleep(POLL).await;
    };
    stage.running = None;
    if status.success() || !stage.program.log().contains(text) {
        return Err(format!("the run ended ({status}) without the error \"{text}\""));
    }
    Ok(())
}

fn call(stage: &Stage, arguments: &[String], code: i32, text: &str) -> Outcome {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let ended = stage.program.call(&arguments);
    if ended.code == Some(code) && ended.all().contains(text) {
        return Ok(());
    }
    Err(format!(
        "exit code {:?} instead of {code}, with \"{text}\":\n{}",
        ended.code,
        ended.all()
    ))
}
