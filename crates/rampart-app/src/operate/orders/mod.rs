//! Orders: display and operator commands.

mod file;

pub(crate) use file::refund_of;
pub use file::{EntryView, OrderFile, show};

use rampart_core::id::OrderId;
use rampart_core::identity::bank_account::BankAccountInput;
use rampart_core::identity::country::Country;
use rampart_core::order::{CommandRefusal, DestinationOrigin, HoldReason, Order, ProvidedBy, SharedCommand};
use rampart_core::outgoing::{PayoutDestination, called_back, ordered_by_person};
use rampart_core::refusal::{ErrorCode, Refusal};
use rampart_core::step::record::RecordKey;
use rampart_core::text;
use rampart_core::time::Timestamp;

use super::{Operator, audit, audit_about, operators_retry, refuse};
use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::orders::order_checks;
use crate::partner_api::give_destination::{self, DestinationChange, GivenDestination};
use crate::state::own_accounts;
use crate::workers::{observe, outgoing};

/// Bank limit of a holder's name (ISO 20022).
const MAX_HOLDER_CHARACTERS: usize = 140;

const REFUND: &str = "order.refund";
/// Characters that are needed to name a destination by its end.
const MIN_DESTINATION_END_CHARACTERS: usize = 4;

/// Extends the refusal "no current price" with the last known price and its age.
fn without_price(app: &App, order: &Order, refusal: CommandRefusal) -> AppError {
    let (_, coin, _) = order.pair();
    match refusal {
        CommandRefusal::NoPrice => {
            let (symbol, known) = (coin.symbol, file::price_of(app, order.pair()));
            Refusal::new(ErrorCode::PriceUnavailable, format!("There is no current price of {symbol}; the last one: {known}.")).into()
        }
        refusal => refusal.into(),
    }
}

/// Puts an order on hold before coins or money leave.
///
/// # Errors
/// A refusal when its state does not allow it.
pub async fn hold(app: &App, operator: &Operator, id: OrderId) -> AppResult<()> {
    request(app, operator, id, "order.hold", SharedCommand::Hold).await
}

/// Releases an order from hold.
///
/// # Errors
/// A refusal when its state does not allow it, or the customer is banned or charged money back.
pub async fn release(app: &App, operator: &Operator, id: OrderId) -> AppResult<()> {
    request(app, operator, id, "order.release", SharedCommand::Release).await
}

/// Refunds an order to the destination that the customer gave.
///
/// # Errors
/// A refusal when its state does not allow it.
pub async fn refund(app: &App, operator: &Operator, id: OrderId) -> AppResult<()> {
    refund_to(app, operator, id, None).await
}

/// As [`refund`], with the end of the destination as the operator saw it (four characters or more). Required for a
/// destination from a page that is not followed yet, because it may have just been changed.
///
/// # Errors
/// A refusal when the order's state does not allow it, or its destination ends otherwise.
pub async fn refund_to(app: &App, operator: &Operator, id: OrderId, end: Option<&str>) -> AppResult<()> {
    let confirmed = |order: &Order| match unconfirmed_destination(order, end, app.business.now()) {
        Some(destination) => Err(refuse(format!("it goes to {destination}: look at it, and name its end with --to"))),
        None => Ok(()),
    };
    request_checked(app, operator, id, REFUND, SharedCommand::Refund, confirmed).await
}

/// The destination of a refund, when the operator must confirm it and has not.
fn unconfirmed_destination(order: &Order, end: Option<&str>, now: Timestamp) -> Option<String> {
    let place = match order {
        Order::Payment(payment) if payment.refund_needs_given_account() => payment.refund_account.as_ref()?.account.reveal(),
        Order::Payment(_) => return None,
        Order::Rampoff(rampoff) => rampoff.refund_wallet.as_deref()?,
    };
    let is_followed = order.head().refund_origin.is_none_or(|origin| origin.is_used(now));
    let normalized = |text: &str| {
        text.chars().filter(|character| character.is_alphanumeric()).map(|character| character.to_ascii_lowercase()).collect::<String>()
    };
    let is_named = end.map(normalized).map(|end| end.len() >= MIN_DESTINATION_END_CHARACTERS && normalized(place).ends_with(&end));
    if is_named.unwrap_or(is_followed) { None } else { refund_of(order) }
}

/// Books an order's money or coins to suspense, with a review item per receipt. The order ends.
///
/// # Errors
/// A refusal when its state does not allow it.
pub async fn set_aside(app: &App, operator: &Operator, id: OrderId) -> AppResult<()> {
    request(app, operator, id, "order.to_suspense", SharedCommand::SetAside).await
}

