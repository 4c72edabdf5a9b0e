//! How many of something there are at the moment: in all, and of each address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::rate_limit::site;

/// What is counted while it lasts. It remembers the addresses of what is there and no others, so that it is as bounded as
/// what it counts.
#[derive(Debug)]
pub(crate) struct Crowd {
    most: usize,
    most_of_one: usize,
    present: Mutex<Present>,
}

#[derive(Debug, Default)]
struct Present {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// Why one more is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// There is no room for anybody.
    All,
    /// This address has as many as one may have.
    Address,
}

impl Crowd {
    pub(crate) fn new(most: usize, most_of_one: usize) -> Arc<Self> {
        Arc::new(Self { most, most_of_one, present: Mutex::default() })
    }

    /// How many one address may have.
    pub(crate) const fn most_of_one(&self) -> usize {
        self.most_of_one
    }

    /// Lets one more in; it is counted until it is dropped.
    pub(crate) fn enter(self: &Arc<Self>, address: IpAddr) -> Result<Within, Full> {
        let address = site(address);
        let mut present = self.present.lock();
        if present.all >= self.most {
            return Err(Full::All);
        }
        let of_one = present.by_address.entry(address).or_default();
        if *of_one >= self.most_of_one {
            return Err(Full::Address);
        }
        *of_one += 1;
        present.all += 1;
        Ok(Within { crowd: Arc::clone(self), address })
    }
}

/// One of a [`Crowd`], until it is dropped.
#[derive(Debug)]
pub(crate) struct Within {
    crowd: Arc<Crowd>,
    address: IpAddr,
}

impl Drop for Within {
    fn drop(&mut self) {
        let mut present = self.crowd.present.lock();
        present.all -= 1;
        if let Some(of_one) = present.by_address.get_mut(&self.address) {
            *of_one -= 1;
            if *of_one == 0 {
                present.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_its_share_and_all_have_the_whole() {
        let crowd = Crowd::new(3, 2);
        let from = |address: &str| crowd.enter(address.parse().unwrap());
        let first = from("192.0.2.1").unwrap();
        let _second = from("::ffff:192.0.2.1").unwrap();
        assert_eq!(from("192.0.2.1").unwrap_err(), Full::Address);
        let _other = from("2001:db8::1").unwrap();
        assert_eq!(from("192.0.2.9").unwrap_err(), Full::All);
        drop(first);
        let _again = from("2001:db8:0:ffff::2").unwrap();
        assert_eq!(from("2001:db8::3").unwrap_err(), Full::All);
    }

    #[test]
    fn a_site_of_ipv6_has_one_share() {
        let crowd = Crowd::new(9, 2);
        let from = |address: &str| crowd.enter(address.parse().unwrap());
        let _two = (from("2001:db8:0:1::1").unwrap(), from("2001:db8:0:2::1").unwrap());
        assert_eq!(from("2001:db8:0:3::1").unwrap_err(), Full::Address);
        assert!(from("2001:db8:1:3::1").is_ok());
    }

    #[test]
    fn nothing_is_remembered_of_who_has_gone() {
        let crowd = Crowd::new(9, 1);
        drop(crowd.enter("192.0.2.1".parse().unwrap()));
        let kept = crowd.enter("192.0.2.2".parse().unwrap()).unwrap();
        assert_eq!(crowd.enter("192.0.2.2".parse().unwrap()).unwrap_err(), Full::Address);
        let present = crowd.present.lock();
        assert_eq!((present.all, present.by_address.len()), (1, 1));
        drop((present, kept));
    }
}
