//! Logins of one end: where its password comes from, and when a server that refused it is asked again.
//!
//! Shared by all copies of some settings, so that however many sessions are opened at once, one of them meets a password that is
//! not good any more, and none asks a server before its time. Refuses retries: a login that comes too early fails here with the
//! server's last answer, and whoever retries meets the server again once its wait is over.
//!
//! Invariants: a password that a command printed is kept until a server refuses it; logins with a password go one at a time until one
//! of them has just succeeded.

mod command;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use secrecy::SecretString;
use transhume_core::login;

pub use self::command::{PasswordCommand, PasswordCommandError};
use super::{
    conninfo::{ConnectionSettings, Host},
    error::{LoginError, PgError, ServerError},
};

/// A password that was accepted within this is taken to be good still, so that workers that begin together do not wait for
/// each other; tokens live for minutes at least.
pub const JUST_ACCEPTED: Duration = Duration::from_millis(200);

/// A command that failed is run again after this: it asks a service, which is not to be pressed.
const COMMAND_AGAIN: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Default)]
pub(crate) struct Logins(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// Held by who proves a password, and by who runs the command.
    turn: tokio::sync::Mutex<()>,
    running: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    printed: Option<Printed>,
    /// How many times the command has printed a password.
    prints: u64,
    accepted: Option<Instant>,
    has_logged_in: bool,
    refusals: u32,
    barred: Option<Barred>,
}

#[derive(Debug)]
struct Printed {
    password: SecretString,
    number: u64,
    /// A server has accepted it: a refusal means that its time is over.
    is_proven: bool,
}

/// Until when no server is asked, and what is answered instead.
#[derive(Debug, Clone)]
struct Barred {
    since: Instant,
    until: Instant,
    reason: String,
    server: Option<Box<ServerError>>,
    hint: Option<String>,
}

/// A login that is refused while its program runs on.
#[derive(Debug, Clone)]
pub struct RefusedLogin {
    pub reason: String,
    pub hint: Option<String>,
    pub refused_for: Duration,
    pub again_in: Duration,
}

/// A right to prove a password; the next one gets it when this is dropped.
pub(super) struct Turn<'a> {
    logins: &'a Logins,
    _held: Option<tokio::sync::MutexGuard<'a, ()>>,
    /// Which of the printed passwords was there as the turn came.
    number: Option<u64>,
}

impl Logins {
    fn state(&self) -> MutexGuard<'_, State> {
        // Each change of it is one assignment: a panic elsewhere leaves nothing half done.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Before anything is sent: it is not too early, and there is a password where a command prints it.
    pub(super) async fn begin(&self, settings: &ConnectionSettings) -> Result<(), PgError> {
        self.refuse_early(settings)?;
        let Some(command) = &settings.password_command else {
            return Ok(());
        };
        let _running = self.0.running.lock().await;
        if self.state().printed.is_some() {
            return Ok(());
        }
        self.refuse_early(settings)?;
        self.print(command, settings).await
    }

    /// A password of now, for a program that cannot try again with another.
    pub(super) async fn renew(&self, settings: &ConnectionSettings) -> Result<(), PgError> {
        match &settings.password_command {
            Some(command) => {
                let _running = self.0.running.lock().await;
                self.print(command, settings).await
            }
            None => Ok(()),
        }
    }

    async fn print(&self, command: &PasswordCommand, settings: &ConnectionSettings) -> Result<(), PgError> {
        match command.run(settings).await {
            Ok(password) => {
                let mut state = self.state();
                state.prints += 1;
                state.printed = Some(Printed {
                    password,
                    number: state.prints,
                    is_proven: false,
                });
                Ok(())
            }
            Err(error) => {
                let barred = Barred {
                    since: Instant::now(),
                    until: Instant::now() + COMMAND_AGAIN,
                    reason: error.to_string(),
                    server: None,
                    hint: Some(error.hint()),
                };
                self.bar(barred.clone());
                Err(barred.into_error(settings, self.has_logged_in()))
            }
        }
    }

    fn refuse_early(&self, settings: &ConnectionSettings) -> Result<(), PgError> {
        let state = self.state();
        match &state.barred {
            Some(barred) if Instant::now() < barred.until => {
                Err(barred.clone().into_error(settings, state.has_logged_in))
            }
            _ => Ok(()),
        }
    }

    fn bar(&self, barred: Barred) {
        let mut state = self.state();
        let since = state.barred.as_ref().map_or(barred.since, |before| before.since);
        state.barred = Some(Barred { since, ..barred });
    }

