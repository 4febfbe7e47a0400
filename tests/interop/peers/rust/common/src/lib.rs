// SPDX-License-Identifier: MIT OR Apache-2.0

//! What the Rust peers share: the command line, the protocols and the output.
//! A peer brings its library as a [`Node`].

use serde_json::{json, Value};
use std::{
    fmt,
    future::Future,
    io::Write as _,
    sync::{
        atomic::{AtomicBool, AtomicU64, Ordering},
        Arc, Mutex,
    },
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::timeout,
};

pub const PING: &str = "/ipfs/ping/1.0.0";
pub const ECHO: &str = "/echo/1.0.0";
pub const PERF: &str = "/perf/1.0.0";
pub const LITEP2P_PERF: &str = "/litep2p-perf/1.0.0";
pub const RESET: &str = "/interop/reset/1.0.0";

const BUFFER: usize = 256 * 1024;
const ECHO_BUFFER: usize = 64 * 1024;
const DIAL_TIMEOUT: Duration = Duration::from_secs(30);
const STREAM_TIMEOUT: Duration = Duration::from_secs(60);

/// An error with one of the program's error codes.
#[derive(Debug, Clone)]
pub struct Failure {
    pub code: &'static str,
    pub message: String,
}

impl Failure {
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// Finds the code in the text of a library's error.
    pub fn from_text(text: String) -> Self {
        let low = text.to_lowercase();
        let has = |needle: &str| low.contains(needle);
        let code = if has("mismatch") || has("unexpected peer id") || has("wrongpeerid") {
            "peer_mismatch"
        } else if has("connection refused") || has("connectionrefused") {
            "connection_refused"
        } else if has("address already in use") || has("addrinuse") {
            "address_in_use"
        } else if has("unreachable") || has("no route") {
            "unreachable"
        } else if has("timeout") || has("timed out") || has("timedout") {
            "timed_out"
        } else if has("unsupported protocol") || has("protocol not supported") || has("negotiation") {
            "no_common_protocol"
        } else if has("reset") {
            "stream_reset"
        } else if has("closed") {
            "connection_closed"
        } else {
            "io_error"
        };
        Self::new(code, text)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        use std::io::ErrorKind::*;
        let code = match error.kind() {
            // A yamux stream that the far side has reset takes no more bytes.
            ConnectionReset | BrokenPipe | WriteZero => "stream_reset",
            UnexpectedEof => "connection_closed",
            TimedOut => "timed_out",
            ConnectionRefused => "connection_refused",
            _ => "io_error",
        };
        Self::new(code, error.to_string())
    }
}

pub type Result<T> = std::result::Result<T, Failure>;

/// A peer on one library, connected to one other peer.
pub trait Node: Sized + Send + Sync + 'static {
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;
    type Listener: Send;
    type Dialer: Dialer;

    fn listen(addresses: Vec<String>, events: bool) -> impl Future<Output = Result<(Self::Listener, Listening)>> + Send;
    fn dial(address: &str) -> impl Future<Output = Result<Self>> + Send;
    fn open(&self, protocol: &'static str) -> impl Future<Output = Result<Self::Stream>> + Send;
    fn identify(address: &str) -> impl Future<Output = Result<Value>> + Send;
    fn dialer(address: &str) -> Result<Self::Dialer>;
}

pub struct Listening {
    pub peer: String,
    pub addresses: Vec<String>,
    pub agent: &'static str,
}

/// A node that makes a fresh connection each time.
pub trait Dialer: Send + 'static {
    fn connect(&mut self) -> impl Future<Output = Result<()>> + Send;
    fn close(&mut self) -> impl Future<Output = ()> + Send;
}

pub fn emit(value: Value) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{value}");
    let _ = out.flush();
}

/// The test pattern repeats every 251 bytes, so one table serves every offset.
struct Pattern(Vec<u8>);

impl Pattern {
    fn new() -> Self {
        Self((0..BUFFER + 251).map(|i| ((i * 31 + 7) % 251) as u8).collect())
    }

