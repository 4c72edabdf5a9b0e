//! Matches money on a bank account of ours to the order it was sent for.

use std::time::Duration;

use rampart_core::id::CustomerId;
use rampart_core::ledger::Account;
use rampart_core::money::amount::Amount;
use rampart_core::money::asset::Asset;
use rampart_core::order::PaymentStatus;
use rampart_core::order::arrival::{Grade, counts_at};
use rampart_core::order::payment::{PayIn, Payment, PaymentFact, Receipt, for_amount};
use rampart_core::order::reference::{self, ReferenceMatch};
use rampart_core::review::suspense::{self, UnmatchedReceipt};
use rampart_core::step::fact::{BankCredit, Fact};
use rampart_core::time::Timestamp;
use rampart_store::OrderFilter;

use super::{ApplyError, Effect};
use crate::app::App;
use crate::workers::observe::DecisionInputs;

const PAGE_ROWS: u32 = 100;
/// Most pages of one customer's orders that are read.
const MAX_PAGES: usize = 100;
/// For this long after an order was decided, the same amount without a reference counts as its duplicate.
const DUPLICATE_WINDOW: Duration = Duration::from_secs(72 * 60 * 60);
/// The greatest age of such an order.
const DECIDED_ORDER_MAX_AGE: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// The subjects of a credit: the customer whose own account number was credited, or the orders that the remittance text names.
pub(super) fn subjects(app: &App, credit: &BankCredit) -> Vec<String> {
    if let Some(customer) = own_account(app, credit) {
        return vec![customer.to_string()];
    }
    let named = reference::candidates(credit.concept.as_deref().unwrap_or_default());
    if named.is_empty() { vec![credit.line.clone()] } else { named }
}

enum CreditMatch {
    Payment(Box<Payment>),
    /// It names an order that cannot use it; with the reason.
    SetAside(Box<Payment>, String),
    Unmatched(String),
}

pub(super) async fn effect(app: &App, fact: &Fact, credit: &BankCredit, grade: Grade) -> Effect {
    let payment = match match_credit(app, credit).await? {
        CreditMatch::Payment(payment) => *payment,
        CreditMatch::SetAside(payment, reason) => {
            return Ok(suspense::receive_beside((*payment).into(), unmatched(fact, credit, reason), &app.context(None)));
        }
        CreditMatch::Unmatched(reason) => return Ok(suspense::receive(unmatched(fact, credit, reason), &app.mint())),
    };
    let inputs = DecisionInputs::payment(app, &payment, fact.id).await?;
    // A bank that does not name the payer must not count against the customer; screening covers the customer in any case.
    let is_customer = credit.sender_name.as_ref().is_none_or(|payer| inputs.customer().can_be(payer.reveal()));
    let backdating = app.catalogue.backdating(payment.pay_in);
    let at = counts_at(credit.booked_at, fact.observed_at, fact.read_before, backdating).max(payment.created_at);
    let (holder, source) = (credit.sender_name.clone(), credit.sender_account.clone());
    let receipt = Receipt { holder, source, ..Receipt::new(fact.id, credit.amount, at) };
    Ok(inputs.observe_payment(app, payment, PaymentFact::Paid { receipt, is_customer }, grade))
}

fn unmatched(fact: &Fact, credit: &BankCredit, reason: String) -> UnmatchedReceipt {
    let source = credit.sender_account.as_ref().map(|account| account.reveal().to_owned());
    let (on, asset) = (Account::Bank(credit.rail), Asset::Fiat(credit.currency));
    UnmatchedReceipt { fact: fact.id, on, asset, amount: credit.amount, source, order: None, reason }
}

async fn match_credit(app: &App, credit: &BankCredit) -> Result<CreditMatch, ApplyError> {
    let found = match own_account(app, credit) {
        Some(customer) => match of_customer(app, credit, customer).await? {
            Some(payment) => payment,
            None => {
                return Ok(CreditMatch::Unmatched(format!(
                    "arrived on the account of customer {customer}, who has no order it could be for"
                )));
            }
        },
        None => match by_reference(app, credit).await? {
            Ok(payment) => payment,
            Err(reason) => return Ok(CreditMatch::Unmatched(reason)),
        },
    };
    if found.terms.fiat != credit.currency {
        let reason = format!("it is in {}, payment {} asks for {}", credit.currency, found.id, found.terms.fiat);
        return Ok(CreditMatch::SetAside(Box::new(found), reason));
    }
    if found.pay_in != PayIn::Bank(credit.rail) {
        let reason = format!("it arrived by {}, payment {} is to be paid another way", credit.rail, found.id);
        return Ok(CreditMatch::SetAside(Box::new(found), reason));
    }
    Ok(CreditMatch::Payment(Box::new(found)))
}

