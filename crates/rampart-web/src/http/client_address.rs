//! The client address: the peer of the connection, or the address that a trusted reverse proxy reports.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use axum::http::HeaderMap;

/// The peer address of a connection. It is an extension of every request.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

const MAX_PROXY_HOPS: usize = 32;

/// A network in CIDR notation, such as `10.0.0.0/8`, or a single address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    base: IpAddr,
    prefix: u8,
}

/// The text is not a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an address or a network such as 10.0.0.0/8")]
pub struct NetworkError;

/// IPv4-mapped IPv6 addresses are `::ffff:0:0/96` (RFC 4291, 2.5.5.2).
const IPV4_MAPPED_PREFIX_BITS: u8 = 96;

impl Network {
    /// Whether the network contains an address. IPv4-mapped addresses count as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.base, address.to_canonical()) {
            (IpAddr::V4(base), IpAddr::V4(address)) => {
                let shift = 32 - u32::from(self.prefix);
                u32::from(base).checked_shr(shift) == u32::from(address).checked_shr(shift)
            }
            (IpAddr::V6(base), IpAddr::V6(address)) => {
                let shift = 128 - u32::from(self.prefix);
                u128::from(base).checked_shr(shift) == u128::from(address).checked_shr(shift)
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (base, prefix) = match text.split_once('/') {
            Some((base, prefix)) => (base, Some(prefix.parse::<u8>().map_err(|_| NetworkError)?)),
            None => (text, None),
        };
        let base: IpAddr = base.parse().map_err(|_| NetworkError)?;
        let max_prefix = if base.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(max_prefix);
        if prefix > max_prefix {
            return Err(NetworkError);
        }
        // Addresses are compared in canonical form, so an IPv4-mapped network must be converted too.
        match (base, base.to_canonical()) {
            (IpAddr::V6(_), base @ IpAddr::V4(_)) => {
                let prefix = prefix.checked_sub(IPV4_MAPPED_PREFIX_BITS).ok_or(NetworkError)?;
                Ok(Self { base, prefix })
            }
            (base, _) => Ok(Self { base, prefix }),
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.base, self.prefix)
    }
}

rampart_core::serde_as_text!(Network);

/// The address a request came from. `X-Forwarded-For` is read from its end, as long as the host that added an entry is
/// trusted; earlier entries may be forged by the client. It is read as bytes and no entry is skipped: an invalid entry ends
/// the search, so that it cannot hide the entries before it.
pub(crate) fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let mut client = peer.to_canonical();
    if trusted.is_empty() {
        return client;
    }
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let lines = headers.get_all("x-forwarded-for").iter().rev();
    let entries = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b',')).take(MAX_PROXY_HOPS);
    for entry in entries {
        if !is_trusted(client) {
            break;
        }
        match parse_forwarded(entry) {
            Some(address) => client = address.to_canonical(),
            None => break,
        }
    }
    client
}

