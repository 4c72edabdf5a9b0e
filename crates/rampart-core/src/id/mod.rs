//! Identifiers: minted from the time and random bytes, both passed in. They sort by time.

pub mod earlier_link;

use std::fmt;
use std::str::FromStr;

use crate::time::Timestamp;

/// Base 62 in ASCII order, so that identifiers sort as their numbers do.
const BASE62_DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// 9 characters of time (microseconds for 428 years) and 16 of randomness (95 bits).
const ID_CHARACTERS: usize = 25;
const TIME_CHARACTERS: usize = 9;

/// A cryptographically secure source of random bytes.
pub trait Randomness: Send + Sync {
    /// Fills the slice with unpredictable bytes.
    fn fill(&self, bytes: &mut [u8]);
}

/// The text has another prefix, or is not an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier of this kind")]
pub struct IdError;

/// The 25 base-62 characters at the end of every identifier.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct IdCharacters([u8; ID_CHARACTERS]);

impl IdCharacters {
    fn mint(now: Timestamp, randomness: &dyn Randomness) -> Self {
        let mut bytes = [0; ID_CHARACTERS - TIME_CHARACTERS];
        randomness.fill(&mut bytes);
        Self::of(now, bytes)
    }

    fn first_at(moment: Timestamp) -> Self {
        Self::of(moment, [0; ID_CHARACTERS - TIME_CHARACTERS])
    }

    fn of(now: Timestamp, random: [u8; ID_CHARACTERS - TIME_CHARACTERS]) -> Self {
        let mut characters = [b'0'; ID_CHARACTERS];
        let mut micros = u64::try_from(now.micros()).unwrap_or(0);
        for slot in characters[..TIME_CHARACTERS].iter_mut().rev() {
            *slot = BASE62_DIGITS[usize::try_from(micros % 62).unwrap_or(0)];
            micros /= 62;
        }
        for (slot, byte) in characters[TIME_CHARACTERS..].iter_mut().zip(random) {
            *slot = BASE62_DIGITS[usize::from(byte) % 62];
        }
        Self(characters)
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    fn parse(text: &str) -> Result<Self, IdError> {
        let characters: [u8; ID_CHARACTERS] = text.as_bytes().try_into().map_err(|_| IdError)?;
        if characters.iter().all(u8::is_ascii_alphanumeric) { Ok(Self(characters)) } else { Err(IdError) }
    }

    fn minted_at(&self) -> Timestamp {
        let micros = self.0[..TIME_CHARACTERS].iter().fold(0_i64, |sum, character| {
            let value = BASE62_DIGITS.binary_search(character).unwrap_or(0);
            sum.wrapping_mul(62).wrapping_add(i64::try_from(value).unwrap_or(0))
        });
        Timestamp::from_micros(micros)
    }
}

macro_rules! id {
    ($(#[$meta:meta])* $name:ident, $prefix:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(IdCharacters);

        impl $name {
            /// Mints a new identifier.
            #[must_use]
            pub fn mint(now: Timestamp, randomness: &dyn Randomness) -> Self {
                Self(IdCharacters::mint(now, randomness))
            }

            /// The smallest identifier of a moment: every identifier minted at or after it sorts at or after this one.
            #[must_use]
            pub fn first_at(moment: Timestamp) -> Self {
                Self(IdCharacters::first_at(moment))
            }

            /// When it was minted.
            #[must_use]
            pub fn minted_at(&self) -> Timestamp {
                self.0.minted_at()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str($prefix)?;
                formatter.write_str(self.0.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, formatter)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                text.strip_prefix($prefix).ok_or(IdError).and_then(IdCharacters::parse).map(Self)
            }
        }

        crate::serde_as_text!($name);
    };
}

id!(/// A payment (on-ramp order) or a ramp-off (off-ramp order): 25 letters and digits.
    OrderId, "");
id!(/// A partner: `par_…`.
    PartnerId, "par_");
id!(/// A quote: `quo_…`. Partners receive it inside the sealed quote.
    QuoteId, "quo_");
id!(/// An entry of the event log of a partner: `evt_…`.
    EventId, "evt_");
id!(/// A webhook subscription: `whk_…`.
    SubscriptionId, "whk_");
id!(/// The delivery of one event to one subscription: `dlv_…`.
    DeliveryId, "dlv_");
id!(/// A job of a worker: `job_…`.
    JobId, "job_");
id!(/// A fact: `fct_…`.
    FactId, "fct_");
id!(/// A deposit: `fct_…` too, from when deposits were known by their facts.
    DepositId, "fct_");
id!(/// A posting: `pst_…`.
    PostingId, "pst_");
id!(/// A payout: `pay_…`.
    PayoutId, "pay_");
id!(/// A transfer: `trf_…`.
    TransferId, "trf_");
id!(/// A transmission: `tms_…`.
    TransmissionId, "tms_");
id!(/// A review item: `rev_…`.
    ReviewId, "rev_");
id!(/// An entry of the audit log: `aud_…`.
    AuditId, "aud_");
id!(/// One database transaction of the commit path: `bat_…`.
    BatchId, "bat_");

impl DepositId {
    /// The deposit that a review item about coins names in place of a fact.
    #[must_use]
    pub const fn named_by(fact: FactId) -> Self {
        Self(fact.0)
    }

    /// The same identifier where a review item names what brought its money or coins.
    #[must_use]
    pub const fn as_fact(self) -> FactId {
        FactId(self.0)
    }
}

/// The number of a customer: `user_id` of the partner API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct CustomerId(pub i64);

impl fmt::Display for CustomerId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Mints the identifiers of one decision from its time and a source of randomness.
#[derive(Clone, Copy)]
pub struct Mint<'a> {
    pub now: Timestamp,
    pub randomness: &'a dyn Randomness,
}

impl Mint<'_> {
    /// A new identifier of the requested type, such as `mint.id::<OrderId>()`.
    #[must_use]
    pub fn id<T: Minted>(&self) -> T {
        T::minted(self)
    }
}

/// An identifier type that [`Mint::id`] can make.
pub trait Minted {
    fn minted(mint: &Mint<'_>) -> Self;
}

macro_rules! minted {
    ($($name:ident),+) => {
        $(impl Minted for $name {
            fn minted(mint: &Mint<'_>) -> Self {
                Self::mint(mint.now, mint.randomness)
            }
        })+
    };
}

minted!(
    OrderId,
    PartnerId,
    QuoteId,
    EventId,
    SubscriptionId,
    DeliveryId,
    JobId,
    FactId,
    DepositId,
    PostingId,
    PayoutId,
    TransferId,
    TransmissionId,
    ReviewId,
    AuditId,
    BatchId
);
