//! The HTTP server: connections, their limits, and a graceful shutdown.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use futures::FutureExt;
use http_body_util::{BodyExt, Collected};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use rampart_core::refusal::Refusal;
use rampart_http::framing;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::backpressure::{MonitoredStream, WriteBackpressure};
use super::chunked_body::ChunkedBody;
use super::client_address::Peer;
use super::concurrency::ConcurrencyLimiter;
use super::config::WebConfig;
use super::deadline::{CoarseTimer, wake_interval};
use super::log_throttle::LogThrottle;

/// How long to wait after `accept` failed, for example because file descriptors ran out.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(20);
/// How long a closing connection may take to send its last response, and to discard what the peer still sends.
const LINGER_TIMEOUT: Duration = Duration::from_secs(1);
const MAX_DISCARDED_BYTES: usize = 1024 * 1024;
/// The kernel's send buffer of a connection. By default it would grow to megabytes for a peer that reads nothing; responses
/// are small.
const SEND_BUFFER_BYTES: usize = 64 * 1024;

/// Answers the requests of a listener.
pub trait Responder: Send + Sync + 'static {
    /// The response to a request.
    fn answer(&self, request: Request, peer: IpAddr) -> impl Future<Output = Response> + Send;
    /// The response to a request with invalid framing, which is not handled.
    fn refuse(&self, request: &Request, peer: IpAddr, fault: &Refusal) -> Response;
    /// The response to a request whose head did not arrive in time.
    fn head_timeout(&self, peer: IpAddr) -> Response;
}

/// Serves until `shutdown` completes, then drains: waiting connections are still accepted and responses carry
/// `Connection: close`. After [`WebConfig::drain_milliseconds`] idle connections are closed. Requests in progress are finished,
/// but connections that are still open after [`WebConfig::stop_milliseconds`] are cut, so that clients cannot delay the stop.
pub async fn serve(listener: TcpListener, front: impl Responder, config: &WebConfig, shutdown: impl Future<Output = ()>) {
    let (wake, woken) = watch::channel(ConnectionSignal::CheckDeadlines);
    let interval = wake_interval(config.read_timeout().min(config.write_timeout()));
    let waking = async {
        loop {
            tokio::time::sleep(interval).await;
            wake.send_modify(|_| ());
        }
    };
    tokio::select! {
        () = accept_and_drain(listener, front, config, shutdown, &wake, woken) => {}
        () = waking => {}
    }
}

/// Why connections are woken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ConnectionSignal {
    CheckDeadlines,
    /// Close once no request is in progress.
    Close,
}

async fn accept_and_drain(
    listener: TcpListener,
    front: impl Responder,
    config: &WebConfig,
    shutdown: impl Future<Output = ()>,
    wake: &watch::Sender<ConnectionSignal>,
    woken: watch::Receiver<ConnectionSignal>,
) {
    let connections = Arc::new(Semaphore::new(config.connections));
    let per_address = ConcurrencyLimiter::new(usize::MAX, config.max_connections_per_address());
    let draining = Arc::new(AtomicBool::new(false));
    let write_timeout = config.write_timeout();
    let server = Arc::new(HttpServer { front, builder: builder(config), draining: draining.clone(), write_timeout });
    let mut tasks = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    // Accepted sockets inherit the size.
    if let Err(error) = rustix::net::sockopt::set_socket_send_buffer_size(&listener, SEND_BUFFER_BYTES) {
        tracing::warn!(%error, "the send buffers of connections could not be limited");
    }
    let accept_errors = LogThrottle::default();
    let accept = async || {
        // The permit comes first: a connection that is not accepted costs no memory here.
        let permit = connections.clone().acquire_owned().await.ok()?;
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                if accept_errors.is_due(Instant::now()) {
                    tracing::warn!(%error, "a connection could not be accepted; logged at most once a minute");
                }
                tokio::time::sleep(ACCEPT_RETRY_DELAY).await;
                return None;
            }
        };
        // A trusted proxy carries the connections of many clients.
        let is_proxy = config.trusted_proxies.iter().any(|network| network.contains(peer.ip()));
        let permit_of_address = if is_proxy { None } else { Some(per_address.acquire(peer.ip()).ok()?) };
        Some((stream, Peer(peer), (permit, permit_of_address)))
    };
    loop {
        let accepted = tokio::select! {
            accepted = accept() => accepted,
            () = &mut shutdown => break,
        };
        if let Some((stream, peer, permits)) = accepted {
            tasks.spawn(connection(server.clone(), stream, peer, woken.clone(), permits));
        }
        while tasks.try_join_next().is_some() {}
    }
    draining.store(true, Ordering::Relaxed);
    // Connections in the backlog are still served. The loop is bounded in case new ones keep coming.
    for _ in 0..config.connections {
        match accept().now_or_never() {
            Some(Some((stream, peer, permits))) => drop(tasks.spawn(connection(server.clone(), stream, peer, woken.clone(), permits))),
            Some(None) => {}
            None => break,
        }
    }
    drop(listener);
    if ended_within(&mut tasks, config.drain_milliseconds).await {
        return;
    }
    wake.send_replace(ConnectionSignal::Close);
    if !ended_within(&mut tasks, config.stop_milliseconds).await {
        tracing::warn!(connections = tasks.len(), "stopping: connections with unfinished requests are cut");
        tasks.shutdown().await;
    }
}

