//! Reading the few ASN.1 values (DER) inside certificate extensions.

use x509_parser::asn1_rs::{Any, Class, FromDer, Tag};

/// Class and number of a tag.
pub(super) type Kind = (Class, Tag);

pub(super) const SEQUENCE: Kind = (Class::Universal, Tag::Sequence);
pub(super) const SET: Kind = (Class::Universal, Tag::Set);
pub(super) const OCTET_STRING: Kind = (Class::Universal, Tag::OctetString);
pub(super) const INTEGER: Kind = (Class::Universal, Tag::Integer);

/// `[number]`
pub(super) const fn context(number: u32) -> Kind {
    (Class::ContextSpecific, Tag(number))
}

/// More than any of the structures has.
const MAX_ELEMENTS: usize = 128;

/// The values that stand one after the other in `bytes`.
pub(super) fn elements(mut bytes: &[u8]) -> Option<Vec<(Kind, &[u8])>> {
    let mut elements = Vec::new();
    while !bytes.is_empty() {
        let (rest, any) = Any::from_der(bytes).ok()?;
        if elements.len() == MAX_ELEMENTS {
            return None;
        }
        elements.push(((any.header.class(), any.header.tag()), any.data));
        bytes = rest;
    }
    Some(elements)
}

/// The content of the one value that `bytes` are, if it is of this kind.
pub(super) fn only(bytes: &[u8], kind: Kind) -> Option<&[u8]> {
    match elements(bytes)?.as_slice() {
        [(found, content)] if *found == kind => Some(content),
        _ => None,
    }
}
