//! A private PostgreSQL cluster: its own data directory, a Unix socket in it, no network.
//!
//! The cluster is the child of a small shell that waits for its standard input to end. The other end of that pipe is held by
//! this process, so that the cluster is stopped and removed when the process ends, however it ends.

use std::{
    env, fs,
    io::Write as _,
    net::TcpListener,
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use tokio::sync::OnceCell;
use tokio_postgres::NoTls;

use crate::TestDatabase;

/// Names a running cluster to use instead of an own one: a URL without database, whose user may create databases.
const VARIABLE: &str = "INKAN_TEST_POSTGRES";

/// Arguments: binaries, directory, value of `fsync`, further settings of the server.
const SUPERVISOR: &str = r#"
binaries=$1; directory=$2; fsync=$3; shift 3
start() {
    "$binaries/postgres" -D "$directory/data" -k "$directory" -c listen_addresses= -c fsync="$fsync" -c full_page_writes="$fsync" \
        -c synchronous_commit=on -c max_connections=300 -c shared_buffers=64MB -c max_wal_size=512MB \
        "$@" >>"$directory/log" 2>&1 </dev/null &
    server=$!
}
start "$@"
while read -r order; do
    case $order in
    crash) # held still first, so that none of its processes can do anything after another one has gone
        kill -STOP "$server"
        kill -KILL $(cat "/proc/$server/task/$server/children") "$server"
        wait "$server"
        ;;
    start) start "$@" ;;
    esac
done
kill -INT "$server" 2>/dev/null
wait "$server"
rm -rf "$directory"
"#;

/// Whether a cluster survives a crash of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// `fsync=off`: fast, for everything but crash tests.
    Fast,
    /// `fsync=on`: as in production.
    Durable,
}

/// A running cluster.
#[derive(Debug)]
pub struct PostgresCluster {
    /// Key and value pairs without `dbname`, or a URL without database.
    address: String,
    template: OnceCell<String>,
    /// Ends the cluster when dropped; `None` for one that somebody else runs.
    supervisor: Option<Child>,
}

impl PostgresCluster {
    /// The cluster of this test process, started when first asked for.
    ///
    /// # Panics
    /// If PostgreSQL is not installed or does not start.
    pub async fn shared() -> &'static Self {
        static SHARED: OnceCell<PostgresCluster> = OnceCell::const_new();
        #[expect(clippy::disallowed_methods, reason = "tests have no configuration")]
        let running = env::var(VARIABLE);
        SHARED
            .get_or_init(|| async {
                match running {
                    Ok(address) => Self { address, template: OnceCell::new(), supervisor: None },
                    Err(_) => Self::start(Durability::Fast).await,
                }
            })
            .await
    }

    /// Starts an own cluster.
    ///
    /// # Panics
    /// If PostgreSQL is not installed or does not start.
    pub async fn start(durability: Durability) -> Self {
        Self::start_on(durability, None).await.0
    }

    /// Starts an own cluster that also listens on a local port, with a certificate for `localhost`: the cluster, the port, and
    /// the file of the certificate's authority.
    ///
    /// # Panics
    /// If PostgreSQL or `openssl` is not installed, or the cluster does not start.
    pub async fn start_encrypted() -> (Self, u16, PathBuf) {
        let probe = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = probe.local_addr().expect("the port's number").port();
        drop(probe);
        let (cluster, directory) = Self::start_on(Durability::Fast, Some(port)).await;
        (cluster, port, directory.join("server.crt"))
    }

    async fn start_on(durability: Durability, port: Option<u16>) -> (Self, PathBuf) {
        let (directory, supervisor) = tokio::task::spawn_blocking(move || launch(durability, port))
            .await
            .expect("the cluster is set up");
        let port = port.map(|port| format!(" port={port}")).unwrap_or_default();
        let address = format!("host={} user=postgres{port}", directory.display());
        let cluster = Self { address, template: OnceCell::new(), supervisor: Some(supervisor) };
        cluster.wait_until_ready(&directory).await;
        (cluster, directory)
    }

    /// The connection string of a database of this cluster.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        if self.address.contains("://") {
            return format!("{}/{database}", self.address.trim_end_matches('/'));
        }
        format!("{} dbname={database}", self.address)
    }

    /// A new database that is a copy of one that `prepare` (which gets its connection string) set up once for this process.
    ///
    /// # Panics
    /// If it cannot be created.
    pub async fn database<F: Future<Output = ()>>(
        &'static self,
        prepare: impl FnOnce(String) -> F,
    ) -> TestDatabase {
        let template = self.template.get_or_init(|| async {
            let name = format!("inkan_template_{}", std::process::id());
            self.run(&format!("CREATE DATABASE {name}")).await;
            prepare(self.url(&name)).await;
            name
        });
        let template = template.await;
        TestDatabase::create(self, Some(template)).await
    }

    /// A new empty database.
    ///
    /// # Panics
    /// If it cannot be created.
    pub async fn empty_database(&'static self) -> TestDatabase {
        TestDatabase::create(self, None).await
    }

    /// Kills all processes of an own cluster at once (`kill -9`).
    ///
    /// # Panics
    /// If the cluster is not an own one.
    pub async fn crash(&self) {
        self.order("crash\n");
        while tokio_postgres::connect(&self.url("postgres"), NoTls).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Starts it again after a crash; returns when it answers.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start_again(&self) {
        self.order("start\n");
        for _ in 0..600 {
            if tokio_postgres::connect(&self.url("postgres"), NoTls).await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("PostgreSQL does not start again");
    }

    fn order(&self, order: &str) {
        let supervisor = self.supervisor.as_ref().expect("an own cluster");
        let mut pipe = supervisor.stdin.as_ref().expect("a pipe to the supervisor");
        pipe.write_all(order.as_bytes()).expect("the supervisor listens");
    }

    /// Runs a statement in the maintenance database.
    ///
    /// # Panics
    /// If it fails.
    pub(crate) async fn run(&self, sql: &str) {
        let (client, connection) =
            tokio_postgres::connect(&self.url("postgres"), NoTls).await.expect("a connection to the cluster");
        let driver = tokio::spawn(connection);
        client.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        drop(client);
        let _ = driver.await;
    }

    async fn wait_until_ready(&self, directory: &Path) {
        for _ in 0..600 {
            if tokio_postgres::connect(&self.url("postgres"), NoTls).await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let log = fs::read_to_string(directory.join("log")).unwrap_or_default();
        panic!("PostgreSQL does not start: {log}");
    }
}

/// Stops an own cluster and waits until it is gone.
impl Drop for PostgresCluster {
    fn drop(&mut self) {
        if let Some(supervisor) = &mut self.supervisor {
            drop(supervisor.stdin.take());
            let _ = supervisor.wait();
        }
    }
}

/// Creates the data directory and starts the server under its supervisor.
fn launch(durability: Durability, port: Option<u16>) -> (PathBuf, Child) {
    let binaries = binaries();
    let directory = crate::temporary_directory().keep();
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o700)).expect("permissions of the directory");
    let owner = owner(&directory);
    let created = command(&binaries.join("initdb"), owner, &directory)
        .args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "--no-sync", "-D"])
        .arg(directory.join("data"))
        .output()
        .expect("initdb runs");
    assert!(created.status.success(), "initdb: {}", String::from_utf8_lossy(&created.stderr));
    let fsync = if durability == Durability::Durable { "on" } else { "off" };
    let supervisor = command(Path::new("/bin/sh"), owner, &directory)
        .args(["-c", SUPERVISOR, "supervisor"])
        .arg(&binaries)
        .arg(&directory)
        .arg(fsync)
        .args(port.map(|port| encrypted(&directory, owner, port)).unwrap_or_default())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0) // an interrupt from the terminal is for the tests; the supervisor follows them
        .spawn()
        .expect("the supervisor starts");
    thread::yield_now();
    (directory, supervisor)
}

