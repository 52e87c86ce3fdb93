//! Running the script, statement by statement under savepoints, to stay or to be rolled back.

use std::{
    collections::{HashMap, HashSet},
    fmt,
};

use bytes::BytesMut;
use tokio_postgres::{
    Client, Transaction,
    types::{IsNull, ToSql, Type},
};
use transhume_core::roles::{RoleStep, RoleSubject, Secret};
use transhume_wire::ident::quote_literal;

use crate::connection::error::PgError;

/// Others hold a role's row for the length of their own ALTER ROLE.
const LOCK_TIMEOUT: &str = "set local lock_timeout = '5s'";

/// A setting that lives as long as the transaction, and holds a secret for one statement.
const HANDOVER: &str = "transhume.handover";

/// What becomes of the statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Kept,
    RolledBack,
}

/// How one statement ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepOutcome {
    Done,
    /// With the server's message.
    Refused(String),
    /// It stands for another statement, which was accepted.
    Unneeded,
}

/// Runs all steps; one that is refused takes with it only what needs the role that it was to make.
pub async fn run(
    target: &mut Client,
    steps: &[RoleStep],
    ending: Ending,
) -> Result<Vec<StepOutcome>, PgError> {
    let transaction = target.transaction().await?;
    transaction.batch_execute(LOCK_TIMEOUT).await?;
    let mut missing: HashMap<&str, String> = HashMap::new();
    let mut refused = HashSet::new();
    let mut outcomes = Vec::with_capacity(steps.len());
    for step in steps {
        if step
            .instead_of
            .as_ref()
            .is_some_and(|other| !refused.contains(other))
        {
            outcomes.push(StepOutcome::Unneeded);
            continue;
        }
        // What is the database's names none.
        if let Some(message) = missing.get(step.role.as_str()) {
            outcomes.push(StepOutcome::Refused(message.clone()));
            continue;
        }
        let outcome = attempt(&transaction, step).await?;
        if let (RoleSubject::Role, StepOutcome::Refused(message)) = (step.part, &outcome) {
            missing.insert(&step.role, message.clone());
        }
        if matches!(outcome, StepOutcome::Refused(_)) {
            refused.insert(step.label());
        }
        outcomes.push(outcome);
    }
    match ending {
        Ending::Kept => transaction.commit().await?,
        Ending::RolledBack => transaction.rollback().await?,
    }
    Ok(outcomes)
}

async fn attempt(transaction: &Transaction<'_>, step: &RoleStep) -> Result<StepOutcome, PgError> {
    transaction.batch_execute("SAVEPOINT attempt").await?;
    let ended = match &step.secret {
        Some(secret) => set_secret(transaction, &step.role, secret).await,
        None => transaction.batch_execute(&step.statement()).await,
    };
    let Err(error) = ended else {
        transaction.batch_execute("RELEASE SAVEPOINT attempt").await?;
        return Ok(StepOutcome::Done);
    };
    let error = PgError::from(error);
    let Some(answer) = error.refusal() else {
        return Err(error);
    };
    let message = answer.message.clone();
    transaction
        .batch_execute("ROLLBACK TO SAVEPOINT attempt; RELEASE SAVEPOINT attempt")
        .await?;
    Ok(StepOutcome::Refused(message))
}

/// No statement holds the secret: neither the server's log of statements nor ours gets it.
async fn set_secret(
    transaction: &Transaction<'_>,
    role: &str,
    secret: &Secret,
) -> Result<(), tokio_postgres::Error> {
    let hidden = Hidden(secret);
    transaction
        .execute(
            "select pg_catalog.set_config($1, $2, true)",
            &[&HANDOVER, &hidden],
        )
        .await?;
    let body = format!(
        "begin execute pg_catalog.format('alter role %I password %L', {}, pg_catalog.current_setting({})); end",
        quote_literal(role),
        quote_literal(HANDOVER)
    );
    transaction
        .batch_execute(&format!("do {}", quote_literal(&body)))
        .await?;
    transaction
        .execute("select pg_catalog.set_config($1, '', true)", &[&HANDOVER])
        .await?;
    Ok(())
}

/// The driver logs parameters by `Debug`.
struct Hidden<'a>(&'a Secret);

impl fmt::Debug for Hidden<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("…")
    }
}

impl ToSql for Hidden<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        self.0.reveal().to_sql(ty, out)
    }

    fn accepts(ty: &Type) -> bool {
        <&str as ToSql>::accepts(ty)
    }

    tokio_postgres::types::to_sql_checked!();
}
