//! QR codes as inline SVG.

use std::fmt::Write;

use qrcode::{Color, EcLevel, QrCode};

/// The light border that ISO/IEC 18004 requires.
const QUIET_ZONE_MODULES: usize = 4;

/// A QR code as SVG path data, and the width of its square in modules. `None` if the text is too long.
pub(crate) fn drawing(text: &str) -> Option<(String, usize)> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let width = code.width();
    let mut path = String::new();
    for (index, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            let (x, y) = (index % width + QUIET_ZONE_MODULES, index / width + QUIET_ZONE_MODULES);
            // Writing into a string cannot fail.
            let _ = write!(path, "M{x} {y}h1v1h-1z");
        }
    }
    Some((path, width + 2 * QUIET_ZONE_MODULES))
}

#[cfg(test)]
mod tests {
    use super::drawing;

    #[test]
    fn an_address_fits_and_a_long_text_does_not() {
        let (path, width) = drawing("0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55").unwrap();
        // Version 3, 29 modules a side; the corner of the first finder pattern is dark.
        assert_eq!(width, 29 + 8);
        assert!(path.starts_with("M4 4h1v1h-1z"));
        assert_eq!(drawing(&"a".repeat(5000)), None);
    }
}
