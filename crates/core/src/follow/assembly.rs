//! Messages of the stream to a flat sequence of steps, whole transactions in commit order.
//!
//! Owns the protocol's grammar: what may follow what, that a commit is the one its begin announced,
//! that commits only move forward, that every image fits its relation. Memory is bounded: it keeps the
//! relations announced and the open transaction's LSN, never a row. One assembler serves one
//! connection; after a reconnect the server announces relations anew and so a new one begins.

use std::{collections::HashMap, sync::Arc};

use transhume_wire::{
    ident::QualifiedName,
    lsn::Lsn,
    pgoutput::{Begin, Commit, LogicalMessage, Message, Relation, Tuple},
};

use crate::follow::change::{Change, IdentityError, identity_of_old, identity_of_update};

/// One element of the assembled stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamElement {
    Begin {
        commit_lsn: Lsn,
        /// Microseconds since 2000-01-01 00:00 UTC.
        commit_time_micros: i64,
        xid: u32,
    },
    /// A relation is announced or has changed its shape; changes from here on use it.
    Relation(Arc<Relation>),
    Change(Change),
    /// A logical message; one that is not transactional may stand outside of a transaction.
    Message(LogicalMessage),
    Commit {
        commit_lsn: Lsn,
        end_lsn: Lsn,
        /// Microseconds since 2000-01-01 00:00 UTC.
        commit_time_micros: i64,
    },
}

