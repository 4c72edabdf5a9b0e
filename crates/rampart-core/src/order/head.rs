//! What every order has, whichever its leg.

use crate::catalogue::policy::Policy;
use crate::customer::kyc::KycLevel;
use crate::id::{CustomerId, OrderId, PartnerId, QuoteId, ReviewId};
use crate::identity::country::Country;
use crate::money::amount::Amount;
use crate::order::arrival::{Deviations, Exchange, Fees, WindowTotals};
use crate::order::{DestinationOrigin, Reversal, ScreeningHits, SetAside};
use crate::stored::is_default;
use crate::time::Timestamp;

/// The fields of a payment and a ramp-off that mean the same in both. *Received* is the asset that arrives: money when buying,
/// coins when selling; *given* is the other one.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct OrderHead {
    pub id: OrderId,
    /// Version when loaded; 0 for a new record.
    #[serde(skip)]
    pub version: i64,
    pub partner: PartnerId,
    pub customer: CustomerId,
    /// Customer whose limits it counts towards, if that is another registration of the same person.
    #[serde(default, skip_serializing_if = "is_default")]
    pub counts_as: Option<CustomerId>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub external_id: Option<String>,
    pub country: Country,
    #[serde(default, skip_serializing_if = "is_default")]
    pub quote: Option<QuoteId>,
    /// Level of the customer when the order was created; its limits are counted at this level.
    pub level: KycLevel,
    /// Fingerprint of the page link that an earlier version issued ([`crate::id::earlier_link`]).
    #[serde(default, skip_serializing_if = "is_default")]
    pub earlier_link: Option<String>,
    /// Who gave the refund account or wallet; `None` in orders of earlier versions.
    #[serde(default, skip_serializing_if = "is_default")]
    pub refund_origin: Option<DestinationOrigin>,
    pub created_at: Timestamp,
    /// End of the price promise and of the reservation.
    pub held_until: Timestamp,
    /// End of waiting. Between `held_until` and this moment the order has no promised price.
    pub open_until: Timestamp,
    /// Money of this order on the customer's account, in minor units.
    #[serde(default, skip_serializing_if = "is_default")]
    pub fiat_balance: Amount,
    /// Held for this order, in minor units of what is given: coins on the hot wallet, or money at the bank.
    pub reserved: Amount,
    /// Agreed fees; `None` in orders of earlier versions, which use those of the method or rail.
    #[serde(default, skip_serializing_if = "is_default")]
    pub fees: Option<Fees>,
    /// The latest decision about what was received.
    #[serde(default, skip_serializing_if = "is_default")]
    pub taken: Option<Exchange>,
    /// What it counts in the customer's limits.
    pub counted: Vec<WindowTotals>,
    /// Whether its place among open orders was released.
    #[serde(default, skip_serializing_if = "is_default")]
    pub place_given_back: bool,
    /// Whether everything is exchanged at the market price, because the order waited for something its customer could supply.
    #[serde(default, skip_serializing_if = "is_default")]
    pub lost_promise: bool,
    /// Whether the partner was notified of what was received.
    #[serde(rename = "told", default, skip_serializing_if = "is_default")]
    pub receipt_notified: bool,
    /// Set aside beside the order, in minor units of what is received.
    #[serde(default, skip_serializing_if = "is_default")]
    pub set_aside: Amount,
    /// Refunded, in minor units of what is received.
    #[serde(default, skip_serializing_if = "is_default")]
    pub refunded: Amount,
    /// The review item that collects amounts below the receipt minimum.
    #[serde(default, skip_serializing_if = "is_default")]
    pub running_item: Option<ReviewId>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub exceptions: Deviations,
    /// The kind of reversal, if anything was reversed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub reversal: Option<Reversal>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub findings: ScreeningHits,
    pub updated_at: Timestamp,
}

impl OrderHead {
    /// A new order of a customer of this level, by a method or rail of this country. Its leg adds what was promised.
    #[must_use]
    pub fn new(id: OrderId, partner: PartnerId, customer: CustomerId, country: Country, level: KycLevel, now: Timestamp) -> Self {
        Self {
            id,
            version: 0,
            partner,
            customer,
            counts_as: None,
            external_id: None,
            country,
            quote: None,
            level,
            earlier_link: None,
            refund_origin: None,
            created_at: now,
            held_until: now,
            open_until: now,
            fiat_balance: Amount::ZERO,
            reserved: Amount::ZERO,
            fees: None,
            taken: None,
            counted: Vec::new(),
            place_given_back: false,
            lost_promise: false,
            receipt_notified: false,
            set_aside: Amount::ZERO,
            refunded: Amount::ZERO,
            running_item: None,
            exceptions: Deviations::default(),
            reversal: None,
            findings: ScreeningHits::default(),
            updated_at: now,
        }
    }

    /// With what its method or rail promises: the times of its policy, these fees, and `gives`, in minor units. Without a hold
    /// nothing is reserved: it is priced on arrival. Its limits count `fiat_amount`.
    pub(super) fn promised(self, policy: &Policy, fees: Fees, gives: Amount, fiat_amount: Amount) -> Self {
        Self {
            held_until: self.created_at.after(policy.hold()),
            open_until: self.created_at.after(policy.open()),
            reserved: if policy.hold().is_zero() { Amount::ZERO } else { gives },
            fees: Some(fees),
            counted: WindowTotals::when_created(self.created_at, fiat_amount, self.level),
            ..self
        }
    }

    /// What was set aside beside the order changed.
    pub(super) fn apply_set_aside(&mut self, became: SetAside, amount: Amount) {
        (self.set_aside, self.refunded) = became.applied(amount, self.set_aside, self.refunded);
    }

    /// Whether it is still in time for the open order.
    pub(super) fn is_in_time(&self, at: Timestamp) -> bool {
        at < self.open_until.max(self.held_until)
    }

    /// Until when the prices of a policy are honoured after the promise.
    pub(super) fn honoured_until(&self, policy: &Policy) -> Timestamp {
        self.held_until.after(policy.honour_period())
    }
}
