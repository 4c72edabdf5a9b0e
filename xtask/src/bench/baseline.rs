//! The baseline: a process of the same framework that answers every call with a fixed JSON text.

use std::process::Stdio;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::measure::MeasuredProcess;
use crate::TaskResult;

/// Serves the fixed answer until it is killed.
pub(crate) fn run() -> TaskResult {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let router =
            Router::new().route("/", get(|| async { ([(CONTENT_TYPE, "application/json")], r#"{"status":"ok","data":{"value":1}}"#) }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.map_err(|error| error.to_string())?;
        println!("listening on http://{}", listener.local_addr().map_err(|error| error.to_string())?);
        axum::serve(listener, router).await.map_err(|error| error.to_string())
    })
}

pub(super) struct Baseline {
    address: String,
    child: Child,
}

impl Baseline {
    /// Starts the baseline as a separate process, like the ramp.
    pub(super) async fn start() -> Result<Self, String> {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut command = Command::new(program);
        command.arg("bench-baseline").stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| error.to_string())?;
        let stdout = child.stdout.take().ok_or("no standard output")?;
        let line = BufReader::new(stdout).lines().next_line().await.map_err(|error| error.to_string())?.unwrap_or_default();
        let address = line.split_once("http://").map(|(_, address)| address.trim().to_owned()).ok_or("the baseline did not start")?;
        Ok(Self { address, child })
    }

    pub(super) fn measured(&self) -> MeasuredProcess<'_> {
        MeasuredProcess { address: &self.address, process_id: self.child.id() }
    }
}
