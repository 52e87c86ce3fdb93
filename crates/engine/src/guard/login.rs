//! Logins that a server refuses while the run goes on: told once, kept on the target for as long as they last.
//!
//! The sessions that are open go on, so that mostly nothing waits yet; what waits says so itself.

use transhume_core::{finding::Finding, guard::ORIGIN};
use transhume_pg::{
    connection::{conninfo::ConnectionSettings, error::PgError, login::RefusedLogin, session::Session},
    state::finding,
};

use super::Guard;
use crate::report::Report;

const REFUSED: &str = "login-refused";

const HINT: &str = "renew the password, or see that password_command prints a good one";

/// What is known of the logins of one side.
#[derive(Debug, Default)]
pub(super) struct Logins {
    /// Why they are refused, once it was told.
    reported: Option<String>,
    /// The target has it written down, or has forgotten it again.
    is_written: bool,
}

impl Guard<'_> {
    /// Looks at both sides; what cannot be written now is at the next look.
    pub(super) async fn logins(&mut self, target: Option<&Session>) {
        let settings = [&self.endpoints.source, &self.endpoints.target];
        let reporter = self.reporter;
        for (settings, logins) in settings.into_iter().zip(&mut self.refused_logins) {
            let refused = settings.refused_login();
            if let Some(finding) = logins.news(settings, refused.as_ref()) {
                reporter.send(Report::Finding { finding });
            }
            let Some(target) = target.filter(|_| !logins.is_written) else {
                continue;
            };
            match write(target, settings, refused.as_ref()).await {
                Ok(()) => logins.is_written = true,
                Err(error) => tracing::debug!("writing down how logins stand failed: {error}"),
            }
        }
    }
}

impl Logins {
    /// A finding where another reason is known than before.
    fn news(&mut self, settings: &ConnectionSettings, refused: Option<&RefusedLogin>) -> Option<Finding> {
        let reason = refused.map(|refused| refused.reason.clone());
        if self.reported == reason {
            return None;
        }
        self.reported = reason;
        self.is_written = false;
        refused.map(|refused| found(settings, refused))
    }
}

async fn write(
    target: &Session,
    settings: &ConnectionSettings,
    refused: Option<&RefusedLogin>,
) -> Result<(), PgError> {
    match refused {
        Some(refused) => finding::replace(&**target, ORIGIN, &found(settings, refused)).await,
        None => finding::clear_object(&**target, ORIGIN, REFUSED, &settings.to_string()).await,
    }
}

fn found(settings: &ConnectionSettings, refused: &RefusedLogin) -> Finding {
    Finding::warning(
        REFUSED,
        &settings.to_string(),
        format!(
            "logins are refused: {}; sessions that are open continue, and the next login is tried by itself, at most 10 minutes \
             after the last",
            refused.reason
        ),
        refused.hint.as_deref().unwrap_or(HINT),
    )
}
