//! Observations for the tests of the checks: a pair in perfect order, and pairs with everything wrong.

use std::{collections::BTreeMap, time::Duration};

use transhume_wire::ident::QualifiedName;

use super::{
    capability::{Attempt, Budget, Capabilities, SystemIdentity, VersionNumber},
    observation::{
        AssessContext, AvailableExtension, Collation, Database, EventTrigger, Extension, ExtensionTable,
        FiringTrigger, InheritedColumn, MaterializedView, NameColumn, Observed, OurObjects, OurPublication,
        OurSlot, Parameter, PreparedTransaction, SourceObservation, TableRights, TargetObservation, Tools,
        UnenforcedKey, WritingTransaction,
    },
};
use crate::{
    selection::Selection,
    sequence::Sequence,
    table::{Column, Generation, Persistence, Placement, ReplicaIdentity, RowSecurity, Table, TableKind},
};

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
        unenforced_keys: vec![],
        parameters: vec![],
        foreign_keys: 0,
        words_of_functions: Vec::new(),
        round_trip: Duration::from_millis(1),
        ours: OurObjects::default(),
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

/// Pairs in which, together, every check fails.
pub(super) fn wretched() -> Vec<Observed> {
    vec![wrong_servers(), wrong_database(), unmatched(), merely_worrying()]
}

fn refused() -> Attempt {
    Attempt::Refused("permission denied".into())
}

