//! `inkan isready`: `GET /health/ready` at the configured address (spec 11 §12), for container health checks.

use std::time::Duration;

use clap::ValueEnum;
use inkan_config::Config;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use super::Failure;

const REQUEST: &[u8] = b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
const LIMIT: Duration = Duration::from_secs(5);

/// Which API is asked.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum What {
    /// The public API.
    Public,
    /// The admin API.
    Admin,
}

pub(super) async fn run(config: Config, what: What) -> Result<(), Failure> {
    let listener = match what {
        What::Public => &config.server.public,
        What::Admin => &config.server.admin,
    };
    let (host, port) = listener.host_and_port().ok_or("the configured address is malformed")?;
    let host = if matches!(host.as_str(), "0.0.0.0" | "::") { "localhost".to_owned() } else { host };
    let status = timeout(LIMIT, status(&host, port)).await.map_err(|_| "the server does not answer")??;
    if status == "200" { Ok(()) } else { Err(format!("the server is not ready (status {status})").into()) }
}

async fn status(host: &str, port: u16) -> Result<String, Failure> {
    let mut stream = TcpStream::connect((host, port)).await?;
    stream.write_all(REQUEST).await?;
    let mut answer = Vec::new();
    stream.take(4096).read_to_end(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    Ok(answer.split(' ').nth(1).unwrap_or("unreadable").to_owned())
}
