//! Sessions that the steps of the schema hand on to each other: a new one for every step costs both servers
//! a process that reads its catalogs anew.
//!
//! Whoever changes settings of a session takes one of its own instead.

use std::{
    ops::{Deref, DerefMut},
    sync::{Mutex, PoisonError},
};

use transhume_pg::connection::session::Session;

use crate::error::Result;

/// An idle session of one side, if there is one.
#[derive(Debug, Default)]
pub(super) struct Idle(Mutex<Option<Session>>);

/// A session that goes back to where it was idle.
pub(super) struct Lent<'a> {
    /// Some until it is given back.
    session: Option<Session>,
    home: &'a Idle,
}

impl Idle {
    /// The idle one, or a new one.
    pub(super) async fn lend(&self, open: impl Future<Output = Result<Session>>) -> Result<Lent<'_>> {
        let idle = self.take().filter(|session| !session.is_closed());
        let session = match idle {
            Some(session) => session,
            None => open.await?,
        };
        Ok(Lent {
            session: Some(session),
            home: self,
        })
    }

    pub(super) fn take(&self) -> Option<Session> {
        // What a panic of another left is still a session or none.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Deref for Lent<'_> {
    type Target = Session;

    fn deref(&self) -> &Session {
        self.session
            .as_ref()
            .expect("invariant: it is given back by drop alone")
    }
}

impl DerefMut for Lent<'_> {
    fn deref_mut(&mut self) -> &mut Session {
        self.session
            .as_mut()
            .expect("invariant: it is given back by drop alone")
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        *self.home.0.lock().unwrap_or_else(PoisonError::into_inner) = self.session.take();
    }
}
