//! The secrets that everything is sealed and signed with (spec 00, decision 12).
//!
//! Configured secrets win. Without any, one is read from `secret.key` in the data directory or, on the very first start,
//! generated there. A file that is there but cannot be used is an error, never a reason to generate another one: everything
//! sealed so far would be lost.

#[cfg(test)]
mod tests;

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use inkan_base::{Rng, RngExt};
use zeroize::Zeroizing;

use crate::seal::MIN_SECRET;

/// Why there are no secrets to start with. Each text names the setting or the file and what to do.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// A configured secret is too short; the number counts from 1.
    #[error("secret_keys: secret number {0} is shorter than {MIN_SECRET} bytes")]
    TooShort(usize),
    /// The file is there, but what it holds is no secret.
    #[error("{}: {reason}; restore the file from a backup or set secret_keys", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The file or its directory cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Where secrets come from; see [`Secrets::load`].
#[derive(Clone, Copy, Debug)]
pub struct Secrets;

impl Secrets {
    /// Whether the data directory has a secret, usable or not.
    #[must_use]
    pub fn is_stored(data_dir: &Path) -> bool {
        fs::symlink_metadata(data_dir.join(FILE_NAME)).is_ok()
    }

    /// The configured secrets, or else the one in `<data_dir>/secret.key`, which is generated if there is no such file
    /// (directory 0700, file 0600, complete or not there at all).
    ///
    /// # Errors
    /// A secret that is too short; a file that is unreadable, not a regular file, open to everybody or without a secret in
    /// it; a directory that cannot be written.
    pub fn load(configured: &[String], data_dir: &Path, rng: &dyn Rng) -> Result<Vec<String>, SecretsError> {
        if let Some(index) = configured.iter().position(|secret| secret.len() < MIN_SECRET) {
            return Err(SecretsError::TooShort(index + 1));
        }
        if !configured.is_empty() {
            return Ok(configured.to_vec());
        }
        let path = data_dir.join(FILE_NAME);
        match read(&path)? {
            Some(secret) => Ok(vec![secret]),
            None => generate(data_dir, &path, rng).map(|secret| vec![secret]),
        }
    }
}

/// The secret in the file, `None` if there is no file.
fn read(path: &Path) -> Result<Option<String>, SecretsError> {
    let failed = |source| SecretsError::Io { path: path.to_owned(), source };
    let unusable = |reason| SecretsError::Unusable { path: path.to_owned(), reason };
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    if !metadata.is_file() {
        return Err(unusable("is not a regular file"));
    }
    // Access of the group is left alone: container platforms add it to the files of a volume.
    if metadata.mode() & 0o007 != 0 {
        return Err(unusable("is open to everybody (chmod 600 it, and consider the secret known)"));
    }
    let mut text = Zeroizing::new(String::new());
    match File::open(path).map_err(failed)?.take(MAX_FILE + 1).read_to_string(&mut text) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::InvalidData => return Err(unusable("is not text")),
        Err(error) => return Err(failed(error)),
    }
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.len() as u64 > MAX_FILE || !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(unusable("does not hold one line of printable characters"));
    }
    if secret.len() < MIN_FILE_SECRET {
        return Err(unusable("is empty or too short"));
    }
    Ok(Some(secret.to_owned()))
}

/// Writes a new secret beside its place, then links it there: a crash leaves no half file, and of two servers that start at
/// once the second takes the secret of the first.
fn generate(data_dir: &Path, path: &Path, rng: &dyn Rng) -> Result<String, SecretsError> {
    let failed = |source| SecretsError::Io { path: path.to_owned(), source };
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data_dir)
        .map_err(|source| SecretsError::Io { path: data_dir.to_owned(), source })?;
    let secret = rng.text(ALPHABET, 48);
    let draft = data_dir.join(format!(".{FILE_NAME}.{}", rng.text(ALPHABET, 12)));
    let placed = write_new(&draft, &secret).and_then(|()| place(&draft, path));
    // The draft's name goes in any case; that it may be gone already is no error.
    drop(fs::remove_file(&draft));
    placed.and_then(|()| File::open(data_dir)?.sync_all()).map_err(failed)?;
    read(path)?.ok_or_else(|| failed(io::ErrorKind::NotFound.into()))
}

fn write_new(path: &Path, secret: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(format!("{secret}\n").as_bytes())?;
    file.sync_all()
}

fn place(draft: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        // Some file systems have no links; renaming is as complete, only not exclusive.
        Err(_) => fs::rename(draft, path),
        Ok(()) => Ok(()),
    }
}

/// The file in the data directory.
const FILE_NAME: &str = "secret.key";

/// A generated secret has 48 characters; what is much shorter was cut off.
const MIN_FILE_SECRET: usize = 32;

/// Bytes of a secret in a file.
const MAX_FILE: u64 = 1024;

const ALPHABET: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