    fn at(&self, offset: u64, n: usize) -> &[u8] {
        let start = (offset % 251) as usize;
        &self.0[start..start + n]
    }
}

// ---- Serving ----------------------------------------------------------------

static POOL: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

/// True if the far side has reset a stream whose read has ended. yamux reports a
/// reset as an end of stream; only a write tells the two apart.
async fn was_reset<S: AsyncWrite + Unpin>(stream: &mut S) -> bool {
    matches!(timeout(Duration::from_secs(1), stream.write(&[])).await, Ok(Err(_)))
}

/// Serves one inbound stream.
pub async fn serve<S: AsyncRead + AsyncWrite + Unpin>(protocol: &str, mut stream: S, events: bool) {
    match protocol {
        ECHO => {
            let taken = POOL.lock().unwrap().pop();
            let mut buffer = taken.unwrap_or_else(|| vec![0; ECHO_BUFFER]);
            let reason = echo_back(&mut stream, &mut buffer, events).await;
            POOL.lock().unwrap().push(buffer);
            if events {
                emit(json!({"event": "echo_ended", "reason": reason}));
            }
        }
        PERF => {
            let _ = serve_perf(stream).await;
        }
        LITEP2P_PERF => {
            let _ = serve_litep2p_perf(stream).await;
        }
        PING => {
            let mut block = [0; 32];
            while stream.read_exact(&mut block).await.is_ok() {
                if stream.write_all(&block).await.is_err() || stream.flush().await.is_err() {
                    break;
                }
            }
        }
        // Dropped without being closed, a stream is reset.
        RESET => {
            let _ = stream.read_u8().await;
        }
        _ => {}
    }
}

async fn echo_back<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, buffer: &mut [u8], ask: bool) -> &'static str {
    loop {
        match stream.read(buffer).await {
            Ok(0) => {
                if ask && was_reset(stream).await {
                    return "reset";
                }
                return if stream.shutdown().await.is_ok() { "eof" } else { "reset" };
            }
            Ok(n) => {
                if write_part(stream, &buffer[..n]).await.is_err() || stream.flush().await.is_err() {
                    return "reset";
                }
            }
            Err(_) => return "reset",
        }
    }
}

async fn serve_perf<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) -> Result<()> {
    let wanted = stream.read_u64().await?;
    let mut buffer = vec![0; BUFFER];
    while stream.read(&mut buffer).await? > 0 {}
    write_bytes(&mut stream, wanted, &buffer).await?;
    stream.shutdown().await?;
    Ok(())
}

async fn serve_litep2p_perf<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) -> Result<()> {
    let mut buffer = vec![0; BUFFER];
    let mut left = stream.read_u64().await?;
    while left > 0 {
        let most = left.min(BUFFER as u64) as usize;
        match stream.read(&mut buffer[..most]).await? {
            0 => return Ok(()),
            n => left -= n as u64,
        }
    }
    let wanted = stream.read_u64().await?;
    write_bytes(&mut stream, wanted, &buffer).await?;
    stream.shutdown().await?;
    Ok(())
}

/// rust-libp2p resets a WebRTC stream that is given long writes of uneven sizes: there each is a frame of its own.
const MOST_AT_ONCE_OVER_WEBRTC: usize = 8000;

static OVER_WEBRTC: AtomicBool = AtomicBool::new(false);

async fn write_part<S: AsyncWrite + Unpin>(stream: &mut S, part: &[u8]) -> std::io::Result<()> {
    if !OVER_WEBRTC.load(Ordering::Relaxed) {
        return stream.write_all(part).await;
    }
    for part in part.chunks(MOST_AT_ONCE_OVER_WEBRTC) {
        stream.write_all(part).await?;
        stream.flush().await?;
    }
    Ok(())
}

