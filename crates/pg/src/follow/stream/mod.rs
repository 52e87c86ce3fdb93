//! The replication stream: one walsender in CopyBoth, owned by one reader that also answers.
//!
//! `next` may be dropped while it waits and loses nothing. While much comes, the owner is told to rest
//! between reads so that the socket fills: a walsender sends every change as its own small packet. A server
//! that is silent for too long although asked to answer is given up as lost.

mod pace;
mod passing;

use std::time::{Duration, Instant};

use bytes::{BufMut, Bytes, BytesMut};
use tokio::{task::JoinHandle, time::timeout};
use transhume_wire::{
    lsn::Lsn,
    replication::{self, PluginOptions, ServerMessage, StandbyStatus},
};

use self::pace::Pace;
use crate::connection::{
    error::PgError,
    raw::{self, RawConnection},
};

/// Seconds from 1970-01-01 to 2000-01-01, where PostgreSQL's clock begins.
const POSTGRES_EPOCH_SECONDS: i64 = 946_684_800;
/// Silence after which the server is asked to answer: less than half of the default wal_sender_timeout (60 s), at which a live
/// walsender sends a keepalive by itself, so that all is known within a minute.
const QUIET_BEFORE_ASKING: Duration = Duration::from_secs(20);
/// Silence after having asked. Then another session looks whether the walsender is busy: an old one that decodes much which
/// it does not send answers nobody meanwhile.
const QUIET_BEFORE_LOST: Duration = Duration::from_secs(20);

/// First version whose pgoutput has options: logical messages, and transactions in progress.
const PLUGIN_OPTIONS_SINCE: u32 = 14;

/// What of a stream from this machine may lie unread on our side (the kernel doubles it for what it needs itself). The rest
/// waits on the walsender's, where a change is added to the last one and does not travel alone: that halves the walsender's
/// CPU. 128 KiB and more do not fill within a rest, and 32 KiB hold the walsender up (docs/decisions/0014).
const UNREAD_BYTES: usize = 64 << 10;

/// What to ask of the walsender.
#[derive(Debug, Clone, Copy)]
pub struct StreamOptions {
    pub plugin: PluginOptions,
    pub quiet_before_asking: Duration,
    pub quiet_before_lost: Duration,
}

impl Default for StreamOptions {
    fn default() -> Self {
        Self {
            plugin: PluginOptions {
                messages: true,
                in_progress: false,
            },
            quiet_before_asking: QUIET_BEFORE_ASKING,
            quiet_before_lost: QUIET_BEFORE_LOST,
        }
    }
}

impl RawConnection {
    /// Begins the stream of a slot; the connection must be in replication mode. What an older server does not understand is
    /// not asked for.
    pub async fn start_replication(
        mut self,
        slot: &str,
        lsn: Lsn,
        publications: &[impl AsRef<str>],
        mut options: StreamOptions,
    ) -> Result<ReplicationStream, PgError> {
        if self.server_version().major() < PLUGIN_OPTIONS_SINCE {
            options.plugin = PluginOptions::default();
        }
        let command = replication::start_replication(slot, lsn, publications, options.plugin);
        self.send_query(&command).await?;
        let frame = self.conversation_frame().await?;
        match frame.tag {
            b'W' => {
                let bounded = self.transport.bound_unread(UNREAD_BYTES);
                let is_bounded = bounded.map_err(|error| self.lost(&error.to_string()))?;
                Ok(ReplicationStream::new(self, options, is_bounded))
            }
            b'E' => Err(self.failed(frame).await),
            tag => Err(self.unexpected(tag, "START_REPLICATION")),
        }
    }
}

#[derive(Debug)]
pub struct ReplicationStream {
    connection: RawConnection,
    options: StreamOptions,
    pace: Pace,
    last_received: Instant,
    /// When the server was asked to answer, until it says something.
    asked: Option<Instant>,
    /// Whether the walsender that did not answer is busy: `next` may be dropped meanwhile.
    looking: Option<JoinHandle<bool>>,
    status: StandbyStatus,
    /// Status messages that are not fully written yet: a dropped `next` must not cut one in two.
    unsent: BytesMut,
    bytes_received: u64,
}

impl ReplicationStream {
    fn new(connection: RawConnection, options: StreamOptions, is_bounded: bool) -> Self {
        Self {
            connection,
            options,
            pace: Pace::new(Instant::now(), is_bounded),
            last_received: Instant::now(),
            asked: None,
            looking: None,
            status: StandbyStatus {
                written: Lsn::ZERO,
                flushed: Lsn::ZERO,
                applied: Lsn::ZERO,
            },
            unsent: BytesMut::new(),
            bytes_received: 0,
        }
    }

    /// The next message of the walsender; cancel-safe.
    pub async fn next(&mut self) -> Result<ServerMessage, PgError> {
        loop {
            if let Some(message) = self.buffered()? {
                return Ok(message);
            }
            self.flush_status().await?;
            self.connection.make_room();
            self.receive().await?;
        }
    }

