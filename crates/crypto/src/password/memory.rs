//! The memory of a hash, on huge pages where Linux has them.
//!
//! Argon2 jumps about in its memory: with pages of 4 KiB every second block (1 KiB) is a page that the processor has to look up,
//! which took some 5 % of the time of a hash (decision 0018).

#[cfg(target_os = "linux")]
use std::sync::{Mutex, PoisonError};

use allocator_api2::vec::Vec;
use argon2::Block;
use hugealloc::HugeAlloc;
#[cfg(target_os = "linux")]
use rustix::thread::{disable_transparent_huge_pages, transparent_huge_pages_are_disabled};

/// Bytes; what is smaller is not on one.
const HUGE_PAGE: usize = 2 * 1024 * 1024;

/// Blocks for one hash after the other.
pub(super) struct Memory(Vec<Block, HugeAlloc>);

impl Memory {
    /// Nothing yet.
    pub(super) const fn new() -> Self {
        Self(Vec::new_in(HugeAlloc))
    }

    /// At least as many blocks; got from the system if there are fewer.
    pub(super) fn blocks(&mut self, count: usize) -> &mut [Block] {
        if self.0.len() < count {
            let mut grow = || self.0.resize(count, Block::new());
            if count * Block::SIZE < HUGE_PAGE { grow() } else { with_huge_pages(grow) }
        }
        &mut self.0
    }

    /// Gives it back to the system.
    pub(super) fn release(&mut self) {
        *self = Self::new();
    }
}

/// Runs `touch`, during which memory that asks for huge pages gets them, although the process wants none otherwise.
///
/// The server turns them off, because where Linux gives them unasked they make its memory grow. They are decided on when memory is
/// written the first time.
#[cfg(target_os = "linux")]
fn with_huge_pages(touch: impl FnOnce()) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let disabled = transparent_huge_pages_are_disabled().unwrap_or(false);
    // Without them hashing is slower, nothing else.
    let allowed = disabled && disable_transparent_huge_pages(false).is_ok();
    touch();
    if allowed {
        let _ = disable_transparent_huge_pages(true);
    }
}

/// The switch is one for the whole process.
#[cfg(target_os = "linux")]
static ALONE: Mutex<()> = Mutex::new(());

#[cfg(not(target_os = "linux"))]
fn with_huge_pages(touch: impl FnOnce()) {
    touch();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_grows_when_more_is_wanted_and_is_given_back() {
        let mut memory = Memory::new();
        for count in [8, 4 * 1024, 5 * 1024] {
            let blocks = memory.blocks(count);
            assert_eq!(blocks.len(), count);
            assert!(blocks.iter().all(|block| block.as_ref().iter().all(|word| *word == 0)));
        }
        assert_eq!(memory.blocks(8).len(), 5 * 1024, "what is there is kept");
        memory.release();
        assert_eq!(memory.blocks(8).len(), 8);
    }
}
