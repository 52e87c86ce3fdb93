//! Reports as bars and live lines at the bottom of a terminal; steps scroll by above them.

use std::time::Instant;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use transhume_engine::report::{BuildProgress, LoadProgress, Report, VerifyProgress};

use super::{View, figures, rate::Rate};
use crate::show::terminal::{
    Terminal,
    secret::{printable, redact},
};

pub(super) struct Bars {
    terminal: Terminal,
    all: MultiProgress,
    load: Option<ProgressBar>,
    build: Option<ProgressBar>,
    verify: Option<ProgressBar>,
    follow: Option<ProgressBar>,
    waiting: Option<ProgressBar>,
    load_rate: Rate,
    verify_rate: Rate,
}

impl Bars {
    pub(super) fn new(terminal: Terminal, all: MultiProgress) -> Self {
        Self {
            terminal,
            all,
            load: None,
            build: None,
            verify: None,
            follow: None,
            waiting: None,
            load_rate: Rate::default(),
            verify_rate: Rate::default(),
        }
    }

    fn show_load(&mut self, progress: &LoadProgress, now: Instant) {
        self.load_rate.observe(now, progress.bytes);
        let bar = self
            .load
            .get_or_insert_with(|| bar(&self.all, self.terminal.prefixed("load")));
        bar.set_length(progress.bytes_expected.max(progress.bytes).max(1));
        bar.set_position(progress.bytes);
        bar.set_message(figures::load(progress, &self.load_rate));
    }

    fn show_build(&mut self, progress: &BuildProgress) {
        let bar = self
            .build
            .get_or_insert_with(|| bar(&self.all, self.terminal.prefixed("build")));
        bar.set_length(progress.all.max(1));
        bar.set_position(progress.done);
        bar.set_message(printable(&figures::build(progress)));
    }

    fn show_verify(&mut self, progress: &VerifyProgress, now: Instant) {
        self.verify_rate.observe(now, progress.bytes_done);
        let bar = self
            .verify
            .get_or_insert_with(|| bar(&self.all, self.terminal.prefixed("verify")));
        bar.set_length(progress.bytes.max(1));
        bar.set_position(progress.bytes_done);
        bar.set_message(figures::verify(progress, &self.verify_rate));
    }

    fn clear(&mut self) {
        for bar in [
            &mut self.load,
            &mut self.build,
            &mut self.verify,
            &mut self.follow,
            &mut self.waiting,
        ] {
            if let Some(bar) = bar.take() {
                bar.finish_and_clear();
                self.all.remove(&bar);
            }
        }
    }
}

impl View for Bars {
    fn show(&mut self, report: &Report, now: Instant) {
        if !matches!(report, Report::Waiting { .. })
            && let Some(line) = self.waiting.take()
        {
            line.finish_and_clear();
            self.all.remove(&line);
        }
        match report {
            Report::Phase { phase } => {
                self.clear();
                self.terminal.note(&format!("phase {phase}"));
            }
            Report::Step { text } => self.terminal.note(&format!("  {text}")),
            Report::Finding { finding } => self.terminal.finding(finding),
            Report::Load(progress) => self.show_load(progress, now),
            Report::Build(progress) => self.show_build(progress),
            Report::Verify(progress) => self.show_verify(progress, now),
            Report::Follow(progress) => self
                .follow
                .get_or_insert_with(|| line(&self.all, self.terminal.prefixed("follow")))
                .set_message(figures::follow(progress)),
            Report::Waiting { reason } => self
                .waiting
                .get_or_insert_with(|| line(&self.all, self.terminal.prefixed("waiting")))
                .set_message(redact(&printable(reason))),
        }
    }

    fn close(&mut self) {
        self.clear();
    }
}

fn bar(all: &MultiProgress, prefix: String) -> ProgressBar {
    styled(all, "{prefix:8} [{bar:24}] {percent:>3}%  {wide_msg}", prefix)
        .with_finish(indicatif::ProgressFinish::AndClear)
}

fn line(all: &MultiProgress, prefix: String) -> ProgressBar {
    styled(all, "{prefix:8} {wide_msg}", prefix)
}

fn styled(all: &MultiProgress, template: &str, prefix: String) -> ProgressBar {
    let style = ProgressStyle::with_template(template).expect("the templates of this module are valid");
    all.add(ProgressBar::new(1))
        .with_style(style.progress_chars("=> "))
        .with_prefix(prefix)
}
