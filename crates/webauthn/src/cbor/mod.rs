//! CBOR (RFC 8949) as far as authenticators send it (CTAP 2.1 §8): strict and bounded.
//!
//! Refused: indefinite lengths, tags, keys other than integers and texts, duplicate keys, nesting deeper than [`MAX_DEPTH`],
//! more than [`MAX_ITEMS`] items, integers beyond 64 bits, bytes after the value. Accepted although not canonical: any order
//! of keys and integers in longer forms than needed, as some authenticators write them.

#[cfg(test)]
mod tests;

use crate::refusal::Unreadable;

/// CTAP allows 4 levels; platform statements go a little deeper.
pub(crate) const MAX_DEPTH: usize = 8;
/// So that one response cannot make the tree much larger than itself.
pub(crate) const MAX_ITEMS: usize = 1024;

/// One value; texts and bytes are slices of the input.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    Int(i64),
    Bytes(&'a [u8]),
    Text(&'a str),
    Array(Vec<Self>),
    Map(Vec<(Self, Self)>),
    Bool(bool),
    /// `null`, `undefined`, other simple values and floats: none of them means anything here.
    Other,
}

impl<'a> Value<'a> {
    /// The value under an integer key, if this is a map with it.
    pub(crate) fn by_number(&self, key: i64) -> Option<&Self> {
        self.entries()?.iter().find(|(k, _)| *k == Self::Int(key)).map(|(_, value)| value)
    }

    /// The value under a text key, if this is a map with it.
    pub(crate) fn by_name(&self, key: &str) -> Option<&Self> {
        self.entries()?
            .iter()
            .find(|(k, _)| matches!(k, Value::Text(name) if *name == key))
            .map(|(_, value)| value)
    }

    /// The entries of a map.
    pub(crate) fn entries(&self) -> Option<&[(Self, Self)]> {
        match self {
            Self::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The elements of an array.
    pub(crate) fn elements(&self) -> Option<&[Self]> {
        match self {
            Self::Array(elements) => Some(elements),
            _ => None,
        }
    }

    /// The bytes of a byte string.
    pub(crate) const fn bytes(&self) -> Option<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The characters of a text.
    pub(crate) const fn text(&self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number of an integer.
    pub(crate) const fn int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            _ => None,
        }
    }
}

/// The one value that `bytes` are.
pub(crate) fn read(bytes: &[u8]) -> Result<Value<'_>, Unreadable> {
    match read_first(bytes)? {
        (value, []) => Ok(value),
        _ => Err(Unreadable),
    }
}

/// The value at the start of `bytes`, and what follows it.
pub(crate) fn read_first(bytes: &[u8]) -> Result<(Value<'_>, &[u8]), Unreadable> {
    let mut reader = Reader { rest: bytes, items: 0 };
    let value = reader.value(0)?;
    Ok((value, reader.rest))
}

struct Reader<'a> {
    rest: &'a [u8],
    items: usize,
}

impl<'a> Reader<'a> {
    /// Recursion ends at [`MAX_DEPTH`].
    fn value(&mut self, depth: usize) -> Result<Value<'a>, Unreadable> {
        self.items += 1;
        if depth > MAX_DEPTH || self.items > MAX_ITEMS {
            return Err(Unreadable);
        }
        let first = self.take(1)?[0];
        let (major, info) = (first >> 5, first & 0x1f);
        let argument = self.argument(info)?;
        Ok(match major {
            0 => Value::Int(i64::try_from(argument).map_err(|_| Unreadable)?),
            1 => Value::Int(-1 - i64::try_from(argument).map_err(|_| Unreadable)?),
            2 => Value::Bytes(self.take_long(argument)?),
            3 => Value::Text(std::str::from_utf8(self.take_long(argument)?).map_err(|_| Unreadable)?),
            4 => self.array(argument, depth)?,
            5 => self.map(argument, depth)?,
            7 => match info {
                20 => Value::Bool(false),
                21 => Value::Bool(true),
                _ => Value::Other,
            },
            _ => return Err(Unreadable),
        })
    }

    fn array(&mut self, length: u64, depth: usize) -> Result<Value<'a>, Unreadable> {
        let length = self.plausible(length)?;
        let mut elements = Vec::with_capacity(length);
        for _ in 0..length {
            elements.push(self.value(depth + 1)?);
        }
        Ok(Value::Array(elements))
    }

    fn map(&mut self, length: u64, depth: usize) -> Result<Value<'a>, Unreadable> {
        let length = self.plausible(length)?;
        let mut entries: Vec<(Value<'a>, Value<'a>)> = Vec::with_capacity(length);
        for _ in 0..length {
            let key = self.value(depth + 1)?;
            let simple = matches!(key, Value::Int(_) | Value::Text(_));
            if !simple || entries.iter().any(|(known, _)| *known == key) {
                return Err(Unreadable);
            }
            entries.push((key, self.value(depth + 1)?));
        }
        Ok(Value::Map(entries))
    }

    /// A length that the remaining items and bytes can hold.
    fn plausible(&self, length: u64) -> Result<usize, Unreadable> {
        let length = usize::try_from(length).map_err(|_| Unreadable)?;
        let possible = self.rest.len().min(MAX_ITEMS - self.items);
        if length <= possible { Ok(length) } else { Err(Unreadable) }
    }

    /// The number in or after the first byte. 28 to 30 are reserved, 31 is an indefinite length.
    fn argument(&mut self, info: u8) -> Result<u64, Unreadable> {
        let width = match info {
            0..=23 => return Ok(u64::from(info)),
            24..=27 => 1 << (info - 24),
            _ => return Err(Unreadable),
        };
        Ok(self.take(width)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Unreadable> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Unreadable)?;
        self.rest = rest;
        Ok(taken)
    }

    fn take_long(&mut self, length: u64) -> Result<&'a [u8], Unreadable> {
        self.take(usize::try_from(length).map_err(|_| Unreadable)?)
    }
}

/// Writes canonical CBOR, as far as COSE keys need it.
#[derive(Debug, Default)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    /// The head of a map; its entries follow.
    pub(crate) fn map(mut self, length: usize) -> Self {
        self.head(5, length as u64);
        self
    }

    /// An integer.
    pub(crate) fn int(mut self, number: i64) -> Self {
        match u64::try_from(number) {
            Ok(number) => self.head(0, number),
            Err(_) => self.head(1, (-1 - number).unsigned_abs()),
        }
        self
    }

    /// A byte string.
    pub(crate) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.head(2, bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    /// What was written.
    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }

    fn head(&mut self, major: u8, argument: u64) {
        let major = major << 5;
        let bytes = argument.to_be_bytes();
        match argument {
            0..24 => self.0.push(major + bytes[7]),
            24..=0xff => self.0.extend([major + 24, bytes[7]]),
            0x100..=0xffff => self.0.extend([&[major + 25], &bytes[6..]].concat()),
            0x1_0000..=0xffff_ffff => self.0.extend([&[major + 26], &bytes[4..]].concat()),
            _ => self.0.extend([&[major + 27], &bytes[..]].concat()),
        }
    }
}
