//! Money on a bank account of ours: whose is it?

use rampart_core::asset::Asset;
use rampart_core::fact::{BankCredit, Fact};
use rampart_core::id::CustomerId;
use rampart_core::ledger::Account;
use rampart_core::order::HoldReason;
use rampart_core::payment::{PayIn, Payment, PaymentFact, PaymentState, Receipt};
use rampart_core::record::RecordKey;
use rampart_core::reference::{self, Found};
use rampart_core::screening::is_same_person;
use rampart_core::suspense::{self, Stray};
use rampart_store::OrderFilter;

use super::{Effect, Trouble};
use crate::app::App;
use crate::workers::observe;

/// How many orders of one customer are looked at; the caps on open orders are far below.
const MOST_ORDERS: u32 = 100;

enum Whose {
    Payment(Box<Payment>),
    Nobody(String),
}

pub(super) async fn effect(app: &App, fact: &Fact, credit: &BankCredit) -> Effect {
    let payment = match whose(app, credit).await? {
        Whose::Payment(payment) => *payment,
        Whose::Nobody(reason) => return Ok(stray(app, fact, credit, reason)),
    };
    let customer = app.store().customer(payment.customer).await?;
    let customer = customer.ok_or_else(|| Trouble::Never(format!("there is no customer {}", payment.customer)))?;
    // A bank that does not tell who paid cannot be held against the customer; screening asks about the customer anyway.
    let payer = credit.sender_name.as_ref();
    let is_customer = payer.is_none_or(|payer| is_same_person(&customer.profile.full_name(), payer.reveal()));
    let receipt = Receipt {
        fact: fact.id,
        amount: credit.amount,
        at: fact.observed_at,
        holder: credit.sender_name.clone(),
        source: credit.sender_account.clone(),
    };
    let mut step = observe::payment(app, payment, PaymentFact::Paid { receipt, is_customer });
    step.rely(RecordKey::Customer(customer.id), customer.version);
    Ok(step)
}

fn stray(app: &App, fact: &Fact, credit: &BankCredit, reason: String) -> rampart_core::step::Step {
    let source = credit.sender_account.as_ref().map(|account| account.reveal().to_owned());
    let (on, asset) = (Account::Bank(credit.rail), Asset::Fiat(credit.currency));
    suspense::receive(Stray { fact: fact.id, on, asset, amount: credit.amount, source, reason }, &app.mint())
}

async fn whose(app: &App, credit: &BankCredit) -> Result<Whose, Trouble> {
    let found = match own_account(app, credit) {
        Some(customer) => match of_customer(app, credit, customer).await? {
            Some(payment) => payment,
            None => return Ok(Whose::Nobody(format!("arrived on the account of customer {customer}, who has no order it could be for"))),
        },
        None => match credit.concept.as_deref().map_or(Found::Nothing, reference::find) {
            Found::Reference(concept) => match app.store().payment_by_concept(&concept).await? {
                Some(payment) => payment,
                None => return Ok(Whose::Nobody(format!("the reference {concept} was never given out"))),
            },
            Found::Mistyped(concept) => return Ok(Whose::Nobody(format!("the reference {concept} is mistyped"))),
            Found::Nothing => return Ok(Whose::Nobody("it carries no reference".to_owned())),
        },
    };
    if found.terms.fiat != credit.currency {
        return Ok(Whose::Nobody(format!("it is in {}, payment {} asks for {}", credit.currency, found.id, found.terms.fiat)));
    }
    if found.pay_in != PayIn::Bank(credit.rail) {
        return Ok(Whose::Nobody(format!("it arrived by {}, payment {} is to be paid another way", credit.rail, found.id)));
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

/// Which of a customer's orders a credit on the customer's own number is for: the oldest open one of that very amount;
/// else one that waits for exactly the rest; else the oldest open one; else one that waits for more; else the youngest
/// that ended unpaid and asked for that amount.
async fn of_customer(app: &App, credit: &BankCredit, customer: CustomerId) -> Result<Option<Payment>, Trouble> {
    let by_rail = |payment: &Payment| payment.pay_in == PayIn::Bank(credit.rail) && payment.terms.fiat == credit.currency;
    let mut open = app.store().unpaid_payments_of_customer(customer, MOST_ORDERS).await?;
    open.retain(by_rail);
    open.sort_by_key(|payment| payment.id);
    if let Some(index) = open.iter().position(|payment| payment.terms.fiat_amount == credit.amount) {
        return Ok(Some(open.swap_remove(index)));
    }
    let in_status = |statuses: &[&str]| OrderFilter {
        customer: Some(customer),
        statuses: statuses.iter().map(|status| (*status).to_owned()).collect(),
        ..OrderFilter::default()
    };
    let mut short = app.store().payments(&in_status(&["on_hold"]), None, MOST_ORDERS).await?;
    short.retain(|payment| by_rail(payment) && matches!(payment.state, PaymentState::OnHold { reason: HoldReason::Short, .. }));
    let missing = |payment: &Payment| payment.terms.fiat_amount.minor() - payment.fiat_balance.minor();
    if let Some(index) = short.iter().position(|payment| missing(payment) == credit.amount.minor()) {
        return Ok(Some(short.swap_remove(index)));
    }
    if let Some(oldest) = open.into_iter().next().or_else(|| short.pop()) {
        return Ok(Some(oldest));
    }
    let ended = app.store().payments(&in_status(&["expired", "cancelled"]), None, MOST_ORDERS).await?;
    Ok(ended.into_iter().find(|payment| by_rail(payment) && payment.terms.fiat_amount == credit.amount))
}
