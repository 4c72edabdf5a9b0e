//! Identifiers: minted from a moment and random bytes that are passed in, so that they sort by time.

use std::fmt;
use std::str::FromStr;

use crate::time::Timestamp;

/// The figures of base 62 in ASCII order, so that texts sort as the numbers do.
const BASE62_DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Characters of an identifier: 9 of time (enough for 428 years of microseconds), 16 of chance (95 bits).
const ID_CHARACTERS: usize = 25;
const TIME_CHARACTERS: usize = 9;

/// A source of random bytes.
pub trait Randomness: Send + Sync {
    /// Fills the slice with unpredictable bytes.
    fn fill(&self, bytes: &mut [u8]);
}

/// Not an identifier of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier of this kind")]
pub struct IdError;

/// The 25 letters and digits that every identifier ends with.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct IdCharacters([u8; ID_CHARACTERS]);

impl IdCharacters {
    fn mint(now: Timestamp, randomness: &dyn Randomness) -> Self {
        let mut characters = [b'0'; ID_CHARACTERS];
        let mut micros = u64::try_from(now.micros()).unwrap_or(0);
        for slot in characters[..TIME_CHARACTERS].iter_mut().rev() {
            *slot = BASE62_DIGITS[usize::try_from(micros % 62).unwrap_or(0)];
            micros /= 62;
        }
        let mut bytes = [0; ID_CHARACTERS - TIME_CHARACTERS];
        randomness.fill(&mut bytes);
        for (slot, byte) in characters[TIME_CHARACTERS..].iter_mut().zip(bytes) {
            *slot = BASE62_DIGITS[usize::from(byte) % 62];
        }
        Self(characters)
    }

    fn first_at(moment: Timestamp) -> Self {
        struct ZeroRandomness;
        impl Randomness for ZeroRandomness {
            fn fill(&self, bytes: &mut [u8]) {
                bytes.fill(0);
            }
        }
        Self::mint(moment, &ZeroRandomness)
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

            /// The smallest identifier of a moment: everything minted at or after it sorts at or behind this one.
            #[must_use]
            pub fn first_at(moment: Timestamp) -> Self {
                Self(IdCharacters::first_at(moment))
            }

            /// The moment it was minted.
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
id!(/// A quote: `quo_…`. What partners are given is the sealed statement that contains it.
    QuoteId, "quo_");
id!(/// A change a partner is told of: `evt_…`.
    EventId, "evt_");
id!(/// A webhook subscription: `whk_…`.
    SubscriptionId, "whk_");
id!(/// One event's way to one subscription: `dlv_…`.
    DeliveryId, "dlv_");
id!(/// A piece of work for a worker: `job_…`.
    JobId, "job_");
id!(/// A fact from outside: `fct_…`.
    FactId, "fct_");
id!(/// A set of balanced ledger entries: `pst_…`.
    PostingId, "pst_");
id!(/// A payout of money over a rail: `pay_…`.
    PayoutId, "pay_");
id!(/// A transfer of coins out of a wallet of ours: `trf_…`.
    TransferId, "trf_");
id!(/// An item on a person's list: `rev_…`.
    ReviewId, "rev_");
id!(/// A line of the audit log: `aud_…`.
    AuditId, "aud_");
id!(/// One database transaction of the commit path: `bat_…`.
    BatchId, "bat_");

/// A customer's number, as partners see it (`user_id`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct CustomerId(pub i64);

impl fmt::Display for CustomerId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// What mints every identifier of one decision: the moment and the randomness, passed in together.
#[derive(Clone, Copy)]
pub struct Mint<'a> {
    /// The moment of the decision.
    pub now: Timestamp,
    /// The randomness to draw from.
    pub randomness: &'a dyn Randomness,
}

impl Mint<'_> {
    /// A new identifier of the kind that is asked for, such as `mint.id::<OrderId>()`.
    #[must_use]
    pub fn id<T: Minted>(&self) -> T {
        T::minted(self)
    }
}

/// An identifier that a [`Mint`] can make.
pub trait Minted {
    /// Makes one.
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
    PostingId,
    PayoutId,
    TransferId,
    ReviewId,
    AuditId,
    BatchId
);