/// The customer whose own account number was credited; `None` for an account of ours.
fn own_account(app: &App, credit: &BankCredit) -> Option<CustomerId> {
    let ours = app.catalogue.rail_account(credit.rail)?;
    if ours.account == credit.account {
        return None;
    }
    rampart_core::identity::bank_account::virtual_account::customer_of(&ours.account, &credit.account)
}

/// The order named by the remittance text. Of several candidates it is the one that is an open order, if exactly one is.
async fn by_reference(app: &App, credit: &BankCredit) -> Result<Result<Payment, String>, ApplyError> {
    let text = credit.concept.as_deref().unwrap_or_default();
    let candidates = reference::candidates(text);
    let mut found = Vec::new();
    for concept in &candidates {
        found.extend(app.store.payment_by_concept(concept).await?);
    }
    let several = candidates.len() > 1;
    let mut open: Vec<Payment> = found.iter().filter(|payment| payment.is_unpaid()).cloned().collect();
    Ok(match (found.pop(), open.pop()) {
        (_, Some(payment)) if open.is_empty() => Ok(payment),
        (_, Some(_)) => Err("it carries the references of several open orders".to_owned()),
        (Some(payment), None) if !several => Ok(payment),
        (Some(_), None) => Err("it carries several references, and none of an open order".to_owned()),
        (None, None) => Err(match (candidates.first(), reference::find(text)) {
            (Some(concept), _) => format!("the reference {concept} was never issued"),
            (None, ReferenceMatch::Mistyped(concept)) => format!("the reference {concept} is mistyped"),
            (None, _) => "it carries no reference".to_owned(),
        }),
    })
}

/// The customer's open order that a credit on the customer's own account number is for.
async fn of_customer(app: &App, credit: &BankCredit, customer: CustomerId) -> Result<Option<Payment>, ApplyError> {
    let by_rail = |payment: &Payment| payment.pay_in == PayIn::Bank(credit.rail) && payment.terms.fiat == credit.currency;
    let mut open = orders(app, customer, &[PaymentStatus::Started, PaymentStatus::PendingBank], None).await?;
    open.retain(by_rail);
    let now = app.business.now();
    let made_since = now.before(DECIDED_ORDER_MAX_AGE);
    let mut decided = orders(
        app,
        customer,
        &[
            PaymentStatus::PaymentReceived,
            PaymentStatus::CoinsSent,
            PaymentStatus::OnHold,
            PaymentStatus::RefundPending,
            PaymentStatus::Refunded,
        ],
        Some(made_since),
    )
    .await?;
    decided.retain(|payment| by_rail(payment) && payment.decided_at() >= now.before(DUPLICATE_WINDOW));
    let decided: Vec<Amount> = decided.iter().map(|payment| payment.terms.fiat_amount).collect();
    Ok(for_amount(&open, credit.amount, &decided, &app.catalogue).map(|place| open.swap_remove(place)))
}

/// All orders of a customer in these statuses.
async fn orders(app: &App, customer: CustomerId, statuses: &[PaymentStatus], from: Option<Timestamp>) -> Result<Vec<Payment>, ApplyError> {
    let filter = OrderFilter { customer: Some(customer), statuses: statuses.to_vec(), from, ..OrderFilter::default() };
    let (mut orders, mut below) = (Vec::new(), None);
    for _ in 0..MAX_PAGES {
        let page = app.store.payments(&filter, below, PAGE_ROWS).await?;
        let is_last = page.len() < usize::try_from(PAGE_ROWS).unwrap_or(usize::MAX);
        below = page.last().map(|payment| payment.id);
        orders.extend(page);
        if is_last {
            break;
        }
    }
    Ok(orders)
}