async fn write_bytes<S: AsyncWrite + Unpin>(stream: &mut S, mut n: u64, buffer: &[u8]) -> Result<()> {
    while n > 0 {
        let part = n.min(buffer.len() as u64) as usize;
        write_part(stream, &buffer[..part]).await?;
        n -= part as u64;
    }
    stream.flush().await?;
    Ok(())
}

// ---- Clients ----------------------------------------------------------------

fn milliseconds(d: Duration) -> f64 {
    d.as_nanos() as f64 / 1e6
}

fn quantile(sorted: &[Duration], q: f64) -> f64 {
    let index = ((q * sorted.len() as f64) as usize).min(sorted.len().saturating_sub(1));
    sorted.get(index).map_or(0.0, |d| milliseconds(*d))
}

/// A nonce that need not be secret.
fn nonce() -> [u8; 32] {
    use std::hash::{BuildHasher, Hasher};
    let mut out = [0; 32];
    for part in out.chunks_mut(8) {
        let value = std::collections::hash_map::RandomState::new().build_hasher().finish();
        part.copy_from_slice(&value.to_le_bytes());
    }
    out
}

async fn one_ping<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> Result<Duration> {
    let sent = nonce();
    let mut back = [0; 32];
    let start = Instant::now();
    stream.write_all(&sent).await?;
    stream.flush().await?;
    timeout(Duration::from_secs(20), stream.read_exact(&mut back))
        .await
        .map_err(|_| Failure::new("timed_out", "no answer to a ping"))??;
    let took = start.elapsed();
    if sent != back {
        return Err(Failure::new("protocol_violation", "a ping came back with other bytes"));
    }
    Ok(took)
}

async fn ping<N: Node>(address: &str, count: u64) -> Result<()> {
    let node = N::dial(address).await?;
    let mut stream = node.open(PING).await?;
    let mut times = Vec::new();
    for _ in 0..count {
        let took = one_ping(&mut stream).await?;
        emit(json!({"event": "ping", "rtt_ms": milliseconds(took)}));
        times.push(took);
    }
    let _ = stream.shutdown().await;
    times.sort();
    emit(json!({"event": "summary", "sent": count, "received": times.len(), "min_ms": quantile(&times, 0.0),
        "median_ms": quantile(&times, 0.5), "max_ms": quantile(&times, 1.0)}));
    Ok(())
}

async fn perf<N: Node>(address: &str, upload: u64, download: u64, litep2p: bool) -> Result<()> {
    let node = N::dial(address).await?;
    let mut buffer = vec![0; BUFFER];
    let start = Instant::now();
    let mut stream = node.open(if litep2p { LITEP2P_PERF } else { PERF }).await?;
    if litep2p {
        stream.write_all(&upload.to_be_bytes()).await?;
        write_bytes(&mut stream, upload, &buffer).await?;
        stream.write_all(&download.to_be_bytes()).await?;
        stream.flush().await?;
    } else {
        stream.write_all(&download.to_be_bytes()).await?;
        write_bytes(&mut stream, upload, &buffer).await?;
    }
    stream.shutdown().await?;
    let mut got = 0;
    let mut uploaded = None;
    loop {
        let n = stream.read(&mut buffer).await?;
        uploaded.get_or_insert_with(Instant::now);
        got += n as u64;
        if n == 0 {
            break;
        }
    }
    let end = Instant::now();
    let uploaded = uploaded.unwrap_or(end);
    if got != download {
        return Err(Failure::new("protocol_violation", format!("asked for {download} bytes, got {got}")));
    }
    emit(json!({"upload_bytes": upload, "upload_seconds": (uploaded - start).as_secs_f64(),
        "download_bytes": got, "download_seconds": (end - uploaded).as_secs_f64()}));
    Ok(())
}

