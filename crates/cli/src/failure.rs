//! Why a command did not succeed, in PostgreSQL's form, and the exit codes.
//!
//! Every failure names its exit code; nothing else in this program decides one.

use transhume_engine::{cutover::CutoverFailure, error::EngineError, finding::Finding};

/// How the program ends. Documented in `--help`; scripts rely on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    Success = 0,
    /// Blockers or differences were found, or it stopped and says what to do.
    OperatorMustAct = 1,
    /// Wrong usage, no connection, or something unexpected.
    NotDone = 2,
    /// 128 + SIGINT, as shells have it.
    Interrupted = 130,
}

/// Shown below every help.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0    done; for what runs until it is stopped (run, worker, serve, watch): ended in order by SIGTERM
  1    you must act: blockers or differences were found, or it refused or stopped with a hint
  2    it could not be done: wrong usage, no connection, something unexpected
  130  interrupted: by SIGINT, or by SIGTERM before it had come to its end";

#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) message: String,
    pub(crate) detail: Option<String>,
    pub(crate) hint: Option<String>,
    /// What blocks it, where findings do.
    pub(crate) findings: Vec<Finding>,
}

pub(crate) type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// It could not be done; exit code 2.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            exit: Exit::NotDone,
            message: message.into(),
            detail: None,
            hint: None,
            findings: Vec::new(),
        }
    }

    pub(crate) fn interrupted() -> Self {
        EngineError::Interrupted.into()
    }

    #[must_use]
    pub(crate) fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    #[must_use]
    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    #[must_use]
    pub(crate) fn with_exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        let exit = match &error {
            EngineError::Blocked(_) | EngineError::Refused { .. } | EngineError::Stopped { .. } => {
                Exit::OperatorMustAct
            }
            EngineError::Server { source, .. } if source.is_refusal() => Exit::OperatorMustAct,
            EngineError::Server { .. } => Exit::NotDone,
            EngineError::Interrupted => Exit::Interrupted,
        };
        let mut failure = Self::new(with_causes(&error)).with_exit(exit);
        failure.detail = error.detail();
        failure.hint = error.hint();
        if let EngineError::Blocked(findings) = error {
            failure.findings = findings;
        }
        failure
    }
}

impl From<CutoverFailure> for Failure {
    fn from(failure: CutoverFailure) -> Self {
        failure.error.into()
    }
}

/// The error's message and those of its causes that it does not already contain.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let message = error.to_string();
        if !text.contains(&message) {
            text = format!("{text}: {message}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_engine_error_has_its_exit_code_and_keeps_its_hint() {
        let refused = Failure::from(EngineError::refused(
            "the lag is 3 GB",
            "wait until it is below 16 MB",
        ));
        assert_eq!(refused.exit, Exit::OperatorMustAct);
        assert_eq!(refused.hint.as_deref(), Some("wait until it is below 16 MB"));

        assert_eq!(Failure::interrupted().exit, Exit::Interrupted);

        let blocker = Finding::blocker("wal-level", "source", "wal_level is replica", "set it to logical");
        let failure = Failure::from(EngineError::Blocked(vec![blocker]));
        assert_eq!((failure.exit, failure.findings.len()), (Exit::OperatorMustAct, 1));
    }
}
