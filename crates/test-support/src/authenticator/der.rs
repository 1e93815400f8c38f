//! Writing ASN.1 (DER) for certificate extensions.

pub(super) const SEQUENCE: u32 = 0x30;
pub(super) const SET: u32 = 0x31;
pub(super) const INTEGER: u32 = 0x02;
pub(super) const OCTET_STRING: u32 = 0x04;
pub(super) const OBJECT_ID: u32 = 0x06;
pub(super) const UTF8: u32 = 0x0c;
pub(super) const ENUMERATED: u32 = 0x0a;

/// A value with a tag of one byte.
pub(super) fn value(tag: u32, content: &[&[u8]]) -> Vec<u8> {
    tagged(&[u8::try_from(tag).expect("a short tag")], &content.concat())
}

/// `[number] EXPLICIT`, also for numbers of 31 and more.
pub(super) fn context(number: u16, content: &[u8]) -> Vec<u8> {
    let low = |number: u16| u8::try_from(number & 0x7f).expect("seven bits");
    match number {
        0..31 => tagged(&[0xa0 | low(number)], content),
        31..128 => tagged(&[0xbf, low(number)], content),
        _ => tagged(&[0xbf, 0x80 | low(number >> 7), low(number)], content),
    }
}

fn tagged(tag: &[u8], content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let bytes = u16::try_from(length).expect("a short value").to_be_bytes();
    let head: &[u8] = match length {
        0..0x80 => &[bytes[1]],
        0x80..0x100 => &[0x81, bytes[1]],
        _ => &[0x82, bytes[0], bytes[1]],
    };
    [tag, head, content].concat()
}
