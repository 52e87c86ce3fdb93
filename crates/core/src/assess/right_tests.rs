use super::{super::fixture::healthy, *};
use crate::finding::Severity;

fn refused() -> Attempt {
    Attempt::Refused("permission denied".into())
}

#[test]
fn a_refused_replication_connection_blocks() {
    let mut observed = healthy();
    observed.source.capabilities.replication_connection = refused();
    assert_eq!(replication(&observed)[0].severity, Severity::Blocker);
    observed.source.capabilities.replication_connection = Attempt::NotTried;
    observed.source.capabilities.replication = false;
    assert_eq!(replication(&observed)[0].severity, Severity::Blocker);
}

#[test]
fn a_refused_publication_blocks() {
    let mut observed = healthy();
    observed.source.capabilities.create_publication = refused();
    assert!(publication(&observed)[0].message.contains("permission denied"));
}

#[test]
fn tables_of_others_are_told_once_per_owner() {
    let mut observed = healthy();
    for rights in &mut observed.source.rights {
        rights.owned = false;
    }
    let findings = ownership(&observed);
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].remedy, r#"grant "shop" to "mover";"#);
}

#[test]
fn unreadable_tables_block() {
    let mut observed = healthy();
    observed.source.rights[0].readable = false;
    assert_eq!(reading(&observed)[0].severity, Severity::Blocker);
}

#[test]
fn row_security_blocks_only_where_it_hides_rows() {
    let mut observed = healthy();
    observed.source.tables[0].row_security = RowSecurity::Enabled;
    assert_eq!(row_security(&observed)[0].severity, Severity::Pass);
    observed.source.rights[0].row_security_active = true;
    assert_eq!(row_security(&observed)[0].severity, Severity::Blocker);
    observed.source.capabilities.bypass_row_security = true;
    observed.source.tables[0].row_security = RowSecurity::Forced;
    assert_eq!(row_security(&observed)[0].object, "target");
}

#[test]
fn a_target_without_replica_role_is_told_what_it_costs() {
    let mut observed = healthy();
    observed.target.capabilities.replica_role = refused();
    observed.target.capabilities.create_schema = refused();
    observed.target.capabilities.creates_in_public = false;
    observed.source.tables[0].name.schema = "public".into();
    assert_eq!(target_rights(&observed)[0].object, "public");
    observed.source.tables.clear();
    assert_eq!(replica_role(&observed)[0].severity, Severity::Warning);
    assert_eq!(target_rights(&observed)[0].severity, Severity::Blocker);
}

#[test]
fn missing_roles_are_named() {
    let mut observed = healthy();
    observed.source.roles.push("auditor".into());
    assert_eq!(roles(&observed)[0].object, "auditor");
    assert!(roles(&observed)[0].remedy.contains("transhume roles --apply"));
    observed.source.roles = vec!["rds_superuser".into()];
    assert!(
        !roles(&observed)[0].remedy.contains("roles --apply"),
        "the script does not make it"
    );
    observed.source.capabilities.signal_backend = false;
    assert_eq!(signal_backend(&observed)[0].severity, Severity::Warning);
}
