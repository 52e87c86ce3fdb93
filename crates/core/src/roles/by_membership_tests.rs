use super::{
    super::{Membership, Wanted, plan},
    *,
};
use crate::finding::Finding;
use crate::sides::Sides;

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
    faults(role, found, Sides { source, target }, &RoleMap::default())
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
        Sides {
            source: &source,
            target: &lacking,
        },
        &RoleMap::default(),
    );
    assert_eq!(
        told[0].what,
        "app writes the source's tables through pg_write_all_data, and is no member of it on the target"
    );
    assert!(!told[0].is_slight);
    let statement = r#"on the target: GRANT pg_write_all_data TO "app""#;
    assert!(told[0].remedy.starts_with(statement), "{told:?}");
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

/// Azure's: it gives the predefined role to nobody, and lets whoever administers a role give it away.
fn service() -> Roles {
    let own = Role {
        is_self: true,
        ..role("mover")
    };
    let mut service = server(
        vec![own, role("azure_pg_admin"), role("app"), role("app_owner")],
        &[("mover", "app_owner")],
    );
    service.major = 17;
    service
}

/// As findings, for the list of what remedies give to run.
pub(in crate::roles) fn of_each_kind() -> Vec<Finding> {
    let source = server(
        vec![role("app"), role("app_owner")],
        &[("app", "pg_write_all_data"), ("app", "app_owner")],
    );
    let plain = server(vec![role("app"), role("app_owner")], &[]);
    let of = |target: &Roles| {
        let (role, found) = (source.role("app").unwrap(), target.role("app").unwrap());
        faults(
            role,
            found,
            Sides {
                source: &source,
                target,
            },
            &RoleMap::default(),
        )
    };
    let all = [of(&service()), of(&plain)].concat();
    all.into_iter()
        .map(|fault| Finding::warning("logins", &fault.role, fault.what, fault.remedy))
        .collect()
}

#[test]
fn on_a_service_nothing_is_to_be_run_that_it_refuses() {
    let told = of_each_kind();
    let run: Vec<Vec<&str>> = told.iter().map(|one| one.remedy.to_run().collect()).collect();
    let (script, grant) = ("transhume roles --apply", r#"GRANT "app_owner" TO "app""#);
    // The first two of the service, where our role does not administer the owner.
    assert_eq!(run[0], [grant], "{told:?}");
    assert_eq!(run[1], [script], "{told:?}");
    let mut service = service();
    service.memberships[0].admin = true;
    assert_eq!(
        &*membership("app_owner", "app", &service),
        format!("{script}, or on the target: {grant}")
    );
}

#[test]
fn what_a_service_gives_to_nobody_is_granted_on_each_table_that_is_there() {
    let source = server(vec![role("app")], &[("app", "pg_write_all_data")]);
    let mut target = service();
    target.roles.push(role("pg_write_all_data"));
    target.table_schemas = vec!["shop".to_owned()];
    let planned = plan(&source, &target, &RoleMap::default(), &Wanted::NoPasswords);
    let steps: Vec<(String, Option<&str>)> = planned
        .steps
        .iter()
        .map(|step| (step.statement(), step.instead_of.as_deref()))
        .filter(|(sql, _)| sql.starts_with("GRANT"))
        .collect();
    assert_eq!(steps.len(), 2, "{steps:?}");
    assert_eq!(
        steps[1],
        (
            r#"GRANT USAGE ON SCHEMA "shop" TO "app"; GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "shop" TO "app""#.to_owned(),
            Some(steps[0].0.as_str())
        )
    );
    target.table_schemas.clear();
    let before = plan(&source, &target, &RoleMap::default(), &Wanted::NoPasswords);
    assert!(before.steps.iter().all(|step| step.instead_of.is_none()));
}

#[test]
fn what_comes_through_the_source_s_service_is_not_asked_of_the_target() {
    let source = server(
        vec![role("app"), role("rds_superuser")],
        &[("app", "rds_superuser"), ("rds_superuser", "pg_read_all_data")],
    );
    assert_eq!(of(&source, &service()), []);
    assert!(is_reserved("rdstopmgr"));
}