    pub(super) fn has_logged_in(&self) -> bool {
        self.state().has_logged_in
    }

    /// For who is about to prove a password; none where it was refused while it waited.
    pub(super) async fn turn(&self, settings: &ConnectionSettings) -> Result<Turn<'_>, PgError> {
        let just_accepted = |state: &State| {
            state
                .accepted
                .is_some_and(|accepted| accepted.elapsed() < JUST_ACCEPTED)
        };
        let is_free = just_accepted(&self.state());
        let held = if is_free {
            None
        } else {
            Some(self.0.turn.lock().await)
        };
        self.refuse_early(settings)?;
        let number = self.state().printed.as_ref().map(|printed| printed.number);
        Ok(Turn {
            logins: self,
            _held: held,
            number,
        })
    }

    /// The printed password, else the one given, or the one that the password file has for this host now: it is read at every
    /// connect, since tokens in it expire and are renewed.
    pub(super) fn password(&self, settings: &ConnectionSettings, host: &Host) -> Option<SecretString> {
        if settings.password_command.is_some() {
            return self
                .state()
                .printed
                .as_ref()
                .map(|printed| printed.password.clone());
        }
        settings.password_for(host)
    }

    /// A session is open.
    pub(super) fn succeeded(&self) {
        let mut state = self.state();
        state.has_logged_in = true;
        state.refusals = 0;
        state.barred = None;
    }

    /// No host has let us in: the error that stands for it, or none where it may be tried at once, with a password that is
    /// fetched anew.
    pub(super) fn failed(&self, settings: &ConnectionSettings, error: PgError) -> Option<PgError> {
        let mut state = self.state();
        let is_barred = state.barred_now().is_some();
        if settings.password_command.is_some() && state.printed.is_none() && !is_barred {
            return None;
        }
        if !is_refusal(&error) {
            return Some(error);
        }
        if !is_barred {
            state.refuse(&error);
        }
        match &state.barred {
            Some(barred) if state.has_logged_in => Some(barred.clone().into_error(settings, true)),
            _ => Some(error),
        }
    }

    /// What people are told of for as long as it lasts.
    pub(super) fn refused(&self) -> Option<RefusedLogin> {
        let state = self.state();
        let barred = state.barred.as_ref()?;
        Some(RefusedLogin {
            reason: barred.reason.clone(),
            hint: barred.hint.clone(),
            refused_for: barred.since.elapsed(),
            again_in: barred.until.saturating_duration_since(Instant::now()),
        })
    }
}

impl State {
    fn barred_now(&self) -> Option<&Barred> {
        self.barred
            .as_ref()
            .filter(|barred| Instant::now() < barred.until)
    }

    fn refuse(&mut self, error: &PgError) {
        self.refusals = self.refusals.saturating_add(1);
        let now = Instant::now();
        let since = self.barred.as_ref().map_or(now, |barred| barred.since);
        self.barred = Some(Barred {
            since,
            until: now + login::wait(self.refusals),
            reason: match error {
                PgError::Connect { reason, .. } => reason.clone(),
                PgError::Login(error) => error.reason.clone(),
                other => other.to_string(),
            },
            server: error.server().cloned().map(Box::new),
            hint: error.hint(),
        });
    }
}

impl Turn<'_> {
    pub(super) fn accepted(&self) {
        let mut state = self.logins.state();
        state.accepted = Some(Instant::now());
        let number = self.number;
        if let Some(printed) = state
            .printed
            .as_mut()
            .filter(|printed| Some(printed.number) == number)
        {
            printed.is_proven = true;
        }
    }

    /// A printed password that was good until now is fetched anew; otherwise nobody asks again before its time.
    pub(super) fn refused(&self, error: &PgError) {
        if !is_refusal(error) {
            return;
        }
        let mut state = self.logins.state();
        state.accepted = None;
        let number = self.number;
        let mine = state.printed.take_if(|printed| Some(printed.number) == number);
        if !mine.is_some_and(|printed| printed.is_proven) && state.barred_now().is_none() {
            state.refuse(error);
        }
    }
}

impl Barred {
    fn into_error(self, settings: &ConnectionSettings, has_logged_in: bool) -> PgError {
        PgError::Login(Box::new(LoginError {
            endpoint: settings.to_string(),
            again_in: self.until.saturating_duration_since(Instant::now()),
            reason: self.reason,
            server: self.server,
            hint: self.hint,
            has_logged_in,
        }))
    }
}

fn is_refusal(error: &PgError) -> bool {
    error.sqlstate().is_some_and(login::is_refusal)
}
