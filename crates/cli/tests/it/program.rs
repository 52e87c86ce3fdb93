//! Runs the program in an empty directory, without the caller's environment.

use std::{
    ffi::OsStr,
    path::Path,
    process::{Command, Stdio},
};

use tempfile::TempDir;

use crate::schema::hold_printed;

/// One way to call the program.
pub(crate) struct Program {
    directory: TempDir,
    command: Command,
}

/// What a call left.
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) output: String,
    pub(crate) error: String,
}

impl Program {
    pub(crate) fn new(arguments: &[&str]) -> Self {
        let directory = TempDir::new().expect("a temporary directory can be made");
        let mut command = Command::new(env!("CARGO_BIN_EXE_transhume"));
        command
            .args(arguments)
            .current_dir(directory.path())
            .env_clear()
            .stdin(Stdio::null());
        // No password file of the person who runs the tests.
        command.env("HOME", directory.path());
        Self { directory, command }
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn file(self, name: &str, content: &str) -> Self {
        std::fs::write(self.path(name), content).expect("a file can be written");
        self
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        Path::new(self.directory.path()).join(name)
    }

    /// Runs to the end; may be called again in the same directory.
    pub(crate) fn run(&mut self) -> Ended {
        let output = self.command.output().expect("the program can be started");
        let ended = Ended {
            code: output.status.code().expect("the program was not killed"),
            output: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
            error: String::from_utf8(output.stderr).expect("stderr is UTF-8"),
        };
        let arguments: Vec<&str> = self.command.get_args().filter_map(OsStr::to_str).collect();
        hold_printed(&arguments, &ended.output);
        ended
    }
}

impl Ended {
    /// Holds what all refusals have in common, and that the error says these words.
    #[track_caller]
    pub(crate) fn is_refusal(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "stderr:\n{}", self.error);
        assert_eq!(self.output, "", "stdout is for data only");
        assert!(
            !self.error.contains('\u{1b}'),
            "control codes without a terminal:\n{:?}",
            self.error
        );
        for word in words.iter().chain(&["error: ", "hint: "]) {
            assert!(self.error.contains(word), "wanted {word:?} in:\n{}", self.error);
        }
    }
}
