use rampart_core::id::OrderId;
use rampart_core::money::amount::Amount;
use rampart_core::outgoing::PayoutRoute;
use rampart_core::ports::{CallOutcome, ProcessorEvent, SessionRequest};
use rampart_sandbox::{CardPayment, CardResult, WorldError};

use crate::test_world::{TestWorld, in_time};

fn payment(payment: OrderId, amount: i128) -> CardPayment {
    CardPayment {
        processor: "card".parse().unwrap(),
        payment,
        amount: Amount::from_minor(amount),
        currency: "EUR".parse().unwrap(),
        holder: Some("Ana Ruiz".into()),
        decided: false,
    }
}

async fn events(test: &TestWorld, count: usize) -> Vec<ProcessorEvent> {
    let port = test.world.processor();
    let card = "card".parse().unwrap();
    let mut events = Vec::new();
    let mut cursor = String::new();
    while events.len() < count {
        in_time(port.news(card, &cursor)).await;
        let page = port.events(card, &cursor, 100).await.unwrap();
        cursor = page.next;
        events.extend(page.items);
    }
    events
}

#[tokio::test]
async fn a_payment_is_captured_once() {
    let test = TestWorld::paused().await;
    let order = test.order();
    let request = SessionRequest {
        processor: "card".parse().unwrap(),
        payment: order,
        amount: Amount::from_minor(1_000),
        currency: "EUR".parse().unwrap(),
        return_url: "https://shop.example/".to_owned(),
        expires_at: test.world.clock().now(),
    };
    let port = test.world.processor();
    let CallOutcome::Accepted(session) = port.open_session(&request).await else { panic!("a session opens") };
    assert_eq!(port.open_session(&request).await, CallOutcome::Accepted(session.clone()));
    let first = test.world.pay_by_card(payment(order, 1_000)).await.unwrap();
    assert_eq!(first, CardResult::Captured { reference: session.reference.clone() });
    let second = test.world.pay_by_card(payment(order, 1_000)).await.unwrap();
    assert_eq!(second, CardResult::AlreadyCaptured { reference: session.reference.clone() });
    let events = events(&test, 1).await;
    assert_eq!(events.len(), 1);
    assert!(matches!(&events[0], ProcessorEvent::Paid(paid) if paid.payment == order && paid.reference == session.reference));
}

#[tokio::test]
async fn amounts_choose_what_becomes_of_a_payment() {
    let test = TestWorld::running().await;
    let (declined, late, reversed) = (test.order(), test.order(), test.order());
    assert!(matches!(test.world.pay_by_card(payment(declined, 6_666)).await.unwrap(), CardResult::Declined { .. }));
    assert_eq!(test.world.pay_by_card(payment(late, 5_555)).await.unwrap(), CardResult::Pending);
    assert!(matches!(test.world.pay_by_card(payment(reversed, 7_777)).await.unwrap(), CardResult::Captured { .. }));
    test.world.advance(60).await.unwrap();
    let events = events(&test, 4).await;
    let has = |wanted: &dyn Fn(&ProcessorEvent) -> bool| events.iter().any(wanted);
    assert!(has(&|event| matches!(event, ProcessorEvent::Declined { payment, .. } if *payment == declined)));
    assert!(has(&|event| matches!(event, ProcessorEvent::Paid(paid) if paid.payment == late)));
    assert!(has(
        &|event| matches!(event, ProcessorEvent::Reversed { payment, amount, .. } if *payment == reversed && amount.minor() == 7_777)
    ));
}

#[tokio::test]
async fn a_refund_never_exceeds_what_was_captured() {
    let test = TestWorld::running().await;
    let port = test.world.processor();
    let order = test.order();
    let CardResult::Captured { reference } = test.world.pay_by_card(payment(order, 1_000)).await.unwrap() else { panic!("it is captured") };
    let route = PayoutRoute::Processor("card".parse().unwrap());
    let first = test.payout(route, 700, &reference);
    let accepted = port.refund(&first).await;
    assert!(matches!(accepted, CallOutcome::Accepted(_)));
    assert_eq!(port.refund(&first).await, accepted);
    assert!(matches!(port.refund(&test.payout(route, 301, &reference)).await, CallOutcome::Refused { .. }));
    assert!(matches!(port.refund(&test.payout(route, 300, &reference)).await, CallOutcome::Accepted(_)));
    assert!(matches!(port.refund(&test.payout(route, 1, "card_nobody")).await, CallOutcome::Refused { .. }));
    let events = events(&test, 3).await;
    assert_eq!(events.iter().filter(|event| matches!(event, ProcessorEvent::Refund { .. })).count(), 2);
    assert!(matches!(test.world.charge_back(order, "fraud".to_owned()).await, Err(WorldError::Impossible(_))));
}

#[tokio::test]
async fn a_chargeback_takes_what_is_left_once() {
    let test = TestWorld::paused().await;
    let order = test.order();
    assert!(matches!(test.world.charge_back(order, "fraud".to_owned()).await, Err(WorldError::NotFound(_))));
    test.world.pay_by_card(payment(order, 1_000)).await.unwrap();
    assert!(test.world.decline_card("card".parse().unwrap(), order, "no".to_owned()).await.is_err());
    test.world.charge_back(order, "fraud".to_owned()).await.unwrap();
    assert!(matches!(test.world.charge_back(order, "fraud".to_owned()).await, Err(WorldError::Impossible(_))));
    assert_eq!(events(&test, 2).await.len(), 2);
}
