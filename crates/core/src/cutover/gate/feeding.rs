//! Subscriptions that feed the source: those that a cutover may disable by itself, and those that somebody else must.

use super::{Condition, ConditionName as Name};
use crate::{assess::observation::Subscription, count::listed, finding::Remedy};

/// Their workers write for the server itself: what a publisher sends behind the fence would be on the closed side alone.
pub(super) fn subscriptions(subscriptions: &[Subscription]) -> Condition {
    let enabled: Vec<&Subscription> = subscriptions.iter().filter(|one| one.enabled).collect();
    if enabled.is_empty() {
        return Condition::met(Name::Subscriptions, "none is enabled on the source");
    }
    let others: Vec<&Subscription> = enabled.iter().copied().filter(|one| !one.is_owned).collect();
    let Some(first) = others.first() else {
        let evidence = format!(
            "subscriptions feed the source and are disabled before the pause: {}",
            names(&enabled)
        );
        return Condition::met(Name::Subscriptions, evidence);
    };
    let remedy = Remedy::from("on the source, as its owner: ")
        .then(Remedy::run(first.disable()))
        .then("; its publisher keeps what follows for the one that you create on the target");
    let evidence = format!("subscriptions of other roles feed the source: {}", names(&others));
    Condition::unmet(Name::Subscriptions, evidence, remedy)
}

fn names(subscriptions: &[&Subscription]) -> String {
    let names: Vec<&str> = subscriptions.iter().map(|one| one.name.as_str()).collect();
    listed(&names)
}