/// Makes a certificate for `localhost`; the settings that use it.
fn encrypted(directory: &Path, owner: Option<(u32, u32)>, port: u16) -> Vec<String> {
    let made = command(Path::new("openssl"), owner, directory)
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
        ])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
        .args([
            "-addext",
            "basicConstraints=critical,CA:FALSE",
            "-keyout",
            "server.key",
            "-out",
            "server.crt",
        ])
        .output()
        .expect("openssl runs");
    assert!(made.status.success(), "openssl: {}", String::from_utf8_lossy(&made.stderr));
    let settings = [
        "listen_addresses=127.0.0.1".to_owned(),
        format!("port={port}"),
        "ssl=on".to_owned(),
        format!("ssl_cert_file={}", directory.join("server.crt").display()),
        format!("ssl_key_file={}", directory.join("server.key").display()),
    ];
    settings.into_iter().flat_map(|setting| ["-c".to_owned(), setting]).collect()
}

/// PostgreSQL refuses to run as root: then it runs as the user `postgres`, who gets the directory.
fn owner(directory: &Path) -> Option<(u32, u32)> {
    if fs::metadata(directory).expect("the directory exists").uid() != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").expect("the list of users");
    let line = users.lines().find(|line| line.starts_with("postgres:")).expect("the user `postgres`");
    let mut fields = line.split(':').skip(2).map(|field| field.parse().expect("a number"));
    let owner = (fields.next().expect("a user id"), fields.next().expect("a group id"));
    chown(directory, Some(owner.0), Some(owner.1)).expect("the directory changes its owner");
    Some(owner)
}

fn command(program: &Path, owner: Option<(u32, u32)>, directory: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(directory);
    if let Some((user, group)) = owner {
        command.uid(user).gid(group);
    }
    command
}

/// The directory of the newest installed server.
fn binaries() -> PathBuf {
    let installed = fs::read_dir("/usr/lib/postgresql").map(|versions| {
        versions
            .flatten()
            .map(|version| version.path().join("bin"))
            .filter(|binaries| binaries.join("initdb").exists())
            .max_by_key(|binaries| version_of(binaries))
    });
    installed.ok().flatten().expect("PostgreSQL in /usr/lib/postgresql")
}

fn version_of(binaries: &Path) -> u32 {
    let version = binaries.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    version.and_then(|version| version.parse().ok()).unwrap_or(0)
}
