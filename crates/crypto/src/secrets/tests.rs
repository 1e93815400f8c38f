use std::os::unix::fs::{PermissionsExt, symlink};

use inkan_base::{OsRng, SeededRng};
use tempfile::TempDir;

use super::*;

fn load(dir: &TempDir) -> Result<Vec<String>, SecretsError> {
    Secrets::load(&[], &dir.path().join("data"), &OsRng)
}

/// A data directory with this file in it.
fn with_file(content: &[u8], mode: u32) -> TempDir {
    let dir = TempDir::new().unwrap();
    fs::create_dir(dir.path().join("data")).unwrap();
    let path = dir.path().join("data/secret.key");
    fs::write(&path, content).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    dir
}

#[test]
fn configured_secrets_win_and_leave_no_file() {
    let dir = TempDir::new().unwrap();
    let configured = ["a secret of the operator".to_owned(), "the one before it".to_owned()];
    assert_eq!(Secrets::load(&configured, dir.path(), &OsRng).unwrap(), configured);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn s122_configured_secret_that_is_too_short_is_refused() {
    let dir = TempDir::new().unwrap();
    let error =
        Secrets::load(&["long enough to be one".into(), "short".into()], dir.path(), &OsRng).unwrap_err();
    assert_eq!(error.to_string(), "secret_keys: secret number 2 is shorter than 16 bytes");
}

#[test]
fn first_start_generates_a_private_file_and_the_next_reads_it() {
    let dir = TempDir::new().unwrap();
    let secrets = load(&dir).unwrap();
    assert_eq!((secrets.len(), secrets[0].len()), (1, 48));
    assert_eq!(load(&dir).unwrap(), secrets);
    let mode = |path: &str| fs::metadata(dir.path().join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("data"), mode("data/secret.key")), (0o700, 0o600));
    assert_eq!(fs::read_dir(dir.path().join("data")).unwrap().count(), 1, "no draft stays");
}

#[test]
fn secret_is_drawn_from_the_given_source() {
    let (a, b) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let load = |dir: &TempDir, seed| Secrets::load(&[], dir.path(), &SeededRng::new(seed)).unwrap();
    assert_eq!(load(&a, 1), load(&b, 1));
    assert_ne!(load(&TempDir::new().unwrap(), 1), load(&TempDir::new().unwrap(), 2));
}

#[test]
fn second_server_that_generates_takes_the_secret_of_the_first() {
    let dir = with_file(b"0123456789012345678901234567890123456789\n", 0o600);
    let data = dir.path().join("data");
    let secret = generate(&data, &data.join(FILE_NAME), &OsRng).unwrap();
    assert_eq!(secret, "0123456789012345678901234567890123456789");
}

#[test]
fn s122_file_without_a_usable_secret_is_refused_and_stays() {
    let good = b"0123456789012345678901234567890123456789";
    let cases: [(&[u8], u32, &str); 8] = [
        (b"", 0o600, "is empty or too short"),
        (b"\n\n\n", 0o600, "is empty or too short"),
        (b"01234567890123456", 0o600, "is empty or too short"),
        (b"\xff\xfe0123456789012345678901234567890", 0o600, "is not text"),
        (b"two words 0123456789012345678901234567890", 0o600, "one line of printable characters"),
        (b"0123456789012345678901234567890\0\0\0\0", 0o600, "one line of printable characters"),
        (&[b'x'; 5000], 0o600, "one line of printable characters"),
        (good, 0o644, "is open to everybody"),
    ];
    for (content, mode, reason) in cases {
        let dir = with_file(content, mode);
        let error = load(&dir).unwrap_err().to_string();
        assert!(error.contains("secret.key") && error.contains(reason), "{error}");
        assert_eq!(fs::read(dir.path().join("data/secret.key")).unwrap(), content);
    }
}

#[test]
fn s122_what_is_no_regular_file_is_refused() {
    let dir = with_file(b"0123456789012345678901234567890123456789", 0o600);
    let path = dir.path().join("data/secret.key");
    fs::rename(&path, dir.path().join("elsewhere")).unwrap();
    symlink(dir.path().join("elsewhere"), &path).unwrap();
    assert!(load(&dir).unwrap_err().to_string().contains("is not a regular file"));
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(load(&dir).unwrap_err().to_string().contains("is not a regular file"));
}

#[test]
fn s122_data_directory_that_is_none_is_refused() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("data"), "a file").unwrap();
    assert!(matches!(load(&dir), Err(SecretsError::Io { .. })));
}
