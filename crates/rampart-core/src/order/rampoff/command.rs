//! Commands on a ramp-off. A command can be refused.

use super::{Rampoff, RampoffState};
use crate::order::leg::OrderLeg;
use crate::order::origin::DecidedBy;
use crate::order::view::RampoffView;
use crate::order::{CommandRefusal, Context, DestinationOrigin, HoldReason, ProvidedBy};
use crate::outgoing::{PayoutDestination, Screening};
use crate::step::Step;

/// What a customer or an operator can ask of a ramp-off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RampoffCommand {
    /// Cancelled before coins arrived, or after a reorganisation removed all of them.
    Cancel,
    /// A wallet for refunds, already validated by the chain's rules.
    GiveRefundWallet(String, DestinationOrigin),
    GivePayoutDestination(PayoutDestination, DestinationOrigin),
    /// An operator stops the order before money leaves.
    Hold,
    Release,
    Refund,
    /// An operator moves the coins to suspense.
    SetAside,
}

impl RampoffCommand {
    /// The command as a participle, for messages.
    #[must_use]
    pub const fn participle(&self) -> &'static str {
        match self {
            Self::Cancel => "cancelled",
            Self::GiveRefundWallet(..) => "given a refund wallet",
            Self::GivePayoutDestination(..) => "given another account",
            Self::Hold => "held",
            Self::Release => "released",
            Self::Refund => "refunded",
            Self::SetAside => "put into suspense",
        }
    }
}

impl Rampoff {
    /// The new wallet has not been screened.
    fn give_refund_wallet(&mut self, wallet: String, origin: DestinationOrigin) {
        self.findings.refund = None;
        self.refund_wallet = Some(wallet);
        self.refund_origin = Some(origin);
    }

    fn give_destination(&mut self, destination: PayoutDestination, origin: DestinationOrigin) {
        self.destination = destination;
        self.destination_origin = Some(origin);
    }

    /// Whether the order's page asks for a refund wallet: none was given, and the order is open or on hold.
    #[must_use]
    pub fn asks_for_wallet(&self) -> bool {
        self.refund_wallet.is_none() && (self.is_unpaid() || matches!(self.state, RampoffState::OnHold { .. }))
    }

    /// Applies a command.
    ///
    /// # Errors
    /// A [`CommandRefusal`] when the state does not allow the command, or something it needs is missing.
    pub fn request(mut self, command: RampoffCommand, context: &Context<'_>) -> Result<Step, CommandRefusal> {
        let before = RampoffView::of(&self);
        let mint = &context.mint;
        let refusal = CommandRefusal::WrongState { status: self.status().as_str(), command: command.participle() };
        let mut step = Step::new();
        if matches!(command, RampoffCommand::Cancel | RampoffCommand::Refund) && self.refund_fee_exceeds_coins() {
            return Err(CommandRefusal::BelowNetworkFee);
        }
        match &command {
            RampoffCommand::GiveRefundWallet(_, DestinationOrigin { by: ProvidedBy::Page, .. }) => {
                if self.refund_wallet.is_some() {
                    return Err(CommandRefusal::DestinationGiven);
                }
                if !self.asks_for_wallet() {
                    return Err(refusal);
                }
            }
            RampoffCommand::GivePayoutDestination(_, DestinationOrigin { by: ProvidedBy::Page, .. }) => {
                return Err(CommandRefusal::DestinationGiven);
            }
            _ => {}
        }
        match (command, &self.state) {
            (RampoffCommand::Cancel, RampoffState::Created) => {
                self.release_promise(context, &mut step);
                self.state = RampoffState::Cancelled;
            }
            // Coins arrived already: cancelling means refunding them, once all of them are confirmed.
            (RampoffCommand::Cancel, RampoffState::Confirming)
                if self.coin_balance.is_positive() && self.deposits.iter().all(|deposit| deposit.confirmations > 0) =>
            {
                self.refund(DecidedBy::Policy, Screening::Due, context, &mut step);
            }
            // A reorganisation removed all deposits.
            (RampoffCommand::Cancel, RampoffState::Confirming) if self.deposits.is_empty() => {
                self.release_promise(context, &mut step);
                self.state = RampoffState::Cancelled;
            }
            (RampoffCommand::Cancel, RampoffState::OnHold { reason: HoldReason::Reorganised, .. })
                if self.coin_balance.is_zero() && self.converted.is_zero() =>
            {
                self.release_promise(context, &mut step);
                self.state = RampoffState::Cancelled;
            }
            (RampoffCommand::GiveRefundWallet(wallet, origin), RampoffState::OnHold { reason, .. }) if reason.needs_destination() => {
                self.give_refund_wallet(wallet, origin);
                if self.usable_refund_wallet(DecidedBy::Policy, context).is_some() {
                    self.refund(DecidedBy::Policy, Screening::Due, context, &mut step);
                }
            }
            (RampoffCommand::GiveRefundWallet(wallet, origin), state)
                if !matches!(state, RampoffState::RefundPending { .. }) && (!self.is_settled() || self.set_aside.is_positive()) =>
            {
                self.give_refund_wallet(wallet, origin);
            }
            (RampoffCommand::GivePayoutDestination(destination, origin), RampoffState::OnHold { reason: HoldReason::PayoutFailed, .. }) => {
                self.give_destination(destination, origin);
                self.pay(Screening::Due, context, &mut step);
            }
            // The returned money is in suspense: the operator who resolves its review item pays it to this account.
            (RampoffCommand::GivePayoutDestination(destination, origin), RampoffState::Finished { .. }) if self.was_payout_returned() => {
                self.give_destination(destination, origin);
            }
            (RampoffCommand::Hold, RampoffState::CryptoReceived { .. }) => self.put_on_hold(HoldReason::Operator, context, &mut step),
            (RampoffCommand::Release, RampoffState::OnHold { .. }) if self.converted.is_positive() => {
                self.pay(Screening::decided(self.findings.order.is_some()), context, &mut step);
            }
            (RampoffCommand::Release, RampoffState::OnHold { .. }) if self.coin_balance.is_positive() => {
                let exchange = self.release_at_policy(context).map_err(CommandRefusal::from)?;
                self.release(exchange, context, &mut step);
            }
            (RampoffCommand::Refund, RampoffState::Confirming)
                if self.coin_balance.is_positive() && self.deposits.iter().all(|deposit| deposit.confirmations > 0) =>
            {
                self.refund(DecidedBy::Operator, Screening::decided(self.findings.refund.is_some()), context, &mut step);
            }
            (RampoffCommand::Refund, RampoffState::OnHold { .. } | RampoffState::CryptoReceived { .. })
                if self.coin_balance.is_positive() || self.converted.is_positive() =>
            {
                self.refund(DecidedBy::Operator, Screening::decided(self.findings.refund.is_some()), context, &mut step);
            }
            (RampoffCommand::SetAside, RampoffState::OnHold { .. } | RampoffState::CryptoReceived { .. }) if self.has_all_coins() => {
                self.set_aside(context, &mut step);
            }
            _ => return Err(refusal),
        }
        self.finish(&before, mint, &mut step);
        Ok(step)
    }
}
