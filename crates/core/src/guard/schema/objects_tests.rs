use super::*;

fn object(kind: SchemaObjectKind, name: &str, definition: &str) -> SchemaObject {
    SchemaObject {
        kind,
        schema: "public".to_owned(),
        name: name.to_owned(),
        table_oid: Some(1),
        table: Some(QualifiedName::new("public", "t")),
        definition: definition.to_owned(),
        index_says: (kind == SchemaObjectKind::Index).then(|| definition.to_owned()),
        is_checked: true,
        fires: Fires::Origin,
        columns: None,
        is_touched: true,
    }
}

#[test]
fn only_what_was_touched_is_made_and_nothing_of_the_targets_own_is_dropped() {
    let made = object(SchemaObjectKind::Index, "made", "ON t (a)");
    let mut refused = object(SchemaObjectKind::ForeignKey, "refused", "FOREIGN KEY (a)");
    refused.is_touched = false;
    let own = object(SchemaObjectKind::Index, "own", "ON t (b)");
    let now = [made.clone(), refused];
    assert_eq!(object_steps(&now, &[own]), [ObjectStep::Make(&made)]);
    assert_eq!(object_steps(&now, std::slice::from_ref(&made)), []);
}

#[test]
fn what_says_the_same_under_a_name_that_is_gone_was_renamed() {
    let before = object(SchemaObjectKind::Constraint, "before", "CHECK (a > 0)");
    let after = object(SchemaObjectKind::Constraint, "after", "CHECK (a > 0)");
    let (now, there) = ([after.clone()], [before.clone()]);
    assert_eq!(
        object_steps(&now, &there),
        [ObjectStep::Rename {
            before: &before,
            after: &after
        }]
    );
    // The source still has the other one too.
    let mut kept = before.clone();
    kept.is_touched = false;
    assert_eq!(
        object_steps(&[after.clone(), kept], &there),
        [ObjectStep::Make(&after)]
    );
}

#[test]
fn a_key_takes_the_index_that_it_was_given() {
    let index = object(SchemaObjectKind::Index, "i", "UNIQUE ON t (a)");
    let key = SchemaObject {
        index_says: index.index_says.clone(),
        ..object(SchemaObjectKind::Constraint, "k", "UNIQUE (a)")
    };
    let there = [index.clone()];
    assert_eq!(
        object_steps(std::slice::from_ref(&key), &there),
        [ObjectStep::TakeIndex {
            key: &key,
            index: &index
        }]
    );
}

#[test]
fn what_is_there_is_altered_only_where_it_can_be() {
    let now = object(SchemaObjectKind::Constraint, "k", "CHECK (a > 0)");
    let mut there = now.clone();
    there.is_checked = false;
    there.definition = "CHECK ((a > 0))".to_owned();
    assert_eq!(
        object_steps(std::slice::from_ref(&now), &[there]),
        [ObjectStep::Check(&now)]
    );
    let trigger = object(SchemaObjectKind::Trigger, "g", "AFTER INSERT");
    let mut there = trigger.clone();
    there.fires = Fires::Never;
    assert_eq!(
        object_steps(std::slice::from_ref(&trigger), &[there.clone()]),
        [ObjectStep::Enable(&trigger)]
    );
    there.definition = "AFTER UPDATE".to_owned();
    assert_eq!(
        object_steps(std::slice::from_ref(&trigger), &[there]),
        [ObjectStep::MakeAnew(&trigger)]
    );
}

#[test]
fn what_would_act_on_what_is_applied_stays_set_aside() {
    let mut now = object(SchemaObjectKind::Trigger, "g", "AFTER INSERT");
    let mut there = now.clone();
    (now.fires, there.fires) = (Fires::Always, Fires::Never);
    assert_eq!(object_steps(std::slice::from_ref(&now), &[there.clone()]), []);
    there.fires = Fires::Origin;
    assert_eq!(
        object_steps(std::slice::from_ref(&now), &[there]),
        [ObjectStep::Enable(&now)]
    );
}

#[test]
fn a_view_s_columns_are_renamed_by_their_places() {
    let view = |columns: &[&str], says: &str| SchemaObject {
        table_oid: None,
        table: None,
        columns: Some(columns.iter().map(|name| (*name).to_owned()).collect()),
        ..object(SchemaObjectKind::View, "v", says)
    };
    let (now, there) = (view(&["key", "b", "c"], "as 1"), view(&["id", "b"], "as 2"));
    assert_eq!(
        object_steps(std::slice::from_ref(&now), std::slice::from_ref(&there)),
        [
            ObjectStep::RenameColumn {
                view: &now,
                before: "id",
                after: "key"
            },
            ObjectStep::Make(&now)
        ]
    );
    let mut elsewhere = there;
    elsewhere.schema = "other".to_owned();
    assert_eq!(
        object_steps(std::slice::from_ref(&now), &[elsewhere]),
        [ObjectStep::Make(&now)]
    );
}

#[test]
fn what_a_table_says_no_more_is_taken_away_only_where_all_is_told() {
    let setting = |name: &str, says: &str| object(SchemaObjectKind::Setting, name, says);
    let all = setting("", "");
    let (before, after) = (
        setting("option a", "set (a = 1)"),
        setting("option a", "set (a = 2)"),
    );
    let there = [setting("", ""), before.clone()];
    assert_eq!(
        object_steps(std::slice::from_ref(&all), &there),
        [ObjectStep::TakeAway(&before)]
    );
    let now = [all.clone(), after.clone()];
    assert_eq!(object_steps(&now, &there), [ObjectStep::Make(&after)]);
    let mut untouched = all;
    untouched.is_touched = false;
    assert_eq!(object_steps(&[untouched], &there), []);
}

#[test]
fn a_foreign_key_is_deferred_where_nothing_else_differs() {
    let key = |says: &str| object(SchemaObjectKind::ForeignKey, "k", says);
    let now = key("FOREIGN KEY (a) REFERENCES t(a) DEFERRABLE INITIALLY DEFERRED");
    let there = [key("FOREIGN KEY (a) REFERENCES t(a)")];
    assert_eq!(
        object_steps(std::slice::from_ref(&now), &there),
        [ObjectStep::Defer(&now)]
    );
    let other = [key("FOREIGN KEY (b) REFERENCES t(a)")];
    assert_eq!(object_steps(std::slice::from_ref(&now), &other), []);
}
