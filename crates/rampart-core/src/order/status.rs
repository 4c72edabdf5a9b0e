//! What partners see of an order's state.

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
