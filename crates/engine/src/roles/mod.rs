//! `roles`: what the target's roles lack, as a script that is tried, printed or run.
//!
//! Every statement is tried on the target under a savepoint. Printing rolls all of it back; applying keeps what was
//! accepted. Nothing is taken from a role. Secrets are read only on request, and no report of an applied script holds one.

use serde::Serialize;
use transhume_core::{
    count::counted,
    finding::Finding,
    roles::{RolePlan, Surrounding, Wanted, lacking, login_faults, plan, without_all_tables},
    selection::Selection,
};
use transhume_pg::{
    catalog::surroundings::surroundings,
    connection::session::Session,
    roles::{self, Ending, StepOutcome},
    state::migration,
};

use crate::{
    door::{self, Past},
    endpoints::Endpoints,
    error::{Doing, EngineError, Result},
    report::Reporter,
};

pub use transhume_core::roles::{BadRoleMap, LoginFault, RoleMap};

/// Role of our sessions, as in `application_name`.
const ROLE: &str = "roles";

/// Code of the findings about logins.
const LOGINS: &str = "logins";

#[derive(Debug, Clone, Default)]
pub struct RolesOptions {
    pub selection: Selection,
    /// Keep what the target accepts, instead of only trying it.
    pub apply: bool,
    /// Carry secrets where the source lets them be read.
    pub passwords: bool,
}

/// The script with what became of each statement. Field names are a stable face for scripts.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct RolesReport {
    pub source: String,
    pub target: String,
    pub applied: bool,
    pub statements: Vec<RoleStatement>,
    /// What the script does not hold.
    pub left_out: Vec<LeftOutOfRoles>,
    /// Logins whose password must be set anew on the target.
    pub need_password: Vec<String>,
    /// Secrets were asked for, and the source does not let this role read them.
    pub secrets_unreadable: bool,
}

#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct RoleStatement {
    pub role: String,
    /// Of a password: whole where the script is printed, without the secret where it was applied.
    pub sql: String,
    pub outcome: StatementOutcome,
    /// The server's message where it was refused.
    pub message: Option<String>,
    /// Nothing depends on it, and the owner of the target's database may run it.
    pub is_of_owner: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StatementOutcome {
    /// The target would accept it.
    Possible,
    Done,
    /// The target's service keeps this attribute or predefined role for itself, or it is the database owner's to give: it stays out.
    LeftOut,
    Refused,
}

#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct LeftOutOfRoles {
    pub role: String,
    pub what: String,
    pub why: String,
}

impl RolesReport {
    /// Something that clients or the migration need was refused.
    pub fn is_incomplete(&self) -> bool {
        let mut statements = self.statements.iter();
        statements.any(|statement| statement.outcome == StatementOutcome::Refused)
    }
}

/// Tries the script, and keeps it where that is asked for.
pub async fn roles(
    endpoints: &Endpoints,
    options: &RolesOptions,
    reporter: &Reporter,
) -> Result<RolesReport> {
    door::look(endpoints, Past::Compared).await?;
    let source = endpoints.source_session(ROLE, ROLE).await?;
    let mut target = endpoints.target_session(ROLE, ROLE).await?;
    let map = map(&target, &options.selection).await?;
    let (wanted, secrets_unreadable) = wanted(&source, options.passwords).await?;
    let mut plan = planned(&source, &target, &map, &wanted).await?;
    plan.add_surroundings(&lacking_surroundings(&source, &target, &map).await?);
    let ending = if options.apply {
        Ending::Kept
    } else {
        Ending::RolledBack
    };
    let outcomes = roles::run(&mut target, &plan.steps, ending)
        .await
        .doing("trying the script of roles on the target")?;
    let refused = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, StepOutcome::Refused(_)))
        .count();
    reporter.step(format!(
        "{} about roles {}, {refused} refused",
        counted(outcomes.len(), "statement"),
        if options.apply {
            "run on the target"
        } else {
            "tried on the target and rolled back"
        }
    ));
    Ok(report(
        endpoints,
        plan,
        outcomes,
        options.apply,
        secrets_unreadable,
    ))
}

/// The names that a migration which is there has kept, and those given now.
async fn map(target: &Session, given: &Selection) -> Result<RoleMap> {
    let migration = migration::read(target).await.doing("reading the migration")?;
    let kept = migration
        .map(|migration| migration.selection.roles)
        .unwrap_or_default();
    Ok(kept.with(&given.roles))
}

async fn wanted(source: &Session, passwords: bool) -> Result<(Wanted, bool)> {
    if !passwords {
        return Ok((Wanted::NoPasswords, false));
    }
    let secrets = roles::secrets(source)
        .await
        .doing("reading the source's secrets")?;
    let is_unreadable = secrets.is_none();
    Ok((
        secrets.map_or(Wanted::NoPasswords, Wanted::Passwords),
        is_unreadable,
    ))
}

