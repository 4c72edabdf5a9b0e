//! Receivers of webhooks: changes apply at once, requests for less or for nothing are respected, and none is served at the cost of others.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rampart_app::operate::webhooks;
use rampart_app::workers::{self, Workers};
use rampart_app::{App, AuthenticatedPartner, SubscriptionCall, SubscriptionStatus, operate};
use rampart_core::id::PartnerId;
use rampart_core::partner::event::{EventDraft, EventType};
use rampart_core::partner::webhook::Delivery;
use rampart_core::step::Step;
use rampart_testkit::partner_api::SubscriptionForm;
use rampart_testkit::{TestApp, on_both_engines, partner_api};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::workers_buying::operator;

on_both_engines!(
    rampart_testkit::TestApp::start_idle => changes_count_at_once,
    gone,
    gone_from_where_it_was,
    asked_to_wait,
    overwhelmed,
    slow_receivers_keep_nobody_waiting,
    partners_that_are_stuck_keep_nobody_waiting,
);

/// Stepped: how often a receiver is tried depends on the clock alone.
mod by_the_clock {
    use super::waited_too_long;
    rampart_testkit::on_both_engines!(rampart_testkit::TestApp::start => waited_too_long);
}

const HOUR_SECONDS: u64 = 3_600;

/// A received request: its headers in lower case, and its body.
#[derive(Clone)]
struct ReceivedRequest {
    head: String,
    body: serde_json::Value,
}

impl ReceivedRequest {
    fn header(&self, name: &str) -> &str {
        self.head.lines().find_map(|line| line.strip_prefix(&format!("{name}: "))).unwrap_or_default()
    }

    fn sequence(&self) -> i64 {
        self.body["sequence"].as_i64().unwrap()
    }
}

/// A receiver that answers with a given status line and headers, while it may.
#[derive(Clone)]
struct Receiver {
    url: String,
    answer: Arc<Mutex<String>>,
    got: Arc<Mutex<Vec<ReceivedRequest>>>,
    opened: Arc<watch::Sender<bool>>,
    given_up: Arc<Mutex<u64>>,
}

impl Receiver {
    async fn start(answer: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self {
            url: format!("http://{}/hook", listener.local_addr().unwrap()),
            answer: Arc::new(Mutex::new(answer.to_owned())),
            got: Arc::default(),
            opened: Arc::new(watch::channel(true).0),
            given_up: Arc::default(),
        };
        let served = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let served = served.clone();
                tokio::spawn(async move { served.serve(stream).await });
            }
        });
        receiver
    }

    async fn serve(&self, mut stream: TcpStream) -> Option<()> {
        let (mut received, mut piece) = (Vec::new(), [0; 4_096]);
        loop {
            let Some((got, end)) = parse_request(&received) else {
                match stream.read(&mut piece).await {
                    Ok(0) | Err(_) => return None,
                    Ok(count) => received.extend_from_slice(&piece[..count]),
                }
                continue;
            };
            received.drain(..end);
            self.got.lock().push(got);
            let mut opened = self.opened.subscribe();
            tokio::select! {
                _ = opened.wait_for(|opened| *opened) => {}
                _ = stream.read(&mut piece) => {
                    *self.given_up.lock() += 1;
                    return None;
                }
            }
            let answer = self.answer.lock().clone();
            stream.write_all(format!("HTTP/1.1 {answer}\r\ncontent-length: 2\r\n\r\nok").as_bytes()).await.ok()?;
        }
    }

    fn answers(&self, answer: &str) {
        answer.clone_into(&mut self.answer.lock());
    }

    fn count(&self) -> usize {
        self.got.lock().len()
    }

    fn sequences(&self) -> BTreeSet<i64> {
        self.got.lock().iter().map(ReceivedRequest::sequence).collect()
    }
}

