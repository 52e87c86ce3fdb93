//! What belongs to a database and is in no dump of it: what of it the script of roles carries, and what is told with its statement.

use transhume_wire::ident::{quote_identifier, quote_literal};

use super::{RoleMap, settings};
use crate::{
    finding::{Finding, Remedy},
    schema::{archive::EntryKind, role_names::with_target_roles},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SurroundingKind {
    /// Of the database, for all roles.
    Setting,
    Comment,
    Privilege,
    /// Taken from everybody.
    Revoked,
    PublicOwner,
    SecurityLabel,
    Publication,
    Slot,
    Cron,
    /// Its jobs cannot be read: they are told of in a sentence.
    CronElsewhere,
    /// Its options are hidden from the role that dumps.
    UserMapping,
}

const KINDS: [(SurroundingKind, &str, &str); 11] = [
    (SurroundingKind::Setting, "setting", "database-settings"),
    (SurroundingKind::Comment, "comment", "database-comment"),
    (SurroundingKind::Privilege, "privilege", "database-privileges"),
    (SurroundingKind::Revoked, "revoked", "database-privileges"),
    (SurroundingKind::PublicOwner, "public-owner", "schema-public"),
    (
        SurroundingKind::SecurityLabel,
        "security-label",
        "security-labels",
    ),
    (SurroundingKind::Publication, "publication", "publications"),
    (SurroundingKind::Slot, "slot", "other-slots"),
    (SurroundingKind::Cron, "cron-job", "cron-jobs"),
    (SurroundingKind::CronElsewhere, "cron-elsewhere", "cron-jobs"),
    (SurroundingKind::UserMapping, "user-mapping", "user-mappings"),
];

impl SurroundingKind {
    /// # Panics
    /// Where the query and this list do not agree.
    pub fn of(word: &str) -> Self {
        KINDS
            .iter()
            .find_map(|(kind, name, _)| (*name == word).then_some(*kind))
            .expect("invariant: the query names kinds of this list")
    }

    fn code(self) -> &'static str {
        KINDS
            .iter()
            .find_map(|(kind, _, code)| (*kind == self).then_some(*code))
            .expect("every kind has a code")
    }

    /// The script of roles gives it to the target; all else is for people.
    pub fn is_carried(self) -> bool {
        matches!(
            self,
            Self::Setting | Self::Comment | Self::Privilege | Self::PublicOwner
        )
    }

    pub(super) fn message(self) -> &'static str {
        match self {
            Self::Setting => "it is set for the source's database, and no dump holds it",
            Self::Comment => "the source's database has a comment, and no dump holds it",
            Self::Privilege => "it is granted on the source's database, and no dump holds it",
            Self::Revoked => "the source's database withholds from everybody what the target's grants",
            Self::PublicOwner => "it has another owner on the source than a new database gives it",
            Self::SecurityLabel => "security labels are not restored: their provider is the server's",
            Self::Publication => "publications are not restored: they feed whoever subscribes to the source",
            Self::Slot => "another consumer reads the source through it; it finds no slot on the target",
            Self::Cron | Self::CronElsewhere => "pg_cron's jobs are not restored, so that none runs twice",
            Self::UserMapping => "its options are hidden from this role, so it is restored without them",
        }
    }

    /// When the statement is right.
    fn moment(self) -> &'static str {
        match self {
            Self::Setting | Self::Comment | Self::Privilege | Self::PublicOwner => {
                "\"transhume roles --apply\" does it where its role owns the database; else its owner, on the target: "
            }
            Self::Revoked | Self::SecurityLabel | Self::UserMapping => "on the target: ",
            Self::Publication | Self::Slot | Self::Cron => "at the cutover, on the target: ",
            Self::CronElsewhere => "",
        }
    }
}

/// One of them, as the statement that makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surrounding {
    pub kind: SurroundingKind,
    pub object: String,
    /// Where the jobs of pg_cron cannot be read, a sentence.
    pub statement: String,
}