/// Whether all connections end within this time.
async fn ended_within(tasks: &mut JoinSet<()>, milliseconds: u64) -> bool {
    let all_ended = async { while tasks.join_next().await.is_some() {} };
    tokio::time::timeout(Duration::from_millis(milliseconds), all_ended).await.is_ok()
}

struct HttpServer<R> {
    front: R,
    builder: http1::Builder,
    draining: Arc<AtomicBool>,
    write_timeout: Duration,
}

fn builder(config: &WebConfig) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(CoarseTimer)
        .header_read_timeout(config.read_timeout())
        // hyper answers larger heads with a bare 431; smaller ones get our own response.
        .max_buf_size((config.header_limit_bytes * 4).max(64 * 1024))
        // Most responses are small: head and body are sent in one write.
        .writev(false)
        .half_close(true);
    builder
}

impl<R: Responder> HttpServer<R> {
    async fn answer(&self, request: hyper::Request<Incoming>, peer: Peer) -> Result<Response<ChunkedBody>, Infallible> {
        let fault = framing::check(&request).err();
        let must_close = fault.is_some();
        let request = request.map(Body::new);
        let mut response = match fault {
            None => self.front.answer(request, peer.0.ip()).await,
            Some(fault) => self.front.refuse(&request, peer.0.ip(), &fault),
        };
        if must_close || self.draining.load(Ordering::Relaxed) {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(response.map(ChunkedBody::from))
    }
}

async fn connection<P>(
    server: Arc<HttpServer<impl Responder>>,
    stream: TcpStream,
    peer: Peer,
    mut woken: watch::Receiver<ConnectionSignal>,
    _permits: P,
) {
    let _ = stream.set_nodelay(true);
    let backpressure = WriteBackpressure::new();
    let service = {
        let (server, backpressure) = (server.clone(), backpressure.clone());
        hyper::service::service_fn(move |request| {
            let (server, backpressure) = (server.clone(), backpressure.clone());
            // Boxed to be `Unpin`: the connection is taken apart at its end.
            Box::pin(async move {
                backpressure.writable().await;
                server.answer(request, peer).await
            })
        })
    };
    let mut connection =
        server.builder.serve_connection(TokioIo::new(MonitoredStream { stream, backpressure: backpressure.clone() }), service);
    let mut asked_to_close = false;
    let ended = loop {
        tokio::select! {
            biased;
            ended = poll_fn(|context| connection.poll_without_shutdown(context)) => break Some(ended),
            Ok(()) = woken.changed() => {
                if backpressure.blocked_for() >= server.write_timeout {
                    break None;
                }
                // Only once: on a second call hyper drops a response that the peer reads slowly.
                if *woken.borrow_and_update() == ConnectionSignal::Close && !asked_to_close {
                    asked_to_close = true;
                    Pin::new(&mut connection).graceful_shutdown();
                }
            }
        }
    };
    let parts = connection.into_parts();
    let mut stream = parts.io.into_inner().stream;
    let Some(ended) = ended else {
        // Reset, so that the kernel discards the unsent data too.
        let _ = stream.set_zero_linger();
        return;
    };
    let close = async {
        if ended.as_ref().is_err_and(hyper::Error::is_timeout) && !parts.read_buf.is_empty() {
            // The head of a request did not arrive in time. hyper sends no response in this case.
            let _ = stream.write_all(&serialize(server.front.head_timeout(peer.0.ip())).await).await;
        }
        let _ = stream.shutdown().await;
        if ended.is_err() {
            discard(&mut stream).await;
        }
    };
    let _ = tokio::time::timeout(LINGER_TIMEOUT, close).await;
}

/// Reads and discards what the peer still sends. Closing a socket with unread data resets the connection, and the peer may
/// then not receive the response.
async fn discard(stream: &mut TcpStream) {
    let mut bytes = [0; 8 * 1024];
    let mut remaining = MAX_DISCARDED_BYTES;
    while let Ok(length @ 1..) = stream.read(&mut bytes).await {
        remaining = remaining.saturating_sub(length);
        if remaining == 0 {
            return;
        }
    }
}

/// A response as bytes, for a connection that hyper no longer handles.
async fn serialize(response: Response) -> Vec<u8> {
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
