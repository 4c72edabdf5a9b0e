//! The server: connections, their limits, and a stop that leaves no accepted request unanswered.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use futures::FutureExt;
use http_body_util::{BodyExt, Collected};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::client_address::Peer;
use crate::config::WebConfig;
use crate::crowd::Crowd;
use crate::deadline::{Deadlines, pulse};
use crate::framing;
use crate::front::Front;
use crate::outflow::{Outflow, Watched};
use crate::pieces::Pieces;
use crate::seldom::Seldom;

/// How long the server waits when the system has no more connections to give.
const BREATHER: Duration = Duration::from_millis(20);
/// How long a connection that is being closed is still told its last words and relieved of what nobody will read, and how
/// much of that is taken.
const LINGER: Duration = Duration::from_secs(1);
const MOST_DISCARDED: usize = 1024 * 1024;
/// How much the system may hold of what leaves a connection, in bytes. By itself it would hold megabytes for a reader who
/// takes nothing; answers are small.
const SEND_BUFFER: usize = 64 * 1024;

/// Serves until `shutdown` completes. Then connections that wait to be accepted still are, answers ask their callers to
/// leave, and after [`WebConfig::drain_milliseconds`] idle connections are closed. Requests under way are finished, and
/// what is not after [`WebConfig::stop_milliseconds`] is cut: nobody outside decides when the process ends.
pub async fn serve(listener: TcpListener, front: Front, config: &WebConfig, shutdown: impl Future<Output = ()>) {
    let (wake, woken) = watch::channel(Wake::Look);
    let pulse = pulse(config.read_timeout().min(config.write_timeout()));
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
    let crowd = Crowd::new(usize::MAX, config.connections_of_one());
    let draining = Arc::new(AtomicBool::new(false));
    let write_timeout = config.write_timeout();
    let server = Arc::new(Server { front, builder: builder(config), draining: draining.clone(), write_timeout });
    let mut tasks = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    // What is accepted has it from its listener.
    if let Err(error) = rustix::net::sockopt::set_socket_send_buffer_size(&listener, SEND_BUFFER) {
        tracing::warn!(%error, "the send buffers of connections could not be bounded");
    }
    let not_accepted = Seldom::default();
    let accept = async || {
        // The permit comes first: a connection that is not accepted costs this process nothing.
        let permit = connections.clone().acquire_owned().await.ok()?;
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                if not_accepted.is_due(Instant::now()) {
                    tracing::warn!(%error, "a connection could not be accepted; said once a minute, however often it happens");
                }
                tokio::time::sleep(BREATHER).await;
                return None;
            }
        };
        // Through a trusted proxy comes everybody.
        let is_proxy = config.trusted_proxies.iter().any(|network| network.contains(peer.ip()));
        let place = if is_proxy { None } else { Some(crowd.enter(peer.ip()).ok()?) };
        Some((stream, Peer(peer), (permit, place)))
    };
    loop {
        let accepted = tokio::select! {
            accepted = accept() => accepted,
            () = &mut shutdown => break,
        };
        if let Some((stream, peer, places)) = accepted {
            tasks.spawn(connection(server.clone(), stream, peer, woken.clone(), places));
        }
        while tasks.try_join_next().is_some() {}
    }
    draining.store(true, Ordering::Relaxed);
    // Whoever has connected already is not turned away. Those who go on connecting are not waited for.
    for _ in 0..config.connections {
        match accept().now_or_never() {
            Some(Some((stream, peer, places))) => drop(tasks.spawn(connection(server.clone(), stream, peer, woken.clone(), places))),
            Some(None) => {}
            None => break,
        }
    }
    drop(listener);
    if ended_within(&mut tasks, config.drain_milliseconds).await {
        return;
    }
    wake.send_replace(Wake::Close);
    if !ended_within(&mut tasks, config.stop_milliseconds).await {
        tracing::warn!(connections = tasks.len(), "stopping: what is still under way is cut");
        tasks.shutdown().await;
    }
}

