//! Reads files of bounded length.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The text of a file. The error completes a sentence that begins with the name of the file.
pub(crate) fn read(path: &Path, max_bytes: u64) -> Result<String, String> {
    let file = File::open(path).map_err(|error| format!("cannot be read: {error}"))?;
    let mut bytes = Vec::new();
    file.take(max_bytes + 1).read_to_end(&mut bytes).map_err(|error| format!("cannot be read: {error}"))?;
    if u64::try_from(bytes.len()).is_ok_and(|len| len > max_bytes) {
        return Err(format!("is longer than {max_bytes} bytes"));
    }
    String::from_utf8(bytes).map_err(|_| "is not a text in UTF-8".to_owned())
}
