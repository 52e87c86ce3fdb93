//! What others leave on the servers, and write there in the tool's name.
//!
//! Each is taken away again before the next fault. Where a server is down there is nobody to leave anything with.

use std::time::Duration;

use super::{reading::Outcome, site::Site};
use crate::pair::Side;

const PLANT: &str = "
    CREATE SCHEMA stranger; CREATE TABLE stranger.acted ();
    CREATE FUNCTION stranger.act() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN INSERT INTO stranger.acted DEFAULT VALUES; RETURN NULL; END';
    CREATE TRIGGER act AFTER INSERT OR UPDATE ON transhume.frontier FOR EACH ROW EXECUTE FUNCTION stranger.act();
    ALTER TABLE transhume.frontier ENABLE ALWAYS TRIGGER act";
const ACTED: &str = "SELECT FROM stranger.acted";
const UPROOT: &str = "SET client_min_messages TO warning; DROP SCHEMA IF EXISTS stranger CASCADE";

/// By the migration's id, which its slot's name shows to everybody; some are no text, some are nobody's.
const FORGE: &str = "
    SELECT pg_catalog.pg_logical_emit_message(transactional, 'transhume', pg_catalog.convert_to(id || said, 'UTF8') || rest)
    FROM (SELECT DISTINCT pg_catalog.substring(slot_name, '^transhume_([0-9a-f]{8})') AS id
          FROM pg_catalog.pg_replication_slots) AS slot
    CROSS JOIN (VALUES (true), (false)) AS kind (transactional)
    CROSS JOIN (VALUES (':fence-0', ''::bytea), (':anchor-0', ''), (':', ''), ('', ''), (':n', '\\xff00'::bytea)) AS content (said, rest)
    WHERE id IS NOT NULL";

/// Where no dump and no comparison of schemas looks: only what it does matters here.
const REFUSE: &str = "
    CREATE FUNCTION information_schema.refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF pg_catalog.current_setting('application_name') LIKE 'transhume%' THEN
                RAISE EXCEPTION 'a stranger refuses %', tg_tag;
            END IF;
        END $$;
    CREATE EVENT TRIGGER refuse ON ddl_command_end EXECUTE FUNCTION information_schema.refuse()";
const ALLOW: &str = "SET client_min_messages TO warning; DROP EVENT TRIGGER IF EXISTS refuse; \
                     DROP FUNCTION IF EXISTS information_schema.refuse()";

impl Site {
    /// The tool is begun anew: one that runs has looked before anything was planted.
    pub(super) async fn plant(&mut self) -> Outcome {
        self.kill_tool();
        self.runner_is_gone().await?;
        if self.ask(Side::Target, PLANT).await.is_ok() {
            self.tool_refuses("cannot be trusted").await?;
            let acted = self.ask_until_done(Side::Target, ACTED).await?;
            if !acted.is_empty() {
                return Err("the tool executed what a stranger had planted".to_owned());
            }
        }
        // Also where the answer was lost.
        self.ask_until_done(Side::Target, UPROOT).await.map(drop)
    }

    /// A session that outlives its process by a moment may still write what it was told.
    async fn runner_is_gone(&self) -> Outcome {
        let ended = "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity \
                     WHERE application_name LIKE 'transhume%'";
        while !self.ask_until_done(Side::Target, ended).await?.is_empty() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    pub(super) async fn forge(&self) {
        let _ = self.ask(Side::Source, FORGE).await;
    }

    pub(super) async fn refuse_definitions(&self, milliseconds: u64) -> Outcome {
        let _ = self.ask(Side::Source, REFUSE).await;
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        self.ask_until_done(Side::Source, ALLOW).await.map(drop)
    }
}