impl Surrounding {
    pub fn setting(name: String, value: &str, database: &str) -> Self {
        let statement = format!(
            "ALTER DATABASE {} SET {}",
            quote_identifier(database),
            settings::assignment(&name, value)
        );
        Self {
            kind: SurroundingKind::Setting,
            object: name,
            statement,
        }
    }

    /// The jobs are in another database of the source's server, which nobody has connected to.
    pub fn cron_elsewhere(database: &str) -> Self {
        Self {
            kind: SurroundingKind::CronElsewhere,
            object: format!("database {database}"),
            statement: format!(
                "see there on the source: SELECT * FROM cron.job, and schedule what belongs to this database; pg_cron keeps its jobs in {}",
                quote_literal(database)
            ),
        }
    }

    /// The same where this role may not read which database that is.
    pub fn cron_hidden() -> Self {
        Self {
            kind: SurroundingKind::CronElsewhere,
            object: "pg_cron".to_owned(),
            statement: "see on the source, in postgres unless cron.database_name names another database (this role may not read it): \
                        SELECT * FROM cron.job, and schedule what belongs to this database"
                .to_owned(),
        }
    }

    pub fn finding(&self) -> Finding {
        let remedy = match self.kind {
            SurroundingKind::CronElsewhere => Remedy::from(&self.statement),
            kind => Remedy::from(kind.moment()).then(Remedy::run(&self.statement)),
        };
        Finding::warning(self.kind.code(), &self.object, self.kind.message(), remedy)
    }
}

/// What the source has and the target has not, with the names that roles have there.
pub fn lacking(source: Vec<Surrounding>, target: &[Surrounding], map: &RoleMap) -> Vec<Surrounding> {
    source
        .into_iter()
        .map(|one| Surrounding {
            statement: with_target_roles(EntryKind::Grant, &one.statement, map).into_owned(),
            ..one
        })
        .filter(|one| {
            !target
                .iter()
                .any(|there| there.kind == one.kind && there.statement == one.statement)
        })
        .collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::roles) fn of_each_kind() -> Vec<Surrounding> {
        let one = |kind, statement: &str| Surrounding {
            kind,
            object: "shop".to_owned(),
            statement: statement.to_owned(),
        };
        vec![
            Surrounding::setting("timezone".into(), "Europe/Berlin", "shop"),
            Surrounding::cron_elsewhere("postgres"),
            one(SurroundingKind::Comment, "COMMENT ON DATABASE shop IS 'it''s'"),
            one(
                SurroundingKind::UserMapping,
                "ALTER USER MAPPING FOR a SERVER erp OPTIONS (ADD \"user\" '...')",
            ),
        ]
    }

    #[test]
    fn only_what_the_target_lacks_is_told_with_its_statement() {
        let zone = || Surrounding::setting("timezone".into(), "Europe/Berlin", "shop");
        assert_eq!(lacking(vec![zone()], &[zone()], &RoleMap::default()), []);
        let left = lacking(vec![zone()], &[], &RoleMap::default());
        let reported = left[0].finding();
        assert_eq!(
            (reported.code.as_str(), reported.object.as_str()),
            ("database-settings", "timezone")
        );
        assert!(
            reported
                .remedy
                .ends_with(r#"ALTER DATABASE "shop" SET "timezone" TO 'Europe/Berlin'"#),
            "{}",
            reported.remedy
        );
        for (kind, word, _) in KINDS {
            assert_eq!(SurroundingKind::of(word), kind);
        }
    }

    #[test]
    fn grants_and_owners_name_the_target_s_roles() {
        let granted = Surrounding {
            kind: SurroundingKind::Privilege,
            object: String::new(),
            statement: "GRANT CONNECT ON DATABASE shop TO postgres".into(),
        };
        let left = lacking(vec![granted], &[], &"postgres=azadmin".parse().unwrap());
        assert_eq!(left[0].statement, "GRANT CONNECT ON DATABASE shop TO \"azadmin\"");
    }
}
