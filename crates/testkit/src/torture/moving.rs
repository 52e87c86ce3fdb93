//! The cutover at the end of a round, and the way back: the old source follows the target, and may be fallen back to.

use std::time::{Duration, Instant};

use fastrand::Rng;

use super::{
    Round,
    reading::Outcome,
    round::{equal, reach_the_end},
    site::{DEADLINE, Site},
};
use crate::{
    pair::Side,
    traffic::{Acknowledged, Traffic},
};

/// A killed cutover is tried again so often.
const CUTOVERS: u32 = 4;
/// A command that is not through by then waits for something that does not come; a verification of all tables takes ten seconds.
const COMMAND_DEADLINE: Duration = Duration::from_secs(180);
/// Transactions on the new side, before and after the tool is killed there.
const COMMITS: u64 = 60;

/// Tried again where the program was killed in it, as an operator would.
pub(super) async fn cutover(site: &mut Site, random: &mut Rng, trace: &mut Vec<String>) -> Outcome {
    succeed(site, "verify", "--json").await?;
    for attempt in 1..=CUTOVERS {
        let mut call = site.program.begin(&["cutover", "--yes"], &[]);
        let patience = Duration::from_millis(random.u64(0..2_500));
        let kill = attempt < CUTOVERS && random.bool();
        let end = Instant::now() + if kill { patience } else { DEADLINE };
        let ended = loop {
            match call.exit_status() {
                Some(status) => break Some(status),
                None if Instant::now() > end => break None,
                None => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        };
        let opened = site
            .ask_until_done(Side::Target, "SELECT phase FROM transhume.migration")
            .await?;
        match ended {
            Some(status) if !status.success() => return Err(format!("the cutover ended with {status}")),
            None if !kill => return Err("the cutover does not end".to_owned()),
            None => trace.push(format!(
                "cutover killed after {patience:?} in {}",
                opened.concat()
            )),
            Some(_) => return Ok(()),
        }
        call.kill();
        // The runner undoes what the dead one left, or goes on past the point of no return.
        let settled = "SELECT (phase IN ('follow', 'done'))::text FROM transhume.migration";
        site.until("the killed cutover is undone", settled).await?;
        let phase = site.ask_until_done(Side::Target, "SELECT phase FROM transhume.migration");
        if phase.await?.concat() == "done" {
            return Ok(());
        }
    }
    Err("no cutover was left to its end".to_owned())
}

/// The application moves over, the old source follows it; both are equal once it rests. Every other time it falls back.
pub(super) async fn settle(
    round: &Round,
    site: &mut Site,
    traffic: Traffic,
    trace: &mut Vec<String>,
) -> Outcome<Acknowledged> {
    traffic.redirect(site.url(Side::Target));
    traffic.wait_for(COMMITS).await;
    site.keep_running()?;
    site.kill_tool();
    site.keep_running()?;
    traffic.wait_for(COMMITS).await;
    if round.falls_back() {
        trace.push("fallback".to_owned());
        succeed(site, "verify", "--json").await?;
        succeed(site, "fallback", "--yes").await?;
        site.tool_ends().await?;
        let promised = traffic.stop().await;
        equal(site, &promised).await?;
        return Ok(promised);
    }
    let promised = traffic.stop().await;
    reach_the_end(site, Side::Target).await?;
    equal(site, &promised).await?;
    succeed(site, "finish", "--yes").await?;
    site.tool_ends().await?;
    Ok(promised)
}

pub(super) async fn succeed(site: &Site, command: &str, option: &str) -> Outcome {
    match site
        .program
        .call_within(COMMAND_DEADLINE, &[command, option])
        .await
    {
        Some(ended) if ended.code == Some(0) => Ok(()),
        Some(ended) => Err(format!("{command} exits with {:?}:\n{}", ended.code, ended.all())),
        None => Err(format!("{command} does not end")),
    }
}
