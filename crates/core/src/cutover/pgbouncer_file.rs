//! The entry of one database in PgBouncer's configuration, pointed to another server.
//!
//! Owns finding the entry and replacing host, port and database name in it. Refuses anything else: every other byte of
//! the file stays as it is, and so does everything else of the entry (pool sizes, users, comments around it).
//! (PgBouncer manual, "pgbouncer.ini", section "databases".)

use std::ops::Range;

/// Where an entry points to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseAddress {
    /// A name, an address, or the directory of a socket.
    pub host: String,
    pub port: u16,
    pub database: String,
}

/// What an entry shall say from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewEntry {
    /// As before, but pointing there.
    PointingTo(DatabaseAddress),
    /// Exactly this right-hand side.
    Written(String),
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    #[error("the file has no section [databases]")]
    NoSection,
    #[error("the section [databases] has neither an entry for \"{0}\" nor one for all (*)")]
    NoEntry(String),
    #[error("the section [databases] has several entries for \"{0}\"")]
    Several(String),
    #[error("a new entry must be one line")]
    Lines,
}

/// The whole file with the entry of `database` replaced. Where only the entry for all databases (`*`) serves it, an entry
/// of its own is put before that one, which keeps the rest of what that one says.
pub fn rewrite(text: &str, database: &str, new: &NewEntry) -> Result<String, EntryError> {
    let entries = entries(text).ok_or(EntryError::NoSection)?;
    let mut own = entries.iter().filter(|entry| entry.name == database);
    let value_of = |former: &str| match new {
        NewEntry::PointingTo(place) => Ok(pointed(former, place)),
        NewEntry::Written(value) if value.contains(['\n', '\r']) => Err(EntryError::Lines),
        NewEntry::Written(value) => Ok(value.clone()),
    };
    if let Some(entry) = own.next() {
        if own.next().is_some() {
            return Err(EntryError::Several(database.to_owned()));
        }
        let value = value_of(&text[entry.value.clone()])?;
        return Ok(replaced(text, entry.value.clone(), &value));
    }
    let all = entries
        .iter()
        .find(|entry| entry.name == "*")
        .ok_or_else(|| EntryError::NoEntry(database.to_owned()))?;
    let line = format!("{} = {}\n", name(database), value_of(&text[all.value.clone()])?);
    Ok(replaced(text, all.start..all.start, &line))
}

/// The whole file with an entry more, which points where that of `database` will: to try it before anybody is led there.
pub fn with_trial(text: &str, database: &str, trial: &str, new: &NewEntry) -> Result<String, EntryError> {
    let entries = entries(text).ok_or(EntryError::NoSection)?;
    let serving = entries
        .iter()
        .find(|entry| entry.name == database)
        .or_else(|| entries.iter().find(|entry| entry.name == "*"))
        .ok_or_else(|| EntryError::NoEntry(database.to_owned()))?;
    let value = match new {
        NewEntry::PointingTo(place) => pointed(&text[serving.value.clone()], place),
        NewEntry::Written(value) if value.contains(['\n', '\r']) => return Err(EntryError::Lines),
        NewEntry::Written(value) if values(value).iter().any(|(key, _)| key == "dbname") => value.clone(),
        // Else the name of the entry would be that of the database.
        NewEntry::Written(value) => format!("{value} dbname={}", quoted(database)),
    };
    let line = format!("{} = {value}\n", name(trial));
    Ok(replaced(text, serving.start..serving.start, &line))
}

/// The whole file without the entry of that name, which a cutover that died may have left; none where it has none.
pub fn without(text: &str, trial: &str) -> Option<String> {
    let entries = entries(text)?;
    let entry = entries.iter().find(|entry| entry.name == trial)?;
    let end = text[entry.start..]
        .find('\n')
        .map_or(text.len(), |end| entry.start + end + 1);
    Some(replaced(text, entry.start..end, ""))
}

/// One line of the section.
struct DatabaseLine {
    name: String,
    /// Where its line begins.
    start: usize,
    /// The right-hand side without the blanks around it.
    value: Range<usize>,
}

