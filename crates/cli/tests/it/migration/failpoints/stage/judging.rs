//! What must hold after a move that was broken off: nothing acknowledged is lost, both sides become equal, and what was said is so.

use std::{
    collections::{HashMap, HashSet},
    time::Instant,
};

use transhume_engine::failpoint::{Point, Stage as Side};
use transhume_testkit::connection::connect;

use super::{DEADLINE, Fault, POLL, Stage, Victim};

impl Stage {
    pub(super) async fn nothing_is_lost(&self, is_moved: bool, fault: Fault) {
        let client = connect(self.url(is_moved)).await.expect("the server answers");
        let mut acknowledged: HashMap<&str, Vec<i64>> = HashMap::new();
        for write in &self.writes {
            acknowledged.entry(write.table).or_default().push(write.id);
        }
        for (table, ids) in acknowledged {
            let distinct: HashSet<i64> = ids.iter().copied().collect();
            assert_eq!(
                distinct.len(),
                ids.len(),
                "a number was given out twice: {fault:?}"
            );
            let rows = client
                .query(&format!("select id from {table}"), &[])
                .await
                .expect("rows");
            let found: HashSet<i64> = rows.iter().map(|row| row.get(0)).collect();
            let lost: Vec<_> = distinct.difference(&found).collect();
            assert!(lost.is_empty(), "lost {lost:?} of {table}: {fault:?}");
        }
    }

    pub(super) async fn both_sides_are_equal(&self, fault: Fault) {
        let query = "select (select coalesce(string_agg(p::text, ',' order by id), '') from purchase p) \
                     || (select coalesce(string_agg(p::text, ',' order by id), '') from probe p) \
                     || (select coalesce(string_agg(a::text, ',' order by id), '') from account a)";
        let end = Instant::now() + DEADLINE;
        loop {
            let mut contents = Vec::new();
            for url in [&self.site.source_url, &self.site.target_url] {
                let client = connect(url).await.expect("the server answers");
                contents.push(
                    client
                        .query_one(query, &[])
                        .await
                        .expect("rows")
                        .get::<_, String>(0),
                );
            }
            // After a fallback nothing follows any more; what the application has written since is new.
            let is_over = self
                .site
                .status()
                .is_some_and(|status| status["way_back"]["state"] == "fallen-back");
            if contents[0] == contents[1] || is_over && contents[0].len() >= contents[1].len() {
                return;
            }
            assert!(
                Instant::now() < end,
                "source and target differ: {fault:?}\n{:#?}",
                self.site.status()
            );
            if self.runner.is_none() {
                self.call(&["run", "--until-caught-up"]);
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

/// Where the application is, and what was said of it.
pub(super) fn judge(fault: Fault, (was_moved, is_moved): (bool, bool), (code, said): (Option<i32>, &str)) {
    let went = is_moved != was_moved;
    if fault.point.stage() == Side::After {
        assert!(went, "taken back: {fault:?}\n{said}");
    }
    if fault.victim == Victim::Tool {
        assert_eq!(went, fault.point.stage() == Side::After, "{fault:?}\n{said}");
    }
    match code {
        Some(0) => assert!(went, "said to have moved: {fault:?}\n{said}"),
        Some(_) => assert!(
            !went || said.contains("is open"),
            "moved, which was not said: {fault:?}\n{said}"
        ),
        None => {}
    }
    // Before the first of them nothing was begun that could be undone.
    if !went && code.is_some() && fault.point != Point::GatePassed {
        let is_told = ["undone", "could not be undone", "another process"]
            .iter()
            .any(|word| said.contains(word));
        assert!(is_told, "what became of it was not said: {fault:?}\n{said}");
    }
}
