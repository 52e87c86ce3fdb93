use super::{super::Setting, *};

fn role(name: &str) -> Role {
    Role {
        name: name.to_owned(),
        is_used: true,
        ..new_role()
    }
}

fn server(roles: Vec<Role>) -> Roles {
    Roles {
        major: 17,
        database: "shop".to_owned(),
        roles,
        ..Roles::default()
    }
}

fn own() -> Role {
    Role {
        is_self: true,
        is_used: false,
        ..role("mover")
    }
}

fn statements(plan: &RolePlan) -> Vec<String> {
    plan.steps.iter().map(RoleStep::statement).collect()
}

#[test]
fn the_first_superuser_is_made_only_where_it_can_be_one() {
    let first = || Role {
        superuser: true,
        is_bootstrap: true,
        owns: true,
        ..role("postgres")
    };
    let planned = |own: Role| {
        plan(
            &server(vec![first()]),
            &server(vec![own]),
            &RoleMap::default(),
            &Wanted::NoPasswords,
        )
    };
    let managed = planned(own());
    assert_eq!(statements(&managed), [""; 0]);
    assert!(
        managed.notes[0].why.ends_with("--roles postgres=mover"),
        "{managed:?}"
    );
    let full = planned(Role {
        superuser: true,
        ..own()
    });
    assert_eq!(statements(&full)[1], r#"ALTER ROLE "postgres" SUPERUSER"#);
}

#[test]
fn a_script_that_has_been_run_is_empty() {
    let app = Role {
        may_log_in: true,
        settings: vec![Setting {
            name: "search_path".into(),
            value: "shop, public".into(),
            in_database: true,
            is_privileged: false,
        }],
        ..role("app")
    };
    let (source, target) = (server(vec![app.clone()]), server(vec![own()]));
    let made = plan(&source, &target, &RoleMap::default(), &Wanted::NoPasswords);
    assert_eq!(
        statements(&made)[1..],
        [
            r#"ALTER ROLE "app" LOGIN"#,
            r#"ALTER ROLE "app" IN DATABASE "shop" SET "search_path" TO 'shop', 'public'"#
        ]
    );
    assert_eq!(made.need_password, ["app"]);
    let target = server(vec![own(), app]);
    assert_eq!(
        plan(&source, &target, &RoleMap::default(), &Wanted::NoPasswords),
        RolePlan::default()
    );
}

#[test]
fn a_mapped_role_is_not_made_and_owners_become_usable() {
    let owner = |name: &str| Role {
        owns: true,
        owns_in_public: true,
        ..role(name)
    };
    let source = server(vec![
        owner("app_owner"),
        Role {
            superuser: true,
            ..owner("postgres")
        },
    ]);
    let mut target = server(vec![own()]);
    target.roles[0].creates_in_public = true;
    let map: RoleMap = "postgres=mover".parse().unwrap();
    let made = plan(&source, &target, &map, &Wanted::NoPasswords);
    assert_eq!(
        statements(&made)[1..],
        [
            r#"GRANT "app_owner" TO "mover" WITH INHERIT TRUE, SET TRUE"#,
            r#"GRANT USAGE, CREATE ON SCHEMA public TO "app_owner""#
        ]
    );
}

#[test]
fn secrets_are_carried_on_request_and_shown_only_in_the_statement() {
    let login = |name: &str| Role {
        may_log_in: true,
        ..role(name)
    };
    let source = server(vec![login("a"), login("b"), login("c")]);
    let secrets = BTreeMap::from([
        ("a".to_owned(), Secret::new("SCRAM-SHA-256$4096:x$y:z")),
        ("b".to_owned(), Secret::new("md5abc")),
    ]);
    let made = plan(
        &source,
        &server(vec![own()]),
        &RoleMap::default(),
        &Wanted::Passwords(secrets),
    );
    let step = made.steps.last().unwrap();
    assert_eq!(
        step.statement(),
        r#"ALTER ROLE "a" PASSWORD 'SCRAM-SHA-256$4096:x$y:z'"#
    );
    assert!(!step.label().contains("4096") && !format!("{made:?}").contains("4096"));
    assert_eq!(made.need_password, ["b"]);
}

#[test]
fn nothing_is_taken_away_and_what_is_of_a_platform_stays_there() {
    let source = server(vec![role("app"), role("rds_superuser")]);
    let source = Roles {
        memberships: vec![super::super::Membership {
            group: "rds_superuser".into(),
            member: "app".into(),
            ..Default::default()
        }],
        ..source
    };
    let target = server(vec![
        own(),
        Role {
            creates_roles: true,
            may_log_in: true,
            ..role("app")
        },
    ]);
    let made = plan(&source, &target, &RoleMap::default(), &Wanted::NoPasswords);
    assert_eq!(statements(&made), Vec::<String>::new());
    let named: Vec<(&str, &str)> = made
        .notes
        .iter()
        .map(|note| (note.role.as_str(), note.what.as_str()))
        .collect();
    assert_eq!(
        named,
        [
            ("app", "CREATEROLE"),
            ("app", "LOGIN"),
            ("rds_superuser", "the role"),
            ("app", "membership in rds_superuser")
        ]
    );
}