fn parse_request(received: &[u8]) -> Option<(ReceivedRequest, usize)> {
    let end = received.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&received[..end]).into_owned();
    let head: String = head
        .lines()
        .map(|line| line.split_once(": ").map_or(line.to_owned(), |(name, value)| format!("{}: {value}", name.to_ascii_lowercase())))
        .collect::<Vec<_>>()
        .join("\n");
    let length: usize = head.lines().find_map(|line| line.strip_prefix("content-length: "))?.parse().ok()?;
    let body = received.get(end + 4..end + 4 + length)?;
    Some((ReceivedRequest { head, body: serde_json::from_slice(body).unwrap() }, end + 4 + length))
}

/// Adds events of a partner, one of each of these types.
async fn add_events(app: &App, partner: PartnerId, kinds: &[EventType]) {
    let mut step = Step::new();
    for kind in kinds {
        let mint = app.mint();
        let (data, subject) = ("{}".into(), String::new());
        step.events.push(EventDraft { id: mint.id(), partner, kind: *kind, subject, data, created_at: mint.now });
    }
    app.commit(step).await.unwrap();
}

async fn subscribe(app: &App, caller: &AuthenticatedPartner, receiver: &Receiver, kind: EventType) {
    partner_api::subscribe(app, caller, Some(receiver.url.clone()), Some(kind.as_str().to_owned()), None).await.unwrap();
}

/// The deliveries of events 1 to `last` to the partner's first subscription.
async fn deliveries(test: &TestApp) -> Vec<Delivery> {
    let store = &test.app.store;
    let partner = test.caller.partner.id;
    let subscription = store.subscriptions_of(partner).await.unwrap().remove(0);
    let events = store.events_after(partner, 0, 100).await.unwrap();
    let ids: Vec<_> = events.iter().map(|event| Delivery::id_of(&event.draft, subscription.id)).collect();
    let mut found = store.deliveries_by_id(&ids).await.unwrap();
    found.sort_by_key(|delivery| delivery.sequence);
    found
}

async fn tried(test: &TestApp, attempts: &[u32]) -> Vec<Delivery> {
    test.eventually(&format!("attempts {attempts:?}"), || async {
        let found = deliveries(test).await;
        let are = found.iter().map(|delivery| delivery.attempts).eq(attempts.iter().copied());
        (are && found.iter().all(|delivery| delivery.leased_until.is_none())).then_some(found)
    })
    .await
}

fn working(test: &TestApp) -> Workers {
    workers::start(&test.app)
}

/// Events after an acknowledged change go to the changed URL and are signed with the changed key, even if another node took the change.
async fn changes_count_at_once(test: Arc<TestApp>) {
    let receivers = [Receiver::start("200 OK").await, Receiver::start("200 OK").await];
    let (partner, caller) = (test.caller.partner.id, &test.caller);
    let (node, running) = (test.another_node().await, working(&test));
    subscribe(&node, caller, &receivers[0], EventType::PayIn).await;
    let mut key = test.credentials.api_key.clone();
    let mut expected = [0, 0];
    for turn in 0..8 {
        let receiver = &receivers[turn % 2];
        let url = Some(receiver.url.clone());
        partner_api::update_subscription(&node, caller, url, Some("PAY_IN".to_owned()), None).await.unwrap();
        if turn >= 4 {
            key = operate::partners::rotate_partner_key(&node, partner, Duration::from_secs(60), "test", "trial").await.unwrap().api_key;
        }
        add_events(&node, partner, &[EventType::PayIn]).await;
        expected[turn % 2] += 1;
        test.eventually("it arrived", || async { (receivers[0].count() + receivers[1].count() == turn + 1).then_some(()) }).await;
        assert_eq!(receivers.each_ref().map(Receiver::count), expected, "turn {turn}");
        let got = receiver.got.lock().last().unwrap().clone();
        assert_eq!((got.sequence(), got.header("x-api-key")), (i64::try_from(turn).unwrap() + 1, key.as_str()));
        assert_eq!(got.header("webhook-signature").split(' ').count(), if turn >= 4 { 2 } else { 1 });
    }
    running.stop().await;
    node.store.close().await;
}

