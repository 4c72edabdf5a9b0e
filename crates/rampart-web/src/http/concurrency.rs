//! Limits how many of something exist at the same time: in total and per address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;

use super::rate_limit::site;

/// Limits connections or requests, in total and per address. Memory is bounded by the total: an address is remembered only
/// while it has a permit.
#[derive(Debug)]
pub(crate) struct ConcurrencyLimiter {
    max_total: usize,
    max_per_address: usize,
    in_use: Mutex<PermitCounts>,
}

#[derive(Debug, Default)]
struct PermitCounts {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LimitReached {
    Total,
    Address,
}

impl ConcurrencyLimiter {
    pub(crate) fn new(max_total: usize, max_per_address: usize) -> Arc<Self> {
        Arc::new(Self { max_total, max_per_address, in_use: Mutex::default() })
    }

    pub(crate) const fn max_per_address(&self) -> usize {
        self.max_per_address
    }

    /// Takes a permit, which is returned when it is dropped.
    pub(crate) fn acquire(self: &Arc<Self>, address: IpAddr) -> Result<ConcurrencyPermit, LimitReached> {
        let address = site(address);
        let mut in_use = self.in_use.lock();
        if in_use.total >= self.max_total {
            return Err(LimitReached::Total);
        }
        let of_address = in_use.by_address.entry(address).or_default();
        if *of_address >= self.max_per_address {
            return Err(LimitReached::Address);
        }
        *of_address += 1;
        in_use.total += 1;
        Ok(ConcurrencyPermit { limiter: Arc::clone(self), address })
    }
}

/// A place of a [`ConcurrencyLimiter`], returned on drop.
#[derive(Debug)]
pub(crate) struct ConcurrencyPermit {
    limiter: Arc<ConcurrencyLimiter>,
    address: IpAddr,
}

impl Drop for ConcurrencyPermit {
    fn drop(&mut self) {
        let mut in_use = self.limiter.in_use.lock();
        in_use.total -= 1;
        if let Some(of_address) = in_use.by_address.get_mut(&self.address) {
            *of_address -= 1;
            if *of_address == 0 {
                in_use.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_its_share_and_all_have_the_whole() {
        let limiter = ConcurrencyLimiter::new(3, 2);
        let from = |address: &str| limiter.acquire(address.parse().unwrap());
        let first = from("192.0.2.1").unwrap();
        let _second = from("::ffff:192.0.2.1").unwrap();
        assert_eq!(from("192.0.2.1").unwrap_err(), LimitReached::Address);
        let _other = from("2001:db8::1").unwrap();
        assert_eq!(from("192.0.2.9").unwrap_err(), LimitReached::Total);
        drop(first);
        let _again = from("2001:db8:0:ffff::2").unwrap();
        assert_eq!(from("2001:db8::3").unwrap_err(), LimitReached::Total);
    }

    #[test]
    fn a_site_of_ipv6_has_one_share() {
        let limiter = ConcurrencyLimiter::new(9, 2);
        let from = |address: &str| limiter.acquire(address.parse().unwrap());
        let _two = (from("2001:db8:0:1::1").unwrap(), from("2001:db8:0:2::1").unwrap());
        assert_eq!(from("2001:db8:0:3::1").unwrap_err(), LimitReached::Address);
        assert!(from("2001:db8:1:3::1").is_ok());
    }

    #[test]
    fn nothing_is_remembered_of_who_has_gone() {
        let limiter = ConcurrencyLimiter::new(9, 1);
        drop(limiter.acquire("192.0.2.1".parse().unwrap()));
        let permit = limiter.acquire("192.0.2.2".parse().unwrap()).unwrap();
        assert_eq!(limiter.acquire("192.0.2.2".parse().unwrap()).unwrap_err(), LimitReached::Address);
        let in_use = limiter.in_use.lock();
        assert_eq!((in_use.total, in_use.by_address.len()), (1, 1));
        drop((in_use, permit));
    }
}
