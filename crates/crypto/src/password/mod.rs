//! Password hashing on a bounded pool of threads (spec 00, decision 14; DESIGN, section 6).
//!
//! Hashing is slow on purpose, so it must neither block the threads that answer requests nor queue without limit: a full queue is
//! [`HashError::Busy`], which callers answer with 503 and `Retry-After`. Work whose caller has gone away is skipped.
//!
//! Passwords are hashed byte for byte as given: no trimming, no Unicode normalisation. The same letters typed in another
//! normal form are another password.

mod decoys;
mod hasher;
mod memory;
#[cfg(test)]
mod tests;

use std::{
    collections::VecDeque,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use inkan_base::{Rng, RngExt};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

pub use decoys::Decoys;
use hasher::Hasher;

/// How passwords are hashed (Argon2id) and how much of that is done at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordPolicy {
    /// Memory of one hash in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub iterations: u32,
    /// Lanes.
    pub parallelism: u32,
    /// Threads, each computing one hash at a time.
    pub threads: usize,
    /// Hashes that may wait for a thread.
    pub queue: usize,
}

impl PasswordPolicy {
    /// The least work there is, for tests only.
    #[must_use]
    pub const fn cheap() -> Self {
        Self { memory_kib: 8, iterations: 1, parallelism: 1, threads: 2, queue: 1024 }
    }
}

impl Default for PasswordPolicy {
    /// 19 MiB, two passes, one lane (OWASP), a thread per core, 128 waiting.
    fn default() -> Self {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        Self { memory_kib: 19 * 1024, iterations: 2, parallelism: 1, threads, queue: 128 }
    }
}

/// Why a password was not hashed or compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// Too many hashes are waiting: answer 503 with `Retry-After`.
    #[error("too many passwords are being hashed")]
    Busy,
    /// The password is longer than [`MAX_PASSWORD`] bytes.
    #[error("the password is longer than {MAX_PASSWORD} bytes")]
    TooLong,
    /// The parameters are outside of what Argon2 or this server allows, or threads cannot be started.
    #[error("passwords cannot be hashed with these parameters")]
    Policy,
    /// The computation failed, for example for want of memory.
    #[error("the password could not be hashed")]
    Failed,
}

/// The outcome of a comparison.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Whether the password is right.
    pub matches: bool,
    /// Whether it is right and its hash is of an old kind or weaker than the policy: hash it again and store that.
    pub rehash: bool,
}

/// Hashes and compares passwords. Dropping it ends its threads.
pub struct PasswordPool {
    shared: Arc<Shared>,
}

impl PasswordPool {
    /// Starts the threads.
    ///
    /// # Errors
    /// [`HashError::Policy`] for parameters that Argon2 does not know or that exceed 1 GiB, 32 passes or 16 lanes, for no
    /// thread, and if the system starts none.
    pub fn new(policy: PasswordPolicy) -> Result<Self, HashError> {
        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            limit: policy.queue,
            ready: Condvar::new(),
            work: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        });
        let pool = Self { shared };
        if policy.threads == 0 {
            return Err(HashError::Policy);
        }
        for number in 0..policy.threads {
            let hasher = Hasher::new(&policy)?;
            let shared = Arc::clone(&pool.shared);
            thread::Builder::new()
                .name(format!("password-{number}"))
                .spawn(move || shared.work_until_closed(hasher))
                .map_err(|_| HashError::Policy)?;
        }
        Ok(pool)
    }

    /// The Argon2id hash of `password` as a PHC string, with a salt from `rng`.
    ///
    /// # Errors
    /// [`HashError::TooLong`] before any work, [`HashError::Busy`] if too many are waiting, [`HashError::Failed`].
    pub async fn hash(&self, rng: &dyn Rng, password: &str) -> Result<String, HashError> {
        if password.len() > MAX_PASSWORD {
            return Err(HashError::TooLong);
        }
        let (answer, outcome) = oneshot::channel();
        self.shared.enqueue(password, Task::Hash { salt: rng.bytes(), answer })?;
        outcome.await.unwrap_or(Err(HashError::Failed))
    }

    /// Compares `password` with a stored hash: an Argon2 PHC string or an imported bcrypt hash (`$2a$`, `$2b$`, `$2y$`).
    ///
    /// `None` (no such account, or one without a password) and a hash of unknown kind cost the same work as a hash of the
    /// current policy and never match. Nor does a password of more than [`MAX_PASSWORD`] bytes, for which nothing is
    /// computed, whoever the account; nor, against bcrypt, one of more than 72 bytes or with a NUL in it, where that
    /// algorithm would not look at the rest. While imported hashes are about, [`Decoys`] says what to give for `None`.
    ///
    /// # Errors
    /// [`HashError::Busy`] if too many are waiting, [`HashError::Failed`].
    pub async fn verify(&self, password: &str, hash: Option<&str>) -> Result<Verified, HashError> {
        if password.len() > MAX_PASSWORD {
            return Ok(Verified::default());
        }
        let (answer, outcome) = oneshot::channel();
        self.shared.enqueue(password, Task::Verify { hash: hash.map(str::to_owned), answer })?;
        outcome.await.unwrap_or(Err(HashError::Failed))
    }

    /// How many hashes were computed so far. Equal for known and unknown accounts.
    #[must_use]
    pub fn work_done(&self) -> u64 {
        self.shared.work.load(Ordering::SeqCst)
    }

    /// How many hashes wait for a thread.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.shared.queue().jobs.len()
    }

    /// How many hashes were refused so far because too many were waiting.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.shared.refused.load(Ordering::Relaxed)
    }
}

