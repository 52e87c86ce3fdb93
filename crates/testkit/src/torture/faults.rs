//! What is done to the program, the servers and the network while data moves.
//!
//! A seed decides which faults come and when; a fault is over when [`Site::strike`] returns, but for a tool that
//! was killed, which the round starts again.

use std::{fmt, time::Duration};

use fastrand::Rng;

use super::{invariants::Judge, site::Site};
use crate::{connection::connect, pair::Side};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    Kill,
    Terminate,
    /// SIGSTOP, then SIGCONT after these milliseconds.
    Halt(u64),
    /// kill -9 of one server process that serves the tool: the whole server recovers.
    KillBackend(Side),
    /// Ends the tool's sessions, as an administrator does.
    TerminateBackends(Side),
    CancelBackends(Side),
    /// All processes of the server at once.
    CrashServer(Side),
    StopImmediate(Side),
    RestartServer(Side),
    Cut(Side),
    /// A cut exactly after this many bytes more have come from the server.
    CutAfter(Side, u64),
    /// Silence while the connection stays.
    Freeze(Side, u64),
    Delay(Side, u64),
    /// Both ways at once, as where the machine of the tool loses its network.
    CutBoth,
    /// All processes of the server stop in the midst of what they do, and go on after these milliseconds.
    Hang(Side, u64),
    /// The server's synchronous standby takes over under its address.
    FailOver(Side),
    /// Somebody locks a table on the target.
    Lock(u64),
    /// Somebody sets time-outs for the target's database that no batch meets.
    TimeOuts(u64),
}

impl Fault {
    /// `source_fails_over`: a fail-over of the source is one of them, since the slot survives it.
    pub fn random(random: &mut Rng, source_fails_over: bool) -> Self {
        let side = if random.bool() { Side::Source } else { Side::Target };
        let while_milliseconds = random.u64(100..2_500);
        match random.u32(0..21) {
            0..=2 => Self::Kill,
            3 => Self::Terminate,
            4 => Self::Halt(while_milliseconds),
            5 => Self::KillBackend(side),
            6 => Self::TerminateBackends(side),
            7 => Self::CancelBackends(side),
            8 => Self::CrashServer(side),
            9 => Self::StopImmediate(side),
            10 => Self::RestartServer(side),
            11 => Self::Cut(side),
            12..=14 => Self::CutAfter(side, random.u64(1..200_000) >> random.u32(0..12)),
            15 => Self::Freeze(side, while_milliseconds),
            16 if random.bool() => Self::TimeOuts(while_milliseconds),
            16 => Self::Delay(side, while_milliseconds),
            17 => Self::Lock(while_milliseconds),
            18 => Self::CutBoth,
            19 if random.u32(0..LONG_HANG_OF) == 0 => Self::Hang(side, LONG_HANG_MILLISECONDS),
            19 => Self::Hang(side, while_milliseconds),
            _ if source_fails_over => Self::FailOver(side),
            _ => Self::FailOver(Side::Target),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self:?}")
    }
}

/// One hang of so many lasts long enough that connections are given up.
const LONG_HANG_OF: u32 = 8;
const LONG_HANG_MILLISECONDS: u64 = 60_000;
/// A delayed network adds this to each packet.
const DELAY_MILLISECONDS: u64 = 30;
/// A server that was stopped stays down so long.
const DOWNTIME: Duration = Duration::from_millis(300);
/// A cut that waits for bytes which do not come is taken back.
const CUT_PATIENCE: Duration = Duration::from_secs(3);

const OURS: &str = "FROM pg_catalog.pg_stat_activity WHERE application_name LIKE 'transhume%' \
                    AND pid <> pg_catalog.pg_backend_pid()";

