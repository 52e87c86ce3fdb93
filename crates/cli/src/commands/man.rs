//! `man`: the manual pages, one for each command, for whoever makes a package.
//!
//! Examples and exit codes stand in them line by line as in the help; clap_mangen alone would run them together.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::{Args, Command};
use clap_mangen::Man;

use crate::{
    failure::{EXIT_CODES, Exit, Failure, Result},
    show::terminal::Terminal,
};

const MANUAL: &str = "transhume";

/// Write the manual pages into a directory
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  transhume man target/man")]
pub(crate) struct Arguments {
    /// Where to write them; it is made where it is missing
    directory: PathBuf,
}

pub(crate) fn execute(arguments: &Arguments, terminal: &Terminal) -> Result<Exit> {
    let directory = &arguments.directory;
    let mut command = super::command();
    // Names of commands below commands are put together here.
    command.build();
    let written = fs::create_dir_all(directory).and_then(|()| write_below(&command, directory));
    let pages = written.map_err(|error| {
        Failure::new(format!(
            "cannot write the manual pages to {}: {error}",
            directory.display()
        ))
        .with_hint("check that the directory may be written to")
    })?;
    terminal.note(&format!("wrote {pages} manual pages to {}", directory.display()));
    Ok(Exit::Success)
}

/// The page of a command and those of the commands below it; how many.
fn write_below(command: &Command, directory: &Path) -> io::Result<usize> {
    if command.is_hide_set() {
        return Ok(0);
    }
    let man = Man::new(command.clone()).manual(MANUAL).date("");
    let mut page = Vec::new();
    write_page(command, &man, &mut page)?;
    fs::write(directory.join(man.get_filename()), page)?;
    let mut pages = 1;
    for below in command.get_subcommands() {
        pages += write_below(below, directory)?;
    }
    Ok(pages)
}

fn write_page(command: &Command, man: &Man, page: &mut Vec<u8>) -> io::Result<()> {
    man.render_title(page)?;
    man.render_name_section(page)?;
    man.render_synopsis_section(page)?;
    man.render_description_section(page)?;
    if command.get_arguments().any(|argument| !argument.is_hide_set()) {
        man.render_options_section(page)?;
    }
    if command.get_subcommands().any(|below| !below.is_hide_set()) {
        man.render_subcommands_section(page)?;
    }
    let help = command.get_after_long_help().map(ToString::to_string);
    let help = help.unwrap_or_default();
    let examples = help.split(EXIT_CODES).next().unwrap_or_default();
    as_they_stand(page, "EXAMPLES", examples)?;
    as_they_stand(page, "EXIT STATUS", EXIT_CODES)?;
    if command.get_name() != MANUAL {
        writeln!(page, ".SH \"SEE ALSO\"\n\\fBtranshume\\fR(1)")?;
    }
    Ok(())
}

/// Lines that are not filled; the heading takes the place of theirs.
fn as_they_stand(page: &mut Vec<u8>, heading: &str, text: &str) -> io::Result<()> {
    let text = text.trim();
    let lines: Vec<&str> = match text.split_once('\n') {
        Some((first, rest)) if first.ends_with(':') && !first.starts_with(' ') => rest.lines().collect(),
        _ => text.lines().collect(),
    };
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(page, ".SH \"{heading}\"\n.nf")?;
    for line in lines {
        // A point or an apostrophe at the beginning would be a request of roff's.
        writeln!(page, "\\&{}", line.replace('\\', "\\e").replace('-', "\\-"))?;
    }
    writeln!(page, ".fi")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page_with_its_examples_line_by_line() {
        let directory = tempfile::tempdir().unwrap();
        let mut command = super::super::command();
        command.build();
        let pages = write_below(&command, directory.path()).unwrap();
        assert!(pages > 20, "only {pages}");
        let page = fs::read_to_string(directory.path().join("transhume-table-reload.1")).unwrap();
        assert!(
            page.contains(".SH OPTIONS") && page.contains("EXIT STATUS"),
            "{page}"
        );
        let page = fs::read_to_string(directory.path().join("transhume-cutover.1")).unwrap();
        assert!(page.contains("\n\\&  transhume cutover \\-\\-check"), "{page}");
    }

    /// Names of all commands below this one that have the flag, with their parents' names.
    fn with_json(command: &Command, path: &str, found: &mut Vec<String>) {
        if command
            .get_arguments()
            .any(|argument| argument.get_long() == Some("json"))
        {
            found.push(path.to_owned());
        }
        for below in command.get_subcommands() {
            with_json(below, format!("{path} {}", below.get_name()).trim_start(), found);
        }
    }

    #[test]
    fn every_command_that_prints_json_has_its_schema() {
        // The page is made from the list of all documents.
        let page = include_str!("../../../../docs/reference/json.md");
        let mut commands = Vec::new();
        with_json(&super::super::command(), "", &mut commands);
        assert!(commands.len() > 15, "{commands:?}");
        for command in commands {
            // Those of `table` share a line.
            let told = match command.strip_prefix("table ") {
                Some(_) => "`table add".to_owned(),
                None => format!("{command} --json`"),
            };
            assert!(page.contains(&told), "no schema tells of {command} --json");
        }
    }
}
