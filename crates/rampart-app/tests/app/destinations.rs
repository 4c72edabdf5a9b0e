//! Who may set where an order's money or coins go: the partner, anyone with the page's link, an operator.

use std::sync::Arc;

use rampart_app::operate::{self, orders, reviews};
use rampart_app::orders::page_links;
use rampart_app::{App, PartnerChange, pages};
use rampart_core::customer::kyc::{KycLevel, KycStatus};
use rampart_core::id::{CustomerId, OrderId};
use rampart_core::money::amount::Amount;
use rampart_core::order::payment::PaymentState;
use rampart_core::order::rampoff::RampoffState;
use rampart_core::order::{HoldReason, ProvidedBy};
use rampart_core::refusal::ErrorCode;
use rampart_testkit::partner_api::{CreatePaymentForm, CreateRampoffForm, SetPayoutAccountForm, SetRefundAccountForm, SetRefundWalletForm};
use rampart_testkit::{CustomerOf, TestApp, buy, data_of, on_both_engines, partner_api, payable, sell};
use serde_json::Value;

use crate::workers_buying::{ana, operator};

const DAY_SECONDS: u64 = 86_400;
const THIEF: &str = "DE89370400440532013000";
const WALLET: &str = "0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55";
const THIEFS_WALLET: &str = "0x52908400098527886E0F7030069857D2E4169EE7";
/// The sandbox's bank refuses payouts to this account.
const REFUSED: &str = "ES1621000418410006660001";

on_both_engines!(rampart_testkit::TestApp::start => who_cannot_object_is_not_passed_over, a_page_fills_what_is_empty_and_waits,
    a_page_changes_nothing, coins_wait_too, a_payout_account_is_the_partners, repeats_and_strangers);

/// The ramp with a waiting period of a day, as in live mode.
async fn cautious(test: &TestApp) -> App {
    test.with_settings(|settings| settings.destination_delay_seconds = DAY_SECONDS).await
}

/// A half-paid purchase from an account that the bank does not name; an operator refunds it.
async fn to_be_refunded(test: &TestApp, refund_account: Option<&str>) -> OrderId {
    let customer = ana(test).await;
    half_paid(test, customer, refund_account).await
}

async fn half_paid(test: &TestApp, customer: CustomerId, refund_account: Option<&str>) -> OrderId {
    let refund_account = refund_account.map(str::to_owned);
    let request = CreatePaymentForm { payment_type: Some("transfer".into()), refund_account, ..buy(customer, "200") };
    let id = test.bought(&request).await;
    let payable = payable(&test.payment(id).await, "Ana García López");
    test.world.pay_payment(&payable, Some(Amount::from_minor(15_000)), None).await.unwrap();
    test.eventually("it is on the order", || async { Some(test.payment(id).await).filter(|it| !it.receipts.is_empty()) }).await;
    id
}

/// The last event that the partner received about an order.
async fn last_event(test: &TestApp, id: OrderId) -> (String, Value) {
    let events = test.app.store.events_of_subject(test.caller.partner.id, &id.to_string(), 0, 100).await.unwrap();
    let last = events.last().expect("an event");
    (last.draft.kind.to_string(), serde_json::from_str(&last.draft.data).unwrap())
}

