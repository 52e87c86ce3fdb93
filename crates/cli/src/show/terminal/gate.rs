//! The checks of a switch as lines, each that failed with its remedy.

use transhume_engine::{
    count::counted,
    cutover::{ConditionState, Gate},
};

use super::style::{Style, Tone};

pub(crate) fn text(gate: &Gate, style: Style) -> String {
    let mut lines: Vec<String> = Vec::new();
    for condition in &gate.conditions {
        let tone = match condition.state {
            ConditionState::Met => Tone::Good,
            ConditionState::Degraded | ConditionState::Overridden => Tone::Warning,
            ConditionState::Unmet => Tone::Bad,
        };
        let state = style.paint(tone, &format!("{:<10}", condition.state.name()));
        let name = style.paint(Tone::Label, &format!("{:<21}", condition.name.name()));
        lines.push(format!("{state}  {name}  {}", condition.evidence));
        if !condition.remedy.is_empty() {
            lines.push(format!("{:35}remedy: {}", "", condition.remedy));
        }
    }
    lines.push(match gate.unmet().count() {
        0 => "\nall checks passed".to_owned(),
        failed => format!("\n{} failed", counted(failed, "check")),
    });
    lines.join("\n") + "\n"
}
