//! `webauthn.attestation.mds_file`: FIDO's metadata, read once at the start. Spec 14, item 57.
//!
//! Metadata past their next update do not keep the server from starting: people could not sign in any more. They are told in the
//! log, and until there is a current file no new credential is trusted.

use std::{
    fs::File,
    io::{self, Read as _},
    time::Duration,
};

use inkan_base::Timestamp;
use inkan_config::Config;
use inkan_webauthn::{Metadata, MetadataError, Trust, TrustError};

/// Several times the size of FIDO's list.
const MAX_LENGTH: u64 = 64 * 1024 * 1024;
/// How long before their end metadata are told.
const NOTICE: Duration = Duration::from_hours(5 * 24);

/// Why the file with the metadata cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MetadataFileError {
    /// It cannot be read.
    #[error("webauthn.attestation.mds_file: {path}: {cause}")]
    Read {
        /// The configured path.
        path: String,
        /// What the system says.
        cause: io::Error,
    },
    /// It is no metadata, or not FIDO's.
    #[error("webauthn.attestation.mds_file: {path}: {cause}")]
    Unusable {
        /// The configured path.
        path: String,
        /// What is wrong with it.
        cause: MetadataError,
    },
    /// The list of trust anchors cannot be used.
    #[error(transparent)]
    Trust(#[from] TrustError),
}

/// The metadata of the configured file, if there is one. `root` (PEM) replaces FIDO's root.
pub(crate) fn read(
    config: &Config,
    root: Option<&str>,
    now: Timestamp,
) -> Result<Option<Metadata>, MetadataFileError> {
    let path = config.webauthn.attestation.mds_file.trim();
    if path.is_empty() {
        return Ok(None);
    }
    let blob = contents(path).map_err(|cause| MetadataFileError::Read { path: path.to_owned(), cause })?;
    let metadata = match Metadata::read(&blob, root, now) {
        // Read as of the last moment at which they counted: they will be refused when somebody asks, and told before.
        Err(MetadataError::Outdated(end)) => Metadata::read(&blob, root, end - Duration::from_micros(1)),
        read => read,
    };
    metadata.map(Some).map_err(|cause| MetadataFileError::Unusable { path: path.to_owned(), cause })
}

/// Whether trust anchors and metadata can be used, without starting. What comes back is a warning.
pub(crate) fn check(config: &Config, now: Timestamp) -> Result<Option<&'static str>, MetadataFileError> {
    let metadata = read(config, None, now)?;
    let end = metadata.as_ref().map(Metadata::valid_until);
    Trust::from_config(&config.webauthn.attestation, metadata)?;
    Ok(end.and_then(|end| Age::of(end, now).warning()))
}

/// Tells of metadata that ended or are about to.
pub(crate) fn tell(end: Timestamp, now: Timestamp) {
    let age = Age::of(end, now);
    match (age, age.warning()) {
        (_, None) => {}
        (Age::Outdated, Some(warning)) => tracing::error!(%end, "{warning}"),
        (_, Some(warning)) => tracing::warn!(%end, "{warning}"),
    }
}

/// How long metadata are good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Age {
    Current,
    EndsSoon,
    Outdated,
}

impl Age {
    fn of(end: Timestamp, now: Timestamp) -> Self {
        match end.since(now) {
            _ if now >= end => Self::Outdated,
            left if left <= NOTICE => Self::EndsSoon,
            _ => Self::Current,
        }
    }

    const fn warning(self) -> Option<&'static str> {
        match self {
            Self::Current => None,
            Self::EndsSoon => Some(
                "webauthn.attestation.mds_file: the metadata end soon; download the current file and restart the server",
            ),
            Self::Outdated => Some(
                "webauthn.attestation.mds_file: the metadata are out of date, so no passkey and no security key can be \
                 added; download the current file and restart the server",
            ),
        }
    }
}

fn contents(path: &str) -> io::Result<String> {
    let mut text = String::new();
    let read = File::open(path)?.take(MAX_LENGTH + 1).read_to_string(&mut text)?;
    if u64::try_from(read).is_ok_and(|read| read <= MAX_LENGTH) {
        Ok(text)
    } else {
        Err(io::Error::new(io::ErrorKind::FileTooLarge, "is longer than 64 MiB"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_are_told_before_they_end() {
        let end = Timestamp::from_seconds(1_800_000_000);
        let day = Duration::from_hours(24);
        for (now, age) in [
            (end - 30 * day, Age::Current),
            (end - 5 * day, Age::EndsSoon),
            (end - Duration::from_micros(1), Age::EndsSoon),
            (end, Age::Outdated),
            (end + 30 * day, Age::Outdated),
        ] {
            assert_eq!(Age::of(end, now), age, "{now}");
        }
    }
}
