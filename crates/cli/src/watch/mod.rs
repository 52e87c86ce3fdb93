//! `watch` as a terminal program: the figures of `status` and the web console, drawn and kept up to date.
//!
//! Owns the loop: keys, readings and outcomes change the [`model`], the [`view`] draws it. Refuses decisions about a migration.
//! Invariant: what is drawn is a function of the model alone.

mod acting;
#[cfg(test)]
mod fixture;
mod keys;
mod model;
mod reading;
mod view;

use std::{io, sync::Arc, time::Duration};

use crossterm::event::{Event, EventStream, KeyEventKind};
use futures_util::StreamExt;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc,
    time::Instant,
};
use transhume_engine::cancel::cancellation;

use self::{
    acting::{Done, act},
    keys::{Effect, press},
    model::{Model, Outcome},
    reading::{Reading, Readings, Sight},
};
use crate::{
    failure::{Exit, Failure, Result},
    invocation::Invocation,
    show::terminal::screen::Screen,
    watched::Watched,
};

/// Ages on the screen are counted in seconds.
const TICK: Duration = Duration::from_secs(1);

pub(crate) struct Options {
    /// Between two looks.
    pub(crate) interval: Duration,
    pub(crate) is_read_only: bool,
}

/// Until the reader quits or a signal comes. Where no database can be read at the start, nothing is drawn.
pub(crate) async fn watch(members: &[&Invocation], options: &Options) -> Result<Exit> {
    let databases: Result<Vec<Watched>> = members.iter().map(|member| Watched::new(member)).collect();
    let databases = Arc::new(databases?);
    let first = members[0].or_interrupted(reading::first(&databases)).await?;
    refuse_unreadable(&first)?;
    let names = databases.iter().map(|database| database.name.clone());
    let mut model = Model::new(
        names,
        options.is_read_only,
        members[0].terminal.output.is_colored(),
    );
    for reading in first {
        reading.put(&mut model);
    }
    let mut screen = Screen::take().map_err(|error| terminal_lost(&error))?;
    let stopped = members[0].cancellation.cancelled();
    tokio::select! {
        ended = run(&mut screen, &mut model, &databases, options.interval) => ended.map(|()| Exit::Success),
        () = stopped => Err(Failure::interrupted()),
    }
}

fn refuse_unreadable(first: &[Reading]) -> Result<()> {
    if first.iter().any(|reading| reading.status.is_ok()) {
        return Ok(());
    }
    match first.first().map(|reading| &reading.status) {
        Some(Err(failure)) => Err(Failure {
            exit: failure.exit,
            message: failure.message.clone(),
            detail: failure.detail.clone(),
            hint: failure.hint.clone(),
            findings: failure.findings.clone(),
        }),
        _ => Ok(()),
    }
}

/// What the loop waits for.
enum Happened {
    Key(Option<io::Result<Event>>),
    Read(Reading),
    Done(Done),
    Tick,
    /// The terminal is gone, or somebody wants the program to end.
    Signal,
}

/// Every branch is cancel-safe; keys come first, since somebody waits for them.
async fn run(
    screen: &mut Screen,
    model: &mut Model,
    databases: &Arc<Vec<Watched>>,
    interval: Duration,
) -> Result<()> {
    let mut keys = EventStream::new();
    let mut readings = Readings::begin(databases, Sight::of(model), interval);
    let (done, mut outcomes) = mpsc::unbounded_channel();
    // Dropped at the end: a request that is still waited for is then left to the runner.
    let (_canceller, given_up) = cancellation();
    let (mut hangup, mut quit) = (listen(SignalKind::hangup())?, listen(SignalKind::quit())?);
    let mut read_at = vec![Instant::now(); model.databases.len()];
    loop {
        for (database, at) in model.databases.iter_mut().zip(&read_at) {
            database.age = at.elapsed();
        }
        draw(screen, model)?;
        let happened = tokio::select! {
            biased;
            event = keys.next() => Happened::Key(event),
            _ = hangup.recv() => Happened::Signal,
            _ = quit.recv() => Happened::Signal,
            Some(outcome) = outcomes.recv() => Happened::Done(outcome),
            Some(reading) = readings.next() => Happened::Read(reading),
            () = tokio::time::sleep(TICK) => Happened::Tick,
        };
        match happened {
            Happened::Key(Some(Ok(Event::Key(key)))) if key.kind != KeyEventKind::Release => {
                match press(model, key) {
                    Effect::Quit => return Ok(()),
                    Effect::Nothing => {}
                    Effect::Do(action) => {
                        model.is_acting = true;
                        let (databases, chosen) = (databases.clone(), model.chosen);
                        let (done, given_up) = (done.clone(), given_up.clone());
                        tokio::spawn(async move {
                            // Whoever quit wants to know no more.
                            let _ = done.send(act(&databases, chosen, action, given_up).await);
                        });
                    }
                }
                readings.look_at(Sight::of(model));
            }
            Happened::Key(Some(Ok(_))) | Happened::Tick => {}
            Happened::Key(Some(Err(error))) => return Err(terminal_lost(&error)),
            Happened::Key(None) => return Err(terminal_lost(&io::ErrorKind::UnexpectedEof.into())),
            Happened::Signal => return Err(Failure::interrupted()),
            Happened::Read(reading) => {
                if reading.status.is_ok() {
                    read_at[reading.database] = Instant::now();
                }
                reading.put(model);
            }
            Happened::Done(done) => {
                model.is_acting = false;
                if done.gate.is_some() {
                    model.databases[done.database].gate = done.gate;
                }
                model.outcome = Some(Outcome {
                    is_good: done.is_good,
                    text: done.text,
                });
                readings.read_anew();
            }
        }
    }
}

fn draw(screen: &mut Screen, model: &mut Model) -> Result<()> {
    let mut last = 0;
    screen
        .terminal()
        .draw(|frame| {
            let area = frame.area();
            last = view::draw(model, area, frame.buffer_mut());
        })
        .map_err(|error| terminal_lost(&error))?;
    model.cursor = model.cursor.min(last);
    Ok(())
}

fn listen(kind: SignalKind) -> Result<Signal> {
    signal(kind).map_err(|error| Failure::new(format!("cannot listen for signals: {error}")))
}

fn terminal_lost(error: &io::Error) -> Failure {
    Failure::new(format!("the terminal cannot be used: {error}")).with_hint("--plain prints lines instead")
}
