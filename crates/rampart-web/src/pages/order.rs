//! What the pages show about an order: the headline and the details.

use rampart_app::RampoffPage;
use rampart_core::identity::bank_account::masked;
use rampart_core::order::HoldReason;
use rampart_core::order::payment::{Payment, PaymentState};
use rampart_core::order::rampoff::{Rampoff, RampoffState};
use rampart_core::time::Timestamp;

use super::frame::DetailRow;
use super::labels;
use super::language::Locale;
use super::text::{Texts, fill};

/// The status of an order, in words.
pub(crate) struct Headline {
    /// `good`, `wait` or `bad`.
    pub(crate) tone: &'static str,
    pub(crate) heading: &'static str,
    pub(crate) text: String,
    /// Seconds until the page refreshes; `None` in a final state.
    pub(crate) refresh_seconds: Option<u32>,
}

fn headline(tone: &'static str, heading: &'static str, text: impl Into<String>, refresh_seconds: Option<u32>) -> Headline {
    Headline { tone, heading, text: text.into(), refresh_seconds }
}

/// Refresh intervals in seconds. The slowest is for orders that wait for an operator.
const REFRESH_AT_ONCE: Option<u32> = Some(2);
const REFRESH_QUICKLY: Option<u32> = Some(4);
const REFRESH_REGULARLY: Option<u32> = Some(15);
const REFRESH_SLOWLY: Option<u32> = Some(60);

/// The headline of a payment. `returned`: the customer has just come back from the processor's page.
pub(crate) fn of_payment(payment: &Payment, partner: &str, returned: bool, t: &'static Texts) -> Headline {
    match &payment.state {
        PaymentState::Started if payment.instructions.is_some() => headline("wait", t.started, t.started_text, REFRESH_REGULARLY),
        PaymentState::Started if returned => headline("wait", t.returned, t.returned_text, REFRESH_AT_ONCE),
        PaymentState::Started => headline("wait", t.started, t.started_text, REFRESH_QUICKLY),
        PaymentState::PendingBank { .. } => headline("wait", t.pending_bank, t.pending_bank_text, REFRESH_REGULARLY),
        PaymentState::PaymentReceived { .. } | PaymentState::Sending { .. } => {
            headline("wait", t.payment_received, t.payment_received_text, REFRESH_QUICKLY)
        }
        PaymentState::CoinsSent { confirmations: 0, .. } => headline("good", t.coins_sent, t.coins_sent_text, REFRESH_QUICKLY),
        PaymentState::CoinsSent { .. } => headline("good", t.coins_sent, t.coins_confirmed_text, None),
        PaymentState::OnHold { reason, .. } => on_hold(*reason, partner, t),
        PaymentState::Expired if payment.instructions.is_some() => headline("bad", t.expired, t.expired_bank_text, None),
        PaymentState::Expired => headline("bad", t.expired, t.expired_text, None),
        PaymentState::Cancelled => headline("bad", t.cancelled, t.cancelled_text, None),
        PaymentState::Failed { .. } => headline("bad", t.failed, fill(t.failed_text, &[partner]), None),
        PaymentState::RefundPending { .. } => headline("wait", t.refund_pending, t.refund_pending_text, REFRESH_REGULARLY),
        PaymentState::Refunded { .. } => headline("good", t.refunded, t.refunded_text, None),
    }
}

pub(crate) fn of_rampoff(found: &RampoffPage, t: &'static Texts) -> Headline {
    let rampoff = &found.rampoff;
    match &rampoff.state {
        RampoffState::Created => headline("wait", t.sell_created, t.sell_created_text, REFRESH_REGULARLY),
        RampoffState::Confirming => headline("wait", t.sell_confirming, t.sell_confirming_text, REFRESH_QUICKLY),
        RampoffState::CryptoReceived { .. } => headline("wait", t.sell_received, t.sell_received_text, REFRESH_QUICKLY),
        RampoffState::PayingOut { .. } => headline("wait", t.sell_paying, t.sell_paying_text, REFRESH_QUICKLY),
        RampoffState::Finished { .. } if found.payout_returned => {
            let account = masked(rampoff.destination.account.reveal());
            headline("wait", t.sell_returned, fill(t.sell_returned_text, &[&account, &found.partner_name]), REFRESH_SLOWLY)
        }
        RampoffState::Finished { .. } => headline("good", t.sell_finished, t.sell_finished_text, None),
        RampoffState::OnHold { reason, .. } => on_hold(*reason, &found.partner_name, t),
        RampoffState::Expired => headline("bad", t.expired, t.sell_expired_text, None),
        RampoffState::Cancelled => headline("bad", t.cancelled, t.sell_cancelled_text, None),
        RampoffState::Failed { .. } => headline("bad", t.failed, fill(t.failed_text, &[&found.partner_name]), None),
        RampoffState::RefundPending { .. } => headline("wait", t.refund_pending, t.sell_refund_pending_text, REFRESH_REGULARLY),
        RampoffState::Refunded { .. } => headline("good", t.refunded, t.sell_refunded_text, None),
    }
}

