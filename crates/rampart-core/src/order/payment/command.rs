//! Commands on a payment. A command can be refused.

use super::{Payment, PaymentState};
use crate::order::leg::OrderLeg;
use crate::order::origin::DecidedBy;
use crate::order::view::PaymentView;
use crate::order::{CommandRefusal, Context, DestinationOrigin, HoldReason, ProvidedBy};
use crate::outgoing::{PayoutDestination, Screening};
use crate::step::Step;

/// What a customer or an operator can ask of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentCommand {
    DeclareSent,
    Cancel,
    GiveRefundAccount(PayoutDestination, DestinationOrigin),
    /// An operator stops the order before coins leave.
    Hold,
    Release,
    Refund,
    /// An operator moves the money to suspense.
    SetAside,
}

impl PaymentCommand {
    /// The command as a participle, for messages.
    #[must_use]
    pub const fn participle(&self) -> &'static str {
        match self {
            Self::DeclareSent => "declared as sent",
            Self::Cancel => "cancelled",
            Self::GiveRefundAccount(..) => "given a refund account",
            Self::Hold => "held",
            Self::Release => "released",
            Self::Refund => "refunded",
            Self::SetAside => "put into suspense",
        }
    }
}

impl Payment {
    /// The new account has not been screened.
    fn give_refund_account(&mut self, account: PayoutDestination, origin: DestinationOrigin) {
        self.findings.refund = None;
        self.refund_account = Some(account);
        self.refund_origin = Some(origin);
    }

    /// Whether the order's page asks for a refund account: none was given, and the order either needs one or is paid by
    /// transfer and still open or on hold.
    #[must_use]
    pub fn asks_for_account(&self) -> bool {
        let waits = matches!(self.state, PaymentState::OnHold { reason, .. } if reason.needs_destination());
        let is_open = self.is_unpaid() || matches!(self.state, PaymentState::OnHold { .. });
        self.refund_account.is_none() && (waits || (is_open && self.instructions.is_some()))
    }

    /// Applies a command.
    ///
    /// # Errors
    /// A [`CommandRefusal`] when the state does not allow the command, or something it needs is missing.
    pub fn request(mut self, command: PaymentCommand, context: &Context<'_>) -> Result<Step, CommandRefusal> {
        let before = PaymentView::of(&self);
        let mint = &context.mint;
        let refusal = CommandRefusal::WrongState { status: self.status().as_str(), command: command.participle() };
        let mut step = Step::new();
        if let PaymentCommand::GiveRefundAccount(_, given) = &command {
            match given.by {
                ProvidedBy::Page if self.refund_account.is_some() => return Err(CommandRefusal::DestinationGiven),
                ProvidedBy::Page if !self.asks_for_account() => return Err(refusal),
                _ => {}
            }
        }
        match (command, &self.state) {
            (PaymentCommand::DeclareSent, PaymentState::Started) if self.instructions.is_some() => {
                self.state = PaymentState::PendingBank { declared_at: mint.now };
            }
            (PaymentCommand::Cancel, PaymentState::Started | PaymentState::PendingBank { .. }) if self.fiat_balance.is_zero() => {
                self.release_promise(context, &mut step);
                self.state = PaymentState::Cancelled;
            }
            // Money arrived already: cancelling means refunding it.
            (PaymentCommand::Cancel, PaymentState::Started | PaymentState::PendingBank { .. }) if self.fiat_balance.is_positive() => {
                self.refund(DecidedBy::Policy, Screening::Due, context, &mut step);
            }
            (PaymentCommand::GiveRefundAccount(account, origin), PaymentState::OnHold { reason, .. }) if reason.needs_destination() => {
                self.give_refund_account(account, origin);
                if self.has_refund_destination(context) {
                    self.refund(DecidedBy::Policy, Screening::Due, context, &mut step);
                }
            }
            (PaymentCommand::GiveRefundAccount(account, origin), state)
                if !matches!(state, PaymentState::RefundPending { .. }) && (!self.is_settled() || self.set_aside.is_positive()) =>
            {
                self.give_refund_account(account, origin);
            }
            (PaymentCommand::Hold, PaymentState::PaymentReceived { .. }) => {
                self.put_on_hold(HoldReason::Operator, context, &mut step);
            }
            (PaymentCommand::Release, PaymentState::OnHold { .. }) if self.fiat_balance.is_positive() => {
                let exchange = self.release_exchange(context).map_err(CommandRefusal::from)?;
                self.release(exchange, context, &mut step);
            }
            (
                PaymentCommand::Refund,
                PaymentState::Started
                | PaymentState::PendingBank { .. }
                | PaymentState::OnHold { .. }
                | PaymentState::PaymentReceived { .. },
            ) if self.fiat_balance.is_positive() => {
                self.refund(DecidedBy::Operator, Screening::decided(self.findings.refund.is_some()), context, &mut step);
            }
            (PaymentCommand::SetAside, PaymentState::OnHold { .. } | PaymentState::PaymentReceived { .. })
                if self.fiat_balance.is_positive() =>
            {
                self.set_aside(context, &mut step);
            }
            _ => return Err(refusal),
        }
        self.finish(&before, mint, &mut step);
        Ok(step)
    }
}
