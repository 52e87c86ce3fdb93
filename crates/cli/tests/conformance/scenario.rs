//! A scenario file as steps. Refuses what it does not know: a mistyped directive is no passed test.

use transhume_testkit::pair::Side;

/// What a file says of itself before its first step.
#[derive(Debug, Default)]
pub(crate) struct Scenario {
    /// Major versions of source and target; the scenario then has servers of its own.
    pub(crate) majors: Option<(u32, u32)>,
    /// Added to CREATE DATABASE on the source, on the target.
    pub(crate) database: [String; 2],
    pub(crate) steps: Vec<Step>,
}

#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) line: usize,
    /// The case that it belongs to.
    pub(crate) case: String,
    pub(crate) action: Action,
}

#[derive(Debug)]
pub(crate) enum Action {
    /// Statements, each committed by itself, on a named session that stays open.
    Execute {
        side: Side,
        session: String,
        statements: Vec<String>,
    },
    /// Starts `transhume run` with these arguments and waits until it follows.
    Run(Vec<String>),
    /// Starts it and does not wait.
    Start(Vec<String>),
    /// The program logs in as this role from here on.
    LogInAs(String),
    Kill,
    Restart(Side),
    Crash(Side),
    /// Everything committed on the source is on the target, and their rows are equal but for these tables.
    Equal(Vec<String>),
    /// As `Equal`, and so are the definitions and the sequences.
    Same,
    /// A query on one side gives these lines, columns parted by `|`.
    Rows {
        side: Side,
        query: String,
        expected: Vec<String>,
    },
    /// The run goes on, and its log comes to hold this text.
    Says(String),
    /// The run ends with an error that holds this text.
    Stops(String),
    /// Another command ends with this exit code, and says this.
    Call {
        arguments: Vec<String>,
        code: i32,
        text: String,
    },
}

impl Scenario {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut scenario = Self::default();
        let mut case = String::from("set-up");
        let mut open: Option<(usize, String, Vec<&str>)> = None;
        for (index, line) in text.lines().enumerate() {
            let Some(directive) = line.strip_prefix("-- @") else {
                if let Some((.., body)) = &mut open {
                    body.push(line);
                } else if !line.is_empty() && !line.starts_with("--") {
                    return Err(format!("line {}: SQL before the first directive", index + 1));
                }
                continue;
            };
            scenario.close(open.take(), &case)?;
            match directive.split_once(' ') {
                Some(("case", title)) => title.clone_into(&mut case),
                Some(("servers", majors)) => scenario.majors = Some(parse_majors(majors)?),
                Some(("database", rest)) => scenario.add_database_option(rest)?,
                _ => open = Some((index + 1, directive.to_owned(), Vec::new())),
            }
        }
        scenario.close(open, &case)?;
        Ok(scenario)
    }

    pub(crate) fn needs_own_servers(&self) -> bool {
        // A prepared transaction keeps every slot of its server from being created.
        let prepares = |statement: &String| statement.starts_with("prepare transaction");
        let disturbs = |step: &Step| match &step.action {
            Action::Restart(_) | Action::Crash(_) => true,
            Action::Execute { statements, .. } => statements.iter().any(prepares),
            _ => false,
        };
        self.majors.is_some() || self.steps.iter().any(disturbs)
    }

    fn add_database_option(&mut self, rest: &str) -> Result<(), String> {
        let (side, options) = rest.split_once(' ').ok_or("database: side and options")?;
        options.clone_into(&mut self.database[side_of(side)? as usize]);
        Ok(())
    }

    fn close(&mut self, open: Option<(usize, String, Vec<&str>)>, case: &str) -> Result<(), String> {
        let Some((line, directive, body)) = open else {
            return Ok(());
        };
        let action = action(&directive, &body).map_err(|error| format!("line {line}: {error}"))?;
        self.steps.push(Step {
            line,
            case: case.to_owned(),
            action,
        });
        Ok(())
    }
}

