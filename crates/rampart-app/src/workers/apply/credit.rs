//! Money on a bank account of ours: whose is it?

use std::time::Duration;

use rampart_core::amount::Amount;
use rampart_core::arrival::{Grade, counts_at};
use rampart_core::asset::Asset;
use rampart_core::fact::{BankCredit, Fact};
use rampart_core::id::CustomerId;
use rampart_core::ledger::Account;
use rampart_core::payment::{PayIn, Payment, PaymentFact, Receipt, for_amount};
use rampart_core::reference::{self, ReferenceMatch};
use rampart_core::suspense::{self, UnmatchedReceipt};
use rampart_core::time::Timestamp;
use rampart_store::OrderFilter;

use super::{Effect, Trouble};
use crate::app::App;
use crate::workers::observe::Around;

/// How many orders are looked at together.
const PAGE: u32 = 100;
/// The most candidates of one remittance text and the most pages of one customer's orders that are looked at.
const MAX_PAGES: usize = 100;
/// For how long after an order was decided the same amount without a reference is taken for its duplicate.
const DUPLICATE_WITHIN: Duration = Duration::from_secs(72 * 60 * 60);
/// How long before that such an order may have been made.
const DECIDED_WITHIN: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// What credits that must keep their order have in common: the customer whose number was paid to, or the orders that are named.
pub(super) fn subjects(app: &App, credit: &BankCredit) -> Vec<String> {
    if let Some(customer) = own_account(app, credit) {
        return vec![customer.to_string()];
    }
    let named = reference::candidates(credit.concept.as_deref().unwrap_or_default());
    if named.is_empty() { vec![credit.line.clone()] } else { named }
}

enum Whose {
    Payment(Box<Payment>),
    /// It names an order that cannot use it.
    SetAside(Box<Payment>, String),
    Nobody(String),
}

pub(super) async fn effect(app: &App, fact: &Fact, credit: &BankCredit, grade: Grade) -> Effect {
    let payment = match whose(app, credit).await? {
        Whose::Payment(payment) => *payment,
        Whose::SetAside(payment, reason) => {
            return Ok(suspense::receive_beside((*payment).into(), stray(fact, credit, reason), &app.context(None)));
        }
        Whose::Nobody(reason) => return Ok(suspense::receive(stray(fact, credit, reason), &app.mint())),
    };
    let around = Around::payment(app, &payment, Some(fact.id)).await?;
    // A bank that does not tell who paid cannot be held against the customer; screening asks about the customer anyway.
    let is_customer = credit.sender_name.as_ref().is_none_or(|payer| around.customer().can_be(payer.reveal()));
    let backdating = app.catalogue().backdating(payment.pay_in);
    let receipt = Receipt {
        fact: fact.id,
        amount: credit.amount,
        at: counts_at(credit.booked_at, fact.observed_at, fact.read_before, backdating).max(payment.created_at),
        holder: credit.sender_name.clone(),
        source: credit.sender_account.clone(),
        assigned: false,
        set_aside: Amount::ZERO,
        taken_back: Amount::ZERO,
    };
    Ok(around.observe_payment(app, payment, PaymentFact::Paid { receipt, is_customer }, grade))
}

fn stray(fact: &Fact, credit: &BankCredit, reason: String) -> UnmatchedReceipt {
    let source = credit.sender_account.as_ref().map(|account| account.reveal().to_owned());
    let (on, asset) = (Account::Bank(credit.rail), Asset::Fiat(credit.currency));
    UnmatchedReceipt { fact: fact.id, on, asset, amount: credit.amount, source, order: None, reason }
}

