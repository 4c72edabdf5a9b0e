//! A fixed-size buffer for the characters of a number, one byte each, so that numbers are read and checked without allocating.
//!
//! The characters are those of Latin-1, which are the first 256 of Unicode. This includes the `Ñ` of Mexican numbers, and the index of a
//! character is its byte index.

use std::fmt::{self, Write};

/// Capacity of the buffer.
pub(crate) const MAX_CHARACTERS: usize = 64;

/// `Ñ`.
pub(crate) const ENYE_CODE: u8 = 0xd1;

/// For each Latin-1 character of the input: [`DROPPED_CODE`], [`REFUSED_CODE`], or the character to store.
pub(crate) type CharTable = [u8; 256];

/// A separator: it is not stored.
pub(crate) const DROPPED_CODE: u8 = 0;
/// A character that the number cannot have. This is the code of `ÿ`, which no table stores.
pub(crate) const REFUSED_CODE: u8 = 255;

/// A table that stores digits, drops the given separators and refuses the rest.
pub(crate) const fn digits_and(dropped: &[u8]) -> CharTable {
    let mut table = [REFUSED_CODE; 256];
    let mut character = b'0';
    while character <= b'9' {
        table[character as usize] = character;
        character += 1;
    }
    let mut place = 0;
    while place < dropped.len() {
        table[dropped[place] as usize] = DROPPED_CODE;
        place += 1;
    }
    table
}

/// A table that stores digits and letters in upper case, drops the given separators and refuses the rest.
pub(crate) const fn alphanumerics_and(dropped: &[u8]) -> CharTable {
    let mut table = digits_and(dropped);
    let mut character = b'A';
    while character <= b'Z' {
        table[character as usize] = character;
        table[character.to_ascii_lowercase() as usize] = character;
        character += 1;
    }
    table
}

/// The characters of a number. Bytes after the last one are zero, so that the derived equality holds. Pass by reference: a copy right
/// after a byte-wise write stalls on store forwarding.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Characters {
    bytes: [u8; MAX_CHARACTERS],
    count: usize,
}

impl Characters {
    pub(crate) const EMPTY: Self = Self { bytes: [0; MAX_CHARACTERS], count: 0 };

    /// The given characters; those beyond the capacity are left out.
    pub(crate) fn of(given: &[u8]) -> Self {
        let mut characters = Self::EMPTY;
        characters.count = given.len().min(MAX_CHARACTERS);
        characters.bytes[..characters.count].copy_from_slice(&given[..characters.count]);
        characters
    }

    /// Two parts in a row; characters beyond the capacity are left out.
    pub(crate) fn joined(front: &[u8], back: &[u8]) -> Self {
        let mut characters = Self::of(front);
        back.iter().for_each(|character| characters.push(*character));
        characters
    }

    /// Appends the given characters as the table maps them; those beyond the capacity are left out.
    ///
    /// # Errors
    /// The first character that the table refuses.
    pub(crate) fn read(&mut self, given: &[u8], table: &CharTable) -> Result<(), u8> {
        let mut count = self.count;
        for &character in given {
            let kept = table[usize::from(character)];
            if kept == REFUSED_CODE {
                return Err(character);
            }
            // Branchless: a dropped character writes the zero that is already there.
            if let Some(place) = self.bytes.get_mut(count) {
                *place = kept;
                count += usize::from(kept != DROPPED_CODE);
            }
        }
        self.count = count;
        Ok(())
    }

    /// Appends a character if it fits.
    pub(crate) fn push(&mut self, character: u8) {
        if let Some(place) = self.bytes.get_mut(self.count) {
            *place = character;
            self.count += 1;
        }
    }
}

impl std::ops::Deref for Characters {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.count.min(MAX_CHARACTERS)]
    }
}

impl fmt::Display for Characters {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|character| formatter.write_char(char::from(*character)))
    }
}

impl fmt::Debug for Characters {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}", text(self))
    }
}

/// Latin-1 characters as a `String`.
pub(crate) fn text(characters: &[u8]) -> String {
    characters.iter().map(|character| char::from(*character)).collect()
}
