//! The least HTTP/1.1 client that a load tool needs: one kept-alive connection, small buffers, no parsing beyond the status
//! and the length. It costs a fraction of what it measures.

use std::{fmt::Write as _, net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::Failure;

/// How often a request that was turned away is sent again.
const PATIENCE: usize = 30;

/// One connection to the server.
pub(crate) struct Connection {
    address: SocketAddr,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
}

/// Status and body of an answer.
pub(crate) struct Reply<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
    head: &'a str,
}

impl Reply<'_> {
    fn header(&self, name: &'static str) -> impl Iterator<Item = &str> {
        let headers = self.head.lines().filter_map(|line| line.split_once(": "));
        headers.filter(move |(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// When to come again, if the server has too much to do.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let seconds = self.header("retry-after").next().filter(|_| self.status == 503)?;
        seconds.parse().ok().map(Duration::from_secs)
    }

    /// The session token of the answer.
    pub(crate) fn token(&self) -> Option<String> {
        let value =
            self.header("set-cookie").find_map(|cookie| cookie.split_once('=').map(|(_, value)| value))?;
        Some(value.split(';').next().unwrap_or_default().to_owned())
    }
}

impl Connection {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, stream: None, buffer: Vec::with_capacity(8192) }
    }

    /// Sends a prepared request and reads the answer.
    pub(crate) async fn send(&mut self, request: &[u8]) -> Result<Reply<'_>, Failure> {
        let (status, head) = self.exchange(request).await?;
        self.reply(status, head)
    }

    /// Comes again when a server with too much to do says so.
    pub(crate) async fn send_patiently(&mut self, request: &[u8]) -> Result<Reply<'_>, Failure> {
        for _ in 0..PATIENCE {
            let (status, head) = self.exchange(request).await?;
            let Some(wait) = self.reply(status, head)?.retry_after() else { return self.reply(status, head) };
            tokio::time::sleep(wait).await;
        }
        self.send(request).await
    }

    fn reply(&self, status: u16, head: usize) -> Result<Reply<'_>, Failure> {
        let (head, body) = self.buffer.split_at(head);
        Ok(Reply { status, body, head: std::str::from_utf8(head)? })
    }

    /// Leaves the answer in the buffer: its status, and where its body begins.
    async fn exchange(&mut self, request: &[u8]) -> Result<(u16, usize), Failure> {
        let mut stream = if let Some(stream) = self.stream.take() {
            stream
        } else {
            let stream = TcpStream::connect(self.address).await?;
            stream.set_nodelay(true)?;
            stream
        };
        stream.write_all(request).await?;
        self.buffer.clear();
        let (head_end, length) = loop {
            if stream.read_buf(&mut self.buffer).await? == 0 {
                return Err("the server closed the connection".into());
            }
            if let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break (end + 4, content_length(&self.buffer[..end])?);
            }
        };
        while self.buffer.len() < head_end + length {
            if stream.read_buf(&mut self.buffer).await? == 0 {
                return Err("the server closed the connection".into());
            }
        }
        let head = std::str::from_utf8(&self.buffer[..head_end])?;
        let status = head.get(9..12).and_then(|digits| digits.parse().ok()).ok_or("no status line")?;
        if !head.contains("connection: close") {
            self.stream = Some(stream);
        }
        self.buffer.truncate(head_end + length);
        Ok((status, head_end))
    }
}

fn content_length(head: &[u8]) -> Result<usize, Failure> {
    for line in std::str::from_utf8(head)?.lines() {
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            return Ok(value.trim().parse()?);
        }
    }
    Ok(0)
}

/// A prepared request.
pub(crate) fn request(method: &str, path: &str, headers: &str, body: &str) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n{headers}");
    if method == "POST" {
        let _ = write!(text, "content-type: application/json\r\ncontent-length: {}\r\n", body.len());
    }
    text.push_str("\r\n");
    text.push_str(body);
    text.into_bytes()
}

/// Host and port of a base URL.
pub(crate) fn address(url: &str) -> Result<SocketAddr, Failure> {
    use std::net::ToSocketAddrs as _;

    let host =
        url.strip_prefix("http://").ok_or("the base URL must begin with http://")?.trim_end_matches('/');
    let host = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
    host.to_socket_addrs()?.find(SocketAddr::is_ipv4).ok_or_else(|| "the host has no address".into())
}
