//! Rate limits: a token bucket per partner and per address. A bucket is stored as one timestamp (the generic cell rate
//! algorithm), in maps of bounded size.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rampart_app::RateLimits;
use rampart_core::id::PartnerId;
use rampart_http::RateLimitExceeded;

const SHARDS: usize = 16;
/// A forgotten key starts with a full bucket again, so the keys with the fullest buckets are forgotten first.
const MAX_SHARD_KEYS: usize = 8_192;

/// Token buckets of one size, one per key.
struct TokenBuckets<K> {
    /// The time in which one call is refilled, in nanoseconds.
    nanos_per_call: u64,
    burst: u32,
    hasher: RandomState,
    shards: Vec<Mutex<HashMap<K, u64>>>,
}

impl<K: Hash + Eq + Copy> TokenBuckets<K> {
    fn new(per_second: u32, burst: u32) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::new(HashMap::new())).collect();
        Self { nanos_per_call: 1_000_000_000 / u64::from(per_second.max(1)), burst: burst.max(1), hasher: RandomState::new(), shards }
    }

    /// Takes one call from the bucket of a key; `now` is in nanoseconds.
    fn take(&self, key: K, now: u64) -> Result<(), RateLimitExceeded> {
        let index = usize::try_from(self.hasher.hash_one(key) % SHARDS as u64).unwrap_or(0);
        let mut shard = self.shards[index].lock();
        let capacity = self.nanos_per_call.saturating_mul(u64::from(self.burst));
        // When the bucket will be full again.
        let full_at = shard.get(&key).copied().unwrap_or(0).max(now).saturating_add(self.nanos_per_call);
        let wait = full_at.saturating_sub(now).saturating_sub(capacity);
        if wait > 0 {
            let reset = round_up_to_seconds(full_at.saturating_sub(self.nanos_per_call).saturating_sub(now));
            return Err(RateLimitExceeded { limit: self.burst, retry_after: round_up_to_seconds(wait), reset });
        }
        if shard.len() >= MAX_SHARD_KEYS && !shard.contains_key(&key) {
            evict(&mut shard, now);
        }
        shard.insert(key, full_at);
        Ok(())
    }
}

/// Forgets the keys with full buckets; if that is not enough, the quarter with the fullest ones, so that a flood of new keys
/// does not cause a scan per key.
fn evict<K: Hash + Eq + Copy>(shard: &mut HashMap<K, u64>, now: u64) {
    shard.retain(|_, full_at| *full_at > now);
    if shard.len() >= MAX_SHARD_KEYS {
        let mut moments: Vec<u64> = shard.values().copied().collect();
        let (_, quarter, _) = moments.select_nth_unstable(MAX_SHARD_KEYS / 4);
        let quarter = *quarter;
        shard.retain(|_, full_at| *full_at > quarter);
    }
}

fn round_up_to_seconds(nanoseconds: u64) -> u64 {
    nanoseconds.div_ceil(1_000_000_000).max(1)
}

/// The rate limits of the server.
pub(crate) struct RateLimiter {
    created_at: Instant,
    enabled: bool,
    partners: TokenBuckets<PartnerId>,
    addresses: TokenBuckets<IpAddr>,
    authentications: TokenBuckets<IpAddr>,
}

impl RateLimiter {
    pub(crate) fn new(limits: &RateLimits) -> Self {
        Self {
            created_at: Instant::now(),
            enabled: limits.enabled,
            partners: TokenBuckets::new(limits.partner_per_second, limits.partner_burst),
            addresses: TokenBuckets::new(limits.ip_per_second, limits.ip_burst),
            authentications: TokenBuckets::new(limits.authenticate_per_second, limits.authenticate_burst),
        }
    }

    pub(crate) fn partner(&self, partner: PartnerId) -> Result<(), RateLimitExceeded> {
        if self.enabled { self.partners.take(partner, self.now()) } else { Ok(()) }
    }

    pub(crate) fn address(&self, address: IpAddr) -> Result<(), RateLimitExceeded> {
        if self.enabled { self.addresses.take(subscriber_network(address), self.now()) } else { Ok(()) }
    }

    pub(crate) fn authentication(&self, address: IpAddr) -> Result<(), RateLimitExceeded> {
        if self.enabled { self.authentications.take(subscriber_network(address), self.now()) } else { Ok(()) }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.created_at.elapsed().max(Duration::from_nanos(1)).as_nanos()).unwrap_or(u64::MAX)
    }
}

/// The key of an address for rate limits: with IPv6 a subscriber has a whole /64.
fn subscriber_network(address: IpAddr) -> IpAddr {
    first_bits(address, 64)
}

/// The key of an address for concurrency limits. With IPv6 anybody can get a /48, which contains 65,536 subscriber networks:
/// more than there are permits.
pub(crate) fn site(address: IpAddr) -> IpAddr {
    first_bits(address, 48)
}

/// An IPv6 address reduced to its first bits. IPv4 addresses, also IPv4-mapped ones, are returned whole.
fn first_bits(address: IpAddr, bits: u32) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & (u128::MAX << (128 - bits))).into()),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND_NANOS: u64 = 1_000_000_000;

    #[test]
    fn a_bucket_gives_its_burst_and_refills() {
        let buckets = TokenBuckets::new(2, 3);
        let start = SECOND_NANOS;
        for _ in 0..3 {
            assert_eq!(buckets.take("a", start), Ok(()));
        }
        assert_eq!(buckets.take("a", start), Err(RateLimitExceeded { limit: 3, retry_after: 1, reset: 2 }));
        assert_eq!(buckets.take("b", start), Ok(()), "another key has its own bucket");
        assert_eq!(buckets.take("a", start + SECOND_NANOS / 2), Ok(()), "one call has been refilled");
        assert!(buckets.take("a", start + SECOND_NANOS / 2).is_err());
        for _ in 0..3 {
            assert_eq!(buckets.take("a", start + 10 * SECOND_NANOS), Ok(()));
        }
        assert!(buckets.take("a", start + 10 * SECOND_NANOS).is_err(), "it never holds more than its burst");
    }

    #[test]
    fn keys_are_bounded() {
        let buckets = TokenBuckets::new(1, 1);
        for key in 0..(MAX_SHARD_KEYS * SHARDS * 2) {
            let _ = buckets.take(key, SECOND_NANOS);
        }
        assert!(buckets.shards.iter().all(|shard| shard.lock().len() <= MAX_SHARD_KEYS));
    }

    #[test]
    fn a_subscriber_of_ipv6_is_one_address() {
        assert_eq!(subscriber_network("2001:db8::1".parse().unwrap()), subscriber_network("2001:db8::2:3".parse().unwrap()));
        assert_ne!(subscriber_network("2001:db8::1".parse().unwrap()), subscriber_network("2001:db8:0:1::1".parse().unwrap()));
        assert_eq!(site("2001:db8::1".parse().unwrap()), site("2001:db8:0:ffff::1".parse().unwrap()));
        assert_ne!(site("2001:db8::1".parse().unwrap()), site("2001:db8:1::1".parse().unwrap()));
        assert_ne!(site("::ffff:192.0.2.1".parse().unwrap()), site("::ffff:192.0.2.2".parse().unwrap()));
    }
}
