//! An order of either leg, for code that treats both alike.

use std::ops::{Deref, DerefMut};

use crate::id::{CustomerId, OrderId};
use crate::ledger::Account;
use crate::money::amount::Amount;
use crate::money::asset::{Asset, CoinId, Currency};
use crate::order::arrival::Leg;
use crate::order::leg::{LegParts, OrderLeg};
use crate::order::limits::LimitExceeded;
use crate::order::payment::{Payment, PaymentCommand, PaymentFact, PaymentState};
use crate::order::rampoff::{Rampoff, RampoffCommand, RampoffFact, RampoffState};
use crate::order::view::{PaymentView, RampoffView};
use crate::order::{CommandRefusal, Context, HoldReason, OrderHead, PaymentStatus, PublicHoldReason, RampoffStatus, SetAside};
use crate::outgoing::OutgoingRecord;
use crate::outgoing::ScreeningResult;
use crate::step::Step;
use crate::step::record::{Record, RecordKey};
use crate::time::Timestamp;

/// A payment or a ramp-off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    Payment(Box<Payment>),
    Rampoff(Box<Rampoff>),
}

/// A fact that means the same for both legs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SharedFact {
    Screened {
        verdict: ScreeningResult,
        /// Whether the present refund destination, if there is one, was part of the screening.
        about_refund: bool,
    },
    SetAside {
        became: SetAside,
        /// In minor units.
        amount: Amount,
    },
    TimePassed,
}

/// A command that means the same for both legs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SharedCommand {
    Cancel,
    Hold,
    Release,
    Refund,
    SetAside,
}

/// What is the same word for word for both legs: access to the head, and the calls that pass an order to its leg.
macro_rules! of_both_legs {
    ($($leg:ident($state:ident, $status:ident, $view:ident, $fact:ident, $command:ident)),+) => {
        $(impl Deref for $leg {
            type Target = OrderHead;

            fn deref(&self) -> &OrderHead {
                &self.head
            }
        }

        impl DerefMut for $leg {
            fn deref_mut(&mut self) -> &mut OrderHead {
                &mut self.head
            }
        }

        impl LegParts for $leg {
            type Data = $view;
            type Status = $status;

            fn view(&self) -> $view {
                $view::of(self)
            }

            fn view_status(view: &$view) -> $status {
                view.status
            }

            fn view_json(view: &$view) -> String {
                view.to_json()
            }

            fn hold(&self) -> (Account, Asset, Amount) {
                Self::hold(self)
            }

            fn is_unpaid(&self) -> bool {
                Self::is_unpaid(self)
            }

            fn on_hold(&self) -> Option<(HoldReason, Timestamp)> {
                match self.state {
                    $state::OnHold { reason, since } => Some((reason, since)),
                    _ => None,
                }
            }

            fn set_on_hold(&mut self, reason: HoldReason, since: Timestamp) {
                self.state = $state::OnHold { reason, since };
            }

            fn set_expired(&mut self) {
                self.state = $state::Expired;
            }
        }

        impl $leg {
            /// The step that creates the order: it reserves what the order gives, counts the limits and takes a place among open
            /// orders. The caller adds claims.
            ///
            /// # Errors
            /// [`LimitExceeded`] when the order alone exceeds the customer's level.
            pub fn create(self, context: &Context<'_>) -> Result<Step, LimitExceeded> {
                self.created(context)
            }

            /// The status partners see.
            #[must_use]
            pub const fn status(&self) -> $status {
                self.state.status()
            }

            /// When time alone may change the order. From then on it is polled until it changes.
            #[must_use]
            pub fn due_at(&self) -> Option<Timestamp> {
                self.next_due()
            }

            /// Why the order is on hold, as partners see it.
            #[must_use]
            pub fn hold_reason(&self) -> Option<PublicHoldReason> {
                self.on_hold().map(|(reason, _)| reason.shown(Self::LEG))
            }
        }

        impl From<SharedFact> for $fact {
            fn from(fact: SharedFact) -> Self {
                match fact {
                    SharedFact::Screened { verdict, about_refund } => Self::Screened { verdict, about_refund },
                    SharedFact::SetAside { became, amount } => Self::SetAside { became, amount },
                    SharedFact::TimePassed => Self::TimePassed,
                }
            }
        }

        impl From<SharedCommand> for $command {
            fn from(command: SharedCommand) -> Self {
                match command {
                    SharedCommand::Cancel => Self::Cancel,
                    SharedCommand::Hold => Self::Hold,
                    SharedCommand::Release => Self::Release,
                    SharedCommand::Refund => Self::Refund,
                    SharedCommand::SetAside => Self::SetAside,
                }
            }
        }

        impl From<$leg> for Order {
            fn from(order: $leg) -> Self {
                Self::$leg(Box::new(order))
            }
        })+

        impl From<Order> for Record {
            fn from(order: Order) -> Self {
                match order {
                    $(Order::$leg(order) => Self::$leg(order)),+
                }
            }
        }

        impl Order {
            /// What it has whichever its leg.
            #[must_use]
            pub const fn head(&self) -> &OrderHead {
                match self {
                    $(Self::$leg(order) => &order.head),+
                }
            }

            /// Key and loaded version of its record, for a step that relies on it.
            #[must_use]
            pub const fn relied(&self) -> (RecordKey, i64) {
                match self {
                    $(Self::$leg(order) => (RecordKey::$leg(order.head.id), order.head.version)),+
                }
            }

            /// The status partners see.
            #[must_use]
            pub const fn status(&self) -> &'static str {
                match self {
                    $(Self::$leg(order) => order.status().as_str()),+
                }
            }

            /// When time alone may change the order. From then on it is polled until it changes.
            #[must_use]
            pub fn due_at(&self) -> Option<Timestamp> {
                match self {
                    $(Self::$leg(order) => order.due_at()),+
                }
            }

            /// Whether its money or coins were received and wait for the screening provider.
            #[must_use]
            pub fn awaits_screening(&self) -> bool {
                match self {
                    $(Self::$leg(order) => order.awaits_screening()),+
                }
            }

            /// Why the order is on hold, and since when.
            #[must_use]
            pub fn on_hold(&self) -> Option<(HoldReason, Timestamp)> {
                match self {
                    $(Self::$leg(order) => order.on_hold()),+
                }
            }

            /// The asset the order receives.
            #[must_use]
            pub fn receives(&self) -> Asset {
                match self {
                    $(Self::$leg(order) => order.receives()),+
                }
            }

            /// The coin and currency it exchanges, and which of them arrives.
            #[must_use]
            pub const fn pair(&self) -> (Leg, CoinId, Currency) {
                match self {
                    $(Self::$leg(order) => ($leg::LEG, order.terms.coin, order.terms.fiat)),+
                }
            }

            /// Applies a fact.
            #[must_use]
            pub fn observe(self, fact: SharedFact, context: &Context<'_>) -> Step {
                match self {
                    $(Self::$leg(order) => order.observe(fact.into(), context)),+
                }
            }

            /// Applies a command.
            ///
            /// # Errors
            /// A [`CommandRefusal`] when the state does not allow the command, or something it needs is missing.
            pub fn request(self, command: SharedCommand, context: &Context<'_>) -> Result<Step, CommandRefusal> {
                match self {
                    $(Self::$leg(order) => order.request(command.into(), context)),+
                }
            }
        }
    };
}