/// None where there is no such section.
fn entries(text: &str) -> Option<Vec<DatabaseLine>> {
    let (mut entries, mut inside, mut found) = (Vec::new(), false, false);
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim();
        if let Some(section) = trimmed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            inside = section.trim().eq_ignore_ascii_case("databases");
            found |= inside;
        } else if inside && !trimmed.starts_with([';', '#', '%']) {
            entries.extend(entry(line, start));
        }
        start += line.len();
    }
    found.then_some(entries)
}

fn entry(line: &str, start: usize) -> Option<DatabaseLine> {
    let line = line.trim_end();
    let blank = blanks(line);
    let (name, rest) = name_at(&line[blank..])?;
    let value = line[blank + rest..].trim_start().strip_prefix('=')?;
    let value_start = line.len() - value.trim_start().len();
    Some(DatabaseLine {
        name,
        start,
        value: start + value_start..start + line.len(),
    })
}

/// A name as it stands on the left, and where what follows it begins.
fn name_at(text: &str) -> Option<(String, usize)> {
    if let Some(quoted) = text.strip_prefix('"') {
        let mut name = String::new();
        let mut characters = quoted.char_indices().peekable();
        while let Some((at, character)) = characters.next() {
            match character {
                '"' if characters.peek().is_some_and(|(_, next)| *next == '"') => {
                    characters.next();
                    name.push('"');
                }
                '"' => return Some((name, at + 2)),
                other => name.push(other),
            }
        }
        return None;
    }
    let end = text.find(['=', ' ', '\t'])?;
    (end > 0).then(|| (text[..end].to_owned(), end))
}

/// Names of other than these characters are quoted.
fn name(database: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "_.-".contains(character);
    if !database.is_empty() && database.chars().all(plain) {
        return database.to_owned();
    }
    format!("\"{}\"", database.replace('"', "\"\""))
}

/// The right-hand side with another host, port and database; whatever else it says stays as it is.
fn pointed(value: &str, place: &DatabaseAddress) -> String {
    let wanted = [
        ("host", quoted(&place.host)),
        ("port", place.port.to_string()),
        ("dbname", quoted(&place.database)),
    ];
    let mut text = value.to_owned();
    for (key, new) in wanted {
        match values(&text).into_iter().find(|(name, _)| name == key) {
            Some((_, range)) => text = replaced(&text, range, &new),
            None if text.is_empty() => text = format!("{key}={new}"),
            None => text = format!("{text} {key}={new}"),
        }
    }
    text
}

/// Keys of a right-hand side, each with the place of its value, quotes included.
fn values(text: &str) -> Vec<(String, Range<usize>)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(equals) = text[at..].find('=').map(|place| at + place) {
        let key = text[at..equals].trim().to_owned();
        let start = equals + 1 + blanks(&text[equals + 1..]);
        let end = start + value_length(&text[start..]);
        found.push((key, start..end));
        at = end;
    }
    found
}

fn blanks(text: &str) -> usize {
    text.len() - text.trim_start().len()
}

/// Up to the next blank, or to the closing quote; a doubled quote is one inside.
fn value_length(text: &str) -> usize {
    if !text.starts_with('\'') {
        return text.find(char::is_whitespace).unwrap_or(text.len());
    }
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if character == '\'' {
            if characters.peek().is_some_and(|(_, next)| *next == '\'') {
                characters.next();
            } else {
                return at + 1;
            }
        }
    }
    text.len()
}

fn quoted(value: &str) -> String {
    if value.is_empty()
        || value.contains(|character: char| character.is_whitespace() || "'=".contains(character))
    {
        format!("'{}'", value.replace('\'', "''"))
    } else {
        value.to_owned()
    }
}

fn replaced(text: &str, range: Range<usize>, new: &str) -> String {
    let mut all = text.to_owned();
    all.replace_range(range, new);
    all
}

#[cfg(test)]
#[path = "pgbouncer_file_tests.rs"]
mod tests;