async fn whose(app: &App, credit: &BankCredit) -> Result<Whose, Trouble> {
    let found = match own_account(app, credit) {
        Some(customer) => match of_customer(app, credit, customer).await? {
            Some(payment) => payment,
            None => return Ok(Whose::Nobody(format!("arrived on the account of customer {customer}, who has no order it could be for"))),
        },
        None => match by_reference(app, credit).await? {
            Ok(payment) => payment,
            Err(reason) => return Ok(Whose::Nobody(reason)),
        },
    };
    if found.terms.fiat != credit.currency {
        let reason = format!("it is in {}, payment {} asks for {}", credit.currency, found.id, found.terms.fiat);
        return Ok(Whose::SetAside(Box::new(found), reason));
    }
    if found.pay_in != PayIn::Bank(credit.rail) {
        let reason = format!("it arrived by {}, payment {} is to be paid another way", credit.rail, found.id);
        return Ok(Whose::SetAside(Box::new(found), reason));
    }
    Ok(Whose::Payment(Box::new(found)))
}

/// The customer whose own number was credited; nothing when it is an account of ours.
fn own_account(app: &App, credit: &BankCredit) -> Option<CustomerId> {
    let ours = app.catalogue().rail_account(credit.rail)?;
    if ours.account == credit.account {
        return None;
    }
    rampart_core::bank_account::virtual_account::customer_of(&ours.account, &credit.account)
}

/// The order that the remittance text names: of several candidates the one that is an open order, if exactly one is.
async fn by_reference(app: &App, credit: &BankCredit) -> Result<Result<Payment, String>, Trouble> {
    let text = credit.concept.as_deref().unwrap_or_default();
    let candidates = reference::candidates(text);
    let mut found = Vec::new();
    for concept in &candidates {
        found.extend(app.store().payment_by_concept(concept).await?);
    }
    let several = candidates.len() > 1;
    let mut open: Vec<Payment> = found.iter().filter(|payment| payment.is_unpaid()).cloned().collect();
    Ok(match (found.pop(), open.pop()) {
        (_, Some(payment)) if open.is_empty() => Ok(payment),
        (_, Some(_)) => Err("it carries the references of several open orders".to_owned()),
        (Some(payment), None) if !several => Ok(payment),
        (Some(_), None) => Err("it carries several references, and none of an open order".to_owned()),
        (None, None) => Err(match (candidates.first(), reference::find(text)) {
            (Some(concept), _) => format!("the reference {concept} was never given out"),
            (None, ReferenceMatch::Mistyped(concept)) => format!("the reference {concept} is mistyped"),
            (None, _) => "it carries no reference".to_owned(),
        }),
    })
}

/// Which of a customer's open orders a credit on the customer's own number is for.
async fn of_customer(app: &App, credit: &BankCredit, customer: CustomerId) -> Result<Option<Payment>, Trouble> {
    let by_rail = |payment: &Payment| payment.pay_in == PayIn::Bank(credit.rail) && payment.terms.fiat == credit.currency;
    let mut open = orders(app, customer, &["started", "pending_bank"], None).await?;
    open.retain(by_rail);
    let now = app.business().now();
    let made_since = now.before(DECIDED_WITHIN);
    let mut decided =
        orders(app, customer, &["payment_received", "coins_sent", "on_hold", "refund_pending", "refunded"], Some(made_since)).await?;
    decided.retain(|payment| by_rail(payment) && payment.decided_at() >= now.before(DUPLICATE_WITHIN));
    let decided: Vec<Amount> = decided.iter().map(|payment| payment.terms.fiat_amount).collect();
    Ok(for_amount(&open, credit.amount, &decided, app.catalogue()).map(|place| open.swap_remove(place)))
}

/// A customer's orders in these statuses, all of them.
async fn orders(app: &App, customer: CustomerId, statuses: &[&str], from: Option<Timestamp>) -> Result<Vec<Payment>, Trouble> {
    let statuses = statuses.iter().map(|status| (*status).to_owned()).collect();
    let filter = OrderFilter { customer: Some(customer), statuses, from, ..OrderFilter::default() };
    let (mut orders, mut below) = (Vec::new(), None);
    for _ in 0..MAX_PAGES {
        let page = app.store().payments(&filter, below, PAGE).await?;
        let is_last = page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
        below = page.last().map(|payment| payment.id);
        orders.extend(page);
        if is_last {
            break;
        }
    }
    Ok(orders)
}
