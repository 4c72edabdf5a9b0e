//! The server over real connections: requests that never reach the router, and the shutdown.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rampart_app::{App, PartnerChange, operate};
use rampart_testkit::{TestApp, on_both_engines};
use rampart_web::WebConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::support::Client;

on_both_engines!(rampart_testkit::TestApp::start_idle => what_does_not_arrive, a_graceful_stop, what_is_no_http, answers_that_nobody_takes,
    a_stop_that_nobody_holds_up, connections_of_one_address, bodies_of_one_address, bodies_that_came_whole,
    addresses_that_cannot_be_read, probes_of_a_busy_address, a_late_head_is_answered_like_all);

struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

impl Running {
    async fn stopped(self) {
        self.stop.send(()).unwrap();
        self.ended.await.unwrap();
    }
}

async fn start(test: &TestApp, config: WebConfig) -> Running {
    start_app(test.app.clone(), config).await
}

async fn start_app(app: App, config: WebConfig) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let router = rampart_web::router(app, config.clone(), Vec::new());
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
    // The server may answer before it has read the whole request.
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
    // The timeout applies to a request, not to the connection.
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
    running.stopped().await;
}

async fn a_graceful_stop(test: Arc<TestApp>) {
    let running = start(&test, WebConfig::default()).await;
    // One connection is idle after a request, one is in the middle of a request, one was never used.
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
    // The listener is closed, and then the request continues.
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

/// A proxy in front might interpret each of these differently.
async fn what_is_no_http(test: Arc<TestApp>) {
    let running = start(&test, WebConfig::default()).await;
    let post = "POST /api/authenticate HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";
    for request in [
        format!("{post}transfer-encoding: chunked\r\n\r\nzz\r\n{{}}\r\n0\r\n\r\n"),
        format!("{post}transfer-encoding: chunked\r\n\r\n2\r\n{{}}XX0\r\n\r\n"),
        format!("{post}transfer-encoding: chunked\r\n\r\n-2\r\n{{}}\r\n0\r\n\r\n"),
        format!("{post}transfer-encoding: chunked\r\n\r\nffffffffffffffff1\r\n{{}}\r\n0\r\n\r\n"),
        format!("{post}transfer-encoding: gzip, chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n"),
        format!("{post}transfer-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n"),
        "GET /healthz HTTP/1.1\r\n\r\n".to_owned(),
        "GET /healthz HTTP/1.1\r\nhost: x\r\nhost: y\r\n\r\n".to_owned(),
        "GET /healthz HTTP/1.1\r\nhost: x y\r\n\r\n".to_owned(),
    ] {
        let answer = exchange(running.address, request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("malformed_request"), "{request:?}: {answer}");
    }
    for request in [
        "GET /healthz HTTP/1.0\r\n\r\n".to_owned(),
        "GET /healthz HTTP/1.1\r\nhost:\r\nconnection: close\r\n\r\n".to_owned(),
        "GET http://x.example/healthz HTTP/1.1\r\nhost: x.example\r\nconnection: close\r\n\r\n".to_owned(),
    ] {
        let answer = exchange(running.address, request.as_bytes()).await;
        assert!(answer.contains(" 200 OK"), "{request:?}: {answer}");
    }
    let chunks = format!("{post}connection: close\r\ntransfer-encoding: chunked\r\n\r\n1;x=y\r\n{{\r\n1\r\n}}\r\n0\r\n\r\n");
    let answer = exchange(running.address, chunks.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 422"), "{answer}");
    running.stopped().await;
}

/// A client that requests many large answers and reads none.
async fn taker_of_nothing(address: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut stream = socket.connect(address).await.unwrap();
    stream.write_all(&b"GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n".repeat(100)).await.unwrap();
    stream
}

async fn answers_that_nobody_takes(test: Arc<TestApp>) {
    let config = WebConfig { write_timeout_milliseconds: 300, connections: 3, connections_per_address: 3, ..WebConfig::default() };
    let running = start(&test, config).await;
    let mut takers = Vec::new();
    for _ in 0..3 {
        takers.push(taker_of_nothing(running.address).await);
    }
    // They take all connections until they are cut.
    let answer = exchange(running.address, b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    for mut taker in takers {
        let cut = async { while taker.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.is_ok() {} };
        tokio::time::timeout(Duration::from_secs(20), cut).await.expect("it is cut");
    }
    // A client that reads gets its answers completely, however large they are.
    let all = [
        &b"GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n".repeat(50)[..],
        b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    ];
    let answers = exchange(running.address, &all.concat()).await;
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 51);
    running.stopped().await;
}

async fn a_stop_that_nobody_holds_up(test: Arc<TestApp>) {
    // Only the shutdown itself ends these.
    let hour = 3_600_000;
    let config = WebConfig {
        write_timeout_milliseconds: hour,
        read_timeout_milliseconds: hour,
        drain_milliseconds: 10,
        stop_milliseconds: 100,
        ..WebConfig::default()
    };
    let running = start(&test, config).await;
    let _taker = taker_of_nothing(running.address).await;
    let mut half = TcpStream::connect(running.address).await.unwrap();
    half.write_all(b"POST /api/authenticate HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{").await.unwrap();
    running.stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(20), running.ended).await.expect("the server ends").unwrap();
}

/// Whether a connection is served. It stays open.
async fn is_served(stream: &mut TcpStream) -> bool {
    let asked = stream.write_all(b"HEAD /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let mut answer = Vec::new();
    while asked.is_ok() && !answer.ends_with(b"\r\n\r\n") {
        if !stream.read_buf(&mut answer).await.is_ok_and(|length| length > 0) {
            return false;
        }
    }
    answer.starts_with(b"HTTP/1.1 200")
}

async fn connections_of_one_address(test: Arc<TestApp>) {
    let config = WebConfig { connections_per_address: 2, ..WebConfig::default() };
    let running = start(&test, config.clone()).await;
    let connect = async |to: SocketAddr| TcpStream::connect(to).await.unwrap();
    let (mut one, mut other) = (connect(running.address).await, connect(running.address).await);
    assert!(is_served(&mut one).await && is_served(&mut other).await);
    assert!(!is_served(&mut connect(running.address).await).await, "a third one");
    let from = TcpSocket::new_v4().unwrap();
    from.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    assert!(is_served(&mut from.connect(running.address).await.unwrap()).await, "somebody else");
    drop(one);
    test.eventually("its place is free again", || async { is_served(&mut connect(running.address).await).await.then_some(()) }).await;
    running.stop.send(()).unwrap();
    // All connections come from the proxy.
    let behind = start(&test, WebConfig { trusted_proxies: vec!["127.0.0.1".parse().unwrap()], ..config }).await;
    let mut many = Vec::new();
    for _ in 0..5 {
        many.push(connect(behind.address).await);
    }
    for stream in &mut many {
        assert!(is_served(stream).await);
    }
    behind.stop.send(()).unwrap();
}

/// One address cannot block the requests of others, also behind a proxy.
async fn bodies_of_one_address(test: Arc<TestApp>) {
    let config = WebConfig {
        trusted_proxies: vec!["127.0.0.1".parse().unwrap()],
        bodies: 8,
        bodies_per_address: 3,
        concurrency: 1,
        ..WebConfig::default()
    };
    let running = start(&test, config).await;
    let head = |from: &str| {
        format!(
            "POST /api/authenticate HTTP/1.1\r\nhost: x\r\nx-forwarded-for: {from}\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: 2\r\n\r\n"
        )
    };
    let mut slow = Vec::new();
    for _ in 0..3 {
        slow.push(slow_body(running.address, &head("203.0.113.1")).await);
    }
    let whole = async |from: &str| exchange(running.address, format!("{}{{}}", head(from)).as_bytes()).await;
    let half = async |from: &str| exchange(running.address, format!("{}{{", head(from)).as_bytes()).await;
    let answer = half("203.0.113.1").await;
    assert!(answer.starts_with("HTTP/1.1 429") && answer.contains("rate_limited"), "{answer}");
    // An IPv6 network has one share for all its addresses.
    let mut sixth = Vec::new();
    for number in 0..3 {
        sixth.push(slow_body(running.address, &head(&format!("2001:db8:0:{number}::1"))).await);
    }
    let answer = half("2001:db8:0:ffff::1").await;
    assert!(answer.starts_with("HTTP/1.1 429"), "{answer}");
    drop(sixth);
    let answer = whole("203.0.113.2").await;
    assert!(answer.starts_with("HTTP/1.1 422"), "{answer}");
    let answer = exchange(running.address, b"GET /openapi.json HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "what has no body needs no such place");
    for stream in &mut slow {
        stream.write_all(b"}").await.unwrap();
        let answer = read_all(stream).await;
        assert!(answer.starts_with("HTTP/1.1 422"), "{answer}");
    }
    let answer = whole("203.0.113.1").await;
    assert!(answer.starts_with("HTTP/1.1 422"), "{answer}");
    running.stopped().await;
}

/// A request of whose body only the first byte was sent. Returns once it has its permit: then the server sends
/// `100 Continue`.
async fn slow_body(address: SocketAddr, head: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(format!("{}\r\nexpect: 100-continue\r\n\r\n", head.trim_end()).as_bytes()).await.unwrap();
    let mut asked = [0; 25];
    stream.read_exact(&mut asked).await.unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"{").await.unwrap();
    stream
}

/// Requests whose bodies arrived with their heads are answered while all permits of arriving bodies are taken.
async fn bodies_that_came_whole(test: Arc<TestApp>) {
    let config = WebConfig { bodies: 2, bodies_per_address: 2, ..WebConfig::default() };
    let running = start(&test, config).await;
    let post = "POST /api/authenticate HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";
    let half = format!("{post}connection: close\r\ncontent-length: 2\r\n\r\n");
    let mut slow = Vec::new();
    for _ in 0..2 {
        slow.push(slow_body(running.address, &half).await);
    }
    let answer = exchange(running.address, format!("{half}{{").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    let in_chunks = "transfer-encoding: chunked\r\n\r\n1\r\n{\r\n1;x=y\r\n \r\n1\r\n}\r\n0\r\n\r\n";
    for body in ["content-length: 2\r\n\r\n{}", in_chunks] {
        // Twice, because the connection must stay usable after a body.
        let requests = format!("{post}{body}{post}connection: close\r\n{body}");
        let answers = exchange(running.address, requests.as_bytes()).await;
        assert_eq!(answers.matches("HTTP/1.1 422").count(), 2, "{body}: {answers}");
    }
    for stream in &mut slow {
        stream.write_all(b"}").await.unwrap();
        let answer = read_all(stream).await;
        assert!(answer.starts_with("HTTP/1.1 422"), "{answer}");
    }
    running.stopped().await;
}

/// Entries that a client forges do not hide the entry that its proxy added.
async fn addresses_that_cannot_be_read(test: Arc<TestApp>) {
    // The partner calls from the proxy's address and from another one.
    let change = PartnerChange { allow_ips: Some(vec!["127.0.0.1".into(), "198.51.100.7".into()]), ..PartnerChange::default() };
    operate::partners::set_partner(&test.app, test.caller.partner.id, &change, "test", "addresses").await.unwrap();
    let running = start(&test, WebConfig { trusted_proxies: vec!["127.0.0.1".parse().unwrap()], ..WebConfig::default() }).await;
    let body = serde_json::json!({"api_key": test.credentials.api_key, "api_secret": test.credentials.api_secret.reveal()}).to_string();
    let status = async |lines: &[&[u8]]| {
        let mut request = b"POST /api/authenticate HTTP/1.1\r\nhost: x\r\nconnection: close\r\n".to_vec();
        for line in lines {
            request.extend([b"x-forwarded-for: ", *line, b"\r\n"].concat());
        }
        request.extend(format!("content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len()).bytes());
        exchange(running.address, &request).await[9..12].to_owned()
    };
    assert_eq!(status(&[b"203.0.113.9"]).await, "401");
    assert_eq!(status(&[b"198.51.100.7"]).await, "200");
    assert_eq!(status(&[b"203.0.113.9, 198.51.100.7"]).await, "200");
    assert_eq!(status(&[b"\xff, 203.0.113.9"]).await, "401", "the proxy's own line counts");
    assert_eq!(status(&[b"198.51.100.7", b"\xff, 203.0.113.9"]).await, "401", "an earlier line is the caller's");
    assert_eq!(status(&[b"\xff", b"203.0.113.9"]).await, "401");
    assert_eq!(status(&[b"203.0.113.9", b"\xff, 198.51.100.7"]).await, "200");
    running.stopped().await;
}

/// Probes and the operators' metrics are answered for an address that has reached its rate limit.
async fn probes_of_a_busy_address(test: Arc<TestApp>) {
    let app = test.with_settings(|config| (config.rate_limits.ip_per_second, config.rate_limits.ip_burst) = (1, 1)).await;
    let router = rampart_web::router(app, WebConfig::default(), Vec::new());
    let (client, apart) = (Client { router: router.clone(), token: None }, Client { router: router.operators(), token: None });
    while client.get("/openapi.json").await.status != 429 {}
    for path in ["/healthz", "/readyz"] {
        for _ in 0..5 {
            assert_eq!(client.get(path).await.status, 200, "{path}");
            assert_eq!(apart.get(path).await.status, 200, "{path}");
            assert_eq!(apart.get("/metrics").await.status, 200);
        }
    }
    assert_eq!(client.get("/openapi.json").await.status, 429, "nothing else is exempt");
}

async fn a_late_head_is_answered_like_all(test: Arc<TestApp>) {
    let app = test.with_settings(|config| config.public_url = "https://pay.example".to_owned()).await;
    let running = start_app(app, WebConfig { read_timeout_milliseconds: 100, ..WebConfig::default() }).await;
    let answer = exchange(running.address, b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-slow").await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    assert_eq!(lines.next(), Some("HTTP/1.1 408 Request Timeout"));
    let headers: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(": ")).collect();
    let header = |wanted: &str| headers.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value);
    assert_eq!(header("content-type"), Some("application/json"));
    assert_eq!(header("strict-transport-security"), Some("max-age=31536000"));
    assert_eq!(header("x-content-type-options"), Some("nosniff"));
    assert_eq!(header("cache-control"), Some("no-store"));
    assert_eq!(header("connection"), Some("close"));
    assert_eq!(header("content-length"), Some(body.len().to_string().as_str()));
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!((body["status"].as_str(), body["error"].as_str()), (Some("error"), Some("request_timeout")));
    assert!(header("x-request-id").is_some_and(|name| name.starts_with("req_")), "{head}");
    assert_eq!(body["request_id"].as_str(), header("x-request-id"));
    running.stopped().await;
}
