//! What partners see of an order's state.

use super::HoldReason;
use super::arrival::Leg;
use super::payment::PaymentState;
use super::rampoff::RampoffState;
use crate::text::words::words;

words! {
    /// The status of a payment.
    PaymentStatus {
        Started = "started",
        PendingBank = "pending_bank",
        PaymentReceived = "payment_received",
        CoinsSent = "coins_sent",
        OnHold = "on_hold",
        Expired = "expired",
        Cancelled = "cancelled",
        Failed = "failed",
        RefundPending = "refund_pending",
        Refunded = "refunded",
    }
}

words! {
    /// The status of a ramp-off.
    RampoffStatus {
        Created = "created",
        Confirming = "confirming",
        CryptoReceived = "crypto_received",
        PayingOut = "paying_out",
        Finished = "finished",
        OnHold = "on_hold",
        Expired = "expired",
        Cancelled = "cancelled",
        Failed = "failed",
        RefundPending = "refund_pending",
        Refunded = "refunded",
    }
}

words! {
    /// Why an order is on hold.
    PublicHoldReason as HoldReason {
        Amount = "amount",
        Payer = "payer",
        Limit = "limit",
        Identity = "identity",
        Destination = "destination",
        Price = "price",
        Liquidity = "liquidity",
        Chain = "chain",
        Bank = "bank",
        Review = "review",
    }
}

impl PaymentState {
    /// The status partners see.
    #[must_use]
    pub const fn status(&self) -> PaymentStatus {
        match self {
            Self::Started => PaymentStatus::Started,
            Self::PendingBank { .. } => PaymentStatus::PendingBank,
            Self::PaymentReceived { .. } | Self::Sending { .. } => PaymentStatus::PaymentReceived,
            Self::CoinsSent { .. } => PaymentStatus::CoinsSent,
            Self::OnHold { .. } => PaymentStatus::OnHold,
            Self::Expired => PaymentStatus::Expired,
            Self::Cancelled => PaymentStatus::Cancelled,
            Self::Failed { .. } => PaymentStatus::Failed,
            Self::RefundPending { .. } => PaymentStatus::RefundPending,
            Self::Refunded { .. } => PaymentStatus::Refunded,
        }
    }
}

impl RampoffState {
    /// The status partners see.
    #[must_use]
    pub const fn status(&self) -> RampoffStatus {
        match self {
            Self::Created => RampoffStatus::Created,
            Self::Confirming => RampoffStatus::Confirming,
            Self::CryptoReceived { .. } => RampoffStatus::CryptoReceived,
            Self::PayingOut { .. } => RampoffStatus::PayingOut,
            Self::Finished { .. } => RampoffStatus::Finished,
            Self::OnHold { .. } => RampoffStatus::OnHold,
            Self::Expired => RampoffStatus::Expired,
            Self::Cancelled => RampoffStatus::Cancelled,
            Self::Failed { .. } => RampoffStatus::Failed,
            Self::RefundPending { .. } => RampoffStatus::RefundPending,
            Self::Refunded { .. } => RampoffStatus::Refunded,
        }
    }
}

impl HoldReason {
    /// The reason partners see. A failed refund concerns a bank when buying, a chain when selling.
    #[must_use]
    pub const fn shown(self, leg: Leg) -> PublicHoldReason {
        match (self, leg) {
            (Self::Amount, _) => PublicHoldReason::Amount,
            (Self::Payer, _) => PublicHoldReason::Payer,
            (Self::Limit, _) => PublicHoldReason::Limit,
            (Self::Identity, _) => PublicHoldReason::Identity,
            (Self::Destination, _) => PublicHoldReason::Destination,
            (Self::Price, _) => PublicHoldReason::Price,
            (Self::Liquidity, _) => PublicHoldReason::Liquidity,
            (Self::TransferFailed | Self::Reorganised, _) | (Self::RefundFailed, Leg::Selling) => PublicHoldReason::Chain,
            (Self::PayoutFailed, _) | (Self::RefundFailed, Leg::Buying) => PublicHoldReason::Bank,
            (Self::Screening | Self::Banned | Self::PartnerDisabled | Self::Reversed | Self::Operator, _) => PublicHoldReason::Review,
        }
    }
}
