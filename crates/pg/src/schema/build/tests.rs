use transhume_core::schema::build::BuildKind;
use transhume_wire::ident::QualifiedName;

use super::*;
use crate::catalog::build_definitions::{ForeignKeyDefinition, IndexDefinition, KeyDefinition};

fn index(oid: u32, table: &str, name: &str) -> IndexDefinition {
    IndexDefinition {
        oid,
        table_oid: oid + 1000,
        table: QualifiedName::new("s", table),
        name: name.to_owned(),
        on_materialized_view: false,
        partitioned: false,
        parent_oid: None,
        definition: format!("CREATE INDEX {name} ON s.{table} USING btree (a)"),
        constraint: None,
        clustered: false,
        replica_identity: false,
        bytes: 8192,
        statistics_targets: vec![],
    }
}

fn unique(name: &str) -> KeyDefinition {
    KeyDefinition {
        oid: 1,
        name: name.to_owned(),
        primary: false,
        deferrable: true,
        deferred: true,
        definition: "UNIQUE (a) DEFERRABLE INITIALLY DEFERRED".to_owned(),
        exclusion: false,
    }
}

#[test]
fn a_key_is_made_from_its_finished_index_with_all_its_marks() {
    let plain = IndexDefinition {
        constraint: Some(unique("t\"key")),
        clustered: true,
        replica_identity: true,
        statistics_targets: vec!["1 set statistics 500".to_owned()],
        ..index(1, "t", "t\"key")
    };
    let builds = indexes(&[plain]);
    assert_eq!(
        builds[0].statements[1..],
        [r#"ALTER INDEX "s"."t""key" ALTER COLUMN 1 set statistics 500"#]
    );
    assert_eq!(
        builds[1].statements,
        [
            r#"ALTER TABLE ONLY "s"."t" ADD CONSTRAINT "t""key" UNIQUE USING INDEX "t""key" DEFERRABLE INITIALLY DEFERRED"#,
            r#"ALTER TABLE "s"."t" CLUSTER ON "t""key""#,
            r#"ALTER TABLE ONLY "s"."t" REPLICA IDENTITY USING INDEX "t""key""#,
        ]
    );
}

#[test]
fn an_exclusion_brings_its_own_index() {
    let key = KeyDefinition {
        exclusion: true,
        definition: "EXCLUDE USING gist (a WITH &&)".into(),
        ..unique("x")
    };
    let builds = indexes(&[IndexDefinition {
        constraint: Some(key),
        ..index(1, "t", "x")
    }]);
    assert_eq!(builds[0].kind, BuildKind::Constraint);
    assert_eq!(
        builds[0].statements,
        [r#"ALTER TABLE ONLY "s"."t" ADD CONSTRAINT "x" EXCLUDE USING gist (a WITH &&)"#]
    );
}

#[test]
fn a_tree_of_partitioned_indexes_is_attached_from_the_leaves_up() {
    let partitioned = |oid, table: &str, name: &str, parent_oid| IndexDefinition {
        partitioned: true,
        parent_oid,
        ..index(oid, table, name)
    };
    let leaf = IndexDefinition {
        parent_oid: Some(2),
        ..index(3, "leaf", "leaf_i")
    };
    let builds = indexes(&[
        partitioned(1, "root", "root_i", None),
        partitioned(2, "mid", "mid_i", Some(1)),
        leaf,
    ]);
    assert_eq!(builds.len(), 2);
    assert_eq!(
        (builds[0].kind, builds[1].kind),
        (BuildKind::Index, BuildKind::PartitionedIndex)
    );
    assert_eq!(
        builds[1].statements[2..],
        [
            r#"do 'begin if pg_catalog.to_regclass(''"s"."leaf"'') is not null or pg_catalog.to_regclass(''"s"."leaf_i"'') is not null then ALTER INDEX "s"."mid_i" ATTACH PARTITION "s"."leaf_i"; end if; end'"#,
            r#"ALTER INDEX "s"."root_i" ATTACH PARTITION "s"."mid_i""#,
        ]
    );
}

#[test]
fn a_foreign_key_is_validated_later_and_only_where_the_source_has_it_valid() {
    let key = |validated, of_partitions, definition: &str| ForeignKeyDefinition {
        oid: 1,
        name: "fk".to_owned(),
        table: QualifiedName::new("s", "t"),
        of_partitions,
        validated,
        definition: definition.to_owned(),
        bytes: 0,
    };
    let statements = |definition| {
        let builds = foreign_keys(&[definition], false);
        builds
            .into_iter()
            .flat_map(|build| build.statements)
            .collect::<Vec<_>>()
    };
    let add = r#"ALTER TABLE ONLY "s"."t" ADD CONSTRAINT "fk" FOREIGN KEY (a) REFERENCES s.p(a) NOT VALID"#;
    assert_eq!(
        statements(key(true, false, "FOREIGN KEY (a) REFERENCES s.p(a)")),
        [add, r#"ALTER TABLE ONLY "s"."t" VALIDATE CONSTRAINT "fk""#]
    );
    assert_eq!(
        statements(key(false, false, "FOREIGN KEY (a) REFERENCES s.p(a) NOT VALID")),
        [add]
    );
    assert_eq!(
        statements(key(true, true, "FOREIGN KEY (a) REFERENCES s.p(a)")),
        [r#"ALTER TABLE "s"."t" ADD CONSTRAINT "fk" FOREIGN KEY (a) REFERENCES s.p(a)"#]
    );
}
