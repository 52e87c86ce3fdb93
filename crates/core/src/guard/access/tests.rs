use super::*;

fn right(grantee: Option<&str>, privilege: &str) -> Right {
    Right {
        grantee: grantee.map(str::to_owned),
        is_owners: false,
        column: None,
        privilege: privilege.to_owned(),
        is_grantable: false,
    }
}

fn facts(owner: &str, rights: &[Right]) -> AccessFacts {
    let own = Right {
        is_owners: true,
        ..right(Some(owner), "SELECT")
    };
    AccessFacts {
        kind: AccessKind::Table,
        schema: "s".to_owned(),
        name: "t".to_owned(),
        identity: "s.t".to_owned(),
        owner: owner.to_owned(),
        known: vec!["SELECT".to_owned(), "INSERT".to_owned()],
        rights: std::iter::once(own).chain(rights.iter().cloned()).collect(),
    }
}

fn steps(now: &AccessFacts, there: &AccessFacts) -> Vec<AccessStep> {
    access_steps(now, there, &RoleMap::default())
}

#[test]
fn what_is_granted_and_revoked_is_so_on_the_target() {
    let (reads, writes) = (right(Some("r"), "SELECT"), right(Some("r"), "INSERT"));
    let now = facts("o", std::slice::from_ref(&reads));
    assert_eq!(
        steps(&now, &facts("o", std::slice::from_ref(&writes))),
        [AccessStep::Revoke(writes), AccessStep::Grant(reads.clone())]
    );
    let may_grant = Right {
        is_grantable: true,
        ..reads.clone()
    };
    let there = facts("o", std::slice::from_ref(&may_grant));
    assert_eq!(
        steps(&now, &there),
        [AccessStep::RevokeGrantOption(may_grant.clone())]
    );
    assert_eq!(steps(&there, &now), [AccessStep::Grant(may_grant)]);
}

#[test]
fn rights_of_the_owner_go_with_it() {
    let (now, there) = (facts("new", &[]), facts("old", &[]));
    assert_eq!(steps(&now, &there), [AccessStep::Own("new".to_owned())]);
}

#[test]
fn what_only_one_version_knows_is_left_alone() {
    let now = facts("o", &[]);
    let maintains = right(Some("r"), "MAINTAIN");
    let mut there = facts("o", &[maintains]);
    there.known.push("MAINTAIN".to_owned());
    assert_eq!(steps(&now, &there), []);
    assert_eq!(steps(&there, &now), []);
}
