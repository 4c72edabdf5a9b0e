//! The server over real connections: what never reaches the router, and how it stops.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rampart_testkit::{TestApp, on_both_engines};
use rampart_web::WebConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

on_both_engines!(crate::support::idle => what_does_not_arrive, a_graceful_stop);

struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

async fn start(test: &TestApp, config: WebConfig) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let router = rampart_web::router(test.app.clone(), config.clone(), Vec::new());
    let ended = tokio::spawn(async move {
        rampart_web::serve(listener, router, &config, async {
            let _ = stopped.await;
        })
        .await;
    });
    Running { address, stop, ended }
}

async fn read_all(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut bytes)).await.expect("the server closes the connection");
    String::from_utf8_lossy(&bytes).into_owned()
}

async fn exchange(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The server may answer before it has read everything.
    let _ = stream.write_all(request).await;
    read_all(&mut stream).await
}

async fn what_does_not_arrive(test: Arc<TestApp>) {
    let config = WebConfig { read_timeout_milliseconds: 300, ..WebConfig::default() };
    let running = start(&test, config).await;
    let to = running.address;
    let half_a_head = exchange(to, b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-slow").await;
    assert!(half_a_head.starts_with("HTTP/1.1 408"), "{half_a_head}");
    assert!(half_a_head.contains("request_timeout"), "{half_a_head}");
    // The time is of one request, however long its connection is in use.
    let mut used = TcpStream::connect(to).await.unwrap();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(700) {
        used.write_all(b"HEAD /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            assert_ne!(used.read_buf(&mut answer).await.unwrap(), 0, "the connection was closed while it was in use");
        }
    }
    used.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-slow").await.unwrap();
    let half_a_head = read_all(&mut used).await;
    assert!(half_a_head.starts_with("HTTP/1.1 408"), "{half_a_head}");
    let nothing = exchange(to, b"").await;
    assert_eq!(nothing, "", "a connection that never asked is closed without a word");
    let half_a_body = exchange(to, b"POST /api/authenticate HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{\"a\":").await;
    assert!(half_a_body.starts_with("HTTP/1.1 408"), "{half_a_body}");
    let mut head = b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-large: ".to_vec();
    head.extend(std::iter::repeat_n(b'x', 200_000));
    head.extend(b"\r\n\r\n");
    assert!(exchange(to, &head).await.starts_with("HTTP/1.1 431"));
    let mut many = b"GET /healthz HTTP/1.1\r\nhost: x\r\n".to_vec();
    for number in 0..200 {
        many.extend(format!("x-{number}: 1\r\n").bytes());
    }
    many.extend(b"\r\n");
    assert!(exchange(to, &many).await.starts_with("HTTP/1.1 431"));
    let mut large = b"POST /api/authenticate HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 10485760\r\n\r\n".to_vec();
    large.extend(std::iter::repeat_n(b' ', 10 * 1024 * 1024));
    let answer = exchange(to, &large).await;
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("body_too_large"), "{answer}");
    assert!(exchange(to, b"\x16\x03\x01 nonsense\r\n\r\n").await.starts_with("HTTP/1.1 400"));
    running.stop.send(()).unwrap();
    running.ended.await.unwrap();
}

async fn a_graceful_stop(test: Arc<TestApp>) {
    let running = start(&test, WebConfig::default()).await;
    // One connection has asked and been answered, one is in the middle of its request, one was never used.
    let mut idle = TcpStream::connect(running.address).await.unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut first = [0; 12];
    idle.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    let mut busy = TcpStream::connect(running.address).await.unwrap();
    busy.write_all(b"POST /api/authenticate HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{")
        .await
        .unwrap();
    let unused = TcpStream::connect(running.address).await.unwrap();
    running.stop.send(()).unwrap();
    // The door is closed, and then the request goes on.
    while TcpStream::connect(running.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    busy.write_all(b"}").await.unwrap();
    let answer = read_all(&mut busy).await;
    assert!(answer.starts_with("HTTP/1.1 422") && answer.contains("connection: close"), "{answer}");
    tokio::time::timeout(Duration::from_secs(20), running.ended).await.expect("the server ends").unwrap();
    assert!(TcpStream::connect(running.address).await.is_err(), "nobody listens any more");
    drop((idle, unused));
}
