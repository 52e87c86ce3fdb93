//! The tokens of a definition that pg_dump or a server printed, as the server's lexer sees them.
//!
//! Knows strings with and without escapes, quoted names, dollar quotes and nested comments; refuses grammar. Expects
//! `standard_conforming_strings`, which the scripts of pg_restore set.

use std::{borrow::Cow, ops::Range};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    Word,
    /// A quoted name, a string, or a single sign.
    Other,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) span: Range<usize>,
}

impl Token {
    pub(super) fn text<'sql>(&self, sql: &'sql str) -> &'sql str {
        &sql[self.span.clone()]
    }
}

/// The text with other words in these places, which come in order and do not overlap.
pub(super) fn replaced<'sql, S: AsRef<str>>(sql: &'sql str, places: &[(Range<usize>, S)]) -> Cow<'sql, str> {
    if places.is_empty() {
        return Cow::Borrowed(sql);
    }
    let mut text = sql.to_owned();
    for (place, instead) in places.iter().rev() {
        text.replace_range(place.clone(), instead.as_ref());
    }
    Cow::Owned(text)
}

/// The tokens of a text as the server's lexer sees them; none where one does not end.
pub(super) fn tokens(sql: &str) -> Option<Vec<Token>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(letter) = sql[at..].chars().next() {
        let rest = &sql[at..];
        let (length, kind) = if letter.is_whitespace() {
            (letter.len_utf8(), None)
        } else if rest.starts_with("--") {
            (rest.find('\n').unwrap_or(rest.len()), None)
        } else if rest.starts_with("/*") {
            (comment(rest)?, None)
        } else if letter == '\'' {
            (
                string(rest, follows_escape_prefix(sql, &found, at))?,
                Some(TokenKind::Other),
            )
        } else if letter == '"' {
            (string(rest, false)?, Some(TokenKind::Other))
        } else if let Some(quote) = dollar_quote(rest) {
            (quoted_in_dollars(rest, quote)?, Some(TokenKind::Other))
        } else if is_word(letter) {
            let end = rest.find(|letter: char| !(is_word(letter) || letter == '$'));
            (end.unwrap_or(rest.len()), Some(TokenKind::Word))
        } else {
            (letter.len_utf8(), Some(TokenKind::Other))
        };
        found.extend(kind.map(|kind| Token {
            kind,
            span: at..at + length,
        }));
        at += length;
    }
    Some(found)
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_' || !letter.is_ascii()
}

/// In `E'…'` a backslash takes the next letter with it.
fn follows_escape_prefix(sql: &str, before: &[Token], at: usize) -> bool {
    before
        .last()
        .is_some_and(|token| token.span.end == at && matches!(token.text(sql), "E" | "e"))
}

/// Length of what stands in the quotes that `text` begins with; doubled, a quote stands for itself.
fn string(text: &str, escapes: bool) -> Option<usize> {
    let quote = text.chars().next()?;
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        if escapes && letter == '\\' {
            letters.next()?;
        } else if letter == quote && letters.next_if(|(_, next)| *next == quote).is_none() {
            return Some(at + quote.len_utf8());
        }
    }
    None
}

/// Length of a comment, which may hold others.
fn comment(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = 0;
    loop {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return Some(at);
            }
        } else {
            at += rest.chars().next()?.len_utf8();
        }
    }
}

/// `$$` or `$name$`, where `text` begins with it.
fn dollar_quote(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('$')?;
    let length = inner.find('$')?;
    let name = &inner[..length];
    let is_name = name.chars().all(is_word) && !name.starts_with(|letter: char| letter.is_ascii_digit());
    is_name.then(|| &text[..length + 2])
}

fn quoted_in_dollars(text: &str, quote: &str) -> Option<usize> {
    let end = text[quote.len()..].find(quote)?;
    Some(quote.len() + end + quote.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(sql: &str) -> Option<Vec<&str>> {
        Some(tokens(sql)?.iter().map(|token| token.text(sql)).collect())
    }

    #[test]
    fn what_is_quoted_is_one_token() {
        for quoted in [
            "'it''s; (x)'",
            "\"a \"\"b; \"\"\"",
            "$$ ' \" ; $x$ $$",
            "$name$ $$ $name$",
            "'back\\'",
        ] {
            let sql = format!("a {quoted};");
            assert_eq!(texts(&sql).expect("it ends"), ["a", quoted, ";"]);
        }
        assert_eq!(texts("E'it\\'s;' x").expect("it ends"), ["E", "'it\\'s;'", "x"]);
    }

    #[test]
    fn comments_and_spaces_are_none() {
        let sql = "a -- 'b\n/* c /* d */ ' */(é_1$,$2)";
        assert_eq!(
            texts(sql).expect("it ends"),
            ["a", "(", "é_1$", ",", "$", "2", ")"]
        );
    }

    #[test]
    fn what_does_not_end_has_no_tokens() {
        for sql in ["'open", "\"open", "$$ open $ $", "/* open /* */", "E'open\\'"] {
            assert_eq!(texts(sql), None, "{sql}");
        }
    }
}
