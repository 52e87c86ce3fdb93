//! Whole migrations with the program as an operator uses it, under live traffic, judged by the test
//! kit's own oracle.

mod abort;
mod adding;
mod agreement;
mod browser;
mod canary;
mod console;
mod crash;
mod differences;
mod documented_rights;
mod doors;
#[cfg(debug_assertions)]
mod easing;
mod extension_rows;
#[cfg(debug_assertions)]
mod failpoints;
mod fallback;
mod far_start;
mod feeding;
mod figures;
mod followed_shop;
mod fuzzed;
mod gate;
mod globals;
mod group;
mod handed_on;
#[cfg(debug_assertions)]
mod hangs;
mod hooks;
mod hostile;
mod key_ranges;
mod kinds;
mod large_objects;
#[cfg(debug_assertions)]
mod late;
mod live;
mod load_on_source;
#[cfg(debug_assertions)]
mod matrix;
mod messages;
mod objects;
mod offline;
mod orders;
mod outages;
mod planning;
mod planted;
mod points;
mod pooled;
mod poor_lines;
mod promoted_after;
mod promotions;
mod readme;
mod rechecking;
mod refusals;
mod reserved;
mod restarts;
mod retention;
mod reviewing;
mod rights;
mod roles;
mod room;
mod schema_changes;
mod schema_kinds;
mod set_back;
mod since_last;
mod site;
mod slot_making;
mod standbys;
#[cfg(debug_assertions)]
mod stopped;
mod tables;
mod terminal;
mod tokens;
mod undone;
mod verify_modes;
mod very_large_row;
mod wording;
mod workers;
