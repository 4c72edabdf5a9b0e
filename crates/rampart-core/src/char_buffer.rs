//! The signs of a number, held inline, one byte each: numbers are read and judged without allocating.
//!
//! A sign is a letter of Latin-1, whose codes are the first 256 of Unicode. That holds the `Ñ` of Mexican numbers, and a
//! sign's place in its number is its place in memory.

use std::fmt::{self, Write};

/// The most signs a number may have.
pub(crate) const MAX_CHARACTERS: usize = 64;

/// The sign `Ñ`.
pub(crate) const ENYE: u8 = 0xd1;

/// What is made of each sign of Latin-1 that was typed: [`DROPPED`], [`REFUSED`], or the sign that it is kept as.
pub(crate) type CharTable = [u8; 256];

/// A sign that stands between those that count.
pub(crate) const DROPPED: u8 = 0;
/// A sign that the number cannot have. No table keeps `ÿ`, whose code this is.
pub(crate) const REFUSED: u8 = 255;

/// The table that keeps digits, drops some signs and refuses the rest.
pub(crate) const fn digits_and(dropped: &[u8]) -> CharTable {
    let mut table = [REFUSED; 256];
    let mut character = b'0';
    while character <= b'9' {
        table[character as usize] = character;
        character += 1;
    }
    let mut place = 0;
    while place < dropped.len() {
        table[dropped[place] as usize] = DROPPED;
        place += 1;
    }
    table
}

/// The table that keeps digits and letters, these as capitals, drops some signs and refuses the rest.
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

/// A number's signs. What is behind the last one is zero, so that equal numbers are equal in memory. They are read in place:
/// a copy of what was just written sign by sign waits for the last of them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Characters {
    characters: [u8; MAX_CHARACTERS],
    count: usize,
}

impl Characters {
    /// None yet.
    pub(crate) const EMPTY: Self = Self { characters: [0; MAX_CHARACTERS], count: 0 };

    /// Signs as they are; what is more than fits is left out.
    pub(crate) fn of(given: &[u8]) -> Self {
        let mut characters = Self::EMPTY;
        characters.count = given.len().min(MAX_CHARACTERS);
        characters.characters[..characters.count].copy_from_slice(&given[..characters.count]);
        characters
    }

    /// Signs with others behind them, as far as both fit.
    pub(crate) fn joined(front: &[u8], back: &[u8]) -> Self {
        let mut characters = Self::of(front);
        back.iter().for_each(|character| characters.push(*character));
        characters
    }

    /// Adds what a table makes of given signs, as far as there is room.
    ///
    /// # Errors
    /// The first sign that the table refuses.
    pub(crate) fn read(&mut self, given: &[u8], table: &CharTable) -> Result<(), u8> {
        let mut count = self.count;
        for &character in given {
            let kept = table[usize::from(character)];
            if kept == REFUSED {
                return Err(character);
            }
            // Without a branch: a dropped sign leaves the zero that is there.
            if let Some(place) = self.characters.get_mut(count) {
                *place = kept;
                count += usize::from(kept != DROPPED);
            }
        }
        self.count = count;
        Ok(())
    }

    /// Adds a sign, if there is room.
    pub(crate) fn push(&mut self, character: u8) {
        if let Some(place) = self.characters.get_mut(self.count) {
            *place = character;
            self.count += 1;
        }
    }
}

impl std::ops::Deref for Characters {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.characters[..self.count.min(MAX_CHARACTERS)]
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

/// Signs as a text.
pub(crate) fn text(characters: &[u8]) -> String {
    characters.iter().map(|character| char::from(*character)).collect()
}
