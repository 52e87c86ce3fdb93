//! `${NAME}` in a connection string: the value of an environment variable, escaped for its place.
//!
//! A password from the environment may hold any character. Before the `@` of a URI it is
//! percent-encoded, in a keyword string it is escaped with backslashes; where the variable is the
//! whole string it is taken as it is, so that a whole connection string can be in a variable.

use super::locate::Lookup;

#[derive(Debug)]
pub(super) struct BadExpansion {
    pub(super) reason: String,
    pub(super) hint: String,
}

#[derive(Clone, Copy)]
enum Place {
    Whole,
    UserInfo,
    /// Host, path and parameters of a URI.
    Uri,
    Keyword,
}

pub(super) fn expand(text: &str, environment: Lookup<'_>) -> Result<String, BadExpansion> {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, next) = after.split_once('}').ok_or_else(|| BadExpansion {
            reason: "a ${ without its }".to_owned(),
            hint: "write ${NAME} for an environment variable, or %24%7B for the characters themselves"
                .to_owned(),
        })?;
        let value = environment(name).ok_or_else(|| BadExpansion {
            reason: format!("the environment variable {name} is not set"),
            hint: format!("set {name} in the environment of transhume"),
        })?;
        expanded.push_str(before);
        expanded.push_str(&escape(&value, place(text, next, expanded.is_empty())));
        rest = next;
    }
    Ok(expanded + rest)
}

fn place(text: &str, next: &str, first: bool) -> Place {
    match text.contains("://") {
        true if next.contains('@') => Place::UserInfo,
        true => Place::Uri,
        false if first && next.is_empty() => Place::Whole,
        false => Place::Keyword,
    }
}

fn escape(value: &str, place: Place) -> String {
    match place {
        Place::Whole | Place::Uri => value.to_owned(),
        Place::UserInfo => value.bytes().map(percent_encoded).collect(),
        Place::Keyword => value
            .chars()
            .flat_map(|character| {
                let special = matches!(character, '\\' | '\'') || character.is_whitespace();
                special.then_some('\\').into_iter().chain([character])
            })
            .collect(),
    }
}

/// All but the unreserved characters of RFC 3986.
fn percent_encoded(byte: u8) -> String {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(name: &str) -> Option<String> {
        match name {
            "PASSWORD" => Some("p@s/ 'w".to_owned()),
            "HOST" => Some("a:5432,b".to_owned()),
            "URL" => Some("postgresql://ann@host/shop".to_owned()),
            _ => None,
        }
    }

    #[test]
    fn a_value_is_escaped_for_its_place() {
        for (text, expanded) in [
            (
                "postgresql://ann:${PASSWORD}@${HOST}/shop",
                "postgresql://ann:p%40s%2F%20%27w@a:5432,b/shop",
            ),
            ("user=ann password=${PASSWORD}", r"user=ann password=p@s/\ \'w"),
            ("${URL}", "postgresql://ann@host/shop"),
            ("no variable", "no variable"),
        ] {
            assert_eq!(expand(text, &environment).unwrap(), expanded);
        }
    }

    #[test]
    fn an_unset_variable_is_named_and_an_open_brace_refused() {
        let unset = expand("password=${NOWHERE}", &environment).unwrap_err();
        assert!(unset.reason.contains("NOWHERE"));
        assert!(expand("password=${PASSWORD", &environment).is_err());
    }
}