async fn gone(test: Arc<TestApp>) {
    let receiver = Receiver::start("500 Oh").await;
    let (app, caller, partner) = (&test.app, &test.caller, test.caller.partner.id);
    let running = working(&test);
    subscribe(app, caller, &receiver, EventType::PayIn).await;
    add_events(app, partner, &[EventType::PayIn; 3]).await;
    tried(&test, &[1, 1, 1]).await;
    receiver.answers("410 Gone");
    add_events(app, partner, &[EventType::PayIn]).await;
    let counts = async || app.store.order_counts().await.unwrap();
    test.eventually("everything is parked", || async { Some(counts().await).filter(|counts| counts.deliveries_parked == 4) }).await;
    assert_eq!((counts().await.deliveries_pending, counts().await.subscriptions_disabled), (0, 1));
    let view = partner_api::subscriptions(app, caller).await.unwrap().remove(0);
    assert_eq!((view.status, view.parked, view.disabled_at.is_some()), (SubscriptionStatus::Disabled, 4, true));
    assert!(partner_api::subscriptions(app, &test.stranger).await.unwrap().is_empty());
    let listed = webhooks::disabled(app, None, 9).await.unwrap();
    assert_eq!((listed.len(), &listed[0].url, &listed[0].partner), (1, &receiver.url, &partner.to_string()));
    let metrics = rampart_app::operate::metrics::render(app).await.unwrap();
    assert!(metrics.contains("rampart_subscriptions_disabled 1\n"), "{metrics}");
    // Later events are in the log, and their deliveries are parked without an attempt.
    let sent = receiver.count();
    add_events(app, partner, &[EventType::PayIn; 2]).await;
    test.eventually("these are parked", || async { Some(counts().await).filter(|counts| counts.deliveries_parked == 6) }).await;
    assert_eq!((receiver.count(), app.store.last_event(partner).await.unwrap()), (sent, 6));
    // An operator's replay would have no effect.
    let parked = webhooks::parked(app, None, 9).await.unwrap();
    assert_eq!(parked[3].last_error.as_deref(), Some("answered 410"));
    assert!(webhooks::replay(app, &operator(), parked[0].id.parse().unwrap()).await.is_err());
    assert_eq!(webhooks::replay_all(app, &operator(), partner).await.unwrap(), 0);
    // A new URL enables the subscription. Parked deliveries wait for a replay; a second replay changes nothing.
    receiver.answers("200 OK");
    let request = SubscriptionForm { url: Some(receiver.url.clone()), kind: Some("PAY_IN".to_owned()), replay: None };
    partner_api::put_subscription(app, caller, SubscriptionCall::Update, request.clone(), Some("k")).await.unwrap();
    let view = partner_api::subscriptions(app, caller).await.unwrap().remove(0);
    assert_eq!((view.status, view.parked, view.disabled_at), (SubscriptionStatus::Active, 6, None));
    add_events(app, partner, &[EventType::PayIn]).await;
    test.eventually("the next one arrived", || async { receiver.sequences().contains(&7).then_some(()) }).await;
    assert_eq!(receiver.got.lock().last().unwrap().body["previous_sequence"], 6, "the gap is visible");
    assert_eq!(receiver.count(), sent + 1);
    let request = SubscriptionForm { replay: Some("true".to_owned()), ..request };
    let conflict = partner_api::put_subscription(app, caller, SubscriptionCall::Update, request.clone(), Some("k")).await;
    assert_eq!(TestApp::code(conflict), rampart_core::refusal::ErrorCode::IdempotencyConflict);
    for _ in 0..2 {
        partner_api::put_subscription(app, caller, SubscriptionCall::Subscribe, request.clone(), Some("again")).await.unwrap();
    }
    test.eventually("all arrived", || async { (receiver.count() == sent + 7).then_some(()) }).await;
    assert_eq!(partner_api::subscriptions(app, caller).await.unwrap()[0].parked, 0);
    running.stop().await;
    assert_eq!((counts().await.deliveries_pending, receiver.count()), (0, sent + 7));
}

