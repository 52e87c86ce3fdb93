//! A role and its attributes as statements that can be run again.

use transhume_wire::ident::{quote_identifier, quote_literal};

use super::Role;

/// Makes the role where it is missing; needs no psql.
pub(super) fn create(name: &str) -> String {
    let body = format!(
        "BEGIN IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = {}) THEN CREATE ROLE {}; END IF; END",
        quote_literal(name),
        quote_identifier(name)
    );
    let quote = dollars(&body);
    format!("DO {quote} {body} {quote}")
}

/// A dollar quote that does not occur in the text.
fn dollars(text: &str) -> String {
    let mut quote = "$do$".to_owned();
    while text.contains(&quote) {
        quote.insert(1, 'x');
    }
    quote
}

/// What every service lets a role with CREATEROLE set: login, inheritance, limit and validity.
pub(super) fn plain_attributes(source: &Role, target: &Role, name: &str) -> Option<String> {
    let mut words = Vec::new();
    if source.may_log_in && !target.may_log_in {
        words.push("LOGIN".to_owned());
    }
    if source.inherits != target.inherits {
        words.push(if source.inherits { "INHERIT" } else { "NOINHERIT" }.to_owned());
    }
    if source.connection_limit != target.connection_limit {
        words.push(format!("CONNECTION LIMIT {}", source.connection_limit));
    }
    if source.valid_until != target.valid_until {
        let until = source.valid_until.as_deref().unwrap_or("infinity");
        words.push(format!("VALID UNTIL {}", quote_literal(until)));
    }
    (!words.is_empty()).then(|| alter(name, &words.join(" ")))
}

/// Attributes that a service may keep for itself, each with whether the role has it.
pub(super) fn strong_attributes(role: &Role) -> [(&'static str, bool); 5] {
    [
        ("CREATEROLE", role.creates_roles),
        ("CREATEDB", role.creates_databases),
        ("SUPERUSER", role.superuser),
        ("REPLICATION", role.replicates),
        ("BYPASSRLS", role.bypasses_row_security),
    ]
}

pub(super) fn alter(name: &str, what: &str) -> String {
    format!("ALTER ROLE {} {what}", quote_identifier(name))
}

/// What CREATE ROLE makes of a name alone.
pub(super) fn new_role() -> Role {
    Role {
        inherits: true,
        connection_limit: -1,
        ..Role::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_stays_a_name() {
        let made = create("x$do$'; drop");
        assert!(
            made.starts_with("DO $xdo$ ") && made.ends_with(" $xdo$"),
            "{made}"
        );
        assert!(made.contains(r#"CREATE ROLE "x$do$'; drop""#) && made.contains("= 'x$do$''; drop'"));
    }

    #[test]
    fn only_what_differs_is_altered() {
        let source = Role {
            may_log_in: true,
            connection_limit: 5,
            valid_until: Some("2030-01-01 00:00:00+00".into()),
            ..new_role()
        };
        assert_eq!(
            plain_attributes(&source, &new_role(), "a").unwrap(),
            r#"ALTER ROLE "a" LOGIN CONNECTION LIMIT 5 VALID UNTIL '2030-01-01 00:00:00+00'"#
        );
        assert_eq!(plain_attributes(&source, &source, "a"), None);
    }
}