fn action(directive: &str, body: &[&str]) -> Result<Action, String> {
    let (word, rest) = directive.split_once(' ').unwrap_or((directive, ""));
    let rest = rest.trim();
    let is_statement = |line: &&&str| !line.is_empty() && !line.starts_with("--");
    let wants_sql = matches!(word, "on" | "rows");
    if !wants_sql && body.iter().any(|line| is_statement(&line)) {
        return Err(format!("@{word} is followed by no SQL"));
    }
    Ok(match word {
        "on" => execute(rest, body)?,
        "run" => Action::Run(words(rest)),
        "start" => Action::Start(words(rest)),
        "as" => Action::LogInAs(rest.to_owned()),
        "kill" => Action::Kill,
        "restart" => Action::Restart(side_of(rest)?),
        "crash" => Action::Crash(side_of(rest)?),
        "equal" => Action::Equal(words(rest.strip_prefix("except").unwrap_or(rest))),
        "same" => Action::Same,
        "rows" => rows(rest, body)?,
        "says" => Action::Says(rest.to_owned()),
        "stops" => Action::Stops(rest.to_owned()),
        "call" => call(rest)?,
        _ => return Err(format!("no directive @{word} is known")),
    })
}

fn execute(rest: &str, body: &[&str]) -> Result<Action, String> {
    let (side, session) = rest.split_once(" as ").unwrap_or((rest, "main"));
    Ok(Action::Execute {
        side: side_of(side)?,
        session: session.to_owned(),
        statements: statements(body),
    })
}

fn rows(rest: &str, body: &[&str]) -> Result<Action, String> {
    let expected = body.iter().filter_map(|line| line.strip_prefix("--="));
    let query: Vec<&str> = body
        .iter()
        .copied()
        .filter(|line| !line.starts_with("--"))
        .collect();
    Ok(Action::Rows {
        side: if rest.is_empty() {
            Side::Target
        } else {
            side_of(rest)?
        },
        query: query.join("\n").trim().trim_end_matches(';').to_owned(),
        expected: expected.map(|line| line.trim().to_owned()).collect(),
    })
}

/// `ARGUMENTS => CODE [TEXT]`
fn call(rest: &str) -> Result<Action, String> {
    let (arguments, outcome) = rest.split_once(" => ").ok_or("@call ARGUMENTS => CODE [TEXT]")?;
    let (code, text) = outcome.split_once(' ').unwrap_or((outcome, ""));
    Ok(Action::Call {
        arguments: words(arguments),
        code: code.parse().map_err(|_| format!("{code} is no exit code"))?,
        text: text.to_owned(),
    })
}

/// A statement ends with a semicolon at the end of a line, outside of `$$`.
fn statements(body: &[&str]) -> Vec<String> {
    let (mut found, mut current) = (Vec::new(), String::new());
    for line in body.iter().filter(|line| !line.starts_with("--")) {
        current.push_str(line);
        current.push('\n');
        if line.trim_end().ends_with(';') && current.matches("$$").count() % 2 == 0 {
            found.push(std::mem::take(&mut current));
        }
    }
    if !current.trim().is_empty() {
        found.push(current);
    }
    found
}

/// As a shell takes them: names with spaces stand in quotes.
fn words(text: &str) -> Vec<String> {
    shlex::split(text).expect("every quote is closed")
}

fn side_of(word: &str) -> Result<Side, String> {
    match word.trim() {
        "source" => Ok(Side::Source),
        "target" => Ok(Side::Target),
        other => Err(format!("\"{other}\" is neither source nor target")),
    }
}

fn parse_majors(text: &str) -> Result<(u32, u32), String> {
    let parse = |word: &str| word.parse().map_err(|_| format!("{word} is no version"));
    match words(text).as_slice() {
        [source, target] => Ok((parse(source)?, parse(target)?)),
        _ => Err("@servers SOURCE TARGET".to_owned()),
    }
}