/// The former URL's answer does not count for the new URL.
async fn gone_from_where_it_was(test: Arc<TestApp>) {
    let (old, new) = (Receiver::start("410 Gone").await, Receiver::start("200 OK").await);
    let (app, caller) = (&test.app, &test.caller);
    let running = working(&test);
    subscribe(app, caller, &old, EventType::PayIn).await;
    old.opened.send_replace(false);
    add_events(app, caller.partner.id, &[EventType::PayIn]).await;
    test.eventually("it is under way", || async { (old.count() == 1).then_some(()) }).await;
    subscribe(app, caller, &new, EventType::PayIn).await;
    old.opened.send_replace(true);
    tried(&test, &[1]).await;
    assert_eq!(partner_api::subscriptions(app, caller).await.unwrap()[0].status, SubscriptionStatus::Active);
    test.advance(HOUR_SECONDS).await;
    test.eventually("it arrived", || async { (new.count() == 1).then_some(()) }).await;
    running.stop().await;
}

async fn asked_to_wait(test: Arc<TestApp>) {
    let receiver = Receiver::start("503 Later\r\nretry-after: 7200").await;
    let (app, caller) = (&test.app, &test.caller);
    let running = working(&test);
    subscribe(app, caller, &receiver, EventType::PayIn).await;
    add_events(app, caller.partner.id, &[EventType::PayIn]).await;
    let first = tried(&test, &[1]).await.remove(0);
    assert!(first.due_at >= first.created_at.after(Duration::from_secs(2 * HOUR_SECONDS)));
    // Its other deliveries wait as well.
    add_events(app, caller.partner.id, &[EventType::PayIn]).await;
    test.advance(2 * HOUR_SECONDS - 60).await;
    add_events(app, test.stranger.partner.id, &[EventType::PayIn]).await;
    test.eventually("everything was fanned out", || async { app.store.unfanned_partners(None, 9).await.unwrap().is_empty().then_some(()) })
        .await;
    assert_eq!(receiver.count(), 1);
    // A pause can only be extended, to a day at most.
    for (answer, least, most) in
        [("429 Much\r\nRetry-After: 1", 8, 60), ("503 Later\r\nRetry-After: Fri, 06 Nov 2093 08:50:37 GMT", 86_400, 86_400)]
    {
        receiver.answers(answer);
        let before = deliveries(&test).await.iter().map(|delivery| delivery.attempts).sum::<u32>();
        test.advance(24 * HOUR_SECONDS).await;
        let now = app.business.now();
        let tried = test
            .eventually("one more attempt", || async {
                let found = deliveries(&test).await;
                (found.iter().map(|delivery| delivery.attempts).sum::<u32>() > before).then_some(found)
            })
            .await;
        let last = tried.iter().max_by_key(|delivery| delivery.due_at).unwrap();
        let wait = now.until(last.due_at).as_secs();
        // Not past the three days of retries.
        let left = now.until(last.created_at.after(Duration::from_secs(72 * HOUR_SECONDS))).as_secs();
        assert!((least.min(left)..=most.min(left)).contains(&wait), "{answer}: {wait}, {left} are left");
    }
    running.stop().await;
}

/// An overloaded receiver gets one delivery at a time, and none while it is paused.
async fn overwhelmed(test: Arc<TestApp>) {
    let (app, caller) = (&test.app, &test.caller);
    for status in ["429 Much", "502 Bad", "504 Slow"] {
        let receiver = Receiver::start(status).await;
        let running = working(&test);
        subscribe(app, caller, &receiver, EventType::PayIn).await;
        receiver.opened.send_replace(false);
        add_events(app, caller.partner.id, &[EventType::PayIn]).await;
        test.eventually("it is under way", || async { (receiver.count() == 1).then_some(()) }).await;
        receiver.opened.send_replace(true);
        test.eventually("it failed", || async { deliveries(&test).await.last().filter(|last| last.attempts == 1).cloned() }).await;
        add_events(app, caller.partner.id, &[EventType::PayIn; 5]).await;
        let quick = Receiver::start("200 OK").await;
        subscribe(app, &test.stranger, &quick, EventType::PayIn).await;
        add_events(app, test.stranger.partner.id, &[EventType::PayIn]).await;
        test.eventually("another partner's arrived", || async { (quick.count() == 1).then_some(()) }).await;
        assert_eq!(receiver.count(), 1, "{status}");
        receiver.answers("200 OK");
        test.advance(300).await;
        test.eventually("all arrived", || async { (receiver.count() == 7).then_some(()) }).await;
        running.stop().await;
    }
}