async fn echo<N: Node>(address: &str) -> Result<()> {
    let node = N::dial(address).await?;
    let (mut reader, mut writer) = tokio::io::split(node.open(ECHO).await?);
    let up = async {
        let mut buffer = vec![0; BUFFER];
        let mut stdin = tokio::io::stdin();
        loop {
            match stdin.read(&mut buffer).await? {
                0 => break,
                n => write_part(&mut writer, &buffer[..n]).await?,
            }
            writer.flush().await?;
        }
        writer.shutdown().await?;
        Ok::<_, Failure>(())
    };
    let down = async {
        let mut buffer = vec![0; BUFFER];
        let mut stdout = tokio::io::stdout();
        loop {
            match reader.read(&mut buffer).await? {
                0 => return Ok(()),
                n => stdout.write_all(&buffer[..n]).await?,
            }
            stdout.flush().await?;
        }
    };
    tokio::try_join!(up, down)?;
    Ok(())
}

#[derive(Default)]
struct Tally {
    next: AtomicU64,
    failed: AtomicU64,
    first: Mutex<Option<Failure>>,
    times: Mutex<Vec<Duration>>,
}

impl Tally {
    fn note(&self, outcome: Result<Duration>) {
        match outcome {
            Ok(took) => self.times.lock().unwrap().push(took),
            Err(failure) => {
                self.failed.fetch_add(1, Ordering::Relaxed);
                self.first.lock().unwrap().get_or_insert(failure);
            }
        }
    }

    fn more(&self, count: u64) -> bool {
        self.next.fetch_add(1, Ordering::Relaxed) < count
    }

    fn summary(&self, name: &str, seconds: f64) -> Result<()> {
        let mut times = self.times.lock().unwrap();
        times.sort();
        let failed = self.failed.load(Ordering::Relaxed);
        let first = self.first.lock().unwrap().clone();
        if let (true, Some(failure)) = (times.is_empty(), &first) {
            return Err(failure.clone());
        }
        let mut out = json!({"event": "summary", name: times.len(), "failed": failed, "median_ms": quantile(&times, 0.5),
            "p99_ms": quantile(&times, 0.99), "per_second": times.len() as f64 / seconds});
        if let Some(failure) = first {
            out["first_failure"] = json!(failure.to_string());
        }
        emit(out);
        if failed > 0 {
            std::process::exit(1);
        }
        Ok(())
    }
}

async fn connect<N: Node>(address: &str, count: u64, parallel: u64) -> Result<()> {
    let tally = Arc::new(Tally::default());
    let dialers = (0..parallel).map(|_| N::dialer(address)).collect::<Result<Vec<_>>>()?;
    let begin = Instant::now();
    let workers: Vec<_> = dialers
        .into_iter()
        .map(|mut dialer| {
            let tally = tally.clone();
            tokio::spawn(async move {
                while tally.more(count) {
                    let start = Instant::now();
                    let outcome = timeout(DIAL_TIMEOUT, dialer.connect()).await;
                    let took = start.elapsed();
                    tally.note(match outcome {
                        Ok(done) => done.map(|()| took),
                        Err(_) => Err(Failure::new("timed_out", "the dial took too long")),
                    });
                    dialer.close().await;
                }
            })
        })
        .collect();
    for worker in workers {
        let _ = worker.await;
    }
    tally.summary("connections", begin.elapsed().as_secs_f64())
}

async fn one_stream<N: Node>(node: &N, sent: &[u8]) -> Result<()> {
    let mut stream = node.open(ECHO).await?;
    stream.write_all(sent).await?;
    stream.flush().await?;
    stream.shutdown().await?;
    let mut back = [0; 1025];
    let mut n = 0;
    while n < back.len() {
        match stream.read(&mut back[n..]).await? {
            0 => break,
            more => n += more,
        }
    }
    if back[..n] != *sent {
        return Err(Failure::new("protocol_violation", format!("sent {} bytes, got {n} or others", sent.len())));
    }
    Ok(())
}

