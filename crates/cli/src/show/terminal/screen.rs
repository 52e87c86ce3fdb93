//! The whole terminal for a program that draws it: taken over, and given back on every way out.
//!
//! Owns the terminal's state. Invariant: whoever leaves, in order, by a signal or by a panic, finds the terminal as it was; what
//! was to be said on stderr meanwhile is held and said then.

use std::{
    io::{self, Stdout, Write},
    sync::{Mutex, Once, PoisonError},
};

use crossterm::{
    cursor::Show,
    execute,
    terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode},
};
use ratatui::{Terminal, backend::CrosstermBackend};

/// Bytes of stderr that are held; a log that is longer than this has lost its reader anyway.
const HELD: usize = 64 << 10;

/// None while the terminal is nobody's.
static HELD_BACK: Mutex<Option<String>> = Mutex::new(None);
static PANICS: Once = Once::new();

/// Gives the terminal back when it is dropped.
pub(crate) struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
}

impl Screen {
    pub(crate) fn take() -> io::Result<Self> {
        PANICS.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                give_back();
                before(panic);
            }));
        });
        *held() = Some(String::new());
        let taken = enable_raw_mode()
            .and_then(|()| execute!(io::stdout(), EnterAlternateScreen))
            .and_then(|()| Terminal::new(CrosstermBackend::new(io::stdout())));
        taken
            .map(|terminal| Self { terminal })
            .inspect_err(|_| give_back())
    }

    pub(crate) fn terminal(&mut self) -> &mut Terminal<CrosstermBackend<Stdout>> {
        &mut self.terminal
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Does nothing where it was given back already. A terminal that is gone has nothing to be restored.
pub(crate) fn give_back() {
    let Some(text) = held().take() else { return };
    let _ = execute!(io::stdout(), LeaveAlternateScreen, Show);
    let _ = disable_raw_mode();
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Whether the text is held until the terminal is given back.
pub(super) fn holds_back(text: &str) -> bool {
    match held().as_mut() {
        None => false,
        Some(all) => {
            if all.len() + text.len() <= HELD {
                all.push_str(text);
            }
            true
        }
    }
}

/// A panic of somebody who held it must not keep the terminal.
fn held() -> std::sync::MutexGuard<'static, Option<String>> {
    HELD_BACK.lock().unwrap_or_else(PoisonError::into_inner)
}
