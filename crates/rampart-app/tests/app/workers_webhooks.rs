//! Delivery of webhooks: signed, retried, parked, replayed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use parking_lot::Mutex;
use rampart_app::operate::{orders, webhooks};
use rampart_core::partner::event::EventType;
use rampart_testkit::{TestApp, buy, on_both_engines, partner_api};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::workers_buying::{ana, operator};

on_both_engines!(rampart_testkit::TestApp::start => in_order, parked_and_replayed);

/// A receiver that answers with a given status.
struct Receiver {
    url: String,
    status: Arc<AtomicU16>,
    bodies: Arc<Mutex<Vec<serde_json::Value>>>,
}

impl Receiver {
    async fn start(status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let (status, bodies) = (Arc::new(AtomicU16::new(status)), Arc::new(Mutex::new(Vec::new())));
        let shared = (status.clone(), bodies.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, shared.0.clone(), shared.1.clone()));
            }
        });
        Self { url, status, bodies }
    }

    fn sequences(&self) -> Vec<i64> {
        self.bodies.lock().iter().map(|body| body["sequence"].as_i64().unwrap()).collect()
    }
}

async fn answer(mut stream: TcpStream, status: Arc<AtomicU16>, bodies: Arc<Mutex<Vec<serde_json::Value>>>) {
    let mut received = Vec::new();
    let mut piece = [0; 4_096];
    loop {
        let head = received.windows(4).position(|window| window == b"\r\n\r\n");
        let with_workers = head.and_then(|head| {
            let text = String::from_utf8_lossy(&received[..head]).to_ascii_lowercase();
            let length: usize = text.split("content-length: ").nth(1)?.split("\r\n").next()?.trim().parse().ok()?;
            (received.len() >= head + 4 + length).then_some((head + 4, head + 4 + length, text))
        });
        if let Some((start, end, head)) = with_workers {
            for header in ["x-api-key: ", "x-timestamp: ", "x-signature: ", "webhook-id: evt_", "webhook-signature: v1,"] {
                assert!(head.contains(header), "{head}");
            }
            let status = status.load(Ordering::SeqCst);
            if status == 200 {
                bodies.lock().push(serde_json::from_slice(&received[start..end]).unwrap());
            }
            received.drain(..end);
            let reply = format!("HTTP/1.1 {status} x\r\ncontent-length: 2\r\n\r\nok");
            if stream.write_all(reply.as_bytes()).await.is_err() {
                return;
            }
            continue;
        }
        match stream.read(&mut piece).await {
            Ok(0) | Err(_) => return,
            Ok(count) => received.extend_from_slice(&piece[..count]),
        }
    }
}

async fn subscribe(test: &TestApp, receiver: &Receiver) {
    for kind in EventType::ALL {
        let (url, kind) = (Some(receiver.url.clone()), Some(kind.as_str().to_owned()));
        partner_api::subscribe(&test.app, &test.caller, url, kind, None).await.unwrap();
    }
}

async fn in_order(test: Arc<TestApp>) {
    let receiver = Receiver::start(200).await;
    subscribe(&test, &receiver).await;
    let customer = ana(&test).await;
    for _ in 0..5 {
        let answer = partner_api::create_payment(&test.app, &test.caller, &buy(customer, "50"), None).await.unwrap();
        test.pay(TestApp::order_of(&answer)).await;
    }
    // The event of the identity check, and two of each payment; confirmations come later.
    test.eventually("every event was received", || async {
        let (mut received, last) = (receiver.sequences(), test.app.store.last_event(test.caller.partner.id).await.unwrap());
        received.sort_unstable();
        received.dedup();
        (last >= 11 && received == (1..=last).collect::<Vec<_>>()).then_some(())
    })
    .await;
    let bodies = receiver.bodies.lock().clone();
    for kind in EventType::ALL {
        let mut of_kind: Vec<_> = bodies.iter().filter(|body| body["type"] == kind.as_str()).collect();
        of_kind.sort_by_key(|body| body["sequence"].as_i64());
        let mut previous = 0;
        for body in of_kind {
            assert_eq!(body["previous_sequence"], previous, "{kind}");
            previous = body["sequence"].as_i64().unwrap();
        }
    }
}

async fn parked_and_replayed(test: Arc<TestApp>) {
    let receiver = Receiver::start(500).await;
    subscribe(&test, &receiver).await;
    let customer = ana(&test).await;
    let answer = partner_api::create_payment(&test.app, &test.caller, &buy(customer, "50"), None).await.unwrap();
    test.pay(TestApp::order_of(&answer)).await;
    test.payment_becomes(TestApp::order_of(&answer), "coins_sent").await;
    let counts = || async { test.app.store.order_counts().await.unwrap() };
    test.eventually("deliveries are retried", || async { Some(counts().await).filter(|counts| counts.deliveries_pending >= 3) }).await;
    // Three days pass; every delivery gets a last attempt and is parked.
    test.eventually("deliveries are parked", || async {
        test.advance(6 * 3_600).await;
        Some(counts().await).filter(|counts| counts.deliveries_pending == 0 && counts.deliveries_parked >= 3)
    })
    .await;
    let parked = webhooks::parked(&test.app, None, 100).await.unwrap();
    assert_eq!(parked[0].last_error.as_deref(), Some("answered 500"));
    assert!(parked.iter().all(|delivery| delivery.attempts > 5), "{parked:?}");
    let order = TestApp::order_of(&answer);
    let lines = orders::show(&test.app, order).await.unwrap().deliveries;
    assert!(lines.len() >= 2 && lines.iter().all(|line| line.state.starts_with("parked, attempts")), "{lines:?}");
    assert!(lines.iter().all(|line| parked.iter().any(|delivery| delivery.id == line.id)), "{lines:?}");
    let behind_first = webhooks::parked(&test.app, Some(parked[0].id.parse().unwrap()), 100).await.unwrap();
    assert_eq!(behind_first.len(), parked.len() - 1);
    receiver.status.store(200, Ordering::SeqCst);
    webhooks::replay(&test.app, &operator(), parked[0].id.parse().unwrap()).await.unwrap();
    assert!(webhooks::replay(&test.app, &operator(), parked[0].id.parse().unwrap()).await.is_err());
    let replayed = webhooks::replay_all(&test.app, &operator(), test.caller.partner.id).await.unwrap();
    assert_eq!(usize::try_from(replayed).unwrap(), parked.len() - 1);
    test.eventually("everything was received", || async {
        let counts = counts().await;
        (counts.deliveries_pending == 0 && counts.deliveries_parked == 0).then_some(())
    })
    .await;
    assert!(receiver.sequences().len() >= parked.len());
    let lines = orders::show(&test.app, order).await.unwrap().deliveries;
    assert!(lines.iter().all(|line| line.state.starts_with("delivered")), "{lines:?}");
}
