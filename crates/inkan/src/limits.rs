//! How many connections this machine lets us hold.

use std::fs;

use inkan_api::Limits;

/// Descriptors that the database, log and listeners need.
const RESERVED: usize = 96;

/// The default limits, with no more connections than there are file descriptors for.
pub(crate) fn of_this_machine() -> Limits {
    let mut limits = Limits::default();
    let table = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    if let Some(descriptors) = open_files(&table) {
        // Both listeners together.
        limits.connections = limits.connections.min(descriptors.saturating_sub(RESERVED) / 2).max(16);
    }
    limits
}

/// The soft limit in the line `Max open files  1024  524288  files`.
fn open_files(table: &str) -> Option<usize> {
    let line = table.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_soft_limit() {
        let table = "Limit   Soft Limit  Hard Limit  Units\nMax open files            1024                 524288               files\n";
        assert_eq!(open_files(table), Some(1024));
        assert_eq!(open_files("Max open files   unlimited  unlimited files"), None);
        assert_eq!(open_files(""), None);
    }
}
