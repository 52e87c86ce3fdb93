//! Tells code, comments and string literals of a Rust file apart, as far as the word rules need it.
//!
//! Knows line comments, nested block comments, plain and raw strings, and character literals. It is not a
//! parser: a macro that takes tokens apart could mislead it.

/// A file without comments, and its strings on their own; both by line, from 1.
pub(super) struct SourceText {
    pub(super) code: Vec<(usize, String)>,
    pub(super) strings: Vec<(usize, String)>,
}

pub(super) fn split(text: &str) -> SourceText {
    let mut scanner = Scanner {
        rest: text,
        line: 1,
        code: String::new(),
        result: SourceText {
            code: Vec::new(),
            strings: Vec::new(),
        },
    };
    while !scanner.rest.is_empty() {
        scanner.step();
    }
    scanner.end_line();
    scanner.result
}

struct Scanner<'a> {
    rest: &'a str,
    line: usize,
    code: String,
    result: SourceText,
}

impl Scanner<'_> {
    fn step(&mut self) {
        let rest = self.rest;
        if rest.starts_with("//") {
            self.skip(rest.find('\n').unwrap_or(rest.len()));
        } else if rest.starts_with("/*") {
            self.skip(block_comment_length(rest));
        } else if let Some(hashes) = raw_string_hashes(rest).filter(|_| !self.in_identifier()) {
            let opening = hashes + 2;
            let closing = format!("\"{}", "#".repeat(hashes));
            let length = rest[opening..].find(&closing).unwrap_or(rest.len() - opening);
            self.string(opening, length, closing.len());
        } else if let Some(inside) = rest.strip_prefix('"') {
            self.string(1, quoted_length(inside), 1);
        } else if let Some(length) = character_length(rest) {
            self.skip(length);
        } else {
            let character = rest.chars().next().expect("the rest is not empty");
            self.code.push(character);
            self.skip(character.len_utf8());
        }
    }

    fn string(&mut self, opening: usize, length: usize, closing: usize) {
        let content = self.rest[opening..opening + length].to_owned();
        self.result.strings.push((self.line, content));
        self.code.push_str("\"\"");
        self.skip((opening + length + closing).min(self.rest.len()));
    }

    /// An `r` at the end of a name does not begin a raw string.
    fn in_identifier(&self) -> bool {
        self.code
            .ends_with(|last: char| last.is_alphanumeric() || last == '_')
    }

    fn skip(&mut self, length: usize) {
        let (skipped, rest) = self.rest.split_at(length);
        for _ in skipped.matches('\n') {
            self.end_line();
        }
        self.rest = rest;
    }

    fn end_line(&mut self) {
        self.result.code.push((self.line, std::mem::take(&mut self.code)));
        self.line += 1;
    }
}

fn raw_string_hashes(text: &str) -> Option<usize> {
    let after = text.strip_prefix('r')?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    after[hashes..].starts_with('"').then_some(hashes)
}

/// Up to the closing quote, which is not counted.
fn quoted_length(text: &str) -> usize {
    let mut escaped = false;
    for (position, character) in text.char_indices() {
        match character {
            '"' if !escaped => return position,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

/// Of a character literal; a lifetime is none.
fn character_length(text: &str) -> Option<usize> {
    let inside = text.strip_prefix('\'')?;
    let first = inside.chars().next()?;
    let content = if first == '\\' {
        inside[2..].find('\'')? + 2
    } else {
        first.len_utf8()
    };
    inside[content..].starts_with('\'').then_some(content + 2)
}

fn block_comment_length(text: &str) -> usize {
    let (mut depth, mut position) = (0, 0);
    while position < text.len() {
        let rest = &text[position..];
        if rest.starts_with("/*") {
            depth += 1;
            position += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            position += 2;
            if depth == 0 {
                return position;
            }
        } else {
            position += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_strings_are_not_code() {
        let text = "let a = \"x // \\\" y\"; // note\nlet b = r#\"raw \"q\" \"#; /* a /* b */ */ let c = '\"';\nlet d: &'a str;";
        let found = split(text);
        let code: Vec<&str> = found.code.iter().map(|(_, line)| line.trim()).collect();
        assert_eq!(
            code,
            ["let a = \"\";", "let b = \"\";  let c = ;", "let d: &'a str;"]
        );
        let strings: Vec<(usize, &str)> = found
            .strings
            .iter()
            .map(|(line, text)| (*line, text.as_str()))
            .collect();
        assert_eq!(strings, [(1, "x // \\\" y"), (2, "raw \"q\" ")]);
    }
}
