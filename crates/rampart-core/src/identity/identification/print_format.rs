//! How issuing authorities print their numbers. Most callers only store the number, so this is done on request.

use super::digits::dotted;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PrintFormat {
    Plain,
    /// `12345678-Z`
    DashBeforeLast,
    /// `X-1234567-L`
    DashesAroundMiddle,
    /// `20-12345678-6`
    DashesAroundEight,
    /// `12.345.678`
    Dotted,
    /// `12.345.678-5`
    DottedBeforeLast,
    /// `12345678-1`, where the last character is not part of the stored number
    With(char),
}

impl PrintFormat {
    /// Formats a normalised number.
    pub(super) fn write(self, number: &str) -> String {
        let last_at = number.char_indices().next_back().map_or(0, |(at, _)| at);
        let (head, last) = number.split_at(last_at);
        match self {
            Self::Plain => number.to_owned(),
            Self::DashBeforeLast => format!("{head}-{last}"),
            Self::DashesAroundMiddle => {
                let (first, middle) = head.split_at(head.chars().next().map_or(0, char::len_utf8));
                format!("{first}-{middle}-{last}")
            }
            Self::DashesAroundEight => {
                let (prefix, middle) = head.split_at_checked(2).unwrap_or((head, ""));
                format!("{prefix}-{middle}-{last}")
            }
            Self::Dotted => dotted(number),
            Self::DottedBeforeLast => format!("{}-{last}", dotted(head)),
            Self::With(character) => format!("{number}-{character}"),
        }
    }
}
