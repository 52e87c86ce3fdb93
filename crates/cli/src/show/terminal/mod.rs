//! The only way out of this program: data to stdout, everything else to stderr.
//!
//! Owns both streams, so that notes, logs and progress bars never tear each other, and so that all
//! text passes the filters of [`secret`]. Terminal control codes are sent only to a terminal.

pub(crate) mod confirm;
pub(crate) mod figures;
pub(crate) mod findings;
pub(crate) mod gate;
pub(crate) mod log_line;
pub(crate) mod objects;
pub(crate) mod screen;
pub(crate) mod secret;
pub(crate) mod standing;
pub(crate) mod style;
pub(crate) mod switch;
pub(crate) mod table;
pub(crate) mod together;
pub(crate) mod write_pause;

use std::{
    io::{self, IsTerminal, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use indicatif::{MultiProgress, ProgressDrawTarget};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use transhume_engine::finding::{Finding, Severity};

use super::document::{Document, printed};
use crate::failure::{Exit, Failure, Result};
use log_line::{Level, LogFormat, Said, Voice};
use secret::{printable, redact};
use style::{ColorChoice, Style, Tone};
use together::{Part, Together};

/// Cheap to clone; all clones write to the same two streams.
#[derive(Debug, Clone)]
pub(crate) struct Terminal {
    /// Where bars may be drawn: stderr is a terminal that understands control codes.
    bars: Option<MultiProgress>,
    quiet: bool,
    pub(crate) output: Style,
    error: Style,
    voice: Voice,
    /// Whoever read stdout went away, as `| head` does; shared by all clones.
    is_left: Arc<AtomicBool>,
    /// One of several databases: its name stands before what is said, its results are told with the others'.
    member: Option<Member>,
}

#[derive(Debug, Clone)]
struct Member {
    name: Arc<str>,
    together: Together,
}

impl Terminal {
    /// Lines of what `stays` have their times where no terminal shows them: whoever calls for an answer knows when.
    pub(crate) fn new(color: ColorChoice, quiet: bool, format: LogFormat, stays: bool) -> Self {
        let voice = match format {
            LogFormat::Json => Voice::Json,
            LogFormat::Text if stays && !io::stderr().is_terminal() => Voice::Timed,
            LogFormat::Text => Voice::Plain,
        };
        let capable = std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        let draws = io::stderr().is_terminal() && capable;
        Self {
            bars: (draws && !quiet && voice != Voice::Json)
                .then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr())),
            quiet,
            output: Style::new(color, io::stdout().is_terminal() && capable),
            error: Style::new(color, draws && voice != Voice::Json),
            voice,
            is_left: Arc::default(),
            member: None,
        }
    }

    /// The same terminal for one of several databases.
    pub(crate) fn of_database(&self, name: &str, together: &Together) -> Self {
        let member = Member {
            name: name.into(),
            together: together.clone(),
        };
        Self {
            member: Some(member),
            ..self.clone()
        }
    }

    /// Prints what the terminals of these databases have gathered.
    pub(crate) fn print_together(&self, databases: &[&str], together: &Together) -> Result<()> {
        match together.reported(databases, self.output) {
            Some(text) => self.write_output(&text),
            None => Ok(()),
        }
    }

    /// `load`, or `shop load` where it is one database of several.
    pub(crate) fn prefixed(&self, word: &str) -> String {
        match &self.member {
            Some(member) => format!("{} {word}", member.name),
            None => word.to_owned(),
        }
    }

    pub(crate) fn bars(&self) -> Option<&MultiProgress> {
        self.bars.as_ref()
    }

    /// Data for people. A reader that went away (`| head`) is no failure.
    pub(crate) fn print(&self, text: &str) -> Result<()> {
        let text = self.output.printable(text);
        match &self.member {
            Some(member) => member.together.add(&member.name, Part::Text(text)),
            None => self.write_output(&text)?,
        }
        Ok(())
    }

    /// For a live view; only where stdout is a terminal.
    pub(crate) fn clear_screen(&self) -> Result<()> {
        // Cursor to the top left corner, and clear to the end of the screen (ECMA-48).
        self.write_output("\u{1b}[H\u{1b}[J")
    }

    fn write_output(&self, text: &str) -> Result<()> {
        let write = || {
            let mut output = io::stdout().lock();
            output.write_all(text.as_bytes())?;
            output.flush()
        };
        match self.above_bars(write) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.is_left.store(true, Ordering::Relaxed);
                Ok(())
            }
            Err(error) => Err(Failure::new(format!(
                "cannot write to the standard output: {error}"
            ))),
            Ok(()) => Ok(()),
        }
    }

    /// Nobody reads stdout any more: whoever prints until it is stopped has come to its end.
    pub(crate) fn is_left(&self) -> bool {
        self.is_left.load(Ordering::Relaxed)
    }

    /// The result of a command, as text or as JSON.
    pub(crate) fn print_result<T: Document>(
        &self,
        json: bool,
        result: &T,
        text: impl FnOnce(&T, Style) -> String,
    ) -> Result<()> {
        if json {
            self.print_json(result)
        } else {
            self.print(&text(result, self.output))
        }
    }

    /// JSON escapes control characters by itself, and must not lose any.
    pub(crate) fn print_json(&self, document: &impl Document) -> Result<()> {
        let document = printed(document);
        if let Some(member) = &self.member {
            let value = serde_json::to_value(document).map_err(|error| not_json(&error))?;
            member.together.add(&member.name, Part::Json(value));
            return Ok(());
        }
        let text = serde_json::to_string_pretty(&document).map_err(|error| not_json(&error))?;
        self.write_output(&format!("{text}\n"))
    }

    /// One value on a line of its own, for readers of a stream (JSON Lines).
    pub(crate) fn print_json_line(&self, value: &impl Serialize) -> Result<()> {
        let text = serde_json::to_string(value).map_err(|error| not_json(&error))?;
        self.write_output(&format!("{text}\n"))
    }

    /// What is going on; not said with `--quiet`.
    pub(crate) fn note(&self, text: &str) {
        self.progress("note", text, Value::Null);
    }

    /// The same with its event's name and the figures behind it.
    pub(crate) fn progress(&self, event: &str, text: &str, data: Value) {
        if !self.quiet {
            self.say((Level::Info, event), ("", Tone::Plain), text, data);
        }
    }

    /// What must be seen even with `--quiet`.
    pub(crate) fn warning(&self, text: &str) {
        self.say(
            (Level::Warning, "warning"),
            ("warning: ", Tone::Warning),
            text,
            Value::Null,
        );
    }

    /// What is in order is not worth a line on stderr.
    pub(crate) fn finding(&self, finding: &Finding) {
        let level = match finding.severity {
            Severity::Pass => return,
            Severity::Warning => Level::Warning,
            Severity::Blocker => Level::Error,
        };
        let line = redact(&printable(&findings::line(finding)));
        let data = serde_json::to_value(finding).unwrap_or_default();
        self.write_line((level, "finding"), &line, &finding.message, data);
    }

    /// PostgreSQL's form; findings that block come first, since message and hint refer to them.
    pub(crate) fn failure(&self, failure: &Failure) {
        for finding in &failure.findings {
            self.finding(finding);
        }
        let (level, label, tone) = match failure.exit {
            // Asked for, so no error.
            Exit::Interrupted => (Level::Info, "", Tone::Plain),
            _ => (Level::Error, "error: ", Tone::Bad),
        };
        if self.voice == Voice::Json {
            let data = json!({ "detail": failure.detail, "hint": failure.hint, "exit": failure.exit as u8 });
            return self.say((level, "failure"), (label, tone), &failure.message, data);
        }
        let say = |label, tone, text: &str| self.say((level, "failure"), (label, tone), text, Value::Null);
        say(label, tone, &failure.message);
        if let Some(detail) = &failure.detail {
            say("detail: ", Tone::Label, detail);
        }
        if let Some(hint) = &failure.hint {
            say("hint: ", Tone::Label, hint);
        }
    }

    /// An entry of the log for developers.
    pub(crate) fn log(&self, level: Level, text: &str) {
        let text = redact(&printable(text));
        match self.voice {
            // It has its own time.
            Voice::Plain | Voice::Timed => self.write_error(&text),
            Voice::Json => self.write_line((level, "log"), &text, text.trim_end(), Value::Null),
        }
    }

    /// Finished text, written above the bars in one go; errors of stderr have nowhere to go.
    pub(crate) fn write_error(&self, text: &str) {
        if !screen::holds_back(text) {
            let _ = self.above_bars(|| io::stderr().lock().write_all(text.as_bytes()));
        }
    }

    fn say(&self, what: (Level, &str), (label, tone): (&str, Tone), text: &str, data: Value) {
        let text = redact(&printable(text));
        // Later lines are indented, so that a label at the start of a line is always ours.
        let line = text.trim_end().replace('\n', "\n    ");
        let line = format!("{}{line}\n", self.error.paint(tone, label));
        self.write_line(what, &line, text.trim(), data);
    }

    /// The line for people, and the same for programs: its words are cleaned like the line's.
    fn write_line(&self, (level, event): (Level, &str), line: &str, message: &str, data: Value) {
        let database = self.member.as_ref().map_or("", |member| &*member.name);
        let message = redact(&printable(message));
        let said = Said {
            level,
            event,
            database,
            message: &message,
            data: cleaned(data),
        };
        let line = format!("{}{line}", self.whose());
        self.write_error(&log_line::line(self.voice, Timestamp::now(), &said, &line));
    }

    /// `shop: ` where it is one database of several.
    fn whose(&self) -> String {
        match &self.member {
            Some(member) => self
                .error
                .paint(Tone::Label, &printable(&format!("{}: ", member.name))),
            None => String::new(),
        }
    }

    fn above_bars<T>(&self, write: impl FnOnce() -> T) -> T {
        match &self.bars {
            Some(bars) => bars.suspend(write),
            None => write(),
        }
    }
}

fn not_json(error: &serde_json::Error) -> Failure {
    Failure::new(format!("cannot write the result as JSON: {error}"))
}

/// Without the passwords that a text may hold; JSON escapes control characters by itself.
fn cleaned(data: Value) -> Value {
    match data {
        Value::String(text) => Value::String(redact(&text)),
        Value::Array(values) => values.into_iter().map(cleaned).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (name, cleaned(value)))
            .collect(),
        other => other,
    }
}
