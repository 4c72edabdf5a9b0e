//! How many calls are answered: a token bucket for each partner and each address, kept as one moment per key
//! (the generic cell rate algorithm), in maps that cannot grow without bound.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rampart_app::RateLimits;
use rampart_core::id::PartnerId;

/// A call that comes too early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limited {
    /// How many calls the bucket holds.
    pub(crate) limit: u32,
    /// In how many seconds a call will be answered again.
    pub(crate) retry_after: u64,
    /// In how many seconds the bucket will be full again.
    pub(crate) reset: u64,
}

const SHARDS: usize = 16;
/// Keys a shard remembers. A key that is forgotten begins with a full bucket, so the stalest goes first.
const KEYS_PER_SHARD: usize = 8_192;

/// Token buckets of one size, one for each key.
struct Buckets<K> {
    /// How long one call lasts, in nanoseconds.
    cost: u64,
    burst: u32,
    hasher: RandomState,
    shards: Vec<Mutex<HashMap<K, u64>>>,
}

impl<K: Hash + Eq + Copy> Buckets<K> {
    fn new(per_second: u32, burst: u32) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::new(HashMap::new())).collect();
        Self { cost: 1_000_000_000 / u64::from(per_second.max(1)), burst: burst.max(1), hasher: RandomState::new(), shards }
    }

    /// Takes one call out of the bucket; `now` is in nanoseconds.
    fn take(&self, key: K, now: u64) -> Result<(), Limited> {
        let slot = usize::try_from(self.hasher.hash_one(key) % SHARDS as u64).unwrap_or(0);
        let mut shard = self.shards[slot].lock();
        let room = self.cost.saturating_mul(u64::from(self.burst));
        // The moment at which the bucket will be full again.
        let full_at = shard.get(&key).copied().unwrap_or(0).max(now).saturating_add(self.cost);
        let wait = full_at.saturating_sub(now).saturating_sub(room);
        if wait > 0 {
            let reset = seconds_up(full_at.saturating_sub(self.cost).saturating_sub(now));
            return Err(Limited { limit: self.burst, retry_after: seconds_up(wait), reset });
        }
        if shard.len() >= KEYS_PER_SHARD && !shard.contains_key(&key) {
            make_room(&mut shard, now);
        }
        shard.insert(key, full_at);
        Ok(())
    }
}

/// Forgets the keys whose buckets are full, and when that is not enough, the quarter that is fullest: whoever fills a
/// shard with keys does not make each further one costly.
fn make_room<K: Hash + Eq + Copy>(shard: &mut HashMap<K, u64>, now: u64) {
    shard.retain(|_, full_at| *full_at > now);
    if shard.len() >= KEYS_PER_SHARD {
        let mut moments: Vec<u64> = shard.values().copied().collect();
        let (_, quarter, _) = moments.select_nth_unstable(KEYS_PER_SHARD / 4);
        let quarter = *quarter;
        shard.retain(|_, full_at| *full_at > quarter);
    }
}

fn seconds_up(nanoseconds: u64) -> u64 {
    nanoseconds.div_ceil(1_000_000_000).max(1)
}

/// Every bucket of the server.
pub(crate) struct RateLimiter {
    begun: Instant,
    enabled: bool,
    partners: Buckets<PartnerId>,
    addresses: Buckets<IpAddr>,
    authentications: Buckets<IpAddr>,
}

impl RateLimiter {
    pub(crate) fn new(limits: &RateLimits) -> Self {
        Self {
            begun: Instant::now(),
            enabled: limits.enabled,
            partners: Buckets::new(limits.partner_per_second, limits.partner_burst),
            addresses: Buckets::new(limits.ip_per_second, limits.ip_burst),
            authentications: Buckets::new(limits.authenticate_per_second, limits.authenticate_burst),
        }
    }

    /// Counts a call of a partner.
    pub(crate) fn partner(&self, partner: PartnerId) -> Result<(), Limited> {
        if self.enabled { self.partners.take(partner, self.now()) } else { Ok(()) }
    }

    /// Counts a call from an address.
    pub(crate) fn address(&self, address: IpAddr) -> Result<(), Limited> {
        if self.enabled { self.addresses.take(network(address), self.now()) } else { Ok(()) }
    }

    /// Counts an attempt to authenticate from an address.
    pub(crate) fn authentication(&self, address: IpAddr) -> Result<(), Limited> {
        if self.enabled { self.authentications.take(network(address), self.now()) } else { Ok(()) }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().max(Duration::from_nanos(1)).as_nanos()).unwrap_or(u64::MAX)
    }
}

/// What counts as one address where calls are counted: with IPv6 a subscriber has a whole /64.
fn network(address: IpAddr) -> IpAddr {
    first_bits(address, 64)
}

/// What counts as one address where shares of something scarce are: with IPv6 whoever asks for it gets a whole /48, in which
/// there are more networks of subscribers than there are shares.
pub(crate) fn site(address: IpAddr) -> IpAddr {
    first_bits(address, 48)
}

/// An address of IPv6 without what comes after so many bits; one of IPv4, also where it is written as IPv6, whole.
fn first_bits(address: IpAddr, bits: u32) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & (u128::MAX << (128 - bits))).into()),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn a_bucket_gives_its_burst_and_refills() {
        let buckets = Buckets::new(2, 3);
        let start = SECOND;
        for _ in 0..3 {
            assert_eq!(buckets.take("a", start), Ok(()));
        }
        assert_eq!(buckets.take("a", start), Err(Limited { limit: 3, retry_after: 1, reset: 2 }));
        assert_eq!(buckets.take("b", start), Ok(()), "another key has its own bucket");
        assert_eq!(buckets.take("a", start + SECOND / 2), Ok(()), "one call has come back");
        assert!(buckets.take("a", start + SECOND / 2).is_err());
        for _ in 0..3 {
            assert_eq!(buckets.take("a", start + 10 * SECOND), Ok(()));
        }
        assert!(buckets.take("a", start + 10 * SECOND).is_err(), "it never holds more than its burst");
    }

    #[test]
    fn keys_are_bounded() {
        let buckets = Buckets::new(1, 1);
        for key in 0..(KEYS_PER_SHARD * SHARDS * 2) {
            let _ = buckets.take(key, SECOND);
        }
        assert!(buckets.shards.iter().all(|shard| shard.lock().len() <= KEYS_PER_SHARD));
    }

    #[test]
    fn a_subscriber_of_ipv6_is_one_address() {
        assert_eq!(network("2001:db8::1".parse().unwrap()), network("2001:db8::2:3".parse().unwrap()));
        assert_ne!(network("2001:db8::1".parse().unwrap()), network("2001:db8:0:1::1".parse().unwrap()));
        assert_eq!(site("2001:db8::1".parse().unwrap()), site("2001:db8:0:ffff::1".parse().unwrap()));
        assert_ne!(site("2001:db8::1".parse().unwrap()), site("2001:db8:1::1".parse().unwrap()));
        assert_ne!(site("::ffff:192.0.2.1".parse().unwrap()), site("::ffff:192.0.2.2".parse().unwrap()));
    }
}