async fn a_page_fills_what_is_empty_and_waits(test: Arc<TestApp>) {
    let app = cautious(&test).await;
    let id = to_be_refunded(&test, None).await;
    orders::refund(&app, &operator(), id).await.unwrap();
    let token = page_links::payment_token(&test.app, id);
    // Anyone with the link can type the customer's name, so it proves nothing.
    partner_api::give_refund_account(&app, &token, THIEF, "Ana García López").await.unwrap();
    let held = test.payment(id).await;
    assert!(matches!(held.state, PaymentState::OnHold { reason: HoldReason::Destination, .. }), "{:?}", held.state);
    let origin = held.refund_origin.expect("an origin");
    assert_eq!((origin.by, origin.used_from.map(|from| origin.at.until(from).as_secs())), (ProvidedBy::Page, Some(DAY_SECONDS)));

    // The partner, an operator and an auditor see it with the account masked.
    let (kind, data) = last_event(&test, id).await;
    let destination = &data["refund_destination"];
    assert_eq!((kind.as_str(), destination["given_by"].as_str()), ("PAYMENT_UPDATED", Some("page")));
    assert_eq!(destination["destination"], "DE89 **** … 3000");
    assert_eq!(destination["used_from"], origin.used_from.unwrap().to_string());
    let file = orders::show(&test.app, id).await.unwrap();
    assert!(file.refund_destination.as_ref().is_some_and(|text| text.contains("given by the page at")), "{file:?}");
    let line = file.audit.iter().find(|line| line.action == "order.destination").expect("an audit line");
    assert_eq!(line.actor, "page");
    assert!(line.detail.starts_with("refund to DE89 **** … 3000, given by the page at "), "{}", line.detail);
    let waiting = reviews::held_orders(&test.app, None, 10).await.unwrap();
    assert!(waiting[0].destination.as_ref().is_some_and(|text| text.contains("given by the page")), "{waiting:?}");

    // It takes effect after a day and not before, without an operator.
    test.advance(DAY_SECONDS - 60).await;
    assert_eq!(test.payment(id).await.status().as_str(), "on_hold");
    test.advance(120).await;
    test.payment_becomes(id, "refunded").await;

    // A destination in another name waits for an operator, however long; the audit line says where the money went.
    let id = half_paid(&test, test.payment(id).await.customer, None).await;
    pages::cancel_payment(&app, &page_links::payment_token(&test.app, id)).await.unwrap();
    partner_api::give_refund_account(&app, &page_links::payment_token(&test.app, id), THIEF, "Tom Ripley").await.unwrap();
    test.advance(30 * DAY_SECONDS).await;
    let held = test.payment(id).await;
    assert_eq!((held.status().as_str(), held.refund_origin.unwrap().used_from, held.due_at()), ("on_hold", None, None));
    // The operator who refunds names the destination, because it might have been set a moment ago.
    let refused = orders::refund(&test.app, &operator(), id).await.unwrap_err().to_string();
    assert!(refused.contains("DE89 **** … 3000, given by the page at") && refused.contains("--to"), "{refused}");
    assert!(orders::refund_to(&test.app, &operator(), id, Some("1332")).await.is_err());
    assert!(orders::refund_to(&test.app, &operator(), id, Some("000")).await.is_err());
    orders::refund_to(&test.app, &operator(), id, Some("3000")).await.unwrap();
    test.payment_becomes(id, "refunded").await;
    let lines = operate::audit_log(&test.app, Some(&id.to_string()), None, 10).await.unwrap();
    let line = lines.iter().find(|line| line.action == "order.refund").unwrap();
    assert!(line.detail.contains("given by the page at") && line.detail.contains("followed by a person only"), "{}", line.detail);
}

async fn a_page_changes_nothing(test: Arc<TestApp>) {
    let id = to_be_refunded(&test, Some(CustomerOf::SPAIN.account)).await;
    let token = page_links::payment_token(&test.app, id);
    let page = pages::page_payment(&test.app, &token).await.unwrap();
    assert!(!page.can_give_refund_account);
    // Before the order is on hold, while it is, and after its refund failed.
    assert_eq!(
        TestApp::code(partner_api::give_refund_account(&test.app, &token, THIEF, "Ana García López").await),
        ErrorCode::ValidationFailed
    );
    assert_eq!(test.payment(id).await.refund_account.unwrap().account.reveal(), CustomerOf::SPAIN.account);
    // The partner's change is reported and takes effect.
    let asked = SetRefundAccountForm { payment_id: Some(id.to_string()), refund_account: Some(REFUSED.to_owned()) };
    let answer = partner_api::set_refund_account(&test.app, &test.caller, asked, None).await.unwrap();
    assert_eq!(data_of(&answer)["refund_destination"]["given_by"], "partner");
    assert_eq!(last_event(&test, id).await.0, "PAYMENT_UPDATED");
    orders::refund(&test.app, &operator(), id).await.unwrap();
    test.eventually("the refund fails", || async {
        matches!(test.payment(id).await.state, PaymentState::OnHold { reason: HoldReason::RefundFailed, .. }).then_some(())
    })
    .await;
    assert_eq!(
        TestApp::code(partner_api::give_refund_account(&test.app, &token, THIEF, "Ana García López").await),
        ErrorCode::ValidationFailed
    );
    let asked = SetRefundAccountForm { payment_id: Some(id.to_string()), refund_account: Some(CustomerOf::SPAIN.account.to_owned()) };
    partner_api::set_refund_account(&test.app, &test.caller, asked.clone(), None).await.unwrap();
    test.payment_becomes(id, "refunded").await;
    assert_eq!(TestApp::code(partner_api::set_refund_account(&test.app, &test.caller, asked, None).await), ErrorCode::ValidationFailed);
}

