//! Whole screens against what they were agreed to be: `golden/*.txt`. `TRANSHUME_WRITE_PAGES=1` writes them instead.

use std::{env, fs, path::PathBuf, sync::Arc};

use ratatui::{Terminal, backend::TestBackend, buffer::Buffer};
use transhume_engine::phase::Phase;

use super::*;
use crate::{
    failure::Failure,
    watch::{
        fixture::{following, hostile, table},
        model::Intervention,
    },
};

const SIZES: [(u16, u16); 2] = [(80, 24), (200, 50)];

fn drawn(model: &Model, (width, height): (u16, u16)) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal
        .draw(|frame| {
            let area = frame.area();
            draw(model, area, frame.buffer_mut());
        })
        .unwrap();
    terminal.backend().buffer().clone()
}

fn text(buffer: &Buffer) -> String {
    let lines = buffer.content.chunks(buffer.area.width.into()).map(|cells| {
        // What stands behind a wide letter belongs to it.
        let mut line = String::new();
        let mut skipped = 0;
        for cell in cells {
            if skipped > 0 {
                skipped -= 1;
                continue;
            }
            line.push_str(cell.symbol());
            skipped = text::width(cell.symbol()).saturating_sub(1);
        }
        line.trim_end().to_owned() + "\n"
    });
    lines.collect()
}

fn assert_golden(name: &str, model: &Model) {
    for (width, height) in SIZES {
        let screen = text(&drawn(model, (width, height)));
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("src/watch/view/golden")
            .join(format!("{name}-{width}x{height}.txt"));
        if env::var_os("TRANSHUME_WRITE_PAGES").is_some() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &screen).unwrap();
        }
        let agreed = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            !agreed.trim().is_empty() && screen == agreed,
            "{} is now:\n{screen}",
            path.display()
        );
    }
}

#[test]
fn every_tab_is_as_agreed() {
    let mut model = following();
    for tab in Tab::ALL {
        model.tab = tab;
        assert_golden(&tab.name().to_lowercase(), &model);
    }
}

#[test]
fn no_key_and_no_help_is_cut_at_eighty_columns() {
    let mut model = following();
    for tab in Tab::ALL {
        for mode in [Mode::Looking, Mode::Helping] {
            (model.tab, model.mode) = (tab, mode);
            let screen = text(&drawn(&model, SIZES[0]));
            let lines: Vec<&str> = screen.lines().collect();
            let told = if model.mode == Mode::Helping {
                &lines[4..]
            } else {
                &lines[23..]
            };
            assert!(!told.concat().contains('…'), "{tab:?}: {screen}");
            assert!(lines[23].len() > 10, "{screen}");
        }
    }
}

#[test]
fn what_is_wrong_is_on_top_with_what_to_run() {
    let mut model = hostile();
    for tab in [Tab::Overview, Tab::Tables, Tab::Findings] {
        model.tab = tab;
        assert_golden(&format!("wrong-{}", tab.name().to_lowercase()), &model);
    }
}

#[test]
fn a_load_under_way_shows_how_far_it_is() {
    let mut model = following();
    let mut status = (**model.databases[0].status.as_ref().unwrap()).clone();
    status.phase = Phase::FullLoad;
    (status.load.tables, status.load.tables_done) = (7, 3);
    (status.frontier, status.latency, status.write_pause) = (None, None, None);
    let rates = status.rates.as_mut().unwrap();
    (rates.load_share, rates.load_seconds_left) = (Some(0.43), Some(754.0));
    (rates.bytes_loaded_per_second, rates.rows_loaded_per_second) = (52_428_800.0, 81_234.0);
    model.databases[0].status = Some(Arc::new(status));
    assert_golden("loading", &model);
}

#[test]
fn several_databases_and_a_question_have_their_lines() {
    let mut model = following();
    let names = ["bills", "a database with a very long name", "audit"];
    for name in names {
        let other = Model::new([name.to_owned()], false, false);
        model.databases.extend(other.databases);
    }
    model.databases[1].status = hostile().databases[0].status.clone();
    model.databases[2].problem = Some(Arc::new(Failure::new("connection refused")));
    model.mode = Mode::Asking(Intervention::PauseLoad);
    assert_golden("several", &model);
}

#[test]
fn a_state_that_cannot_be_read_is_told_above_the_last_one_that_could() {
    let mut model = following();
    let failure = Failure::new("cannot connect to the target: connection refused")
        .with_hint("see whether new.example.com answers");
    model.databases[0].problem = Some(Arc::new(failure));
    assert_golden("unreadable", &model);
}

#[test]
fn no_screen_holds_a_secret_or_steers_the_terminal() {
    let mut model = hostile();
    for tab in Tab::ALL {
        model.tab = tab;
        for size in [(80, 24), (200, 50), (40, 10), (20, 3), (1, 1)] {
            let screen = text(&drawn(&model, size));
            assert!(!screen.contains("s3cret"), "{tab:?}: {screen}");
            let steers = |letter: char| (letter.is_control() && letter != '\n') || letter == '\u{202e}';
            assert!(!screen.contains(steers), "{tab:?}: {screen:?}");
        }
    }
}

#[test]
fn ten_thousand_tables_are_scrolled_to_their_end() {
    let mut model = following();
    let tables: Vec<_> = (0..10_000)
        .map(|number| table(&format!("t{number:05}")))
        .collect();
    model.databases[0].tables = Some(Arc::new(tables));
    model.tab = Tab::Tables;
    model.cursor = usize::MAX;
    let mut buffer = Buffer::empty(Rect::new(0, 0, 80, 24));
    assert_eq!(draw(&model, buffer.area, &mut buffer), 9_999);
    assert!(text(&buffer).contains("shop.t09999"), "{}", text(&buffer));
    assert!(!text(&buffer).contains("shop.t00000"));
}
