use transhume_wire::ident::QualifiedName;

use super::*;

fn object(kind: ObjectKind, relation: &str, definition: &str) -> Object {
    Object {
        name: format!("\"{relation}\""),
        kind,
        schema: Some("shop".to_owned()),
        relation: Some(QualifiedName::new("shop", relation)),
        definition: definition.to_owned(),
        comment: None,
        text: None,
        privileges: None,
    }
}

#[test]
fn what_is_not_out_of_the_ordinary_is_told_by_its_opposite() {
    let of = |name: &str, source: Option<&str>, target: Option<&str>| {
        reported(&TraitDifference {
            name: name.to_owned(),
            source: source.map(str::to_owned),
            target: target.map(str::to_owned),
        })
    };
    assert_eq!(
        of("valid", None, Some("no")),
        "valid: yes on the source, no on the target"
    );
    assert_eq!(
        of("not null", Some("yes"), None),
        "not null: yes on the source, no on the target"
    );
    assert_eq!(
        of(COMMENT, None, Some("no")),
        "comment: none on the source, no on the target"
    );
    assert_eq!(
        of("default", None, Some("1")),
        "default: none on the source, 1 on the target"
    );
}

fn judged(source: Vec<Object>, target: Vec<Object>, selector: &Selector) -> Agreement {
    let situation = ComparisonContext {
        versions: Versions {
            source: 15,
            target: 15,
        },
        selector,
        deliberate: &Deliberate::default(),
        roles: &RoleMap::default(),
        target_roles: &HashSet::from(["ann".to_owned()]),
    };
    Compared::new(source, target, situation).agreement(&Meanings::default())
}

fn codes(agreement: &Agreement) -> Vec<(&str, Severity)> {
    let findings = agreement.findings.iter();
    findings
        .map(|finding| (finding.code.as_str(), finding.severity))
        .collect()
}

#[test]
fn the_gravest_trait_gives_the_weight() {
    let everything = Selector::everything();
    let owner = |owner: &str, kind: &str| {
        object(
            ObjectKind::Table,
            "orders",
            &format!(r#"{{"owner":"{owner}","row security":"{kind}"}}"#),
        )
    };
    let found = judged(vec![owner("ann", "x")], vec![owner("bob", "x")], &everything);
    assert_eq!(codes(&found), [("different-table", Severity::Warning)]);
    let found = judged(vec![owner("ann", "x")], vec![owner("bob", "y")], &everything);
    assert_eq!(codes(&found), [("different-table", Severity::Blocker)]);
    assert_eq!(
        found.findings[0].message,
        "owner: ann on the source, bob on the target; row security: x on the source, y on the target"
    );
}

#[test]
fn a_privilege_matters_where_its_role_is_there_and_may_do_less() {
    let everything = Selector::everything();
    let with = |privileges: &str| Object {
        privileges: Some(privileges.to_owned()),
        ..object(ObjectKind::Table, "orders", "{}")
    };
    let severity =
        |source: &str, target: &str| codes(&judged(vec![with(source)], vec![with(target)], &everything))[0].1;
    let ann = r#"{"role \"ann\"":"SELECT"}"#;
    assert_eq!(severity(ann, "{}"), Severity::Blocker);
    assert_eq!(severity("{}", ann), Severity::Warning);
    assert_eq!(
        severity(ann, r#"{"role \"ann\"":"SELECT WITH GRANT OPTION"}"#),
        Severity::Warning
    );
    assert_eq!(severity(r#"{"role \"gone\"":"SELECT"}"#, "{}"), Severity::Warning);
}

#[test]
fn what_acts_on_the_application_s_writes_is_no_mere_surplus() {
    let everything = Selector::everything();
    let target = vec![
        object(ObjectKind::Trigger, "a", "{}"),
        object(ObjectKind::Index, "b", r#"{"definition":"CREATE INDEX b"}"#),
        object(
            ObjectKind::Index,
            "c",
            r#"{"definition":"CREATE UNIQUE INDEX c"}"#,
        ),
    ];
    let found = judged(Vec::new(), target, &everything);
    assert_eq!(
        codes(&found),
        [
            ("surplus-index", Severity::Warning),
            ("surplus-index", Severity::Blocker),
            ("surplus-trigger", Severity::Blocker),
        ]
    );
}