async fn a_sale(test: &TestApp, customer: CustomerId) -> OrderId {
    let request = CreateRampoffForm { iban: Some(REFUSED.to_owned()), ..sell(customer, "50") };
    let id = test.sold(&request).await;
    test.deposit(id).await;
    test.rampoff_becomes(id, "on_hold").await;
    id
}

async fn coins_wait_too(test: Arc<TestApp>) {
    let app = cautious(&test).await;
    let customer = ana(&test).await;
    let id = a_sale(&test, customer).await;
    orders::refund(&app, &operator(), id).await.unwrap();
    let rampoff = test.rampoff(id).await;
    assert!(matches!(rampoff.state, RampoffState::OnHold { reason: HoldReason::Destination, .. }));
    let token = &page_links::rampoff_token(&test.app, id);
    partner_api::give_refund_wallet(&app, token, THIEFS_WALLET).await.unwrap();
    assert_eq!(TestApp::code(partner_api::give_refund_wallet(&app, token, WALLET).await), ErrorCode::ValidationFailed);
    let (kind, data) = last_event(&test, id).await;
    assert_eq!((kind.as_str(), data["refund_destination"]["given_by"].as_str()), ("RAMPOFF_UPDATED", Some("page")));
    assert_eq!(data["refund_destination"]["destination"], "0x52 **** … 9EE7");
    test.advance(DAY_SECONDS - 60).await;
    assert_eq!(test.rampoff(id).await.status().as_str(), "on_hold");
    // The partner objects, and its own wallet takes effect at once.
    let asked = SetRefundWalletForm { rampoff_id: Some(id.to_string()), refund_wallet: Some(WALLET.to_lowercase()) };
    partner_api::set_refund_wallet(&test.app, &test.caller, asked, None).await.unwrap();
    test.rampoff_becomes(id, "refunded").await;
    let transfers = test.app.store.transfers_of_order(id).await.unwrap();
    assert_eq!(transfers.iter().map(|transfer| transfer.to.as_str()).collect::<Vec<_>>(), [WALLET]);

    // No objection to this one.
    let id = a_sale(&test, customer).await;
    partner_api::give_refund_wallet(&app, &page_links::rampoff_token(&test.app, id), WALLET).await.unwrap();
    test.advance(DAY_SECONDS + 60).await;
    orders::refund(&test.app, &operator(), id).await.unwrap();
    test.rampoff_becomes(id, "refunded").await;
}

async fn a_payout_account_is_the_partners(test: Arc<TestApp>) {
    let id = a_sale(&test, ana(&test).await).await;
    let give = |iban: &str| SetPayoutAccountForm {
        rampoff_id: Some(id.to_string()),
        iban: Some(iban.to_owned()),
        ..SetPayoutAccountForm::default()
    };
    assert_eq!(
        TestApp::code(partner_api::set_payout_account(&test.app, &test.caller, give("ES00"), None).await),
        ErrorCode::InvalidBankAccount
    );
    let answer = partner_api::set_payout_account(&test.app, &test.caller, give("ES9121000418450200051332"), None).await.unwrap();
    assert_eq!(data_of(&answer)["payout_destination"]["destination"], "ES91 **** … 1332");
    test.rampoff_becomes(id, "finished").await;
    let file = orders::show(&test.app, id).await.unwrap();
    assert!(file.payout_destination.is_some_and(|text| text.starts_with("ES91 **** … 1332, given by the partner at ")));
    let line = file.audit.iter().find(|line| line.action == "order.destination").unwrap();
    assert_eq!(line.actor, test.caller.partner.id.to_string());
    assert_eq!(
        TestApp::code(partner_api::set_payout_account(&test.app, &test.caller, give("ES9121000418450200051332"), None).await),
        ErrorCode::ValidationFailed
    );
}

