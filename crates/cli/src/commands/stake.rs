//! What a question is about: how much lies there, and how long writers would wait. Read only where somebody is asked.

use transhume_engine::{count::counted, status::Status};

use super::status;
use crate::{
    invocation::Invocation,
    show::{
        quantity::Size,
        terminal::{confirm::is_asked, write_pause},
    },
};

/// Sentences to put behind the consequence; empty where nobody is asked, and where the state cannot be read: whoever does it says so.
pub(super) async fn stake(invocation: &Invocation, agreed: bool) -> String {
    if !is_asked(agreed) {
        return String::new();
    }
    match Box::pin(status::read(invocation)).await {
        Ok(status) => consequence_of(&status),
        Err(_) => String::new(),
    }
}

fn consequence_of(status: &Status) -> String {
    let load = &status.load;
    let mut text = format!(
        " Migration {} from {} to {}: phase {}, {}, {}.",
        status.migration,
        status.source,
        status.target,
        status.phase,
        counted(load.tables, "table"),
        Size(load.bytes)
    );
    // After a cutover it is the way back that would be taken.
    let back = status.way_back.as_ref().and_then(|back| back.stream.as_deref());
    let status = back.unwrap_or(status);
    if let Some(lag) = status.lag_bytes.filter(|lag| *lag > 0) {
        text = format!("{text} The side that follows is {} behind.", Size(lag));
    }
    if let Some(pause) = &status.write_pause {
        text = format!("{text} Writers would wait {}.", write_pause::estimate(pause));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::sample_status::following;

    #[test]
    fn a_question_names_servers_sizes_and_the_forecast() {
        assert_eq!(
            consequence_of(&following()),
            " Migration 0123abcd from postgresql://ann@old/shop to postgresql://ann@new/shop: phase follow, 2 tables, 1.00 MB. \
             The side that follows is 128 kB behind. Writers would wait about 1.2 s: locks 40 ms, drain 1.2 s; rehearsed 90 s ago: locks, \
             large objects measured."
        );
    }
}
