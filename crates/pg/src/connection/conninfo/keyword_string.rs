//! Reads `key = value key='quoted value'` strings as libpq does (manual, "Keyword/Value Connection
//! Strings"): backslash escapes inside and outside of quotes, any white space around `=`.

use std::{iter::Peekable, str::Chars};

use super::{error::ConninfoError, keywords::Values};

pub(super) fn parse(text: &str) -> Result<Values, ConninfoError> {
    let mut values = Values::default();
    let mut letters = text.chars().peekable();
    loop {
        skip_space(&mut letters);
        if letters.peek().is_none() {
            return Ok(values);
        }
        let key = read_key(&mut letters)?;
        let value = read_value(&mut letters)?;
        values.set(&key, value)?;
    }
}

fn skip_space(letters: &mut Peekable<Chars<'_>>) {
    while letters.next_if(char::is_ascii_whitespace).is_some() {}
}

fn read_key(letters: &mut Peekable<Chars<'_>>) -> Result<String, ConninfoError> {
    let mut key = String::new();
    while let Some(letter) = letters.next_if(|letter| *letter != '=' && !letter.is_ascii_whitespace()) {
        key.push(letter);
    }
    skip_space(letters);
    match letters.next() {
        Some('=') if !key.is_empty() => {
            skip_space(letters);
            Ok(key)
        }
        _ => Err(ConninfoError::Malformed {
            reason: "a setting is not of the form key=value",
        }),
    }
}

fn read_value(letters: &mut Peekable<Chars<'_>>) -> Result<String, ConninfoError> {
    let quoted = letters.next_if_eq(&'\'').is_some();
    let mut value = String::new();
    loop {
        match letters.next() {
            Some('\'') if quoted => return Ok(value),
            Some('\\') => match letters.next() {
                Some(escaped) => value.push(escaped),
                None if quoted => return Err(unterminated()),
                None => return Ok(value),
            },
            Some(letter) if !quoted && letter.is_ascii_whitespace() => return Ok(value),
            Some(letter) => value.push(letter),
            None if quoted => return Err(unterminated()),
            None => return Ok(value),
        }
    }
}

fn unterminated() -> ConninfoError {
    ConninfoError::Malformed {
        reason: "a quoted value has no closing quote",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_escapes_and_spaces_are_read_as_libpq_reads_them() {
        let values = parse(r"host = a  port=1 password='it\'s a \\ secret' user=o\ x dbname=''").unwrap();
        assert_eq!(values.get("host"), Some("a"));
        assert_eq!(values.get("password"), Some(r"it's a \ secret"));
        assert_eq!(values.get("user"), Some("o x"));
        assert_eq!(values.get("dbname"), None);
    }

    #[test]
    fn what_is_no_pair_is_refused() {
        for text in ["host", "=a", "host='a", "host a", r"host='a\"] {
            assert!(
                matches!(parse(text), Err(ConninfoError::Malformed { .. })),
                "{text}"
            );
        }
    }
}
