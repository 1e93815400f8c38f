//! `none` (WebAuthn §8.7): an empty map.

use super::{Fault, Subject, Voucher};

pub(super) fn verify<'a>(subject: &Subject<'a>) -> Result<Voucher<'a>, Fault> {
    match subject.statement.entries() {
        Some([]) => Ok(Voucher::Nobody),
        _ => Err("the statement is not empty"),
    }
}
