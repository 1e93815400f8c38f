//! A private PostgreSQL cluster for one test run: in a temporary directory, on a Unix socket, without fsync. The
//! system's own cluster, if there is one, is neither used nor touched.

use std::{
    io::Read as _,
    path::Path,
    process::{Child, Command, Stdio},
};

use crate::{
    Failure,
    machine::{postgres_programs, ready_for_postgres},
    process::{capture, run},
};

/// The environment variable that tells the tests where PostgreSQL is.
pub(crate) const URL_VARIABLE: &str = "INKAN_TEST_POSTGRES";

/// A running cluster; stopped and removed when dropped.
pub(crate) struct Cluster {
    keeper: Child,
    url: String,
}

/// Runs the server until its standard input ends, then stops it and removes the directory. So nothing stays behind,
/// however this program ends.
const KEEPER: &str = r#"
trap '' INT TERM HUP
"$1/postgres" -D "$2/data" >"$2/log" 2>&1 &
server=$!
tries=0
until "$1/psql" -h "$2" -U postgres -qc 'SELECT' postgres >/dev/null 2>&1; do
  tries=$((tries + 1))
  if [ "$tries" -gt 300 ] || ! kill -0 "$server"; then cat "$2/log" >&2; rm -rf "$2"; exit 1; fi
  sleep 0.1
done
echo ready
cat >/dev/null
kill -INT "$server"
wait "$server"
rm -rf "$2"
"#;

const SETTINGS: &str = r"
listen_addresses = ''
max_connections = 400
shared_buffers = 128MB
fsync = off
synchronous_commit = off
full_page_writes = off
max_wal_size = 1GB
log_min_messages = warning
";

impl Cluster {
    /// Makes and starts a cluster; returns when it answers. PostgreSQL is installed where it is missing.
    pub(crate) fn start() -> Result<Self, Failure> {
        ready_for_postgres()?;
        let programs = postgres_programs().ok_or("PostgreSQL's server programs are not installed")?;
        let directory = capture(as_postgres("mktemp").args(["-d", "-t", "inkan-postgres-XXXXXX"]))?;
        let directory = Path::new(directory.trim());
        let data = directory.join("data");
        run(as_postgres(programs.join("initdb"))
            .args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"])
            .arg(&data)
            .stdout(Stdio::null()))?;
        let settings = format!("{SETTINGS}unix_socket_directories = '{}'\n", directory.display());
        let file = data.join("postgresql.auto.conf");
        std::fs::write(&file, settings).map_err(|error| format!("{}: {error}", file.display()))?;

        let mut keeper = as_postgres("setsid")
            .args(["sh", "-c", KEEPER, "keeper"])
            .arg(&programs)
            .arg(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("PostgreSQL could not be started: {error}"))?;
        let mut answer = [0; 6];
        let said = keeper.stdout.as_mut().map(|output| output.read_exact(&mut answer));
        if !matches!(said, Some(Ok(()))) {
            return Err("PostgreSQL did not start".to_owned());
        }
        let host = directory.display().to_string().replace('/', "%2F");
        Ok(Self { keeper, url: format!("postgres://postgres@{host}") })
    }

    /// Where it listens, as tokio-postgres reads it, without a database.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        if let Err(error) = self.keeper.wait() {
            eprintln!("PostgreSQL was not stopped: {error}");
        }
    }
}

/// A command as the user `postgres` where we are root, because PostgreSQL refuses to run as root.
fn as_postgres(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let root = capture(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    let mut command = Command::new(if root { "runuser".as_ref() } else { program.as_ref() });
    if root {
        command.args(["-u", "postgres", "--"]).arg(program);
    }
    command.current_dir("/");
    command
}