async fn streams<N: Node>(address: &str, count: u64, parallel: u64) -> Result<()> {
    let node = Arc::new(N::dial(address).await?);
    let tally = Arc::new(Tally::default());
    let sent: Arc<[u8]> = Pattern::new().at(0, 1024).into();
    let begin = Instant::now();
    let workers: Vec<_> = (0..parallel)
        .map(|_| {
            let (node, tally, sent) = (node.clone(), tally.clone(), sent.clone());
            tokio::spawn(async move {
                while tally.more(count) {
                    let start = Instant::now();
                    let outcome = timeout(STREAM_TIMEOUT, one_stream(&*node, &sent)).await;
                    let took = start.elapsed();
                    tally.note(match outcome {
                        Ok(done) => done.map(|()| took),
                        Err(_) => Err(Failure::new("timed_out", "a stream took too long")),
                    });
                }
            })
        })
        .collect();
    for worker in workers {
        let _ = worker.await;
    }
    tally.summary("streams", begin.elapsed().as_secs_f64())
}

async fn perf_echo<N: Node>(address: &str, total: u64) -> Result<()> {
    let node = N::dial(address).await?;
    let pattern = Pattern::new();
    let start = Instant::now();
    let (mut reader, mut writer) = tokio::io::split(node.open(ECHO).await?);
    // Both directions in one task: a yamux stream keeps one waker for both, so that a reader in
    // another task can take the writer's place and leave it asleep for ever.
    let up = async {
        let mut at = 0;
        while at < total {
            let part = pattern.at(at, (total - at).min(BUFFER as u64) as usize);
            write_part(&mut writer, part).await?;
            at += part.len() as u64;
        }
        writer.flush().await?;
        writer.shutdown().await?;
        Ok::<_, Failure>(())
    };
    let down = async {
        let mut buffer = vec![0; BUFFER];
        let mut got = 0;
        loop {
            let n = reader.read(&mut buffer).await?;
            if n == 0 {
                return Ok(got);
            }
            if got + n as u64 > total || buffer[..n] != *pattern.at(got, n) {
                return Err(Failure::new("protocol_violation", format!("wrong bytes after {got}")));
            }
            got += n as u64;
        }
    };
    let ((), got) = tokio::try_join!(up, down)?;
    if got != total {
        return Err(Failure::new("protocol_violation", format!("sent {total} bytes, got {got}")));
    }
    emit(json!({"event": "perf_echo", "bytes": got, "ok": true, "seconds": start.elapsed().as_secs_f64()}));
    Ok(())
}

async fn reset<N: Node>(address: &str) -> Result<()> {
    let node = N::dial(address).await?;
    let mut stream = node.open(RESET).await?;
    stream.write_all(&[1]).await?;
    stream.flush().await?;
    let mut one = [0; 1];
    let (seen, how) = match timeout(Duration::from_secs(10), stream.read(&mut one)).await {
        Ok(Ok(0)) if was_reset(&mut stream).await => (true, "end of stream, then no more writes".to_string()),
        Ok(Ok(n)) => (false, format!("{n} bytes")),
        Ok(Err(error)) => (true, error.to_string()),
        Err(_) => (false, "nothing for 10 seconds".to_string()),
    };
    emit(json!({"event": "reset", "seen": seen, "how": how}));

    let mut stream = node.open(ECHO).await?;
    let mut back = [0; 11];
    stream.write_all(b"to be reset").await?;
    stream.flush().await?;
    stream.read_exact(&mut back).await?;
    if back != *b"to be reset" {
        return Err(Failure::new("protocol_violation", "other bytes than were sent"));
    }
    drop(stream);
    tokio::time::sleep(Duration::from_millis(300)).await; // the reset shall arrive before the connection ends
    Ok(())
}

async fn half_close<N: Node>(address: &str) -> Result<()> {
    let node = N::dial(address).await?;
    let pattern = Pattern::new();
    let sent = pattern.at(0, 100_000);
    let mut stream = node.open(ECHO).await?;
    stream.write_all(sent).await?;
    stream.flush().await?;
    stream.shutdown().await?;
    let mut back = Vec::new();
    timeout(Duration::from_secs(15), stream.read_to_end(&mut back))
        .await
        .map_err(|_| Failure::new("timed_out", "the end did not come"))??;
    emit(json!({"event": "half_close", "ok": back == sent}));
    Ok(())
}

