//! Reads what the plugin test_decoding prints: text for people, one line for each change.
//!
//! Shares nothing with the product, which reads another plugin's bytes. Refuses a line that it does not understand.

/// `None` is null.
pub(super) type Value = Option<String>;

/// Column name and value; a value that was not sent is not listed.
pub(super) type Columns = Vec<(String, Value)>;

#[derive(Debug, PartialEq)]
pub(super) enum Decoded {
    Insert {
        table: String,
        new: Columns,
    },
    /// `old` is empty where the key did not change and identifies the row.
    Update {
        table: String,
        old: Columns,
        new: Columns,
    },
    Delete {
        table: String,
        old: Columns,
    },
    Truncate {
        tables: Vec<String>,
    },
    Commit,
    /// Beginnings and messages.
    Nothing,
}

/// One line, which may hold line breaks within quotes.
pub(super) fn read(line: &str) -> Result<Decoded, String> {
    if line.starts_with("BEGIN") || line.starts_with("message:") {
        return Ok(Decoded::Nothing);
    }
    if line.starts_with("COMMIT") {
        return Ok(Decoded::Commit);
    }
    let mut reader = Reader { rest: line };
    reader
        .change()
        .ok_or_else(|| format!("not understood at \"{:.80}\": {line:.300}", reader.rest))
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn change(&mut self) -> Option<Decoded> {
        self.expect("table ")?;
        let mut tables = vec![self.table()?];
        while self.expect(", ").is_some() {
            tables.push(self.table()?);
        }
        self.expect(": ")?;
        if self.expect("TRUNCATE:").is_some() {
            return Some(Decoded::Truncate { tables });
        }
        let table = tables.pop()?;
        if self.expect("INSERT:").is_some() {
            let new = self.columns()?;
            return self.end(Decoded::Insert { table, new });
        }
        if self.expect("DELETE:").is_some() {
            let old = self.columns()?;
            return self.end(Decoded::Delete { table, old });
        }
        self.expect("UPDATE:")?;
        let old = match self.expect(" old-key:") {
            Some(()) => {
                let old = self.columns()?;
                self.expect(" new-tuple:")?;
                old
            }
            None => Columns::new(),
        };
        let new = self.columns()?;
        self.end(Decoded::Update { table, old, new })
    }

    fn end(&self, change: Decoded) -> Option<Decoded> {
        self.rest.is_empty().then_some(change)
    }

    fn expect(&mut self, text: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(text)?;
        Some(())
    }

    /// As the server quotes it: it is only ever compared.
    fn table(&mut self) -> Option<String> {
        let schema = self.name(&['.'])?;
        self.expect(".")?;
        let name = self.name(&[':', ','])?;
        Some(format!("{schema}.{name}"))
    }

    fn name(&mut self, ends: &[char]) -> Option<String> {
        if self.rest.starts_with('"') {
            return self.quoted('"');
        }
        let end = self.rest.find(ends)?;
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(name.to_owned())
    }

    /// What stands in quotes, in which the quote itself is doubled.
    fn quoted(&mut self, quote: char) -> Option<String> {
        let inside = self.rest.strip_prefix(quote)?;
        let mut text = String::new();
        let mut characters = inside.char_indices().peekable();
        while let Some((place, character)) = characters.next() {
            if character != quote {
                text.push(character);
            } else if characters.peek().is_some_and(|(_, next)| *next == quote) {
                characters.next();
                text.push(quote);
            } else {
                self.rest = &inside[place + quote.len_utf8()..];
                return Some(text);
            }
        }
        None
    }

    fn columns(&mut self) -> Option<Columns> {
        let mut columns = Columns::new();
        if self.expect(" (no-tuple-data)").is_some() {
            return None;
        }
        while self.rest.starts_with(' ') && !self.rest.starts_with(" new-tuple:") {
            self.expect(" ")?;
            let name = self.name(&['['])?;
            let type_end = self.rest.find("]:")?;
            let is_boolean = &self.rest[..type_end] == "[boolean";
            self.rest = &self.rest[type_end + 2..];
            if self.expect("unchanged-toast-datum").is_some() {
                continue;
            }
            columns.push((name, self.value(is_boolean)?));
        }
        Some(columns)
    }

    fn value(&mut self, is_boolean: bool) -> Option<Value> {
        if let Some(bits) = self.rest.strip_prefix("B'") {
            let end = bits.find('\'')?;
            self.rest = &bits[end + 1..];
            return Some(Some(bits[..end].to_owned()));
        }
        if self.rest.starts_with('\'') {
            return self.quoted('\'').map(Some);
        }
        let end = self.rest.find(' ').unwrap_or(self.rest.len());
        let (value, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(match value {
            "null" => None,
            // The output function says t and f.
            "true" | "false" if is_boolean => Some(value[..1].to_owned()),
            value => Some(value.to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(name: &str, text: &str) -> (String, Value) {
        (name.to_owned(), Some(text.to_owned()))
    }

    #[test]
    fn quotes_brackets_and_line_breaks_are_read_through() {
        let line = "table torture.\"quo\"\"te\nx\": UPDATE: old-key: \"ID\"[integer]:1 new-tuple: \"ID\"[integer]:2 \
                    a[text[]]:'{it''s}' ok[boolean]:true b[bit]:B'101' n[numeric]:null big[text]:unchanged-toast-datum";
        let expected = Decoded::Update {
            table: "torture.quo\"te\nx".to_owned(),
            old: vec![value("ID", "1")],
            new: vec![
                value("ID", "2"),
                value("a", "{it's}"),
                value("ok", "t"),
                value("b", "101"),
                ("n".to_owned(), None),
            ],
        };
        assert_eq!(read(line).as_ref(), Ok(&expected));
    }

    #[test]
    fn truncations_name_all_their_tables() {
        let expected = Decoded::Truncate {
            tables: vec!["public.a".to_owned(), "s.B, c".to_owned()],
        };
        assert_eq!(
            read("table public.a, s.\"B, c\": TRUNCATE: cascade"),
            Ok(expected)
        );
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        assert!(read("table public.a: DELETE: (no-tuple-data)").is_err());
        assert!(read("STREAM START").is_err());
    }
}
