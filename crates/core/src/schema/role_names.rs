//! Roles in grants, policies and user mappings as pg_dump writes them, by the names that they have on the target.
//!
//! Works on tokens: the words before a role are reserved, so that an object of the same name stands in quotes. Refuses
//! texts that do not end, and leaves them as they are.

use std::{borrow::Cow, ops::Range};

use transhume_wire::ident::quote_identifier;

use super::{
    archive::EntryKind,
    tokens::{Token, TokenKind, replaced, tokens},
};
use crate::role_map::RoleMap;

/// The definition of an entry with the target's roles in it.
pub fn with_target_roles<'sql>(kind: EntryKind, sql: &'sql str, roles: &RoleMap) -> Cow<'sql, str> {
    if roles.is_empty() {
        return Cow::Borrowed(sql);
    }
    let Some((naming, tokens)) = Naming::of(kind, sql).zip(tokens(sql)) else {
        return Cow::Borrowed(sql);
    };
    replaced(sql, &renamed(&tokens, sql, naming, roles))
}

/// How a text names roles.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Naming {
    Grants,
    Policy,
    UserMapping,
}

impl Naming {
    fn of(kind: EntryKind, sql: &str) -> Option<Self> {
        match kind {
            EntryKind::Grant | EntryKind::DefaultGrant => Some(Self::Grants),
            EntryKind::Policy => Some(Self::Policy),
            EntryKind::OtherBeforeData if sql.trim_start().starts_with("CREATE USER MAPPING FOR ") => {
                Some(Self::UserMapping)
            }
            _ => None,
        }
    }
}

/// Where in a statement roles are expected.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expecting {
    Nothing,
    /// The next name is one.
    Role,
    /// A comma leads to a further one.
    More,
    /// A policy's expressions, in which anything may stand.
    NoMore,
}

fn renamed(tokens: &[Token], sql: &str, naming: Naming, roles: &RoleMap) -> Vec<(Range<usize>, String)> {
    let mut found = Vec::new();
    let mut expecting = Expecting::Nothing;
    let word = |number: usize| tokens.get(number).map_or("", |token| token.text(sql));
    for (number, token) in tokens.iter().enumerate() {
        let text = token.text(sql);
        if text == ";" {
            expecting = Expecting::Nothing;
            continue;
        }
        expecting = match expecting {
            Expecting::NoMore => Expecting::NoMore,
            Expecting::Role => {
                let role = name(token, text);
                if let Some(role) = role.filter(|role| roles.maps(role)) {
                    found.push((token.span.clone(), quote_identifier(roles.target(&role))));
                }
                Expecting::More
            }
            Expecting::More if text == "," => Expecting::Role,
            _ if leads_to_role(naming, (word(number.wrapping_sub(1)), text), word(number + 1)) => {
                Expecting::Role
            }
            Expecting::More if naming == Naming::Policy => Expecting::NoMore,
            _ if naming == Naming::Policy && (text == "USING" || text == "WITH") => Expecting::NoMore,
            _ => Expecting::Nothing,
        };
    }
    found
}

/// The word before the names of roles.
fn leads_to_role(naming: Naming, (before, word): (&str, &str), next: &str) -> bool {
    match naming {
        Naming::Policy => word == "TO",
        Naming::UserMapping => word == "FOR",
        Naming::Grants => {
            matches!(word, "TO" | "FROM")
                || (before == "FOR" && word == "ROLE")
                || (before == "SESSION" && word == "AUTHORIZATION" && next != "DEFAULT")
        }
    }
}

/// What the token names; words that stand for roles are none.
fn name(token: &Token, text: &str) -> Option<String> {
    match token.kind {
        TokenKind::Word if text.chars().any(char::is_uppercase) => None,
        TokenKind::Word => Some(text.to_owned()),
        TokenKind::Other => {
            let inner = text.strip_prefix('"')?.strip_suffix('"')?;
            Some(inner.replace("\"\"", "\""))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapped(kind: EntryKind, sql: &str) -> String {
        let map = RoleMap::new([
            ("postgres".to_owned(), "az admin".to_owned()),
            ("Batch-User".to_owned(), "batch".to_owned()),
        ]);
        with_target_roles(kind, sql, &map).into_owned()
    }

    #[test]
    fn grants_name_the_target_s_roles_and_objects_keep_their_names() {
        assert_eq!(
            mapped(
                EntryKind::Grant,
                "REVOKE ALL ON TABLE public.postgres FROM postgres;\nSET SESSION AUTHORIZATION postgres;\n\
                 GRANT SELECT(postgres) ON TABLE public.\"TO\" TO \"Batch-User\" WITH GRANT OPTION;\n\
                 RESET SESSION AUTHORIZATION;\nGRANT ALL ON SCHEMA s TO PUBLIC;\n\
                 ALTER DEFAULT PRIVILEGES FOR ROLE postgres IN SCHEMA postgres GRANT SELECT ON TABLES TO app;\n"
            ),
            "REVOKE ALL ON TABLE public.postgres FROM \"az admin\";\nSET SESSION AUTHORIZATION \"az admin\";\n\
             GRANT SELECT(postgres) ON TABLE public.\"TO\" TO \"batch\" WITH GRANT OPTION;\n\
             RESET SESSION AUTHORIZATION;\nGRANT ALL ON SCHEMA s TO PUBLIC;\n\
             ALTER DEFAULT PRIVILEGES FOR ROLE \"az admin\" IN SCHEMA postgres GRANT SELECT ON TABLES TO app;\n"
        );
    }

    #[test]
    fn policies_and_mappings_do_too_and_their_expressions_stay() {
        assert_eq!(
            mapped(
                EntryKind::Policy,
                "CREATE POLICY p ON s.t TO app, postgres USING (f(a, postgres) AND postgres);\n"
            ),
            "CREATE POLICY p ON s.t TO app, \"az admin\" USING (f(a, postgres) AND postgres);\n"
        );
        assert_eq!(
            mapped(
                EntryKind::OtherBeforeData,
                "CREATE USER MAPPING FOR postgres SERVER postgres OPTIONS (\n    \"user\" 'postgres'\n);"
            ),
            "CREATE USER MAPPING FOR \"az admin\" SERVER postgres OPTIONS (\n    \"user\" 'postgres'\n);"
        );
    }
}