/// Parses an entry of a proxy. Proxies write addresses bare, in brackets, with a port or in quotation marks.
fn parse_forwarded(entry: &[u8]) -> Option<IpAddr> {
    let entry = std::str::from_utf8(entry.trim_ascii()).ok()?;
    let node = entry.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(entry);
    if let Ok(address) = node.parse() {
        return Some(address);
    }
    if let Some((address, port)) = node.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let is_port = port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok());
        return address.parse().ok().filter(|_| is_port).map(IpAddr::V6);
    }
    node.parse().ok().map(|node: std::net::SocketAddrV4| IpAddr::V4(*node.ip()))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(values: &[impl AsRef<[u8]>]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("x-forwarded-for", HeaderValue::from_bytes(value.as_ref()).unwrap());
        }
        headers
    }

    #[test]
    fn networks_contain_their_addresses() {
        for (network, address, inside) in [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.8", false),
            ("2001:db8::/32", "2001:db8:1::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::/0", "10.0.0.1", false),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true),
            ("::ffff:10.0.0.0/104", "10.1.2.3", true),
            ("::ffff:10.0.0.0/104", "::ffff:10.1.2.3", true),
            ("::ffff:10.0.0.0/104", "11.1.2.3", false),
            ("::ffff:192.0.2.7", "192.0.2.7", true),
            ("::ffff:0.0.0.0/96", "203.0.113.9", true),
        ] {
            let network: Network = network.parse().unwrap();
            assert_eq!(network.contains(address.parse().unwrap()), inside, "{network} {address}");
        }
        for text in ["", "10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/", "10.0.0.0/x", "::ffff:0.0.0.0/95", "::ffff:10.0.0.0/8"] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let trusted: Vec<Network> = vec!["10.0.0.0/8".parse().unwrap(), "192.0.2.1".parse().unwrap()];
        for (peer, forwarded, client) in [
            ("198.51.100.1", &["203.0.113.9"][..], "198.51.100.1"),
            ("10.0.0.1", &["203.0.113.9"][..], "203.0.113.9"),
            ("10.0.0.1", &["1.1.1.1, 203.0.113.9"][..], "203.0.113.9"),
            ("10.0.0.1", &["1.1.1.1, 203.0.113.9, 192.0.2.1"][..], "203.0.113.9"),
            ("10.0.0.1", &["1.1.1.1, 203.0.113.9", "10.3.3.3"][..], "203.0.113.9"),
            ("10.0.0.1", &["nonsense"][..], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.9:5678"][..], "203.0.113.9"),
            ("10.0.0.1", &["\"203.0.113.9:5678\""][..], "203.0.113.9"),
            ("10.0.0.1", &["1.1.1.1, 203.0.113.9:5678, 192.0.2.1:80"][..], "203.0.113.9"),
            ("10.0.0.1", &["2001:db8::1"][..], "2001:db8::1"),
            ("10.0.0.1", &["[2001:db8::1]"][..], "2001:db8::1"),
            ("10.0.0.1", &["[2001:db8::1]:443"][..], "2001:db8::1"),
            ("10.0.0.1", &["\"[2001:db8::1]:443\""][..], "2001:db8::1"),
            ("10.0.0.1", &["[::ffff:203.0.113.9]:443"][..], "203.0.113.9"),
            ("10.0.0.1", &["[2001:db8::1]443"][..], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.9:x"][..], "10.0.0.1"),
            ("10.0.0.1", &["unknown"][..], "10.0.0.1"),
            ("10.0.0.1", &[][..], "10.0.0.1"),
        ] {
            let found = client_address(peer.parse().unwrap(), &headers(forwarded), &trusted);
            assert_eq!(found, client.parse::<IpAddr>().unwrap(), "{peer} {forwarded:?}");
        }
        let untrusted = client_address("10.0.0.1".parse().unwrap(), &headers(&["203.0.113.9"]), &[]);
        assert_eq!(untrusted, "10.0.0.1".parse::<IpAddr>().unwrap());
    }

    #[test]
    fn invalid_entries_hide_nothing() {
        let trusted: Vec<Network> = vec!["10.0.0.0/8".parse().unwrap()];
        let cases: [(&[&[u8]], &str); 8] = [
            (&[b"\xff, 203.0.113.9"], "203.0.113.9"),
            (&[b"1.1.1.1", b"\xc3\xa9, 203.0.113.9"], "203.0.113.9"),
            (&[b"1.1.1.1", b"203.0.113.9\xff"], "10.0.0.1"),
            (&[b"1.1.1.1", b"\xff", b"10.3.3.3"], "10.3.3.3"),
            (&[b"1.1.1.1", b"", b"10.3.3.3"], "10.3.3.3"),
            (&[b"1.1.1.1, \xff, 10.3.3.3"], "10.3.3.3"),
            (&[b"1.1.1.1,,10.3.3.3"], "10.3.3.3"),
            (&[b"1.1.1.1", b"\xa0203.0.113.9"], "10.0.0.1"),
        ];
        for (forwarded, client) in cases {
            let found = client_address("10.0.0.1".parse().unwrap(), &headers(forwarded), &trusted);
            assert_eq!(found, client.parse::<IpAddr>().unwrap(), "{forwarded:?}");
        }
    }
}
