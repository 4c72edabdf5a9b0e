//! Addresses of Bitcoin's main network.

use bech32::{Fe32, Hrp};

use super::AddressFault;

const MAIN: Hrp = Hrp::parse_unchecked("bc");

/// The version-0 witness address (P2WPKH, BIP 173) of a 20-byte program.
#[must_use]
pub fn segwit_address(program: &[u8; 20]) -> String {
    bech32::segwit::encode(MAIN, bech32::segwit::VERSION_0, program).unwrap_or_default()
}

pub(super) fn normalize(address: &str) -> Result<String, AddressFault> {
    let lower = address.to_ascii_lowercase();
    if lower.starts_with("bc1") {
        let (hrp, version, program) = bech32::segwit::decode(address).map_err(|_| AddressFault::Checksum)?;
        let known = hrp == MAIN && (version == Fe32::Q || version == Fe32::P) && !program.is_empty();
        return if known { Ok(lower) } else { Err(AddressFault::Shape) };
    }
    // 1… pays to a public key's hash (version 0), 3… to a script's hash (version 5).
    let payload = bs58::decode(address).with_check(None).into_vec().map_err(|fault| match fault {
        bs58::decode::Error::InvalidChecksum { .. } => AddressFault::Checksum,
        _ => AddressFault::Shape,
    })?;
    match payload.split_first() {
        Some((0 | 5, hash)) if hash.len() == 20 => Ok(address.to_owned()),
        _ => Err(AddressFault::Shape),
    }
}
