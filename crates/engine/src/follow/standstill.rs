//! The stream stands still before a change that the target cannot take yet, and goes on by itself once it can.
//!
//! Owns the waiting: the finding, what is printed, the look at the target's catalogs, and the requests that
//! are still heard meanwhile. Nothing is applied and nothing is held open on the target, so that its tables
//! can be altered.

use std::time::Duration;

use transhume_core::finding::{Finding, WrittenSide};
use transhume_pg::{
    connection::session::Session,
    follow::drift,
    state::{finding, history, runner},
};

use super::{
    EndReason, FollowRequest, ORIGIN,
    failure::{self, Failure, Obstacle, While},
    hold::Control,
    start::connect_source,
};
use crate::{
    error::EngineError,
    report::{Report, Reporter},
};

/// Code of the finding that says what the stream stands for.
const DRIFT: &str = "schema-drift";
/// People wait for it with a psql open; a look is a few queries of the catalogs.
const LOOK_EVERY: Duration = Duration::from_millis(500);

struct DriftWait<'a> {
    reporter: &'a Reporter,
    publication: &'a str,
    side: WrittenSide,
    obstacle: Obstacle,
    control: Control,
    /// For looking and writing down.
    target: Session,
    source: Session,
}

/// Stands until the target fits or there is a reason to end; the value says which.
pub(super) async fn stand(request: &FollowRequest<'_>, obstacle: Obstacle, reporter: &Reporter) -> Failure {
    match DriftWait::open(request, obstacle, reporter).await {
        Ok(standstill) => match standstill.wait().await {
            Ok(over) => over,
            Err(failure) => failure,
        },
        Err(failure) => failure,
    }
}

impl<'a> DriftWait<'a> {
    async fn open(
        request: &FollowRequest<'a>,
        obstacle: Obstacle,
        reporter: &'a Reporter,
    ) -> Result<Self, Failure> {
        let id = &request.migration.id;
        let lost = |error: EngineError| match error {
            EngineError::Server { doing, source } => Failure::server(&doing, source),
            error => Failure::Final(error),
        };
        let control = request
            .endpoints
            .target_session(id, "commands")
            .await
            .map_err(lost)?;
        let target = request
            .endpoints
            .target_session(id, "standstill")
            .await
            .map_err(lost)?;
        let source = connect_source(request, "standstill").await.map_err(lost)?;
        Ok(Self {
            reporter,
            publication: &request.migration.publication_name,
            side: request.written_side(),
            obstacle,
            control: Control::new(control, request.yields_to_tables),
            target,
            source,
        })
    }

    async fn wait(mut self) -> Result<Failure, Failure> {
        self.obstacle = self.by_identity(self.obstacle.clone()).await;
        self.say().await?;
        let detail = serde_json::json!({
            "table": self.obstacle.drift.table().plain(),
            "reason": self.message(),
            "remedy": self.obstacle.remedy(&self.side).as_str(),
        });
        self.record("the stream waits", &detail).await?;
        loop {
            let standing = drift::standing(&self.source, &self.target, &self.obstacle.drift)
                .await
                .while_doing("looking whether the target fits by now")?;
            match standing {
                None => return self.go_on().await,
                Some(drift) if drift.kind != self.obstacle.drift.kind => {
                    let obstacle = failure::obstacle(drift, &self.source).await;
                    self.obstacle = self.by_identity(obstacle).await;
                    self.say().await?;
                }
                Some(_) => {}
            }
            self.reporter.waiting(self.reason());
            if let Some(reason) = self.control.look_and_refuse(Some(&self.message())).await? {
                return self.end(reason).await;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn by_identity(&self, obstacle: Obstacle) -> Obstacle {
        failure::by_identity(obstacle, self.publication, &self.source, &self.target).await
    }

    fn message(&self) -> String {
        self.obstacle.message(&self.side)
    }

    fn reason(&self) -> String {
        format!("{}; {}", self.message(), self.obstacle.remedy(&self.side))
    }

    async fn say(&self) -> Result<(), Failure> {
        let relation = &self.obstacle.drift.relation;
        let finding = Finding::blocker(
            DRIFT,
            &relation.name.plain(),
            format!(
                "{}; the stream waits before the first change that this concerns",
                self.message()
            ),
            self.obstacle.remedy(&self.side),
        );
        self.forget().await?;
        finding::replace(&*self.target, ORIGIN, &finding)
            .await
            .while_doing("recording what the stream waits for")?;
        runner::stands_before(&self.target, Some(relation.id), &self.reason())
            .await
            .while_doing("recording what the stream waits for")?;
        self.reporter.send(Report::Finding { finding });
        Ok(())
    }

    async fn forget(&self) -> Result<(), Failure> {
        forget(&self.target).await
    }

    async fn go_on(&self) -> Result<Failure, Failure> {
        let table = self.obstacle.drift.table().plain();
        self.forget().await?;
        runner::stands_before(&self.target, None, "")
            .await
            .while_doing("forgetting what the stream waited for")?;
        self.record("the stream continues", &serde_json::json!({ "table": table }))
            .await?;
        self.reporter
            .step(format!("the target takes the changes of {table} now: continuing"));
        Ok(Failure::Retry)
    }

    /// The finding stays: whoever looks at the status finds out what the next run will stand for.
    async fn end(&self, reason: EndReason) -> Result<Failure, Failure> {
        if reason == EndReason::Tables {
            self.forget().await?;
        }
        runner::stands_before(&self.target, None, "")
            .await
            .while_doing("forgetting what the stream waited for")?;
        Ok(Failure::Ends(reason))
    }

    async fn record(&self, step: &str, detail: &serde_json::Value) -> Result<(), Failure> {
        history::add(&*self.target, step, detail)
            .await
            .while_doing("recording what the stream waits for")
    }
}

/// What an earlier attempt stood for: the present one finds out for itself.
pub(super) async fn forget(target: &Session) -> Result<(), Failure> {
    finding::clear(&**target, ORIGIN, DRIFT)
        .await
        .while_doing("forgetting what the stream waited for")
}
