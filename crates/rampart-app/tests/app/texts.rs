//! Texts from banks arrive with money: they are never refused, and are truncated to bounds.

use std::sync::Arc;

use rampart_core::ledger::Account;
use rampart_core::money::amount::Amount;
use rampart_core::review::ReviewKind;
use rampart_core::step::fact::FactBody;
use rampart_sandbox::BankTransfer;
use rampart_testkit::partner_api::CreatePaymentForm;
use rampart_testkit::{TestApp, buy, on_both_engines};

use crate::workers_buying::{ana, item};

on_both_engines!(rampart_testkit::TestApp::start => money_with_a_hostile_text_counts, a_reference_is_found_among_what_nobody_sees);

/// A transfer to the account that an order names.
fn transfer(test: &TestApp, concept: &str, sender_name: &str) -> BankTransfer {
    let sender_account = Some("\u{feff}ES9121000418450200051332\0".to_owned());
    BankTransfer { sender_account, ..test.transfer_over("sepa", 25_000, concept, sender_name) }
}

async fn money_with_a_hostile_text_counts(test: Arc<TestApp>) {
    let hostile = format!("Rent\0\n\u{1b}[2J\u{202e}{}", "ñ".repeat(20_000));
    test.world.transfer(transfer(&test, &hostile, &hostile)).await.unwrap();
    let unmatched = item(&test, ReviewKind::Suspense).await;
    assert_eq!(unmatched.amount, Amount::from_minor(25_000));
    assert_eq!(test.app.store.balance(Account::Suspense, "EUR".parse().unwrap()).await.unwrap().posted, unmatched.amount);
    let fact = test.app.store.fact(unmatched.fact.unwrap()).await.unwrap().unwrap();
    let FactBody::BankCredit(credit) = fact.body else { panic!("a credit: {:?}", fact.body) };
    let kept = |text: &str, most: usize| assert_eq!(text, hostile.chars().take(most).collect::<String>(), "cut, and not changed");
    kept(&credit.concept.unwrap(), 512);
    kept(credit.sender_name.unwrap().reveal(), 200);
}

async fn a_reference_is_found_among_what_nobody_sees(test: Arc<TestApp>) {
    let customer = ana(&test).await;
    let request = CreatePaymentForm { payment_type: Some("transfer".into()), ..buy(customer, "250") };
    let id = test.bought(&request).await;
    let concept = test.payment(id).await.instructions.unwrap().concept;
    test.world.transfer(transfer(&test, &format!("\u{202a}{concept}\u{202c}\u{200b}"), "Ana García López")).await.unwrap();
    test.payment_becomes(id, "coins_sent").await;
}