fn wrong_servers() -> Observed {
    let mut observed = healthy();
    let source = &mut observed.source.capabilities;
    source.server_version = VersionNumber(110_001);
    source.in_recovery = true;
    source.signal_backend = false;
    source.replication_connection = refused();
    source.create_publication = refused();
    source.slots = Budget { limit: 1, used: 1 };
    source.senders = Budget { limit: 1, used: 1 };
    source.free_connections = 0;
    source.settings = BTreeMap::from(
        [
            ("wal_level", "replica"),
            ("max_slot_wal_keep_size", "64"),
            ("idle_replication_slot_timeout", "60"),
            ("output_plugin_libraries", "wal2json"),
            ("max_connections", "1"),
            ("max_prepared_transactions", "0"),
            ("max_locks_per_transaction", "1"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    source.identity = None;
    let target = &mut observed.target.capabilities;
    target.server_version = VersionNumber(100_001);
    target.in_recovery = true;
    target.create_schema = refused();
    target.replica_role = refused();
    target.create_event_trigger = refused();
    target.replication_connection = refused();
    observed.context.tools = Some(Tools::Missing {
        reason: "not on PATH".into(),
    });
    observed
}

fn wrong_database() -> Observed {
    let mut observed = healthy();
    observed.target.capabilities = Capabilities {
        create_event_trigger: refused(),
        ..observed.source.capabilities.clone()
    };
    observed.target.has_state = true;
    observed.target.tables = vec![table("orders")];
    observed.target.available_extensions.clear();
    observed.target.extensions = vec![Extension {
        version: "0.9".into(),
        ..extension("plpgsql")
    }];
    observed.source.capabilities.server_version = VersionNumber(140_000);
    observed.source.words_of_functions = vec![("function shop.f()".into(), vec!["pg_start_backup".into()])];
    observed.target.database.encoding = "LATIN1".into();
    let zone = |value: &str| Parameter {
        name: "TimeZone".into(),
        value: value.into(),
        unit: String::new(),
        context: "user".into(),
        is_set: true,
        of_database: false,
    };
    observed.source.parameters = vec![zone("Europe/Berlin")];
    observed.target.parameters = vec![zone("UTC")];
    observed.target.database.collate = "de_DE".into();
    spoil_tables(&mut observed.source);
    spoil_objects(&mut observed.source);
    observed.target.event_triggers = observed.source.event_triggers.clone();
    observed
}

fn spoil_tables(source: &mut SourceObservation) {
    source.rights[0] = TableRights {
        oid: 16_384,
        owned: false,
        readable: false,
        row_security_active: true,
    };
    let mut computed = table("computed");
    computed.columns[0].generation = Generation::Computed;
    source.tables.extend([
        computed,
        Table {
            identity_columns: vec![],
            ..table("keyless")
        },
        Table {
            identity_columns: vec![],
            deferrable_key: true,
            ..table("deferrable")
        },
        Table {
            persistence: Persistence::Unlogged,
            ..table("unlogged")
        },
        Table {
            kind: TableKind::Foreign,
            ..table("foreign")
        },
        Table {
            row_security: RowSecurity::Forced,
            ..table("forced")
        },
    ]);
    source.tables.extend(super::tree::unmovable());
    let orders = QualifiedName::new("shop", "orders");
    source.triggers = vec![FiringTrigger {
        table: orders.clone(),
        name: "audit".into(),
        mode: "REPLICA".into(),
    }];
    source.name_columns = vec![NameColumn {
        table: orders.clone(),
        column: "kind".into(),
        type_name: "regclass".into(),
    }];
    source.capabilities.standbys = 1;
    source.inheritance_children = vec![orders.clone()];
    source.unenforced_keys = vec![UnenforcedKey {
        table: orders.clone(),
        name: "orders_customer_fkey".into(),
        orphans: "select 1;".into(),
    }];
    source.nullable_children = vec![InheritedColumn {
        table: orders,
        column: "kind".into(),
    }];
}

fn spoil_objects(source: &mut SourceObservation) {
    source.sequences[0].last_value = None;
    source.large_objects = 2;
    source.unreadable_large_objects = 1;
    source.extension_tables = vec![ExtensionTable {
        extension: "pg_cron".into(),
        table: QualifiedName::new("cron", "job"),
    }];
    source.materialized_views = vec![MaterializedView {
        oid: 1,
        name: QualifiedName::new("shop", "totals"),
        populated: false,
        readable: true,
        depth: 0,
    }];
    source.subscriptions = vec![super::observation::Subscription {
        name: "feed".into(),
        enabled: true,
        is_owned: false,
    }];
    source.event_triggers = vec![EventTrigger {
        name: "log_ddl".into(),
        occasion: "ddl_command_end".into(),
        fires: true,
    }];
    source.prepared_transactions = vec![PreparedTransaction {
        gid: "left".into(),
        owner: "shop".into(),
        database: "shop".into(),
        age_seconds: 900,
    }];
    source.writing_transactions = vec![WritingTransaction {
        pid: 1,
        user: None,
        application: None,
        age_seconds: Some(900),
    }];
    source.collations = vec![Collation {
        name: QualifiedName::new("pg_catalog", "de_DE"),
        provider: "libc".into(),
        user_defined: false,
        used: true,
        version: Some("1".into()),
        actual_version: Some("2".into()),
    }];
    source.roles.push("auditor".into());
    source.ours = OurObjects {
        slots: vec![OurSlot {
            name: "transhume_0123abcd".into(),
            database: "shop".into(),
            active: false,
            retained_bytes: Some(1 << 20),
            age: Some(7),
        }],
        publications: vec![OurPublication {
            name: "transhume_0123abcd".into(),
            owner: "ann".into(),
            age: 7,
        }],
        schema_owner: Some("ann".into()),
    };
}

fn unmatched() -> Observed {
    let mut observed = healthy();
    let selection = Selection {
        include: vec!["nowhere".into()],
        ..Selection::default()
    };
    observed.selector = selection.selector().expect("the pattern is valid");
    observed.target.available_extensions.clear();
    observed
}

fn merely_worrying() -> Observed {
    let mut observed = healthy();
    observed.source.capabilities.server_version = VersionNumber(150_003);
    observed.source.capabilities.slots = Budget { limit: 1, used: 0 };
    observed.source.capabilities.free_connections = 7;
    observed
        .source
        .capabilities
        .settings
        .insert("max_connections".into(), "3".into());
    observed
        .source
        .capabilities
        .settings
        .insert("max_locks_per_transaction".into(), "1".into());
    observed.target.capabilities.server_version = VersionNumber(140_019);
    observed.source.tables[0].replica_identity = ReplicaIdentity::Full;
    observed
        .target
        .capabilities
        .settings
        .insert("azure.extensions".into(), "PGCRYPTO".into());
    observed.context.tools = Some(Tools::Found {
        version: VersionNumber::new(12, 1),
    });
    observed
}
