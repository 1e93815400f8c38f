//! Opening the file: permissions, lock, settings, migrations.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Seek as _, Write as _},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::connection::{ConstraintNames, STATEMENTS, SqliteConnection};
use crate::{OpenError, error::chain, migrations};

/// How long opening waits for another process that writes.
const BUSY_AT_OPEN: Duration = Duration::from_secs(5);

/// Settings of every connection.
const SETTINGS: &str = "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; \
    PRAGMA trusted_schema = OFF;";
/// Pages that a connection keeps, in KiB. There are as many readers as twice the cores, and the pages they ask for are in the cache of
/// the system; the writer goes through all indexes of a table at every insert.
const WRITER_CACHE: &str = "PRAGMA cache_size = -4096";
const READER_CACHE: &str = "PRAGMA cache_size = -1024";

/// Files up to this size are checked at each start, which takes well under a second.
const CHECKED: u64 = 256 << 20;

/// Content of the lock file once the database has tables.
const USED: &[u8] = b"used\n";

pub(super) struct Opened {
    pub(super) writer: SqliteConnection,
    pub(super) readers: Vec<SqliteConnection>,
    pub(super) lock: Option<File>,
}

/// Opens the database for a server, or, `shared`, for a command beside a server that may be running.
pub(super) fn open(path: &Path, shared: bool) -> Result<Opened, OpenError> {
    create(path)?;
    let mut lock = lock(path)?;
    if lock.is_none() && !shared {
        return Err(OpenError::Locked { path: lock_path(path) });
    }
    if let Some(lock) = &lock {
        refuse_emptied(path, lock)?;
    }
    let explain = |error: rusqlite::Error| open_error(path, &error);
    let mut writer = Connection::open(path).map_err(explain)?;
    writer.busy_timeout(BUSY_AT_OPEN).map_err(explain)?;
    writer.query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0)).map_err(explain)?;
    if lock.is_some() {
        check(&writer, path)?;
    }
    writer.execute_batch(SETTINGS).map_err(explain)?;
    writer.execute_batch(WRITER_CACHE).map_err(explain)?;
    writer.execute_batch("PRAGMA journal_size_limit = 67108864").map_err(explain)?;
    migrate(&mut writer, lock.is_some(), path)?;
    if let Some(lock) = &mut lock {
        lock.rewind()
            .and_then(|()| lock.write_all(USED))
            .map_err(|cause| OpenError::File { path: lock_path(path), cause })?;
    }
    // from here on waiting is done without blocking the thread
    writer.busy_timeout(Duration::ZERO).map_err(explain)?;
    writer.set_prepared_statement_cache_capacity(STATEMENTS);
    let names = Arc::new(ConstraintNames::read(&writer).map_err(explain)?);
    let count = thread::available_parallelism().map_or(4, |cores| (cores.get() * 2).clamp(4, 32));
    let readers =
        (0..count).map(|_| open_reader(path, names.clone())).collect::<Result<_, _>>().map_err(explain)?;
    let lock = if shared { None } else { lock };
    Ok(Opened { writer: SqliteConnection { raw: writer, names }, readers, lock })
}

pub(super) fn open_reader(path: &Path, names: Arc<ConstraintNames>) -> rusqlite::Result<SqliteConnection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let raw = Connection::open_with_flags(path, flags)?;
    raw.busy_timeout(Duration::from_millis(500))?;
    raw.execute_batch(SETTINGS)?;
    raw.execute_batch(READER_CACHE)?;
    raw.execute_batch("PRAGMA query_only = ON")?;
    raw.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(SqliteConnection { raw, names })
}

/// The directory is for the owner alone, and so is the file; SQLite gives its companions the same permissions.
fn create(path: &Path) -> Result<(), OpenError> {
    let file_error = |path: &Path, cause| OpenError::File { path: path.to_owned(), cause };
    if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder.create(directory).map_err(|cause| file_error(directory, cause))?;
    }
    match owner_only().create_new(true).open(path) {
        Err(cause) if cause.kind() != io::ErrorKind::AlreadyExists => Err(file_error(path, cause)),
        _ => match fs::metadata(path) {
            Ok(file) if file.is_dir() => Err(file_error(path, io::ErrorKind::IsADirectory.into())),
            Ok(_) => Ok(()),
            Err(cause) => Err(file_error(path, cause)),
        },
    }
}

fn owner_only() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    options
}

fn lock_path(path: &Path) -> PathBuf {
    with_suffix(path, ".lock")
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Takes the lock that every server holds while it runs; `None` if another one has it.
fn lock(path: &Path) -> Result<Option<File>, OpenError> {
    let path = lock_path(path);
    let error = |cause| OpenError::File { path: path.clone(), cause };
    let file = owner_only().create(true).truncate(false).open(&path).map_err(error)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(cause)) => Err(error(cause)),
    }
}

/// SQLite takes an empty file for a new database and removes its write-ahead log. One that was cut to nothing is not new.
fn refuse_emptied(path: &Path, lock: &File) -> Result<(), OpenError> {
    let length = |path: &Path| fs::metadata(path).map_or(0, |file| file.len());
    let used = lock.metadata().is_ok_and(|file| file.len() > 0);
    if length(path) == 0 && (used || length(&with_suffix(path, "-wal")) > 0) {
        return Err(corrupt(path, "the file is empty, but was not"));
    }
    Ok(())
}

/// Looks for damage before anything is written to it. Large files are not read as a whole; damage is then found in use.
fn check(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    if fs::metadata(path).is_ok_and(|file| file.len() > CHECKED) {
        return Ok(());
    }
    // Each page is read once, so a large cache would only keep what nobody asked for.
    let found: String = connection
        .execute_batch("PRAGMA cache_size = -512")
        .and_then(|()| connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)))
        .map_err(|error| open_error(path, &error))?;
    if found == "ok" { Ok(()) } else { Err(corrupt(path, &found)) }
}

fn corrupt(path: &Path, cause: &str) -> OpenError {
    OpenError::Corrupt { path: path.to_owned(), cause: cause.replace('\n', " ") }
}

/// Migrates; without the lock only checks that nothing is to be done.
fn migrate(connection: &mut Connection, locked: bool, path: &Path) -> Result<(), OpenError> {
    let open_error = |error: &refinery::Error| {
        damage(error.kind()).map_or_else(|| migrations::open_error(error), |cause| corrupt(path, &cause))
    };
    let runner = migrations::runner(migrations::SQLITE)?;
    if !locked {
        let last = runner.get_last_applied_migration(connection).map_err(|error| open_error(&error))?;
        let newest = runner.get_migrations().iter().map(refinery::Migration::version).max();
        if last.map(|migration| migration.version()) < newest {
            return Err(OpenError::OlderSchema);
        }
    }
    runner.run(connection).map(drop).map_err(|error| open_error(&error))
}

/// What SQLite says about a damaged file in the course of a migration.
fn damage(kind: &refinery::error::Kind) -> Option<String> {
    let refinery::error::Kind::Connection(_, cause) = kind else { return None };
    let cause = cause.downcast_ref::<rusqlite::Error>()?;
    let damaged =
        matches!(cause.sqlite_error_code(), Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt));
    damaged.then(|| cause.to_string())
}

fn open_error(path: &Path, error: &rusqlite::Error) -> OpenError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => corrupt(path, &error.to_string()),
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => {
            OpenError::File { path: path.to_owned(), cause: io::Error::other(chain(error)) }
        }
        _ => OpenError::Unavailable(chain(error)),
    }
}
