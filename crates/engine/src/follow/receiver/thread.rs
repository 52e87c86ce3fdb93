//! The thread that the receiver has to itself.
//!
//! While much comes the receiver lets the socket fill, and for so long nobody may wake up for each packet: neither the
//! thread that rests nor one that watches its socket for it. So the socket belongs to a runtime of one thread, and that
//! thread sleeps. Measured on a backlog of narrow rows: a quarter of the program's CPU was spent on waking up.

use std::{future::Future, io};

use tokio::{
    runtime::{Builder, Handle, Runtime},
    task::JoinSet,
};

#[derive(Debug)]
pub(crate) struct ReceiverThread {
    /// None only once it is being dropped.
    runtime: Option<Runtime>,
}

impl ReceiverThread {
    pub(crate) fn start() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("receiver")
            .enable_all()
            .build()?;
        Ok(Self {
            runtime: Some(runtime),
        })
    }

    /// Runs this on the thread; ends it when this future is dropped. What it opens is watched there from then on.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> io::Result<T> {
        let mut task = JoinSet::new();
        task.spawn_on(future, self.handle());
        match task.join_next().await {
            Some(Ok(output)) => Ok(output),
            Some(Err(panic)) => Err(io::Error::other(panic)),
            None => unreachable!("invariant: one task was spawned"),
        }
    }

    pub(crate) fn handle(&self) -> &Handle {
        let runtime = self.runtime.as_ref();
        runtime
            .expect("invariant: only dropping takes the runtime")
            .handle()
    }
}

impl Drop for ReceiverThread {
    fn drop(&mut self) {
        // Waiting for a thread is not for whoever runs other tasks.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
