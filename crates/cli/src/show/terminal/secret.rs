//! Keeps passwords out of whatever is printed, and control characters out of what servers said.
//!
//! The last line of defence: connection settings already print redacted. It works on finished text,
//! so it also covers what an argument parser echoes. Too much hidden is fine, too little is not.

use transhume_engine::printable::escape_hidden;

/// What stands in place of a password.
const HIDDEN: &str = "***";

/// Hides the password of every URI (`//user:password@`) and of every `password=` in the text.
pub(crate) fn redact(text: &str) -> String {
    redact_keywords(text)
        .split_inclusive(char::is_whitespace)
        .map(redact_uri)
        .collect()
}

/// Whether a connection string has a password in it.
pub(crate) fn has_password(connection: &str) -> bool {
    redact(connection) != connection
}

/// What could steer a terminal or hide a part of a line as escapes; keeps line ends and tabs.
pub(crate) fn printable(text: &str) -> String {
    escape_hidden(text)
}

fn redact_uri(word: &str) -> String {
    let hidden = || {
        let (scheme, rest) = word.split_once("://")?;
        // The last @: an unescaped one inside a password must not cut the hiding short.
        let (user_info, host) = rest.rsplit_once('@')?;
        let (user, password) = user_info.split_once(':')?;
        (!password.is_empty()).then(|| format!("{scheme}://{user}:{HIDDEN}@{host}"))
    };
    hidden().unwrap_or_else(|| word.to_owned())
}

fn redact_keywords(text: &str) -> String {
    const KEYWORD: &str = "password";
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(found) = rest.find(KEYWORD) {
        let (before, after) = rest.split_at(found + KEYWORD.len());
        kept.push_str(before);
        let value = after.trim_start().strip_prefix('=').map(str::trim_start);
        rest = match value {
            Some(value) if value_length(value) > 0 => {
                kept.push('=');
                kept.push_str(HIDDEN);
                &value[value_length(value)..]
            }
            _ => after,
        };
    }
    kept + rest
}

/// Bytes of a value at the start of the text: quoted with backslashes as libpq reads it, or up to
/// what ends it in a keyword string or a URI.
fn value_length(text: &str) -> usize {
    let quoted = text.starts_with('\'');
    let mut escaped = false;
    for (index, character) in text.char_indices().skip(usize::from(quoted)) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\'' if quoted => return index + 1,
            '&' if !quoted => return index,
            _ if !quoted && character.is_whitespace() => return index,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_hidden_wherever_libpq_would_read_one() {
        for (text, shown) in [
            (
                "postgresql://ann:s3cret@host:5432/shop",
                "postgresql://ann:***@host:5432/shop",
            ),
            (
                "try postgres://ann:p@ss/w@host now",
                "try postgres://ann:***@host now",
            ),
            (
                "host=db password=s3cret user=ann",
                "host=db password=*** user=ann",
            ),
            (r"password = 'a \' b' host=db", "password=*** host=db"),
            (
                "postgresql://host/db?password=s3cret&user=ann",
                "postgresql://host/db?password=***&user=ann",
            ),
        ] {
            assert_eq!(redact(text), shown);
            assert!(has_password(text));
        }
    }

    #[test]
    fn text_without_a_password_stays_as_it_is() {
        for text in [
            "postgresql://ann@host/shop",
            "password authentication failed for user \"ann\"",
            "a: b@c",
        ] {
            assert_eq!(redact(text), text);
            assert!(!has_password(text));
        }
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(
            printable("a\u{1b}[31mb\n\tc\u{7}\u{202e}"),
            "a\\u{1b}[31mb\n\tc\\u{7}\\u{202e}"
        );
    }
}
