//! What `finish` and `abort` print: a screenful at the most.
//!
//! Where there is more, the whole is in a file that is named; JSON is always whole. Refuses to shorten what could not be
//! written to a file.

use std::{fs::OpenOptions, io::Write, path::PathBuf};

use transhume_engine::{count::first_lines, finish::Removal};

/// Lines of what was removed, and of what is left: both fit on a screen.
const LINES: usize = 15;

/// A statement that names more objects than fit into a few lines is looked at in the file.
const LETTERS: usize = 400;

/// For people; the file is made where it takes one.
pub(super) fn text(removal: &Removal) -> String {
    let (removed, left) = (removed(removal), left(removal));
    let whole = || [removed.as_slice(), left.as_slice()].concat();
    if fits(&removed) && fits(&left) {
        return whole().join("\n") + "\n";
    }
    let file = file(&(whole().join("\n") + "\n"));
    match file {
        Ok(path) => {
            let name = format!("all of it is in {}", path.display());
            let lines = [shortened(removed), shortened(left), vec![name]].concat();
            lines.join("\n") + "\n"
        }
        Err(error) => {
            tracing::debug!("no file for what is left: {error}");
            whole().join("\n") + "\n"
        }
    }
}

fn removed(removal: &Removal) -> Vec<String> {
    let mut lines: Vec<String> = removal
        .removed
        .iter()
        .map(|what| format!("removed  {what}"))
        .collect();
    if lines.is_empty() && removal.left.is_empty() {
        lines.push("nothing was left to remove".to_owned());
    }
    lines
}

fn left(removal: &Removal) -> Vec<String> {
    let mut lines = Vec::new();
    for left in &removal.left {
        let how = if left.statements.is_empty() {
            ""
        } else {
            "; to undo it:"
        };
        lines.push(format!("left     {}{how}", left.description));
        let statements = left.statements.iter();
        lines.extend(statements.map(|statement| format!("           {statement};")));
    }
    lines
}

fn fits(lines: &[String]) -> bool {
    lines.len() <= LINES && lines.iter().all(|line| line.chars().count() <= LETTERS)
}

fn shortened(lines: Vec<String>) -> Vec<String> {
    let short = lines
        .into_iter()
        .map(|line| match line.char_indices().nth(LETTERS) {
            Some((end, _)) => format!("{} …", &line[..end]),
            None => line,
        });
    first_lines(short, LINES)
}

/// In the working directory, under a name that nothing has.
fn file(text: &str) -> std::io::Result<PathBuf> {
    let now = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%S.%3fZ");
    let path = PathBuf::from(format!("transhume-removed-{now}.txt"));
    let mut file = OpenOptions::new().write(true).create_new(true).open(&path)?;
    file.write_all(text.as_bytes())?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use transhume_engine::finish::Left;

    use super::*;

    #[test]
    fn what_is_left_of_many_tables_is_a_screenful() {
        let tables: Vec<String> = (0..25_000).map(|number| format!("app.t{number}")).collect();
        let removal = Removal {
            removed: tables.clone(),
            left: vec![Left {
                description: "the source is closed".to_owned(),
                statements: vec![format!("grant INSERT on table {} to app", tables.join(", "))],
            }],
        };
        let (removed, left) = (removed(&removal), left(&removal));
        assert!(!fits(&removed) && !fits(&left));
        let lines = [shortened(removed), shortened(left)].concat();
        assert!(lines.len() < 24, "{lines:?}");
        assert!(lines.iter().all(|line| line.chars().count() < 2 * LETTERS));
    }

    #[test]
    fn what_fits_is_told_whole() {
        let removal = Removal {
            removed: vec!["target: schema transhume".to_owned()],
            left: Vec::new(),
        };
        assert_eq!(text(&removal), "removed  target: schema transhume\n");
        assert_eq!(text(&Removal::default()), "nothing was left to remove\n");
    }
}
