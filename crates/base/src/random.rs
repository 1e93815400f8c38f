//! Where random bytes come from.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// A source of random bytes.
pub trait Rng: Send + Sync + 'static {
    /// Fills `bytes` with random values.
    fn fill(&self, bytes: &mut [u8]);
}

/// What is drawn from an [`Rng`].
pub trait RngExt: Rng {
    /// `N` random bytes.
    fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A uniformly distributed number below `bound` (rejection sampling; `bound` 0 gives 0).
    fn below(&self, bound: u32) -> u32 {
        if bound == 0 {
            return 0;
        }
        let limit = u32::MAX - u32::MAX % bound;
        loop {
            let value = u32::from_le_bytes(self.bytes());
            if value < limit {
                return value % bound;
            }
        }
    }

    /// `length` characters, each uniformly from `alphabet` (ASCII, at most 256 characters). Draws many bytes at once: a call
    /// of the system's random source costs more than the bytes.
    fn text(&self, alphabet: &[u8], length: usize) -> String {
        let size = alphabet.len().min(256);
        let mut text = String::with_capacity(length);
        if size == 0 {
            return text;
        }
        // Bytes above the last whole multiple of the size would favour the first characters.
        let limit = 256 / size * size;
        while text.len() < length {
            let fair = self.bytes::<64>().into_iter().map(usize::from).filter(|byte| *byte < limit);
            let missing = length - text.len();
            text.extend(fair.take(missing).map(|byte| char::from(alphabet[byte % size])));
        }
        text
    }
}

impl<R: Rng + ?Sized> RngExt for R {}

/// The operating system's random source.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsRng;

impl Rng for OsRng {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the system's random source")]
    #[expect(clippy::expect_used, reason = "without randomness no secret is safe: there is no way to go on")]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system provides random bytes");
    }
}

/// Draws ahead, because a call of the system costs more than the bytes. For names that must not repeat; secrets are drawn from the
/// source itself, so that none lies in memory before it is used.
pub struct BufferedRng {
    source: Arc<dyn Rng>,
    ahead: Mutex<Ahead>,
}

struct Ahead {
    bytes: [u8; AHEAD],
    used: usize,
}

const AHEAD: usize = 1024;

impl BufferedRng {
    /// Draws from `source`, not before something is needed.
    #[must_use]
    pub fn new(source: Arc<dyn Rng>) -> Self {
        Self { source, ahead: Mutex::new(Ahead { bytes: [0; AHEAD], used: AHEAD }) }
    }
}

impl Rng for BufferedRng {
    fn fill(&self, bytes: &mut [u8]) {
        if bytes.len() > AHEAD / 4 {
            return self.source.fill(bytes);
        }
        // A source that panics leaves what was there: nothing.
        let mut ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        if AHEAD - ahead.used < bytes.len() {
            self.source.fill(&mut ahead.bytes);
            ahead.used = 0;
        }
        let (from, to) = (ahead.used, ahead.used + bytes.len());
        bytes.copy_from_slice(&ahead.bytes[from..to]);
        ahead.used = to;
    }
}

impl fmt::Debug for BufferedRng {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BufferedRng").finish_non_exhaustive()
    }
}

/// A repeatable sequence for tests (`SplitMix64`). Not secret, never used by the server.
#[derive(Debug)]
pub struct SeededRng(AtomicU64);

impl SeededRng {
    /// The sequence that belongs to `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    fn next(&self) -> u64 {
        const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
        let mut z = self.0.fetch_add(STEP, Ordering::SeqCst).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

impl Rng for SeededRng {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let next = self.next().to_le_bytes();
            chunk.copy_from_slice(&next[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeded_sequence_repeats() {
        let (a, b) = (SeededRng::new(7), SeededRng::new(7));
        assert_eq!(a.bytes::<32>(), b.bytes::<32>());
    }

    #[test]
    fn what_is_drawn_ahead_is_used_once() {
        let (source, ahead) = (SeededRng::new(7), BufferedRng::new(Arc::new(SeededRng::new(7))));
        let (mut all, mut expected) = (Vec::new(), [0; 2 * AHEAD]);
        while all.len() < 2 * AHEAD {
            all.extend(ahead.bytes::<32>());
        }
        source.fill(&mut expected);
        assert_eq!(all, expected);
        assert_ne!(ahead.bytes::<1000>(), ahead.bytes::<1000>());
    }

    #[test]
    fn texts_use_the_whole_alphabet_evenly() {
        let rng = SeededRng::new(3);
        let text = rng.text(b"abc", 30_000);
        for letter in ['a', 'b', 'c'] {
            let count = text.chars().filter(|c| *c == letter).count();
            assert!((9_600..10_400).contains(&count), "{letter}: {count}");
        }
        assert_eq!((rng.text(b"", 5), rng.text(b"x", 0)), (String::new(), String::new()));
    }

    #[test]
    fn below_stays_below_and_reaches_all() {
        let rng = SeededRng::new(1);
        let mut seen = [false; 10];
        for _ in 0..1000 {
            seen[rng.below(10) as usize] = true;
        }
        assert_eq!(seen, [true; 10]);
        assert_eq!(rng.below(0), 0);
    }
}