// ---- Listening ----------------------------------------------------------------

async fn stopped() {
    use tokio::signal::unix::{signal, SignalKind};
    let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        return;
    };
    tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
}

async fn listen<N: Node>(args: &[String]) -> Result<()> {
    let (mut addresses, mut events) = (Vec::new(), false);
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        match arg.as_str() {
            "--listen" => addresses.push(rest.next().ok_or_else(|| Failure::new("usage", "--listen"))?.clone()),
            "--events" => events = true,
            "--json" => {}
            other => return Err(Failure::new("usage", other)),
        }
    }
    if addresses.is_empty() {
        addresses.push("/ip4/127.0.0.1/tcp/0".into());
    }
    let (_keep, listening) = N::listen(addresses, events).await?;
    emit(json!({"event": "listening", "peer": listening.peer, "addresses": listening.addresses, "agent": listening.agent}));
    stopped().await;
    Ok(())
}

// ---- unified-testing ------------------------------------------------------------

async fn unified<N: Node>() -> Result<()> {
    let env = |name: &str| std::env::var(name).unwrap_or_default();
    let listen_on = match (env("TRANSPORT").as_str(), env("SECURE_CHANNEL").as_str(), env("MUXER").as_str()) {
        ("tcp", "noise", "yamux") => "tcp/0",
        ("ws", "noise", "yamux") => "tcp/0/ws",
        ("webrtc-direct", _, _) => "udp/0/webrtc-direct", // brings its own security and streams
        _ => return Err(Failure::new("unsupported", "only tcp or ws, noise, yamux; or webrtc-direct")),
    };
    let store = |e: redis::RedisError| Failure::new("io_error", e.to_string());
    let client = redis::Client::open(format!("redis://{}/", env("REDIS_ADDR"))).map_err(store)?;
    let mut connection = client.get_connection().map_err(store)?;
    let key = format!("{}_listener_multiaddr", env("TEST_KEY"));

    if env("IS_DIALER") != "true" {
        let ip = Some(env("LISTENER_IP")).filter(|ip| !ip.is_empty()).unwrap_or("0.0.0.0".into());
        let (_keep, mut listening) = N::listen(vec![format!("/ip4/{ip}/{listen_on}")], false).await?;
        listening.addresses.sort_by_key(|a| a.starts_with("/ip4/127."));
        let address = listening.addresses.first().ok_or_else(|| Failure::new("io_error", "no address"))?;
        redis::cmd("DEL").arg(&key).exec(&mut connection).map_err(store)?;
        redis::cmd("RPUSH").arg(&key).arg(address).exec(&mut connection).map_err(store)?;
        stopped().await;
        return Ok(());
    }

    let popped: redis::RedisResult<Option<(String, String)>> =
        redis::cmd("BLPOP").arg(&key).arg(60).query(&mut connection);
    let address = match popped {
        Ok(Some((_, address))) => address,
        Ok(None) => return Err(Failure::new("timed_out", "no listener showed up")),
        Err(e) if e.to_string().contains("WRONGTYPE") || e.code() == Some("WRONGTYPE") => {
            redis::cmd("GET").arg(&key).query(&mut connection).map_err(store)?
        }
        Err(e) => return Err(store(e)),
    };
    let start = Instant::now();
    let node = N::dial(&address).await?;
    let mut stream = node.open(PING).await?;
    one_ping(&mut stream).await?;
    let whole = start.elapsed();
    let rtt = one_ping(&mut stream).await?;
    println!(
        "latency:\n  handshake_plus_one_rtt: {:.2}\n  ping_rtt: {:.2}\n  unit: ms",
        milliseconds(whole),
        milliseconds(rtt)
    );
    Ok(())
}

// ---- Command line ---------------------------------------------------------------