/// Whether all connections ended in this time.
async fn ended_within(tasks: &mut JoinSet<()>, milliseconds: u64) -> bool {
    let all_ended = async { while tasks.join_next().await.is_some() {} };
    tokio::time::timeout(Duration::from_millis(milliseconds), all_ended).await.is_ok()
}

struct Server {
    front: Front,
    builder: http1::Builder,
    draining: Arc<AtomicBool>,
    write_timeout: Duration,
}

fn builder(config: &WebConfig) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(Deadlines)
        .header_read_timeout(config.read_timeout())
        // Beyond this the connection is answered by a bare 431; up to it, by ours.
        .max_buf_size((config.header_limit_bytes * 4).max(64 * 1024))
        // Most answers are small: head and body leave together.
        .writev(false)
        .half_close(true);
    builder
}

impl Server {
    async fn answer(&self, request: hyper::Request<Incoming>, peer: Peer) -> Result<Response<Pieces>, Infallible> {
        let fault = framing::check(&request).err();
        let is_last = fault.is_some();
        let request = request.map(Body::new);
        let mut response = match fault {
            None => self.front.answer(request, peer.0.ip()).await,
            Some(fault) => self.front.refuse(&request, peer.0.ip(), &fault),
        };
        if is_last || self.draining.load(Ordering::Relaxed) {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(response.map(Pieces::from))
    }
}

async fn connection<P>(server: Arc<Server>, stream: TcpStream, peer: Peer, mut woken: watch::Receiver<Wake>, _places: P) {
    let _ = stream.set_nodelay(true);
    let outflow = Outflow::new();
    let service = {
        let (server, outflow) = (server.clone(), outflow.clone());
        hyper::service::service_fn(move |request| {
            let (server, outflow) = (server.clone(), outflow.clone());
            // Boxed, because the connection is taken apart at its end, and what is pinned in place cannot be.
            Box::pin(async move {
                outflow.flowing().await;
                server.answer(request, peer).await
            })
        })
    };
    let mut connection = server.builder.serve_connection(TokioIo::new(Watched { stream, outflow: outflow.clone() }), service);
    let mut asked_to_close = false;
    let ended = loop {
        tokio::select! {
            biased;
            ended = poll_fn(|context| connection.poll_without_shutdown(context)) => break Some(ended),
            Ok(()) = woken.changed() => {
                if outflow.full_for() >= server.write_timeout {
                    break None;
                }
                // Once: hyper takes a second time for leave to drop an answer that its reader is slow to take.
                if *woken.borrow_and_update() == Wake::Close && !asked_to_close {
                    asked_to_close = true;
                    Pin::new(&mut connection).graceful_shutdown();
                }
            }
        }
    };
    let parts = connection.into_parts();
    let mut stream = parts.io.into_inner().stream;
    let Some(ended) = ended else {
        // What nobody takes is not kept by the system either.
        let _ = stream.set_zero_linger();
        return;
    };
    let farewell = async {
        if ended.as_ref().is_err_and(hyper::Error::is_timeout) && !parts.read_buf.is_empty() {
            // A request had begun and did not arrive in time; hyper leaves it to us to say so.
            let _ = stream.write_all(&written(server.front.late(peer.0.ip())).await).await;
        }
        let _ = stream.shutdown().await;
        if ended.is_err() {
            discard(&mut stream).await;
        }
    };
    let _ = tokio::time::timeout(LINGER, farewell).await;
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

/// The last answer of a connection that hyper has left, as it goes over the wire.
async fn written(response: Response) -> Vec<u8> {
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map(Collected::to_bytes).unwrap_or_default();
    let mut bytes = format!("HTTP/1.1 {}\r\n", parts.status).into_bytes();
    for (name, value) in parts.headers.iter().filter(|(name, _)| *name != header::CONTENT_LENGTH) {
        bytes.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    bytes.extend(format!("content-length: {}\r\nconnection: close\r\n\r\n", body.len()).bytes());
    bytes.extend(body);
    bytes
}
