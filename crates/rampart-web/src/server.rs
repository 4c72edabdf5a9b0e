//! The server: connections, their limits, and a stop that leaves no accepted request unanswered.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use futures::FutureExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use rampart_core::refusal::Code;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::client_address::Peer;
use crate::config::WebConfig;
use crate::deadline::{Deadlines, pulse};
use crate::front::Front;

/// How long the server waits when the system has no more connections to give.
const BREATHER: Duration = Duration::from_millis(20);
/// How long what nobody will read is still taken from a connection that is being closed, and how much of it.
const LINGER: Duration = Duration::from_secs(1);
const MOST_DISCARDED: usize = 1024 * 1024;

/// Serves until `shutdown` completes. Then connections that wait to be accepted still are, answers ask their callers to
/// leave, and after [`WebConfig::drain_milliseconds`] idle connections are closed; requests under way are finished.
pub async fn serve(listener: TcpListener, front: Front, config: &WebConfig, shutdown: impl Future<Output = ()>) {
    let (wake, woken) = watch::channel(Wake::Look);
    let pulse = pulse(config.read_timeout());
    let waking = async {
        loop {
            tokio::time::sleep(pulse).await;
            wake.send_modify(|_| ());
        }
    };
    tokio::select! {
        () = accept_and_drain(listener, front, config, shutdown, &wake, woken) => {}
        () = waking => {}
    }
}

/// What connections are woken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wake {
    /// To look at their deadlines.
    Look,
    /// To close, once no request is under way.
    Close,
}

async fn accept_and_drain(
    listener: TcpListener,
    front: Front,
    config: &WebConfig,
    shutdown: impl Future<Output = ()>,
    wake: &watch::Sender<Wake>,
    woken: watch::Receiver<Wake>,
) {
    let connections = Arc::new(Semaphore::new(config.connections));
    let draining = Arc::new(AtomicBool::new(false));
    let server = Arc::new(Server { front, builder: builder(config), draining: draining.clone() });
    let mut tasks = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    let accept = async || {
        // The permit comes first: a connection that is not accepted costs this process nothing.
        let permit = connections.clone().acquire_owned().await.ok()?;
        match listener.accept().await {
            Ok((stream, peer)) => Some((stream, Peer(peer), permit)),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(BREATHER).await;
                None
            }
        }
    };
    loop {
        let accepted = tokio::select! {
            accepted = accept() => accepted,
            () = &mut shutdown => break,
        };
        if let Some((stream, peer, permit)) = accepted {
            tasks.spawn(connection(server.clone(), stream, peer, woken.clone(), permit));
        }
        while tasks.try_join_next().is_some() {}
    }
    draining.store(true, Ordering::Relaxed);
    // Whoever has connected already is not turned away.
    while let Some(Some((stream, peer, permit))) = accept().now_or_never() {
        tasks.spawn(connection(server.clone(), stream, peer, woken.clone(), permit));
    }
    drop(listener);
    let all_done = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(Duration::from_millis(config.drain_milliseconds), all_done).await.is_err() {
        wake.send_replace(Wake::Close);
        while tasks.join_next().await.is_some() {}
    }
}

struct Server {
    front: Front,
    builder: http1::Builder,
    draining: Arc<AtomicBool>,
}

fn builder(config: &WebConfig) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(Deadlines)
        .header_read_timeout(config.read_timeout())
        // Beyond this the connection is answered by a bare 431; up to it, by ours.
        .max_buf_size((config.header_limit_bytes * 4).max(64 * 1024))
        // Answers are small: head and body leave as one piece.
        .writev(false)
        .half_close(true);
    builder
}

impl Server {
    async fn answer(&self, request: hyper::Request<Incoming>, peer: Peer) -> Result<Response, Infallible> {
        let mut response = self.front.answer(request.map(Body::new), peer.0.ip()).await;
        if self.draining.load(Ordering::Relaxed) {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(response)
    }
}

async fn connection<P>(server: Arc<Server>, stream: TcpStream, peer: Peer, mut woken: watch::Receiver<Wake>, _permit: P) {
    let _ = stream.set_nodelay(true);
    let service = {
        let server = server.clone();
        hyper::service::service_fn(move |request| {
            let server = server.clone();
            // Boxed, because the connection is taken apart at its end, and what is pinned in place cannot be.
            Box::pin(async move { server.answer(request, peer).await })
        })
    };
    let mut connection = server.builder.serve_connection(TokioIo::new(stream), service);
    let mut asked_to_close = false;
    let ended = loop {
        tokio::select! {
            biased;
            ended = poll_fn(|context| connection.poll_without_shutdown(context)) => break ended,
            Ok(()) = woken.changed() => {
                // Once: hyper takes a second time for leave to drop an answer that its reader is slow to take.
                if *woken.borrow_and_update() == Wake::Close && !asked_to_close {
                    asked_to_close = true;
                    Pin::new(&mut connection).graceful_shutdown();
                }
            }
        }
    };
    let parts = connection.into_parts();
    let mut stream = parts.io.into_inner();
    if ended.as_ref().is_err_and(hyper::Error::is_timeout) && !parts.read_buf.is_empty() {
        // A request had begun and did not arrive in time; hyper leaves it to us to say so.
        let _ = stream.write_all(late().as_bytes()).await;
    }
    let _ = stream.shutdown().await;
    if ended.is_err() {
        let _ = tokio::time::timeout(LINGER, discard(&mut stream)).await;
    }
}

/// Takes what the other end is still sending, for a moment: to close on unread bytes is to reset the connection, and
/// then the answer may never be read.
async fn discard(stream: &mut TcpStream) {
    let mut bytes = [0; 8 * 1024];
    let mut left = MOST_DISCARDED;
    while let Ok(length @ 1..) = stream.read(&mut bytes).await {
        left = left.saturating_sub(length);
        if left == 0 {
            return;
        }
    }
}

/// The answer to a request whose head never arrived whole.
fn late() -> String {
    let code = Code::RequestTimeout;
    let body = serde_json::json!({"status": "error", "error": code.as_str(), "message": code.meaning(), "request_id": "none"});
    let body = body.to_string();
    let length = body.len();
    format!("HTTP/1.1 408 Request Timeout\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
}