const USAGE: &str = "usage: PEER COMMAND
  listen [--listen MULTIADDR]... [--events]
  ping|connect|streams ADDR [--count N] [--parallel M]
  identify|echo|reset|half-close ADDR
  perf ADDR [--upload BYTES] [--download BYTES] [--protocol litep2p]
  perf-echo ADDR --bytes N
";

async fn client<N: Node>(command: &str, args: &[String]) -> Result<()> {
    let usage = |what: &str| Failure::new("usage", what);
    let (mut count, mut parallel, mut upload, mut download, mut bytes) = (10, 1, 0, 0, 1 << 20);
    let (mut address, mut litep2p) = (None, false);
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        if arg == "--json" {
            continue;
        }
        if !arg.starts_with("--") {
            if address.replace(arg.as_str()).is_some() {
                return Err(usage(arg));
            }
            continue;
        }
        let text = rest.next().ok_or_else(|| usage(arg))?;
        if arg == "--protocol" {
            litep2p = text == "litep2p";
            continue;
        }
        let value: u64 = text.parse().map_err(|_| usage(text))?;
        match arg.as_str() {
            "--count" => count = value,
            "--parallel" => parallel = value.max(1),
            "--upload" => upload = value,
            "--download" => download = value,
            "--bytes" => bytes = value,
            _ => return Err(usage(arg)),
        }
    }
    let address = address.ok_or_else(|| usage("an address is missing"))?;
    match command {
        "ping" => ping::<N>(address, count).await,
        "identify" => N::identify(address).await.map(emit),
        "perf" => perf::<N>(address, upload, download, litep2p).await,
        "echo" => echo::<N>(address).await,
        "connect" => connect::<N>(address, count, parallel).await,
        "streams" => streams::<N>(address, count, parallel).await,
        "perf-echo" => perf_echo::<N>(address, bytes).await,
        "reset" => reset::<N>(address).await,
        "half-close" => half_close::<N>(address).await,
        other => Err(usage(other)),
    }
}

/// The whole program. It does not return.
pub fn run<N: Node>() -> ! {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let args: Vec<String> = std::env::args().skip(1).collect();
    OVER_WEBRTC.store(args.iter().any(|arg| arg.contains("/webrtc-direct")), Ordering::Relaxed);
    let unified_testing = std::env::var_os("IS_DIALER").is_some();
    // On a worker, beside the connection's tasks: waking a stream from the main thread costs a system call.
    let work = runtime.spawn(async move {
        match args.first().map(String::as_str) {
            _ if unified_testing => unified::<N>().await,
            None => Err(Failure::new("usage", "a command is missing")),
            Some("listen") => listen::<N>(&args[1..]).await,
            Some(command) => client::<N>(command, &args[1..]).await,
        }
    });
    let outcome = runtime.block_on(work).unwrap_or_else(|e| Err(Failure::new("io_error", e.to_string())));
    std::process::exit(match outcome {
        Ok(()) => 0,
        Err(failure) if failure.code == "usage" => {
            eprint!("{failure}\n{USAGE}");
            2
        }
        Err(failure) => {
            if unified_testing {
                eprintln!("{failure}");
            } else {
                emit(json!({"event": "error", "code": failure.code, "message": failure.message}));
            }
            1
        }
    });
}

/// Transport, security and muxer of a connection to an address, for a library that does not tell.
pub fn transport_of(address: &str) -> (&'static str, &'static str, &'static str) {
    if address.contains("/webrtc-direct") {
        ("webrtc-direct", "/noise", "webrtc-direct")
    } else if address.contains("/ws/") {
        ("websocket", "/noise", "/yamux/1.0.0")
    } else {
        ("tcp", "/noise", "/yamux/1.0.0")
    }
}

/// Bounds a dial.
pub async fn dial_deadline<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    timeout(DIAL_TIMEOUT, work).await.unwrap_or_else(|_| Err(Failure::new("timed_out", "the dial took too long")))
}