/// Recalls the outgoing payouts and transfers of an order: what was certainly not attempted is stopped; a signed
/// transfer is not broadcast again and its nonce is used up. If it arrives all the same, the order shows it.
///
/// # Errors
/// A refusal when nothing is on its way, or nothing of it can be recalled.
pub async fn recall(app: &App, operator: &Operator, id: OrderId) -> AppResult<()> {
    operators_retry(app, "order is", || async move {
        let order = order_checks::find(app, id).await?;
        let on_its_way = outgoing::of_order(app, &order).await?;
        if on_its_way.is_empty() {
            return Err(refuse(format!("it is {}, and nothing is on its way for it", order.status())));
        }
        let context = app.context(observe::price(app, &order));
        let why = format!("called back by {}: {}", operator.actor, operator.reason);
        let mut step = called_back(order, on_its_way, &why, &context)
            .ok_or_else(|| refuse("it was handed over, and cannot be called back: ask the bank, or wait for the chain"))?;
        audit(app, operator, "order.recall", id, &mut step);
        Ok((step, ()))
    })
    .await
}

/// A destination named by an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DestinationInput {
    Account { account: String, holder: String },
    Wallet(String),
}

/// Sets an order's destination in place of its customer: the refund account of a payment, or the refund wallet or
/// payout account of a ramp-off. Validated like the customer's own.
///
/// # Errors
/// A refusal when the destination is invalid, or the order's state does not allow it.
pub async fn give_destination(app: &App, operator: &Operator, id: OrderId, destination: &DestinationInput) -> AppResult<()> {
    operators_retry(app, "order is", || async move {
        let order = order_checks::find(app, id).await?;
        let what = match (&order, destination) {
            (Order::Payment(payment), DestinationInput::Account { account, holder }) => {
                GivenDestination::RefundAccount(checked_account(app, payment.country, account, holder)?)
            }
            (Order::Rampoff(rampoff), DestinationInput::Wallet(wallet)) => {
                GivenDestination::RefundWallet(order_checks::check_foreign_wallet(app, "wallet", rampoff.chain(), wallet).await?)
            }
            (Order::Rampoff(rampoff), DestinationInput::Account { account, holder }) => {
                GivenDestination::PayoutAccount(checked_account(app, rampoff.country, account, holder)?)
            }
            (Order::Payment(_), DestinationInput::Wallet(_)) => return Err(refuse("a purchase is refunded to an account")),
        };
        let change = DestinationChange { what, origin: DestinationOrigin::trusted(ProvidedBy::Operator, app.business.now()) };
        let mut step = give_destination::destination_step(app, order, &change).await?;
        ordered_by_person(&mut step);
        audit_about(app, operator, (give_destination::ACTION, change.describe()), id, &mut step);
        Ok((step, ()))
    })
    .await
}

pub(super) fn checked_account(app: &App, country: Country, account: &str, holder: &str) -> AppResult<PayoutDestination> {
    if text::is_blank(holder) {
        return Err(refuse("say who holds the account"));
    }
    if holder.chars().count() > MAX_HOLDER_CHARACTERS {
        return Err(refuse(format!("the holder's name has at most {MAX_HOLDER_CHARACTERS} characters")));
    }
    text::check(holder).map_err(|fault| refuse(format!("the holder's name {fault}")))?;
    let checked = own_accounts::validated(&app.own_accounts, country, BankAccountInput::number(account), None, holder.trim().into());
    checked.map_err(|fault| refuse(format!("the account {fault}")))
}

/// Cancels an unpaid order.
///
/// # Errors
/// A refusal when its state does not allow it.
pub async fn cancel(app: &App, operator: &Operator, id: OrderId) -> AppResult<()> {
    request(app, operator, id, "order.cancel", SharedCommand::Cancel).await
}

async fn request(app: &App, operator: &Operator, id: OrderId, action: &str, command: SharedCommand) -> AppResult<()> {
    request_checked(app, operator, id, action, command, |_| Ok(())).await
}

async fn request_checked(
    app: &App,
    operator: &Operator,
    id: OrderId,
    action: &str,
    command: SharedCommand,
    allows: impl Fn(&Order) -> AppResult<()>,
) -> AppResult<()> {
    let allows = &allows;
    operators_retry(app, "order is", || async move {
        let order = order_checks::find(app, id).await?;
        allows(&order)?;
        let customer = order.customer();
        let context = app.context(observe::price(app, &order));
        let mut step = order.clone().request(command, &context).map_err(|refusal| without_price(app, &order, refusal))?;
        if command == SharedCommand::Release {
            let customer = app.store.customer(customer).await?.ok_or(ErrorCode::UserNotFound)?;
            if customer.banned.is_some() {
                return Err(refuse("the customer is banned: refund the order, or lift the ban first"));
            }
            if customer.charged_back.is_some() {
                return Err(refuse("the customer charged money back: refund the order, or lift that first (rampart customer unban)"));
            }
            step.rely(RecordKey::Customer(customer.id), customer.version);
        }
        ordered_by_person(&mut step);
        // A refund after an operator's own hold is a separate permission, so the audit log distinguishes it.
        let action = if action == REFUND && order.hold() == Some(HoldReason::Operator) { "order.refund_after_hold" } else { action };
        audit_about(app, operator, (action, about_refund(action, &order)), id, &mut step);
        Ok((step, ()))
    })
    .await
}

/// The destination of an ordered refund, for the audit log.
fn about_refund(action: &str, order: &Order) -> String {
    let destination = Some(order).filter(|_| action.starts_with(REFUND)).and_then(refund_of);
    destination.map(|destination| format!("refund to {destination}")).unwrap_or_default()
}