    /// A message that has been received already, if there is one: never waits.
    pub fn buffered(&mut self) -> Result<Option<ServerMessage>, PgError> {
        while let Some(frame) = self.connection.buffered_frame()? {
            match frame.tag {
                b'd' => {
                    let message = self.decode(frame.into_body().freeze())?;
                    if matches!(
                        message,
                        ServerMessage::Keepalive {
                            reply_requested: true,
                            ..
                        }
                    ) {
                        // Goes out with the next read; the owner may send a newer one at once.
                        self.queue_status(false);
                    }
                    return Ok(Some(message));
                }
                b'E' => return Err(self.connection.server_error(frame)?.into()),
                b'c' | b'C' | b'Z' => return Err(self.connection.lost("the server ended the stream")),
                _ => {
                    if let Some(frame) = self.connection.set_aside(frame)? {
                        return Err(self.connection.unexpected(frame.tag, "the stream"));
                    }
                }
            }
        }
        Ok(None)
    }

    /// Tells the server what is written, durable and applied here; `flushed` moves the slot.
    pub async fn send_status(&mut self, status: StandbyStatus) -> Result<(), PgError> {
        self.status = status;
        self.queue_status(false);
        self.flush_status().await
    }

    /// Transactions in progress were asked for.
    pub fn brings_in_progress(&self) -> bool {
        self.options.plugin.in_progress
    }

    /// Bytes received since the stream began.
    pub fn bytes_received(&self) -> u64 {
        self.bytes_received
    }

    /// How long the owner had better rest before the next message that is not here yet, so that the socket fills; told
    /// once for each read.
    pub fn take_rest(&mut self) -> Option<Duration> {
        self.pace.take_rest()
    }

    /// What the owner found in the latest messages: they were committed long ago, so that more is surely behind them.
    pub fn set_late(&mut self, is_late: bool) {
        self.pace.set_late(is_late);
    }

    /// Whether so much comes, or so late, that more is surely waiting.
    pub fn is_dense(&self) -> bool {
        self.pace.is_dense()
    }

    pub fn connection(&self) -> &RawConnection {
        &self.connection
    }

    /// Ends the stream in order; what the server still sends is thrown away.
    pub async fn close(mut self) -> Result<(), PgError> {
        self.unsent.extend_from_slice(raw::COPY_DONE);
        self.flush_status().await?;
        let drained = timeout(self.options.quiet_before_lost, self.connection.drain()).await;
        drained.map_err(|_| self.connection.lost("the server did not end the stream"))??;
        self.connection.close().await;
        Ok(())
    }

    fn decode(&mut self, content: Bytes) -> Result<ServerMessage, PgError> {
        ServerMessage::decode(content).map_err(|error| self.connection.protocol_broken(&error.to_string()))
    }

    /// Reads once, within the deadline; asks the server for a sign of life in time.
    async fn receive(&mut self) -> Result<(), PgError> {
        let before = self.connection.received.len();
        loop {
            if let Some(looking) = &mut self.looking {
                let is_busy = tokio::select! {
                    biased;
                    received = self.connection.receive() => {
                        received?;
                        break;
                    }
                    is_busy = looking => is_busy.unwrap_or(false),
                };
                self.looking = None;
                if !is_busy {
                    let seconds = self.last_received.elapsed().as_secs();
                    return Err(self
                        .connection
                        .lost(&format!("the server has been silent for {seconds} s")));
                }
                self.asked = Some(Instant::now());
            }
            let (since, limit) = match self.asked {
                Some(asked) => (asked, self.options.quiet_before_lost),
                None => (self.last_received, self.options.quiet_before_asking),
            };
            match timeout(limit.saturating_sub(since.elapsed()), self.connection.receive()).await {
                Ok(received) => {
                    received?;
                    break;
                }
                Err(_) if self.asked.is_some() => {
                    self.looking = Some(tokio::spawn(self.connection.peer.clone().works_on()));
                }
                Err(_) => {
                    self.asked = Some(Instant::now());
                    self.queue_status(true);
                    self.flush_status().await?;
                }
            }
        }
        let count = self.connection.received.len() - before;
        self.bytes_received += count as u64;
        self.last_received = Instant::now();
        self.pace.received(count, self.last_received);
        self.asked = None;
        self.looking = None;
        Ok(())
    }

    fn queue_status(&mut self, reply_requested: bool) {
        let mut content = BytesMut::from(&self.status.encode(postgres_now_micros())[..]);
        if let (true, Some(last)) = (reply_requested, content.last_mut()) {
            *last = 1;
        }
        self.unsent.put_u8(b'd');
        // The content is 34 bytes; the length counts itself.
        self.unsent
            .put_u32(u32::try_from(content.len() + 4).unwrap_or(u32::MAX));
        self.unsent.extend_from_slice(&content);
    }

    /// Writes what is queued; cancel-safe, since what is written leaves the queue at once.
    async fn flush_status(&mut self) -> Result<(), PgError> {
        self.connection.send_from(&mut self.unsent).await
    }
}

/// Microseconds since 2000-01-01 00:00 UTC, as PostgreSQL counts time.
pub fn postgres_now_micros() -> i64 {
    jiff::Timestamp::now().as_microsecond() - POSTGRES_EPOCH_SECONDS * 1_000_000
}