impl Site {
    /// Does it and undoes it. The judge goes on reading where that must not stand still.
    pub(super) async fn strike(&mut self, fault: Fault, judge: &mut Judge) -> Result<(), String> {
        let for_a_while = |milliseconds| tokio::time::sleep(Duration::from_millis(milliseconds));
        match fault {
            Fault::Kill => self.kill_tool(),
            Fault::Terminate => self.signal_tool("TERM"),
            Fault::Halt(milliseconds) => {
                self.signal_tool("STOP");
                for_a_while(milliseconds).await;
                self.signal_tool("CONT");
            }
            Fault::KillBackend(side) | Fault::TerminateBackends(side) | Fault::CancelBackends(side) => {
                self.end_backends(fault, side).await;
            }
            Fault::CrashServer(side) | Fault::StopImmediate(side) | Fault::RestartServer(side) => {
                tokio::task::block_in_place(|| self.down_and_up(fault, side))?;
            }
            Fault::Cut(side) => self.proxy(side).cut(),
            Fault::CutAfter(side, bytes) => self.proxy(side).cut_after(bytes, CUT_PATIENCE).await,
            Fault::Freeze(side, milliseconds) => {
                self.proxy(side).freeze();
                for_a_while(milliseconds).await;
                self.proxy(side).thaw();
            }
            Fault::Delay(side, milliseconds) => {
                self.proxy(side).delay(DELAY_MILLISECONDS);
                for_a_while(milliseconds).await;
                self.proxy(side).delay(0);
            }
            Fault::CutBoth => {
                for side in [Side::Source, Side::Target] {
                    self.proxy(side).cut();
                }
            }
            Fault::Hang(side, milliseconds) => {
                self.server(side).hang();
                for_a_while(milliseconds).await;
                self.server(side).go_on();
            }
            Fault::FailOver(Side::Target) => self.fail_over_target().await?,
            Fault::FailOver(Side::Source) => self.fail_over_source(judge).await?,
            Fault::Lock(milliseconds) => self.lock_tables(milliseconds).await,
            Fault::TimeOuts(milliseconds) => self.time_out(milliseconds).await?,
        }
        Ok(())
    }

    fn down_and_up(&mut self, fault: Fault, side: Side) -> Result<(), String> {
        let server = self.server(side);
        let started = match fault {
            Fault::RestartServer(_) => server.restart(),
            Fault::StopImmediate(_) => {
                // A child that was just being born may outlive the order; then it is as good as a crash.
                if server.stop(transhume_demo::cluster::StopMode::Immediate).is_err() {
                    server.kill_postmaster();
                }
                std::thread::sleep(DOWNTIME);
                server.start_again()
            }
            _ => {
                server.kill_postmaster();
                server.start_again()
            }
        };
        started.map_err(|error| error.to_string())
    }

    /// The server may be down by an earlier fault's doing: then there is nobody to end.
    async fn end_backends(&self, fault: Fault, side: Side) {
        let what = match fault {
            Fault::TerminateBackends(_) => "pg_catalog.pg_terminate_backend(pid)",
            Fault::CancelBackends(_) => "pg_catalog.pg_cancel_backend(pid)",
            _ => "pid",
        };
        let answer = self
            .ask(side, &format!("SELECT {what}::text {OURS} ORDER BY random()"))
            .await;
        if let (Fault::KillBackend(_), Some(pid)) = (fault, answer.unwrap_or_default().first()) {
            // Gone already is as good.
            let _ = std::process::Command::new("kill").args(["-9", pid]).status();
        }
    }

    async fn time_out(&self, milliseconds: u64) -> Result<(), String> {
        let set = "ALTER DATABASE torture SET statement_timeout = '30ms'; \
                   ALTER DATABASE torture SET lock_timeout = '5ms'";
        // Where the server is down there is nobody to be timed out.
        let _ = self.ask(Side::Target, set).await;
        self.end_backends(Fault::TerminateBackends(Side::Target), Side::Target)
            .await;
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        let reset =
            "ALTER DATABASE torture RESET statement_timeout; ALTER DATABASE torture RESET lock_timeout";
        self.ask_until_done(Side::Target, reset).await?;
        Ok(())
    }

    /// Holds the tables that every batch writes to, where they are there yet.
    async fn lock_tables(&self, milliseconds: u64) {
        let Ok(client) = connect(self.url(Side::Target)).await else {
            return;
        };
        let lock = "BEGIN; SET LOCAL lock_timeout = '2s'; LOCK TABLE torture.ledger_nokey, torture.accounts";
        if client.batch_execute(lock).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        }
    }
}
