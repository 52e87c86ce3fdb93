//! Observations for the tests of the checks: a pair in perfect order, and pairs with everything wrong.

mod wretched;

use std::{collections::BTreeMap, time::Duration};

use transhume_wire::ident::QualifiedName;

use super::{
    capability::{Attempt, Budget, Capabilities, SystemIdentity, VersionNumber},
    observation::{
        AssessContext, AvailableExtension, Collation, Database, EventTrigger, Extension, ExtensionTable,
        FiringTrigger, InheritedColumn, MaterializedView, NameColumn, Observed, OurObjects, OurPublication,
        OurSlot, Parameter, PreparedTransaction, SourceObservation, TableRights, TargetObservation, Tools,
        WideRows, WritingTransaction,
    },
};
use crate::{
    selection::Selection,
    sequence::Sequence,
    table::{Column, Generation, Persistence, Placement, ReplicaIdentity, RowSecurity, Table, TableKind},
};

pub(super) use self::wretched::wretched;

/// `shop.<name>` with a key.
pub(super) fn table(name: &str) -> Table {
    let column = |name: &str| Column {
        name: name.to_owned(),
        type_oid: 23,
        type_name: "integer".into(),
        type_modifier: -1,
        not_null: true,
        generation: Generation::Plain,
    };
    Table {
        oid: 16_384,
        name: QualifiedName::new("shop", name),
        kind: TableKind::Ordinary,
        persistence: Persistence::Permanent,
        is_partition: false,
        columns: vec![column("id"), column("amount")],
        replica_identity: ReplicaIdentity::Default,
        identity_columns: vec!["id".into()],
        identity_index: None,
        deferrable_key: false,
        row_security: RowSecurity::Off,
        owner: "shop".into(),
        rows_estimate: 100,
        pages: 1,
        bytes: 8192,
        placement: Placement::Own,
    }
}

fn capabilities(version: u32, system: &str) -> Capabilities {
    let settings = [
        ("wal_level", "logical"),
        ("max_connections", "100"),
        ("max_prepared_transactions", "0"),
        ("max_locks_per_transaction", "64"),
        ("max_slot_wal_keep_size", "-1"),
    ];
    Capabilities {
        server_version: VersionNumber(version),
        started_at: format!("2026-01-01 00:00:00 {system}"),
        in_recovery: false,
        role: "mover".into(),
        superuser: false,
        replication: true,
        bypass_row_security: false,
        signal_backend: true,
        creates_in_public: true,
        database: "shop".into(),
        database_oid: 16_000,
        identity: Some(SystemIdentity {
            system_identifier: system.into(),
            timeline: 1,
        }),
        slots: Budget { limit: 10, used: 0 },
        senders: Budget { limit: 10, used: 1 },
        standbys: 0,
        free_connections: 90,
        replication_connection: Attempt::Allowed,
        replica_role: Attempt::Allowed,
        create_schema: Attempt::Allowed,
        create_publication: Attempt::Allowed,
        create_event_trigger: Attempt::Allowed,
        settings: settings
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        marks: super::capability::PlatformMarks::default(),
    }
}

fn database() -> Database {
    Database {
        encoding: "UTF8".into(),
        collate: "C.UTF-8".into(),
        ctype: "C.UTF-8".into(),
        provider: "libc".into(),
        ..Database::default()
    }
}

fn extension(name: &str) -> Extension {
    Extension {
        name: name.into(),
        version: "1.0".into(),
        schema: "public".into(),
    }
}

fn sequence() -> Sequence {
    Sequence {
        oid: 16_400,
        name: QualifiedName::new("shop", "orders_id_seq"),
        type_name: "bigint".into(),
        start: 1,
        min: 1,
        max: i64::MAX,
        increment: 1,
        cache: 1,
        cycle: false,
        last_value: Some(7),
        is_called: true,
        owned_by: None,
        owner: "shop".into(),
    }
}

/// Nothing to complain of.
pub(crate) fn healthy() -> Observed {
    let source = SourceObservation {
        capabilities: capabilities(150_020, "7000000000000000001"),
        database: database(),
        tables: vec![table("orders")],
        rights: vec![TableRights {
            oid: 16_384,
            owned: true,
            readable: true,
            row_security_active: false,
        }],
        sequences: vec![sequence()],
        extensions: vec![extension("plpgsql"), extension("hstore")],
        extension_tables: vec![],
        large_objects: 0,
        unreadable_large_objects: 0,
        materialized_views: vec![],
        event_triggers: vec![],
        subscriptions: vec![],
        prepared_transactions: vec![],
        writing_transactions: vec![],
        collations: vec![],
        roles: vec!["shop".into()],
        triggers: vec![],
        name_columns: vec![],
        inheritance_children: vec![],
        nullable_children: vec![],
        parameters: vec![],
        foreign_keys: 0,
        words_of_functions: Vec::new(),
        round_trip: Duration::from_millis(1),
        ours: OurObjects::default(),
        wide_rows: WideRows::default(),
    };
    let target = TargetObservation {
        capabilities: Capabilities {
            database_oid: 17_000,
            ..capabilities(170_012, "7000000000000000002")
        },
        database: database(),
        tables: vec![],
        large_objects: 0,
        round_trip: Duration::from_millis(1),
        available_extensions: vec![AvailableExtension {
            name: "hstore".into(),
            default_version: "1.0".into(),
        }],
        extensions: vec![extension("plpgsql")],
        event_triggers: vec![],
        collations: vec![],
        parameters: vec![],
        roles: vec!["mover".into(), "shop".into()],
        ours: OurObjects::default(),
        has_state: false,
    };
    Observed {
        source,
        target,
        selector: Selection::default().selector().expect("no pattern is valid"),
        context: AssessContext {
            resuming: false,
            tools: Some(Tools::Found {
                version: VersionNumber::new(17, 12),
            }),
            loaders: 4,
            left_out_extensions: std::collections::BTreeSet::new(),
            roles: crate::role_map::RoleMap::default(),
        },
    }
}
