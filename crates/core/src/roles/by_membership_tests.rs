use super::{super::Membership, *};

fn role(name: &str) -> Role {
    Role {
        name: name.to_owned(),
        may_log_in: true,
        ..Role::default()
    }
}

fn server(roles: Vec<Role>, memberships: &[(&str, &str)]) -> Roles {
    Roles {
        roles,
        memberships: memberships
            .iter()
            .map(|(member, group)| Membership {
                group: (*group).to_owned(),
                member: (*member).to_owned(),
                ..Membership::default()
            })
            .collect(),
        table_schemas: vec!["shop".to_owned(), "Audit".to_owned()],
        ..Roles::default()
    }
}

fn of(source: &Roles, target: &Roles) -> Vec<(String, bool)> {
    let (role, found) = (source.role("app").unwrap(), target.role("app").unwrap());
    faults(role, found, (source, target), &RoleMap::default())
        .into_iter()
        .map(|fault| (fault.what, fault.is_slight))
        .collect()
}

#[test]
fn a_login_that_writes_through_a_predefined_role_needs_it_or_each_right_by_itself() {
    let source = server(vec![role("app")], &[("app", "pg_write_all_data")]);
    let lacking = server(vec![role("app")], &[]);
    let told = faults(
        source.role("app").unwrap(),
        lacking.role("app").unwrap(),
        (&source, &lacking),
        &RoleMap::default(),
    );
    assert_eq!(
        told[0].what,
        "app writes the source's tables through pg_write_all_data, and is no member of it on the target"
    );
    assert!(!told[0].is_slight);
    assert!(
        told[0]
            .remedy
            .as_str()
            .ends_with("GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA \"shop\", \"Audit\" TO \"app\""),
        "{told:?}"
    );
    assert_eq!(
        without_all_tables(&source, &lacking, &RoleMap::default()),
        ["app"]
    );
    let by_itself = Role {
        writes_all_tables: true,
        ..role("app")
    };
    assert_eq!(of(&source, &server(vec![by_itself], &[])), []);
    let member = server(
        vec![role("app")],
        &[("app", "staff"), ("staff", "pg_write_all_data")],
    );
    assert_eq!(of(&source, &member), []);
    assert_eq!(without_all_tables(&source, &member, &RoleMap::default()), [""; 0]);
}

#[test]
fn of_memberships_that_are_lacking_the_nearest_is_told_and_bars_where_a_right_comes_with_it() {
    let used = Role {
        is_used: true,
        ..role("app_rw")
    };
    let source = server(
        vec![role("app"), role("staff"), used, role("elsewhere")],
        &[
            ("app", "staff"),
            ("staff", "app_rw"),
            ("app", "elsewhere"),
            ("app", "pg_monitor"),
            ("app", "rds_superuser"),
        ],
    );
    let target = server(vec![role("app")], &[]);
    assert_eq!(
        of(&source, &target),
        [
            (
                "the role app is no member of elsewhere on the target".to_owned(),
                true
            ),
            (
                "the role app is no member of staff on the target".to_owned(),
                false
            ),
        ]
    );
    let superuser = Role {
        superuser: true,
        ..role("app")
    };
    assert_eq!(of(&source, &server(vec![superuser], &[])), []);
}