async fn planned(source: &Session, target: &Session, map: &RoleMap, wanted: &Wanted) -> Result<RolePlan> {
    let (on_source, mut on_target) = read(source, target).await?;
    look_at_all_tables(target, (&on_source, &mut on_target), map).await?;
    if let Some((from, to)) = map.pairs().find(|(_, to)| on_target.role(to).is_none()) {
        return Err(EngineError::refused(
            format!("the role {to}, which stands for {from}, is not on the target"),
            "create it there, or name another one in roles",
        ));
    }
    Ok(plan(&on_source, &on_target, map, wanted))
}

async fn read(
    source: &Session,
    target: &Session,
) -> Result<(transhume_core::roles::Roles, transhume_core::roles::Roles)> {
    let (on_source, on_target) = tokio::join!(roles::roles(source), roles::roles(target));
    Ok((
        on_source.doing("reading the source's roles")?,
        on_target.doing("reading the target's roles")?,
    ))
}

fn report(
    endpoints: &Endpoints,
    plan: RolePlan,
    outcomes: Vec<StepOutcome>,
    applied: bool,
    secrets_unreadable: bool,
) -> RolesReport {
    let statements = plan.steps.iter().zip(outcomes).filter_map(|(step, outcome)| {
        let (outcome, message) = match outcome {
            StepOutcome::Unneeded => return None,
            StepOutcome::Done if applied => (StatementOutcome::Done, None),
            StepOutcome::Done => (StatementOutcome::Possible, None),
            StepOutcome::Refused(message) if step.part.may_be_kept() || step.part.is_of_owner() => {
                (StatementOutcome::LeftOut, Some(message))
            }
            StepOutcome::Refused(message) => (StatementOutcome::Refused, Some(message)),
        };
        Some(RoleStatement {
            role: step.role.clone(),
            sql: if applied { step.label() } else { step.statement() },
            outcome,
            message,
            is_of_owner: step.part.is_of_owner(),
        })
    });
    RolesReport {
        source: endpoints.source.to_string(),
        target: endpoints.target.to_string(),
        applied,
        statements: statements.collect(),
        left_out: plan
            .notes
            .into_iter()
            .map(|note| LeftOutOfRoles {
                role: note.role,
                what: note.what,
                why: note.why,
            })
            .collect(),
        need_password: plan.need_password,
        secrets_unreadable,
    }
}

/// What belongs to the source's database, is in no dump of it, and is not on the target.
pub(crate) async fn lacking_surroundings(
    source: &Session,
    target: &Session,
    map: &RoleMap,
) -> Result<Vec<Surrounding>> {
    let (database, _) = migration::database(target)
        .await
        .doing("reading the target's name")?;
    let (on_source, on_target) =
        tokio::join!(surroundings(source, &database), surroundings(target, &database));
    let doing = "reading what belongs to the database beside its dump";
    Ok(lacking(on_source.doing(doing)?, &on_target.doing(doing)?, map))
}

/// What keeps the source's clients from logging in to the target and working there as they do now.
pub(crate) async fn faults(source: &Session, target: &Session, map: &RoleMap) -> Result<Vec<LoginFault>> {
    let (on_source, mut on_target) = read(source, target).await?;
    look_at_all_tables(target, (&on_source, &mut on_target), map).await?;
    Ok(login_faults(&on_source, &on_target, map))
}

/// What logins that lack a predefined role on the target may do there with each table by itself.
async fn look_at_all_tables(
    target: &Session,
    (on_source, on_target): (&transhume_core::roles::Roles, &mut transhume_core::roles::Roles),
    map: &RoleMap,
) -> Result<()> {
    let by_themselves = without_all_tables(on_source, on_target, map);
    roles::rights_to_all_tables(target, on_target, &by_themselves)
        .await
        .doing("reading what logins may do with the target's tables")
}

/// The same for an assessment: nothing of it bars a run.
pub(crate) async fn findings(endpoints: &Endpoints, map: &RoleMap) -> Result<Vec<Finding>> {
    let source = endpoints.source_session(ROLE, ROLE).await?;
    let target = endpoints.target_session(ROLE, ROLE).await?;
    let beside = lacking_surroundings(&source, &target, map).await?;
    let beside = beside.iter().map(Surrounding::finding);
    let faults = faults(&source, &target, map).await?;
    let mut reported: Vec<Finding> = faults
        .iter()
        .filter(|fault| !fault.is_slight)
        .map(|fault| Finding::warning(LOGINS, &fault.role, &fault.what, &fault.remedy))
        .collect();
    if reported.is_empty() {
        let passed = "every login of the source may work on the target as it does now";
        reported.push(Finding::pass(LOGINS, passed));
    }
    reported.extend(beside);
    Ok(reported)
}