async fn repeats_and_strangers(test: Arc<TestApp>) {
    let id = to_be_refunded(&test, None).await;
    let asked = SetRefundAccountForm { payment_id: Some(id.to_string()), refund_account: Some(CustomerOf::SPAIN.account.to_owned()) };
    assert_eq!(
        TestApp::code(partner_api::set_refund_account(&test.app, &test.stranger, asked.clone(), None).await),
        ErrorCode::PaymentNotFound
    );
    let as_sale = SetRefundWalletForm { rampoff_id: Some(id.to_string()), refund_wallet: Some(WALLET.to_owned()) };
    assert_eq!(TestApp::code(partner_api::set_refund_wallet(&test.app, &test.caller, as_sale, None).await), ErrorCode::RampoffNotFound);
    let none = SetRefundAccountForm { payment_id: Some(id.to_string()), refund_account: None };
    assert_eq!(TestApp::code(partner_api::set_refund_account(&test.app, &test.caller, none, None).await), ErrorCode::FailMandatoryField);
    let first = partner_api::set_refund_account(&test.app, &test.caller, asked.clone(), Some("k1")).await.unwrap();
    let again = partner_api::set_refund_account(&test.app, &test.caller, asked.clone(), Some("k1")).await.unwrap();
    assert_eq!((first.replayed, again.replayed, &first.data), (false, true, &again.data));
    let other = SetRefundAccountForm { refund_account: Some(THIEF.to_owned()), ..asked };
    assert_eq!(
        TestApp::code(partner_api::set_refund_account(&test.app, &test.caller, other, Some("k1")).await),
        ErrorCode::IdempotencyConflict
    );
    let lines = operate::audit_log(&test.app, Some(&id.to_string()), None, 10).await.unwrap();
    assert_eq!(lines.iter().filter(|line| line.action == "order.destination").count(), 1);
}

/// A disabled partner cannot object, and a name that was never verified proves nothing.
async fn who_cannot_object_is_not_passed_over(test: Arc<TestApp>) {
    let app = cautious(&test).await;
    let id = to_be_refunded(&test, None).await;
    let customer = test.payment(id).await.customer;
    let other = half_paid(&test, customer, None).await;
    let enabled = |enabled| PartnerChange { enabled: Some(enabled), ..PartnerChange::default() };
    operate::partners::set_partner(&test.app, test.caller.partner.id, &enabled(false), "test", "a leak").await.unwrap();
    pages::cancel_payment(&app, &page_links::payment_token(&test.app, id)).await.unwrap();
    partner_api::give_refund_account(&app, &page_links::payment_token(&test.app, id), THIEF, "Ana García López").await.unwrap();
    test.advance(DAY_SECONDS + 60).await;
    let held = test
        .eventually("it is left to a person", || async {
            Some(test.payment(id).await).filter(|payment| payment.refund_origin.is_some_and(|origin| origin.used_from.is_none()))
        })
        .await;
    assert_eq!(held.status().as_str(), "on_hold");
    operate::partners::set_partner(&test.app, test.caller.partner.id, &enabled(true), "test", "done").await.unwrap();
    test.advance(DAY_SECONDS).await;
    assert_eq!(test.payment(id).await.status().as_str(), "on_hold", "it stays with the person");

    test.decide(customer, KycLevel::Basic, KycStatus::Fail).await;
    partner_api::give_refund_account(&app, &page_links::payment_token(&test.app, other), THIEF, "Ana García López").await.unwrap();
    assert_eq!(test.payment(other).await.refund_origin.unwrap().used_from, None);
}