/// Deliveries to a receiver that keeps asking for a pause are parked after three days.
async fn waited_too_long(test: Arc<TestApp>) {
    let receiver = Receiver::start("503 Later\r\nretry-after: 86400").await;
    let (app, caller) = (&test.app, &test.caller);
    subscribe(app, caller, &receiver, EventType::PayIn).await;
    add_events(app, caller.partner.id, &[EventType::PayIn]).await;
    tried(&test, &[1]).await;
    add_events(app, caller.partner.id, &[EventType::PayIn; 20]).await;
    for _ in 0..4 {
        test.settle().await;
        test.advance(23 * HOUR_SECONDS).await;
        test.advance(HOUR_SECONDS).await;
    }
    test.settle().await;
    assert_eq!(app.store.order_counts().await.unwrap().deliveries_parked, 21, "all are given up");
    assert!(receiver.count() <= 5, "{}", receiver.count());
}

/// Five receivers of one partner that do not answer do not delay another partner's events, even with a backlog.
async fn slow_receivers_keep_nobody_waiting(test: Arc<TestApp>) {
    let app = test.with_settings(|config| config.webhooks.concurrency = 16).await;
    let (slow, quick) = (Receiver::start("200 OK").await, Receiver::start("200 OK").await);
    slow.opened.send_replace(false);
    let kinds = [EventType::PayIn, EventType::CoinsSent, EventType::PaymentUpdated, EventType::KycUpdated, EventType::RampoffUpdated];
    for kind in kinds {
        subscribe(&app, &test.caller, &slow, kind).await;
    }
    subscribe(&app, &test.stranger, &quick, EventType::PayIn).await;
    for _ in 0..100 {
        add_events(&app, test.caller.partner.id, &kinds).await;
    }
    let running = workers::start(&app);
    test.eventually("the slow ones have what they get", || async {
        let is_fanned_out = app.store.unfanned_partners(None, 9).await.unwrap().is_empty();
        (is_fanned_out && slow.count() > 0).then_some(())
    })
    .await;
    for number in 1..=20 {
        add_events(&app, test.stranger.partner.id, &[EventType::PayIn]).await;
        test.eventually("another partner's arrived", || async { (quick.count() == number).then_some(()) }).await;
    }
    assert_eq!(*slow.given_up.lock(), 0, "nobody waited for a slow one to end");
    assert!(slow.count() <= 4, "{}", slow.count());
    // Once they answer in time they receive everything.
    slow.opened.send_replace(true);
    test.eventually("everything arrived", || async { (slow.sequences().len() == 500).then_some(()) }).await;
    running.stop().await;
}

/// A hundred partners whose fan-out fails come before all others.
async fn partners_that_are_stuck_keep_nobody_waiting(test: Arc<TestApp>) {
    let quick = Receiver::start("200 OK").await;
    subscribe(&test.app, &test.caller, &quick, EventType::PayIn).await;
    let prefix = &test.caller.partner.id.to_string()[..4];
    let counters: Vec<String> = (0..100).map(|number| format!("('{prefix}{number:025}', 1)")).collect();
    test.tamper(&format!("INSERT INTO event_counters (partner, last) VALUES {}", counters.join(", ")));
    let running = working(&test);
    add_events(&test.app, test.caller.partner.id, &[EventType::PayIn]).await;
    test.eventually("it arrived", || async { (quick.count() == 1).then_some(()) }).await;
    running.stop().await;
    test.tamper(&format!("DELETE FROM event_counters WHERE partner <> '{}'", test.caller.partner.id));
}
