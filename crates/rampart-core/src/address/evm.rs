//! Addresses of EVM chains, with the checksum of EIP-55 (<https://eips.ethereum.org/EIPS/eip-55>).

use sha3::{Digest, Keccak256};

use super::{AddressError, burned};

/// Formats 20 bytes as an address with checksum.
#[must_use]
pub fn checksummed(bytes: &[u8; 20]) -> String {
    let plain = hex::encode(bytes);
    let hash = Keccak256::digest(plain.as_bytes());
    let letters = plain.bytes().enumerate().map(|(index, letter)| {
        let nibble = hash[index / 2] >> (if index % 2 == 0 { 4 } else { 0 }) & 0x0f;
        if nibble >= 8 { char::from(letter.to_ascii_uppercase()) } else { char::from(letter) }
    });
    "0x".chars().chain(letters).collect()
}

/// Addresses in one case have no checksum and are accepted, as EIP-55 says; mixed case must match.
pub(super) fn normalize(address: &str) -> Result<String, AddressError> {
    let hex_digits = address.strip_prefix("0x").or_else(|| address.strip_prefix("0X")).ok_or(AddressError::Shape)?;
    let mut bytes = [0; 20];
    hex::decode_to_slice(hex_digits, &mut bytes).map_err(|_| AddressError::Shape)?;
    if bytes == [0; 20] {
        return Err(AddressError::Zero);
    }
    let written = checksummed(&bytes);
    let mixed = hex_digits.bytes().any(|byte| byte.is_ascii_lowercase()) && hex_digits.bytes().any(|byte| byte.is_ascii_uppercase());
    if mixed && written[2..] != *hex_digits {
        return Err(AddressError::Checksum);
    }
    if burned::evm(&bytes) { Err(AddressError::Burned) } else { Ok(written) }
}
