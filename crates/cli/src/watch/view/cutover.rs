//! Before the switch: the forecast drawn step by step, the checks where they were asked for, what was rehearsed.

use ratatui::text::Line;
use transhume_engine::{
    cutover::{ConditionState, Gate},
    phase::Phase,
    status::{HistoryLine, Status},
};

use super::{
    super::model::WatchedDatabase,
    text::{Paint, cut, left, right, width, wrapped},
};
use crate::show::{
    story::steps,
    terminal::{figures::span, style::Tone, write_pause::milliseconds},
};

/// Columns of a step's name at the least, and of its time.
const NAME: usize = 26;
const TIME: usize = 8;
/// Rehearsals and cutovers that are drawn.
const SHOWN: usize = 5;

pub(super) fn lines(database: &WatchedDatabase, paint: Paint, columns: usize) -> Vec<Line<'static>> {
    let Some(status) = &database.status else {
        return Vec::new();
    };
    let mut lines = forecast(status, paint, columns);
    lines.push(Line::default());
    lines.extend(match &database.gate {
        Some(gate) => checks(gate, paint, columns),
        None if status.phase == Phase::Follow => vec![
            paint.line(Tone::Label, "Checks: not asked for yet. The key c runs them, or:"),
            paint.line(Tone::Warning, "  > transhume cutover --check"),
        ],
        None => Vec::new(),
    });
    let story = database.story.iter().flat_map(|story| story.history.iter());
    let drawn: Vec<&HistoryLine> = story.filter(|line| !steps(line).is_empty()).take(SHOWN).collect();
    for line in drawn {
        lines.push(Line::default());
        lines.push(paint.line(Tone::Label, &cut(&format!("{}, {}", line.step, line.at), columns)));
        lines.extend(timeline(&steps(line), paint, columns));
    }
    lines
}

fn forecast(status: &Status, paint: Paint, columns: usize) -> Vec<Line<'static>> {
    let Some(pause) = &status.write_pause else {
        return vec![paint.line(
            Tone::Plain,
            match status.phase {
                Phase::Done => "The application lives on the target.",
                Phase::Cutover | Phase::Opening => "A cutover is under way.",
                _ => "The write pause is forecast once the target follows.",
            },
        )];
    };
    let how = match pause.rehearsal_age_seconds {
        Some(age) => format!("rehearsed {} ago", span(age)),
        None => "not rehearsed: transhume cutover --rehearse".to_owned(),
    };
    let told = format!(
        "Writers would wait about {}; {how}",
        milliseconds(pause.forecast.milliseconds)
    );
    let mut lines = vec![paint.line(Tone::Label, &cut(&told, columns))];
    let parts: Vec<(String, f64)> = pause
        .forecast
        .parts
        .iter()
        .map(|part| {
            let how = if part.measured { "" } else { " (estimated)" };
            (format!("{}{how}", part.name.short()), part.milliseconds)
        })
        .collect();
    lines.extend(timeline(&parts, paint, columns));
    lines
}

/// Each step begins where the one before it ended.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "places on the screen"
)]
fn timeline(steps: &[(String, f64)], paint: Paint, columns: usize) -> Vec<Line<'static>> {
    // No name is cut where half of the screen holds it.
    let longest = steps.iter().map(|(name, _)| width(name)).max().unwrap_or(0);
    let named = longest.clamp(NAME, (columns / 2).max(NAME));
    let room = columns.saturating_sub(named + TIME + 4).max(1);
    let total: f64 = steps
        .iter()
        .map(|(_, takes)| takes.max(0.0))
        .sum::<f64>()
        .max(0.1);
    let cells = |time: f64| ((time / total * room as f64).round() as usize).min(room);
    let mut from = 0.0;
    let line = |(name, takes): &(String, f64)| {
        let (begin, end) = (cells(from), cells(from + takes.max(0.0)));
        from += takes.max(0.0);
        // A step too short to be seen is still drawn.
        let begin = begin.min(room - 1);
        let bar = "█".repeat(end.saturating_sub(begin).max(1));
        let text = format!(
            "  {} {} {}{bar}",
            left(name, named),
            right(&milliseconds(*takes), TIME),
            " ".repeat(begin)
        );
        paint.line(Tone::Plain, &cut(&text, columns))
    };
    steps.iter().map(line).collect()
}

fn checks(gate: &Gate, paint: Paint, columns: usize) -> Vec<Line<'static>> {
    let (verdict, tone) = if gate.is_open() {
        ("Checks passed: `transhume cutover` may begin", Tone::Good)
    } else {
        ("Checks failed: a cutover is refused", Tone::Bad)
    };
    let mut lines = vec![paint.line(tone, verdict)];
    // What fails first.
    let mut conditions: Vec<_> = gate.conditions.iter().collect();
    conditions.sort_by_key(|condition| rank(condition.state));
    for condition in conditions {
        let (word, tone) = match condition.state {
            ConditionState::Met => ("passed", Tone::Good),
            ConditionState::Degraded => ("warning", Tone::Warning),
            ConditionState::Unmet => ("failed", Tone::Bad),
            ConditionState::Overridden => ("overridden", Tone::Warning),
        };
        let text = format!("{} {}: {}", left(word, 10), condition.name, condition.evidence);
        for (index, line) in wrapped(&text, columns.saturating_sub(2)).iter().enumerate() {
            let line = if index == 0 {
                line.clone()
            } else {
                format!("  {line}")
            };
            lines.push(paint.line(tone, &cut(&line, columns)));
        }
        if condition.state != ConditionState::Met && !condition.remedy.is_empty() {
            for line in wrapped(&condition.remedy, columns.saturating_sub(4)) {
                lines.push(paint.line(Tone::Warning, &format!("  > {line}")));
            }
        }
    }
    lines
}

fn rank(state: ConditionState) -> u8 {
    match state {
        ConditionState::Unmet => 0,
        ConditionState::Overridden => 1,
        ConditionState::Degraded => 2,
        ConditionState::Met => 3,
    }
}