fn on_hold(reason: HoldReason, partner: &str, t: &'static Texts) -> Headline {
    headline("wait", t.on_hold, labels::hold(reason, partner, t), REFRESH_SLOWLY)
}

/// The details of a payment.
pub(crate) fn payment_rows(payment: &Payment, locale: Locale) -> Vec<DetailRow> {
    let t = locale.language.texts();
    let terms = &payment.terms;
    let mut rows = vec![DetailRow::new(t.you_pay, paid(payment, locale)), DetailRow::new(t.you_receive, bought(payment, locale))];
    let received = payment.received();
    if received.is_positive() && received != terms.fiat_amount {
        rows.push(DetailRow::new(t.received, locale.money(&received.to_major(terms.fiat_decimals), terms.fiat.as_str())));
    }
    rows.push(DetailRow::new(t.network, labels::chain(terms.coin.chain)));
    rows.push(DetailRow::copied(t.to_wallet, payment.wallet.clone()));
    if let PaymentState::CoinsSent { txid, confirmations, .. } = &payment.state {
        rows.push(DetailRow::copied(t.transaction, txid.clone()));
        if *confirmations > 0 {
            rows.push(DetailRow::new(t.confirmations, confirmations.to_string()));
        }
    }
    if let PaymentState::Refunded { reference, .. } = &payment.state {
        rows.push(DetailRow::copied(t.bank_reference, reference.clone()));
    }
    rows.push(DetailRow::copied(t.order, payment.id.to_string()));
    rows
}

/// The details of a ramp-off.
pub(crate) fn rampoff_rows(rampoff: &Rampoff, locale: Locale) -> Vec<DetailRow> {
    let t = locale.language.texts();
    let terms = &rampoff.terms;
    let mut rows = vec![DetailRow::new(t.you_send, sold(rampoff, locale))];
    let received = rampoff.received();
    if received.is_positive() && received != terms.coin_amount {
        rows.push(DetailRow::new(t.received, locale.money(&received.to_major_short(terms.coin_decimals), terms.coin.symbol.as_str())));
    }
    rows.push(DetailRow::new(t.you_receive, locale.money(&rampoff.payout_amount().to_major(terms.fiat_decimals), terms.fiat.as_str())));
    rows.push(DetailRow::new(t.payout_to, masked(rampoff.destination.account.reveal())));
    if let Some(deposit) = rampoff.deposits.first() {
        rows.push(DetailRow::copied(t.transaction, deposit.txid.clone()));
    }
    if let Some(reference) = rampoff.bank_reference() {
        rows.push(DetailRow::copied(t.bank_reference, reference));
    }
    if let Some(txid) = rampoff.refund_txid() {
        rows.push(DetailRow::copied(t.refund_transaction, txid));
    }
    rows.push(DetailRow::copied(t.order, rampoff.id.to_string()));
    rows
}

pub(crate) fn paid(payment: &Payment, locale: Locale) -> String {
    locale.money(&payment.terms.fiat_amount.to_major(payment.terms.fiat_decimals), payment.terms.fiat.as_str())
}

pub(crate) fn bought(payment: &Payment, locale: Locale) -> String {
    let coins = match &payment.state {
        PaymentState::PaymentReceived { coins } | PaymentState::Sending { coins, .. } | PaymentState::CoinsSent { coins, .. } => *coins,
        _ => payment.terms.coin_amount,
    };
    locale.money(&coins.to_major_short(payment.terms.coin_decimals), payment.terms.coin.symbol.as_str())
}

pub(crate) fn sold(rampoff: &Rampoff, locale: Locale) -> String {
    locale.money(&rampoff.terms.coin_amount.to_major_short(rampoff.terms.coin_decimals), rampoff.terms.coin.symbol.as_str())
}

/// How long the price is still guaranteed; after that, how long the order stays open.
pub(crate) fn time_left(now: Timestamp, [held_until, open_until]: [Timestamp; 2], t: &Texts) -> String {
    let until = if now < held_until { held_until } else { open_until };
    match now.until(until).as_secs() / 60 {
        0 => t.less_than_a_minute.to_owned(),
        minutes => fill(t.minutes_left, &[&minutes.to_string()]),
    }
}