of_both_legs!(
    Payment(PaymentState, PaymentStatus, PaymentView, PaymentFact, PaymentCommand),
    Rampoff(RampoffState, RampoffStatus, RampoffView, RampoffFact, RampoffCommand)
);

impl Order {
    /// The order's identifier.
    #[must_use]
    pub const fn id(&self) -> OrderId {
        self.head().id
    }

    /// The order's customer.
    #[must_use]
    pub const fn customer(&self) -> CustomerId {
        self.head().customer
    }

    /// Why the order is on hold.
    #[must_use]
    pub fn hold(&self) -> Option<HoldReason> {
        self.on_hold().map(|(reason, _)| reason)
    }

    /// Whether both would be refunded to the same given account or wallet.
    #[must_use]
    pub fn is_refunded_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Payment(payment), Self::Payment(other)) => payment.refund_account == other.refund_account,
            (Self::Rampoff(rampoff), Self::Rampoff(other)) => rampoff.refund_wallet == other.refund_wallet,
            _ => false,
        }
    }

    /// Applies a change of what was set aside beside the order.
    #[must_use]
    pub fn apply_set_aside(self, became: SetAside, amount: Amount, context: &Context<'_>) -> Step {
        self.observe(SharedFact::SetAside { became, amount }, context)
    }

    /// An outgoing payout or transfer that may still be stopped, or is not known to have arrived.
    #[must_use]
    pub fn on_its_way(&self) -> Option<OutgoingRecord> {
        match self {
            Self::Payment(payment) => match &payment.state {
                PaymentState::Sending { transfer, .. } => Some(OutgoingRecord::Transfer(*transfer)),
                PaymentState::RefundPending { payouts } => payouts.first().map(|refund| OutgoingRecord::Payout(refund.payout)),
                _ => None,
            },
            Self::Rampoff(rampoff) => match rampoff.state {
                RampoffState::PayingOut { payout, .. } => Some(OutgoingRecord::Payout(payout)),
                RampoffState::RefundPending { transfer, .. } => Some(OutgoingRecord::Transfer(transfer)),
                _ => None,
            },
        }
    }

    /// Every outgoing payout or transfer: a refund may be several payouts.
    #[must_use]
    pub fn all_pending_outgoing(&self) -> Vec<OutgoingRecord> {
        match self {
            Self::Payment(payment) => match &payment.state {
                PaymentState::RefundPending { payouts } => payouts.iter().map(|refund| OutgoingRecord::Payout(refund.payout)).collect(),
                _ => self.on_its_way().into_iter().collect(),
            },
            Self::Rampoff(_) => self.on_its_way().into_iter().collect(),
        }
    }
}
