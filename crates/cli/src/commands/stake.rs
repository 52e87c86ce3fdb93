//! What a question is about: how much lies there, and how long writers would wait. Read only where somebody is asked.
//!
//! Refuses to ask for what the command would refuse in this phase.

use futures_util::future::try_join_all;
use transhume_engine::{
    count::counted,
    cutover::fallback::without_way_back,
    finish::{refuse_after_cutover, refuse_before_cutover},
    status::Status,
};

use super::status;
use crate::{
    failure::Result,
    invocation::Invocation,
    show::{
        quantity::Size,
        terminal::{confirm::is_asked, figures::age, write_pause},
    },
};

/// What it is that somebody is asked for.
#[derive(Clone, Copy)]
pub(super) enum Asked {
    Cutover,
    Fallback,
    Finish,
    Abort,
}

impl Asked {
    pub(super) fn command(self) -> &'static str {
        match self {
            Self::Cutover => "cutover",
            Self::Fallback => "fallback",
            Self::Finish => "finish",
            Self::Abort => "abort",
        }
    }

    /// Writers wait meanwhile.
    fn is_switch(self) -> bool {
        matches!(self, Self::Cutover | Self::Fallback)
    }

    /// As the command itself refuses.
    fn refuse_out_of_phase(self, status: &Status) -> Result<()> {
        match self {
            Self::Fallback if status.way_back.is_none() => Err(without_way_back().into()),
            // A cutover that was done says so by itself.
            Self::Cutover | Self::Fallback => Ok(()),
            Self::Finish => Ok(refuse_before_cutover(status.phase)?),
            Self::Abort => Ok(refuse_after_cutover(status.phase)?),
        }
    }
}

/// Lines to put below the consequence; empty where nobody is asked, and where the state cannot be read: whoever does it says so.
pub(super) async fn stake(invocation: &Invocation, asked: Asked, agreed: bool) -> Result<String> {
    if !is_asked(agreed) {
        return Ok(String::new());
    }
    let Ok(status) = Box::pin(status::read(invocation)).await else {
        return Ok(String::new());
    };
    asked.refuse_out_of_phase(&status)?;
    Ok(lines(&status, asked))
}

/// The same of all databases of a file.
pub(super) async fn stakes(members: &[Invocation], asked: Asked, agreed: bool) -> Result<String> {
    let each = members.iter().map(|member| stake(member, asked, agreed));
    Ok(try_join_all(each).await?.concat())
}

fn lines(status: &Status, asked: Asked) -> String {
    let load = &status.load;
    let about = format!(
        "{}, phase {}, {}, {}",
        status.migration,
        status.phase,
        counted(load.tables, "table"),
        Size(load.bytes)
    );
    let mut lines = vec![
        ("migration", about),
        ("source", status.source.clone()),
        ("target", status.target.clone()),
    ];
    // After a cutover it is the way back that would be taken.
    let back = status.way_back.as_ref().and_then(|back| back.stream.as_deref());
    let followed = back.unwrap_or(status);
    if let Some(lag) = followed.lag_bytes {
        lines.push(("lag", Size(lag).to_string()));
    }
    if let Some(pause) = followed.write_pause.as_ref().filter(|_| asked.is_switch()) {
        let rehearsed = pause.rehearsal_age_seconds.map_or_else(
            || "not rehearsed".to_owned(),
            |seconds| format!("rehearsed {} ago", age(seconds)),
        );
        let forecast = write_pause::forecast(&pause.forecast);
        lines.push(("pause", format!("{forecast}; {rehearsed}")));
    }
    let line = |(name, value)| format!("\n{name:<10} {value}");
    lines.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::sample_status::following;

    #[test]
    fn a_question_names_servers_sizes_and_for_a_switch_the_forecast() {
        let removal = "\nmigration  0123abcd, phase follow, 2 tables, 1.00 MB\
                       \nsource     postgresql://ann@old/shop\
                       \ntarget     postgresql://ann@new/shop\
                       \nlag        128 kB";
        assert_eq!(lines(&following(), Asked::Abort), removal);
        assert_eq!(
            lines(&following(), Asked::Cutover),
            format!("{removal}\npause      about 1.2 s: locks 40 ms, drain 1.2 s; rehearsed 90 s ago")
        );
    }

    #[test]
    fn nobody_is_asked_for_what_would_be_refused() {
        let refusal = |asked: Asked| asked.refuse_out_of_phase(&following()).err();
        assert!(refusal(Asked::Cutover).is_none());
        assert!(refusal(Asked::Abort).is_none());
        let words = [(Asked::Finish, "phase follow"), (Asked::Fallback, "no fallback")];
        for (asked, word) in words {
            let refused = refusal(asked).expect("the application lives on the source");
            assert!(refused.message.contains(word), "{}", refused.message);
        }
    }
}
