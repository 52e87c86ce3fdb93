//! The streaming replication protocol (PostgreSQL manual, "Streaming Replication Protocol"): what a
//! walsender says inside CopyBoth, what we answer, and the commands that begin it.
//!
//! The commands are those that every server from 12 to 18 takes, where nothing else is said. Their grammar is not SQL's: there
//! are no `E'…'` texts, so a backslash stands for itself and only quotes are doubled.

use bytes::{BufMut as _, Bytes, BytesMut};

use crate::{
    ident::quote_identifier,
    lsn::Lsn,
    parse::{ParseError, Reader},
};

/// What the walsender sends inside a CopyData message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerMessage {
    /// A piece of the stream; for pgoutput exactly one message.
    Data {
        wal_start: Lsn,
        /// The server's WAL end when it sent this.
        wal_end: Lsn,
        data: Bytes,
    },
    Keepalive {
        wal_end: Lsn,
        reply_requested: bool,
    },
}

impl ServerMessage {
    /// Decodes the content of one CopyData message.
    pub fn decode(content: Bytes) -> Result<Self, ParseError> {
        let mut reader = Reader::new(content);
        match reader.u8()? {
            b'w' => {
                let wal_start = reader.lsn()?;
                let wal_end = reader.lsn()?;
                let _sent_at = reader.i64()?;
                Ok(Self::Data {
                    wal_start,
                    wal_end,
                    data: reader.rest(),
                })
            }
            b'k' => {
                let wal_end = reader.lsn()?;
                let _sent_at = reader.i64()?;
                let reply_requested = reader.u8()? != 0;
                reader.finish()?;
                Ok(Self::Keepalive {
                    wal_end,
                    reply_requested,
                })
            }
            kind => Err(ParseError::Unexpected {
                what: "kind of replication message",
                value: i64::from(kind),
            }),
        }
    }
}

/// What we tell the walsender. `flushed` moves the slot: it must be a durable end LSN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StandbyStatus {
    pub written: Lsn,
    pub flushed: Lsn,
    pub applied: Lsn,
}

impl StandbyStatus {
    /// Kind, three LSNs, the time, and whether the server shall answer at once.
    const ENCODED_BYTES: usize = 1 + 3 * 8 + 8 + 1;

    /// The content of a CopyData message; `now_micros` counts from 2000-01-01 00:00 UTC.
    pub fn encode(self, now_micros: i64) -> Bytes {
        let mut content = BytesMut::with_capacity(Self::ENCODED_BYTES);
        content.put_u8(b'r');
        content.put_u64(self.written.0);
        content.put_u64(self.flushed.0);
        content.put_u64(self.applied.0);
        content.put_i64(now_micros);
        content.put_u8(0);
        content.freeze()
    }

    /// Reads what [`StandbyStatus::encode`] wrote, with its time: for a walsender played by a test.
    pub fn decode(content: Bytes) -> Result<(Self, i64), ParseError> {
        let mut reader = Reader::new(content);
        let kind = reader.u8()?;
        if kind != b'r' {
            return Err(ParseError::Unexpected {
                what: "kind of standby message",
                value: i64::from(kind),
            });
        }
        let status = Self {
            written: reader.lsn()?,
            flushed: reader.lsn()?,
            applied: reader.lsn()?,
        };
        let now_micros = reader.i64()?;
        let _reply_requested = reader.u8()?;
        reader.finish()?;
        Ok((status, now_micros))
    }
}

/// What becomes of the snapshot that a new slot is consistent with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotSnapshot {
    /// Exported under a name that lives until this connection's next command.
    Export,
    /// Used by the transaction that the connection is in.
    Use,
    None,
}

/// How long a slot lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotLife {
    /// As long as the connection that made it.
    Temporary,
    /// Until it is dropped, or its server is lost.
    Server,
    /// Standbys keep it too, so that it outlives a promotion (17 and later).
    Failover,
}

/// Creates a logical slot for pgoutput.
pub fn create_slot(name: &str, snapshot: SlotSnapshot, life: SlotLife) -> String {
    if life == SlotLife::Failover {
        let snapshot = match snapshot {
            SlotSnapshot::Export => "export",
            SlotSnapshot::Use => "use",
            SlotSnapshot::None => "nothing",
        };
        let name = quote_identifier(name);
        return format!("CREATE_REPLICATION_SLOT {name} LOGICAL pgoutput (SNAPSHOT '{snapshot}', FAILOVER)");
    }
    let temporary = life == SlotLife::Temporary;
    let temporary = if temporary { " TEMPORARY" } else { "" };
    let snapshot = match snapshot {
        SlotSnapshot::Export => "EXPORT_SNAPSHOT",
        SlotSnapshot::Use => "USE_SNAPSHOT",
        SlotSnapshot::None => "NOEXPORT_SNAPSHOT",
    };
    let name = quote_identifier(name);
    format!("CREATE_REPLICATION_SLOT {name}{temporary} LOGICAL pgoutput {snapshot}")
}

/// Drops a slot; with `wait`, once nobody uses it any more.
pub fn drop_slot(name: &str, wait: bool) -> String {
    let wait = if wait { " WAIT" } else { "" };
    format!("DROP_REPLICATION_SLOT {}{wait}", quote_identifier(name))
}

/// What to ask of pgoutput beyond the row changes of committed transactions; servers from 14 on understand it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PluginOptions {
    /// Logical messages.
    pub messages: bool,
    /// Large transactions while they are in progress.
    pub in_progress: bool,
}

/// Begins the stream. `lsn` may be [`Lsn::ZERO`]: the slot's own confirmed position.
pub fn start_replication(
    slot: &str,
    lsn: Lsn,
    publications: &[impl AsRef<str>],
    options: PluginOptions,
) -> String {
    let names: Vec<_> = publications
        .iter()
        .map(|name| quote_identifier(name.as_ref()))
        .collect();
    let names = quote_text(&names.join(","));
    let slot = quote_identifier(slot);
    let (version, in_progress) = if options.in_progress {
        (2, ", streaming 'on'")
    } else {
        (1, "")
    };
    let messages = if options.messages { ", messages 'true'" } else { "" };
    format!(
        "START_REPLICATION SLOT {slot} LOGICAL {lsn} (proto_version '{version}', publication_names {names}{messages}{in_progress})"
    )
}

/// A text of the replication grammar.
fn quote_text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
#[path = "replication_tests.rs"]
mod tests;