/// The server broke its protocol, or we misread it. The stream must stop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AssemblyError {
    #[error("{0} outside of a transaction")]
    OutsideTransaction(&'static str),
    #[error("{0} where only whole transactions come")]
    InProgress(&'static str),
    #[error("a transaction begins while the one that commits at {open} is open")]
    BeginWithinTransaction { open: Lsn },
    #[error("transaction {xid} is said to be aborted while the one that commits at {open} is open")]
    AbortWithinTransaction { xid: u32, open: Lsn },
    #[error("transaction announced to commit at {announced} committed at {committed}, ending at {end}")]
    CommitMismatch {
        announced: Lsn,
        committed: Lsn,
        end: Lsn,
    },
    #[error("transaction that commits at {commit_lsn} comes after one that ended at {previous_end}")]
    NotForward { commit_lsn: Lsn, previous_end: Lsn },
    #[error("change of relation {0}, which was never announced")]
    UnknownRelation(u32),
    #[error("row image of width {} for {}, whose width is {columns}", .values, .relation.plain())]
    WrongWidth {
        relation: QualifiedName,
        columns: usize,
        values: usize,
    },
    #[error("change of {}: {cause}", .relation.plain())]
    Identity {
        relation: QualifiedName,
        cause: IdentityError,
    },
}

/// Turns messages into steps.
#[derive(Debug, Default)]
pub struct Assembler {
    relations: HashMap<u32, Arc<Relation>>,
    /// Commit LSN of the open transaction.
    open: Option<Lsn>,
    previous_end: Lsn,
}

impl Assembler {
    pub fn new() -> Self {
        Self::default()
    }

    /// A relation as last announced.
    pub fn relation(&self, id: u32) -> Option<&Arc<Relation>> {
        self.relations.get(&id)
    }

    /// Takes the next message; `None` for one that nobody needs (types, origins).
    pub fn push(&mut self, message: Message) -> Result<Option<StreamElement>, AssemblyError> {
        match message {
            Message::Begin(begin) => self.begin(begin).map(Some),
            Message::Commit(commit) => self.commit(commit).map(Some),
            Message::Relation(relation) => {
                let relation = Arc::new(relation);
                self.relations.insert(relation.id, Arc::clone(&relation));
                Ok(Some(StreamElement::Relation(relation)))
            }
            Message::Logical(message) => {
                if message.transactional {
                    self.within("transactional message")?;
                }
                Ok(Some(StreamElement::Message(message)))
            }
            Message::Origin { .. } => self.within("origin").map(|()| None),
            Message::StreamAbort { xid, .. } => self.abort(xid).map(|()| None),
            Message::StreamStart(_) => Err(AssemblyError::InProgress("a block of a transaction")),
            Message::StreamStop => Err(AssemblyError::InProgress("the end of a block")),
            Message::StreamCommit(_) => Err(AssemblyError::InProgress("the commit of blocks")),
            Message::Type { .. } => Ok(None),
            change => self.change(change).map(StreamElement::Change).map(Some),
        }
    }

    fn begin(&mut self, begin: Begin) -> Result<StreamElement, AssemblyError> {
        let commit_lsn = begin.final_lsn;
        if let Some(open) = self.open {
            return Err(AssemblyError::BeginWithinTransaction { open });
        }
        if commit_lsn < self.previous_end {
            return Err(AssemblyError::NotForward {
                commit_lsn,
                previous_end: self.previous_end,
            });
        }
        self.open = Some(commit_lsn);
        Ok(StreamElement::Begin {
            commit_lsn,
            commit_time_micros: begin.commit_time_micros,
            xid: begin.xid,
        })
    }

    fn commit(&mut self, commit: Commit) -> Result<StreamElement, AssemblyError> {
        let Some(announced) = self.open.take() else {
            return Err(AssemblyError::OutsideTransaction("commit"));
        };
        let Commit {
            commit_lsn,
            end_lsn,
            commit_time_micros,
        } = commit;
        if commit_lsn != announced || end_lsn <= commit_lsn {
            return Err(AssemblyError::CommitMismatch {
                announced,
                committed: commit_lsn,
                end: end_lsn,
            });
        }
        self.previous_end = end_lsn;
        Ok(StreamElement::Commit {
            commit_lsn,
            end_lsn,
            commit_time_micros,
        })
    }

    fn change(&self, message: Message) -> Result<Change, AssemblyError> {
        self.within("change")?;
        match message {
            Message::Insert { relation_id, new } => {
                fits(self.known(relation_id)?, &new)?;
                Ok(Change::Insert {
                    relation: relation_id,
                    new,
                })
            }
            Message::Update {
                relation_id,
                old,
                new,
            } => {
                let relation = self.known(relation_id)?;
                fits(relation, &new)?;
                old.as_ref().map_or(Ok(()), |old| fits(relation, old.tuple()))?;
                let identity =
                    identity_of_update(relation, old, &new).map_err(|cause| unidentified(relation, cause))?;
                Ok(Change::Update {
                    relation: relation_id,
                    identity,
                    new,
                })
            }
            Message::Delete { relation_id, old } => {
                let relation = self.known(relation_id)?;
                fits(relation, old.tuple())?;
                let identity =
                    identity_of_old(relation, old).map_err(|cause| unidentified(relation, cause))?;
                Ok(Change::Delete {
                    relation: relation_id,
                    identity,
                })
            }
            Message::Truncate {
                relation_ids,
                cascade,
                restart_identity,
            } => {
                for id in &relation_ids {
                    self.known(*id)?;
                }
                Ok(Change::Truncate {
                    relations: relation_ids,
                    cascade,
                    restart_identity,
                })
            }
            _ => unreachable!("invariant: push passes only row operations"),
        }
    }

    /// Only whole transactions come after their commit: one that was begun cannot be taken back.
    fn abort(&self, xid: u32) -> Result<(), AssemblyError> {
        self.open.map_or(Ok(()), |open| {
            Err(AssemblyError::AbortWithinTransaction { xid, open })
        })
    }

    fn within(&self, what: &'static str) -> Result<(), AssemblyError> {
        match self.open {
            Some(_) => Ok(()),
            None => Err(AssemblyError::OutsideTransaction(what)),
        }
    }

    fn known(&self, id: u32) -> Result<&Relation, AssemblyError> {
        self.relations
            .get(&id)
            .map(AsRef::as_ref)
            .ok_or(AssemblyError::UnknownRelation(id))
    }
}

fn fits(relation: &Relation, image: &Tuple) -> Result<(), AssemblyError> {
    if image.0.len() == relation.columns.len() {
        return Ok(());
    }
    Err(AssemblyError::WrongWidth {
        relation: relation.name.clone(),
        columns: relation.columns.len(),
        values: image.0.len(),
    })
}

fn unidentified(relation: &Relation, cause: IdentityError) -> AssemblyError {
    AssemblyError::Identity {
        relation: relation.name.clone(),
        cause,
    }
}

#[cfg(test)]
#[path = "assembly_tests.rs"]
mod tests;
