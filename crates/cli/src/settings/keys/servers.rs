//! Keys: where both databases are, and what of them is migrated.

use super::{COMMAND, Key, PASSWORD_COMMAND, PATTERNS, URL};

pub(super) const KEYS: &[Key] = &[
    Key {
        section: "source",
        name: "url",
        brief: "The database to migrate",
        details: "A URI or a keyword string, as libpq reads it; PG* variables and the password file apply.\n\
                Leave the password to PGPASSFILE or ~/.pgpass, or take it from the environment: ${NAME}.",
        default: "",
        example: "\"postgresql://migrator:${SOURCE_PASSWORD}@old.example.com:5432/shop\"",
        flag: "--source",
        form: URL,
        set: |config, value| value.url().map(|url| config.source = Some(url)),
    },
    Key {
        section: "source",
        name: "password_command",
        brief: "A program that prints the source's password, such as a token of a cloud or a secret store",
        details: PASSWORD_COMMAND,
        default: "",
        example: "\"aws rds generate-db-auth-token --hostname old.example.com --port 5432 --username transhume\"",
        flag: "--source-password-command",
        form: COMMAND,
        set: |config, value| {
            value
                .command()
                .map(|command| config.source_password_command = Some(command))
        },
    },
    Key {
        section: "target",
        name: "url",
        brief: "The database to migrate to",
        details: "It must exist and be empty.",
        default: "",
        example: "\"postgresql://migrator:${TARGET_PASSWORD}@new.example.com:5432/shop?sslmode=verify-full\"",
        flag: "--target",
        form: URL,
        set: |config, value| value.url().map(|url| config.target = Some(url)),
    },
    Key {
        section: "target",
        name: "password_command",
        brief: "The same for the target",
        details: "",
        default: "",
        example: "\"az account get-access-token --resource-type oss-rdbms --query accessToken --output tsv\"",
        flag: "--target-password-command",
        form: COMMAND,
        set: |config, value| {
            value
                .command()
                .map(|command| config.target_password_command = Some(command))
        },
    },
    Key {
        section: "selection",
        name: "include",
        brief: "Schemas and tables to take, such as shop or public.order*",
        details: "`schema` or `schema.table` with * and ?.",
        default: "everything",
        example: "[]",
        flag: "--include",
        form: PATTERNS,
        set: |config, value| value.patterns().map(|patterns| config.include = Some(patterns)),
    },
    Key {
        section: "selection",
        name: "exclude",
        brief: "Schemas and tables to leave; wins over include",
        details: "",
        default: "nothing",
        example: "[]",
        flag: "--exclude",
        form: PATTERNS,
        set: |config, value| value.patterns().map(|patterns| config.exclude = Some(patterns)),
    },
    Key {
        section: "selection",
        name: "leave_out",
        brief: "Objects that are not made on the target, such as 'function shop.f(integer)' or 'extension amcheck'",
        details: "As assess names them; what needs them is left out too. \"refused\": whatever the target refuses and no\n\
                selected table needs. Each is a finding.",
        default: "nothing",
        example: "[]",
        flag: "--leave-out",
        form: "\"refused\", or a list of objects, such as [\"extension amcheck\"]",
        set: |config, value| value.objects().map(|objects| config.leave_out = Some(objects)),
    },
];