impl Drop for PasswordPool {
    fn drop(&mut self) {
        self.shared.queue().closed = true;
        self.shared.ready.notify_all();
    }
}

impl fmt::Debug for PasswordPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordPool").field("work_done", &self.work_done()).finish_non_exhaustive()
    }
}

struct Shared {
    queue: Mutex<Queue>,
    limit: usize,
    ready: Condvar,
    work: AtomicU64,
    refused: AtomicU64,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    closed: bool,
}

struct Job {
    password: Zeroizing<Vec<u8>>,
    task: Task,
}

enum Task {
    Hash { salt: [u8; 16], answer: oneshot::Sender<Result<String, HashError>> },
    Verify { hash: Option<String>, answer: oneshot::Sender<Result<Verified, HashError>> },
}

impl Job {
    /// Whether nobody waits for the outcome any more.
    fn is_abandoned(&self) -> bool {
        match &self.task {
            Task::Hash { answer, .. } => answer.is_closed(),
            Task::Verify { answer, .. } => answer.is_closed(),
        }
    }

    /// A caller that has gone away meanwhile does not hear the answer; nothing else depends on it.
    fn run(self, hasher: &mut Hasher) {
        let _ = match self.task {
            Task::Hash { salt, answer } => answer.send(hasher.hash(&self.password, salt)).is_ok(),
            Task::Verify { hash, answer } => {
                answer.send(hasher.verify(&self.password, hash.as_deref())).is_ok()
            }
        };
    }
}

impl Shared {
    fn enqueue(&self, password: &str, task: Task) -> Result<(), HashError> {
        let mut queue = self.queue();
        if queue.jobs.len() >= self.limit {
            queue.jobs.retain(|job| !job.is_abandoned());
        }
        if queue.jobs.len() >= self.limit {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return Err(HashError::Busy);
        }
        queue.jobs.push_back(Job { password: Zeroizing::new(password.as_bytes().to_vec()), task });
        drop(queue);
        self.ready.notify_one();
        Ok(())
    }

    fn work_until_closed(&self, mut hasher: Hasher) {
        while let Some(job) = self.next(&mut hasher) {
            if job.is_abandoned() {
                continue;
            }
            self.work.fetch_add(1, Ordering::SeqCst);
            // A panic in a foreign hash implementation drops the answer, which is `Failed` for the caller; the thread goes on.
            drop(catch_unwind(AssertUnwindSafe(|| job.run(&mut hasher))));
        }
    }

    /// The next job; `None` once the pool is closed. A thread that idles gives the memory of its hasher back.
    fn next(&self, hasher: &mut Hasher) -> Option<Job> {
        let mut queue = self.queue();
        let mut idle = false;
        loop {
            if queue.closed {
                return None;
            }
            if let Some(job) = queue.jobs.pop_front() {
                return Some(job);
            }
            if idle {
                hasher.release();
                queue = self.ready.wait(queue).unwrap_or_else(PoisonError::into_inner);
            } else {
                let (guard, waited) =
                    self.ready.wait_timeout(queue, IDLE).unwrap_or_else(PoisonError::into_inner);
                (queue, idle) = (guard, waited.timed_out());
            }
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The greatest length of a password in bytes (spec 00, decision 14); longer ones are refused before any work.
pub const MAX_PASSWORD: usize = 1024;

/// After this long without work a thread keeps no memory.
const IDLE: Duration = Duration::from_secs(1);
