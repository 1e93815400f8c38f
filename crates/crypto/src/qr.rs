//! QR codes (ISO/IEC 18004) as images that a page shows at once, for setting up authenticator apps (spec 05, section 10).

use base64::{Engine, engine::general_purpose::STANDARD};
use png::{BitDepth, ColorType, Compression, Encoder, Filter};
use qrcode::{Color, EcLevel, QrCode};

/// Why there is no QR code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QrError {
    /// The text is longer than 2,331 bytes.
    #[error("the text does not fit into a QR code")]
    TooLong,
    /// The image could not be encoded.
    #[error("the image could not be encoded")]
    Image,
}

/// The QR code of `text` as `data:image/png;base64,…`: 200×200 pixels, black on white, error correction M.
///
/// Modules are squares of whole pixels, so that edges are sharp; what is left over widens the quiet zone, which has four modules
/// at least.
///
/// # Errors
/// A text that is too long.
pub fn qr_data_url(text: &str) -> Result<String, QrError> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).map_err(|_| QrError::TooLong)?;
    let image = png(&draw(&code)).map_err(|_| QrError::Image)?;
    let mut url = String::with_capacity(PREFIX.len() + image.len().div_ceil(3) * 4);
    url.push_str(PREFIX);
    STANDARD.encode_string(image, &mut url);
    Ok(url)
}

/// The pixels, one bit each (1 is white), eight in a byte.
fn draw(code: &QrCode) -> Vec<u8> {
    let modules = code.width();
    let scale = (SIDE / (modules + 2 * QUIET)).max(1); // the largest code has 177 modules, so 1 always fits
    let margin = SIDE.saturating_sub(modules * scale) / 2;
    let mut rows = vec![0xff; SIDE * ROW];
    for (at, _) in code.to_colors().iter().enumerate().filter(|(_, color)| **color == Color::Dark) {
        let (left, top) = (margin + at % modules * scale, margin + at / modules * scale);
        for y in top..top + scale {
            for x in left..left + scale {
                rows[y * ROW + x / 8] &= !(0x80 >> (x % 8));
            }
        }
    }
    rows
}

fn png(rows: &[u8]) -> Result<Vec<u8>, png::EncodingError> {
    let mut image = Vec::with_capacity(2048);
    let mut encoder = Encoder::new(&mut image, 200, 200);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::One);
    encoder.set_compression(Compression::Balanced);
    encoder.set_filter(Filter::Up); // rows of one module are the same: all but the first become zeros
    let mut writer = encoder.write_header()?;
    writer.write_image_data(rows)?;
    writer.finish()?;
    Ok(image)
}

const PREFIX: &str = "data:image/png;base64,";

/// Pixels of a side.
const SIDE: usize = 200;

/// Bytes of a row.
const ROW: usize = SIDE / 8;

/// Modules of the quiet zone.
const QUIET: usize = 4;

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use inkan_base::SeededRng;
    use rqrr::PreparedImage;

    use super::*;
    use crate::totp::TotpSecret;

    /// The pixels of an image as a browser would get them, one byte each.
    fn pixels(url: &str) -> Vec<u8> {
        let image = STANDARD.decode(url.strip_prefix(PREFIX).unwrap()).unwrap();
        let mut decoder = png::Decoder::new(Cursor::new(image));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.width, info.height, info.color_type), (200, 200, ColorType::Grayscale));
        pixels
    }

    fn read(url: &str) -> String {
        let pixels = pixels(url);
        let mut image = PreparedImage::prepare_from_greyscale(200, 200, |x, y| pixels[y * 200 + x]);
        let grids = image.detect_grids();
        assert_eq!(grids.len(), 1);
        let (meta, text) = grids[0].decode().unwrap();
        assert_eq!(meta.ecc_level, 0, "M");
        text
    }

    #[test]
    fn image_is_read_back_whatever_its_length() {
        let secret = TotpSecret::generate(&SeededRng::new(1));
        let long = "wolfeschlegelsteinhausenbergerdorff@mail.accounts.example.com";
        for (issuer, account) in [
            ("Inkan", "a"),
            ("Spec Svc", "alice@example.test"),
            ("印鑑 & Söhne", long),
            ("x", &long.repeat(4)),
        ] {
            let uri = secret.provisioning_uri(issuer, account);
            assert_eq!(read(&qr_data_url(&uri).unwrap()), *uri);
        }
        assert_eq!(read(&qr_data_url("").unwrap()), "");
    }

    #[test]
    fn image_is_small_and_has_a_quiet_zone() {
        let uri = TotpSecret::generate(&SeededRng::new(1)).provisioning_uri("Spec Svc", "alice@example.test");
        let url = qr_data_url(&uri).unwrap();
        assert!(url.len() < 2_000, "{}", url.len());
        let pixels = pixels(&url);
        let dark: Vec<_> = (0..40_000).filter(|at| pixels[*at] == 0).map(|at| (at % 200, at / 200)).collect();
        let scale = 3; // 45 modules
        let least = (scale * QUIET)..(200 - scale * QUIET);
        assert!(dark.iter().all(|(x, y)| least.contains(x) && least.contains(y)));
        assert_eq!(dark.len() % (scale * scale), 0);
    }

    #[test]
    fn longest_address_fits_and_longer_texts_are_refused() {
        let secret = TotpSecret::generate(&SeededRng::new(1));
        let longest = secret.provisioning_uri(&"印".repeat(1000), &"印".repeat(1000));
        assert_eq!(pixels(&qr_data_url(&longest).unwrap()).len(), 40_000);
        assert!(qr_data_url(&"x".repeat(2_331)).is_ok());
        assert_eq!(qr_data_url(&"x".repeat(2_332)), Err(QrError::TooLong));
        assert_eq!(qr_data_url(&"x".repeat(1 << 20)), Err(QrError::TooLong));
    }
}
