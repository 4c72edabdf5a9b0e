use rampart_core::amount::Amount;
use rampart_core::id::OrderId;
use rampart_core::outgoing::PayoutRoute;
use rampart_core::ports::{CallOutcome, ProcessorEvent, SessionRequest};
use rampart_sandbox::{CardPayment, CardResult, WorldError};

use crate::setting::{Setting, soon};

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

async fn events(setting: &Setting, count: usize) -> Vec<ProcessorEvent> {
    let port = setting.world.processor();
    let card = "card".parse().unwrap();
    let mut events = Vec::new();
    let mut cursor = String::new();
    while events.len() < count {
        soon(port.news(card, &cursor)).await;
        let page = port.events(card, &cursor, 100).await.unwrap();
        cursor = page.next;
        events.extend(page.items);
    }
    events
}

#[tokio::test]
async fn a_payment_is_captured_once() {
    let setting = Setting::still().await;
    let order = setting.order();
    let request = SessionRequest {
        processor: "card".parse().unwrap(),
        payment: order,
        amount: Amount::from_minor(1_000),
        currency: "EUR".parse().unwrap(),
        return_url: "https://shop.example/".to_owned(),
        expires_at: setting.world.clock().now(),
    };
    let port = setting.world.processor();
    let CallOutcome::Accepted(session) = port.open_session(&request).await else { panic!("a session opens") };
    assert_eq!(port.open_session(&request).await, CallOutcome::Accepted(session.clone()));
    let first = setting.world.pay_by_card(payment(order, 1_000)).await.unwrap();
    assert_eq!(first, CardResult::Captured { reference: session.reference.clone() });
    let second = setting.world.pay_by_card(payment(order, 1_000)).await.unwrap();
    assert_eq!(second, CardResult::AlreadyCaptured { reference: session.reference.clone() });
    let events = events(&setting, 1).await;
    assert_eq!(events.len(), 1);
    assert!(matches!(&events[0], ProcessorEvent::Paid(paid) if paid.payment == order && paid.reference == session.reference));
}

#[tokio::test]
async fn amounts_choose_what_becomes_of_a_payment() {
    let setting = Setting::playing().await;
    let (declined, late, reversed) = (setting.order(), setting.order(), setting.order());
    assert!(matches!(setting.world.pay_by_card(payment(declined, 6_666)).await.unwrap(), CardResult::Declined { .. }));
    assert_eq!(setting.world.pay_by_card(payment(late, 5_555)).await.unwrap(), CardResult::Pending);
    assert!(matches!(setting.world.pay_by_card(payment(reversed, 7_777)).await.unwrap(), CardResult::Captured { .. }));
    setting.world.advance(60).await.unwrap();
    let events = events(&setting, 4).await;
    let has = |wanted: &dyn Fn(&ProcessorEvent) -> bool| events.iter().any(wanted);
    assert!(has(&|event| matches!(event, ProcessorEvent::Declined { payment, .. } if *payment == declined)));
    assert!(has(&|event| matches!(event, ProcessorEvent::Paid(paid) if paid.payment == late)));
    assert!(has(
        &|event| matches!(event, ProcessorEvent::Reversed { payment, amount, .. } if *payment == reversed && amount.minor() == 7_777)
    ));
}

#[tokio::test]
async fn a_refund_never_exceeds_what_was_captured() {
    let setting = Setting::playing().await;
    let port = setting.world.processor();
    let order = setting.order();
    let CardResult::Captured { reference } = setting.world.pay_by_card(payment(order, 1_000)).await.unwrap() else {
        panic!("it is captured")
    };
    let route = PayoutRoute::Processor("card".parse().unwrap());
    let first = setting.payout(route, 700, &reference);
    let accepted = port.refund(&first).await;
    assert!(matches!(accepted, CallOutcome::Accepted(_)));
    assert_eq!(port.refund(&first).await, accepted);
    assert!(matches!(port.refund(&setting.payout(route, 301, &reference)).await, CallOutcome::Refused { .. }));
    assert!(matches!(port.refund(&setting.payout(route, 300, &reference)).await, CallOutcome::Accepted(_)));
    assert!(matches!(port.refund(&setting.payout(route, 1, "card_nobody")).await, CallOutcome::Refused { .. }));
    let events = events(&setting, 3).await;
    assert_eq!(events.iter().filter(|event| matches!(event, ProcessorEvent::Refund { .. })).count(), 2);
    assert!(matches!(setting.world.charge_back(order, "fraud".to_owned()).await, Err(WorldError::Impossible(_))));
}

#[tokio::test]
async fn a_chargeback_takes_what_is_left_once() {
    let setting = Setting::still().await;
    let order = setting.order();
    assert!(matches!(setting.world.charge_back(order, "fraud".to_owned()).await, Err(WorldError::NotFound(_))));
    setting.world.pay_by_card(payment(order, 1_000)).await.unwrap();
    assert!(setting.world.decline_card("card".parse().unwrap(), order, "no".to_owned()).await.is_err());
    setting.world.charge_back(order, "fraud".to_owned()).await.unwrap();
    assert!(matches!(setting.world.charge_back(order, "fraud".to_owned()).await, Err(WorldError::Impossible(_))));
    assert_eq!(events(&setting, 2).await.len(), 2);
}
