//! Addresses that coins are sent to in order to be lost: nobody has a key for them.

/// EVM addresses below this number are contracts of the chains themselves, on every chain of the family: the precompiled ones
/// (`0x01` to `0x11` and `0x0100`: EIP-2537, EIP-4844, EIP-7951) and those of single chains behind them (`0x1010` of Polygon,
/// `0x1000` to `0x2005` of BNB). `0x…dEaD` is among them.
const EVM_NUMBERS: usize = 2;

/// EVM addresses that are written to say that coins are burned, or that stand for a chain's own coin where only contracts can
/// be named.
const EVM: [[u8; 20]; 6] = [
    [0xee; 20],
    [0xff; 20],
    // 0xdEAD000000000000000042069420694206942069
    [0xde, 0xad, 0, 0, 0, 0, 0, 0, 0, 0, 0x42, 0x06, 0x94, 0x20, 0x69, 0x42, 0x06, 0x94, 0x20, 0x69],
    // 0xdEaD000000000000000000000000000000000000
    [0xde, 0xad, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    // 0xdeaddeaddeaddeaddeaddeaddeaddeaddeaddead
    [0xde, 0xad, 0xde, 0xad, 0xde, 0xad, 0xde, 0xad, 0xde, 0xad, 0xde, 0xad, 0xde, 0xad, 0xde, 0xad, 0xde, 0xad, 0xde, 0xad],
    // 0xDeadDeAddeAddEAddeadDEaDDEAdDeaDDeAD0000
    [0xde, 0xad, 0xde, 0xad, 0xde, 0xad, 0xde, 0xad, 0xde, 0xad, 0xde, 0xad, 0xde, 0xad, 0xde, 0xad, 0xde, 0xad, 0, 0],
];

/// Bitcoin addresses that read as words up to their checksum, so that nobody can have a key with their hash.
const BITCOIN: [&str; 2] = ["1BitcoinEaterAddressDontSendf59kuE", "1CounterpartyXXXXXXXXXXXXXXXUWLpVr"];

/// The point of BIP 341 that nobody knows the logarithm of. As an output's own key nothing can spend it.
const NOTHING_UP_MY_SLEEVE: [u8; 32] = [
    0x50, 0x92, 0x9b, 0x74, 0xc1, 0xa0, 0x49, 0x54, 0xb7, 0x8b, 0x4b, 0x60, 0x35, 0xe9, 0x7a, 0x5e, 0x07, 0x8a, 0x5a, 0x0f, 0x28, 0xec,
    0x96, 0xd5, 0x47, 0xbf, 0xee, 0x9a, 0xce, 0x80, 0x3a, 0xc0,
];

pub(super) fn evm(bytes: &[u8; 20]) -> bool {
    bytes[..bytes.len() - EVM_NUMBERS].iter().all(|byte| *byte == 0) || EVM.contains(bytes)
}

/// Of a Bitcoin address and the hash or key in it.
pub(super) fn bitcoin(address: &str, program: &[u8]) -> bool {
    // `1111111111111111111114oLvT2` and its siblings: nobody finds what has such a hash.
    let is_constant = |byte: u8| program.iter().all(|other| *other == byte);
    is_constant(0) || is_constant(0xff) || BITCOIN.contains(&address) || program == NOTHING_UP_MY_SLEEVE
}
