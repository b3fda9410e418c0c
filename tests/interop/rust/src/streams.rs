// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The protocols of the interoperability tests on rust-libp2p streams: what the handlers do, and what the openers do.
//! A reset of the other side reads as the end here; only writing tells it from a half-close, where we still may write.
//! To reset a stream is to drop it.

use std::time::{Duration, Instant};

use futures::{future::try_join_all, io::copy, AsyncReadExt, AsyncWriteExt};
use libp2p::{PeerId, Stream, StreamProtocol};
use rand::RngCore;
use serde_json::{json, Value};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use crate::{node::Handle, number, text, write, Answer};

const ECHO: StreamProtocol = StreamProtocol::new("/ghmesh/echo/1.0.0");
const SINK: StreamProtocol = StreamProtocol::new("/ghmesh/sink/1.0.0");
const GREET: StreamProtocol = StreamProtocol::new("/ghmesh/greet/1.0.0");
const RESET: StreamProtocol = StreamProtocol::new("/ghmesh/reset/1.0.0");
const CHUNK_BYTES: usize = 65536;

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn random_bytes(count: usize) -> Vec<u8> {
    let mut out = vec![0; count];
    rand::thread_rng().fill_bytes(&mut out);
    out
}

struct Counted {
    bytes: u64,
    hash: Sha256,
    how: &'static str,
}

async fn read_counted(stream: &mut Stream) -> Counted {
    let mut seen = Counted { bytes: 0, hash: Sha256::new(), how: "closed" };
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        match stream.read(&mut chunk).await {
            Ok(0) => return seen,
            Ok(count) => {
                seen.bytes += count as u64;
                seen.hash.update(&chunk[..count]);
            }
            Err(_) => {
                seen.how = "reset";
                return seen;
            }
        }
    }
}

async fn is_reset(stream: &mut Stream) -> bool {
    stream.write_all(b"?").await.is_err() || stream.flush().await.is_err()
}

async fn handle_echo(stream: Stream) {
    let (reader, mut writer) = stream.split();
    if copy(reader, &mut writer).await.is_ok() {
        let _ = writer.close().await;
    }
}

async fn handle_sink(mut stream: Stream) -> Counted {
    let mut seen = read_counted(&mut stream).await;
    let mut answer = seen.bytes.to_be_bytes().to_vec();
    answer.extend_from_slice(&seen.hash.clone().finalize());
    if stream.write_all(&answer).await.is_err() || stream.close().await.is_err() {
        seen.how = "reset";
    }
    seen
}

async fn handle_greet(mut stream: Stream) -> Counted {
    let _ = stream.write_all(b"hello").await;
    let _ = stream.close().await;
    read_counted(&mut stream).await
}

async fn handle_reset(mut stream: Stream) -> Counted {
    let mut first = [0];
    if stream.read_exact(&mut first).await.is_err() || first == *b"h" {
        return Counted { bytes: 1, hash: Sha256::new(), how: "reset" };
    }
    let _ = stream.write_all(&first).await;
    let _ = stream.flush().await;
    let mut seen = read_counted(&mut stream).await;
    seen.bytes += 1;
    if is_reset(&mut stream).await {
        seen.how = "reset";
    }
    seen
}

/// What is served here, and echo for whatever was added.
pub const SERVED: [StreamProtocol; 4] = [ECHO, SINK, GREET, RESET];

pub fn serve(mut inbound: mpsc::UnboundedReceiver<(PeerId, StreamProtocol, Stream)>, node: &str) {
    let node = node.to_string();
    tokio::task::spawn_local(async move {
        while let Some((peer, protocol, stream)) = inbound.recv().await {
            let node = node.clone();
            tokio::task::spawn_local(async move {
                let seen = match protocol.as_ref() {
                    "/ghmesh/sink/1.0.0" => handle_sink(stream).await,
                    "/ghmesh/greet/1.0.0" => handle_greet(stream).await,
                    "/ghmesh/reset/1.0.0" => handle_reset(stream).await,
                    _ => return handle_echo(stream).await,
                };
                write(&json!({
                    "event": "stream_ended", "node": node, "peer": peer.to_string(), "protocol": protocol.as_ref(),
                    "how": seen.how, "bytes": seen.bytes, "sha256": hex(&seen.hash.finalize()),
                }));
            });
        }
    });
}

// ---- Openers ---------------------------------------------------------------------------------------------------

pub async fn open_and_run(node: Handle, command: Value) -> Answer {
    let patience = Duration::from_secs(if text(&command, "do") == "transfer" { 58 } else { 18 });
    let work = async {
        match text(&command, "do") {
            "echo" => echo(&node, &command).await,
            "transfer" => transfer(&node, &command).await,
            "greet" => greet(&node, &command).await,
            _ => reset(&node, &command).await,
        }
    };
    tokio::time::timeout(patience, work)
        .await
        .unwrap_or_else(|_| Err("this took too long".into()))
}

async fn open(node: &Handle, command: &Value, protocol: StreamProtocol) -> Result<Stream, String> {
    let peer: PeerId = text(command, "peer").parse().map_err(|_| "no peer id")?;
    node.open(peer, protocol).await
}

fn as_text(error: std::io::Error) -> String {
    error.to_string()
}

async fn echo_one(stream: Stream, bytes: usize) -> Result<(), String> {
    let sent = random_bytes(bytes);
    let (mut reader, mut writer) = stream.split();
    let mut received = Vec::new();
    let write = async {
        writer.write_all(&sent).await?;
        writer.close().await
    };
    futures::try_join!(write, reader.read_to_end(&mut received)).map_err(as_text)?;
    if received == sent { Ok(()) } else { Err(format!("{bytes} bytes came back as {} others", received.len())) }
}

async fn echo(node: &Handle, command: &Value) -> Answer {
    let (bytes, parallel) = (number(command, "bytes", 0), number(command, "parallel", 1));
    let protocol = match text(command, "protocol") {
        "" => ECHO,
        other => StreamProtocol::try_from_owned(other.to_string()).map_err(|error| error.to_string())?,
    };
    let mut streams = Vec::new();
    for _ in 0..parallel {
        streams.push(open(node, command, protocol.clone()).await?);
    }
    try_join_all(streams.into_iter().map(|stream| echo_one(stream, bytes))).await?;
    Ok(json!({"streams": parallel, "bytes": parallel * bytes}))
}

async fn transfer(node: &Handle, command: &Value) -> Answer {
    let started = Instant::now();
    let bytes = number(command, "bytes", 0);
    let mut stream = open(node, command, SINK).await?;
    let mut hash = Sha256::new();
    for at in (0..bytes).step_by(CHUNK_BYTES) {
        let chunk = random_bytes(CHUNK_BYTES.min(bytes - at));
        hash.update(&chunk);
        stream.write_all(&chunk).await.map_err(as_text)?;
    }
    stream.close().await.map_err(as_text)?;
    let mut said = Vec::new();
    stream.read_to_end(&mut said).await.map_err(as_text)?;
    let sum = hash.finalize();
    if said.len() != 40 || said[..8] != (bytes as u64).to_be_bytes() || said[8..] != sum[..] {
        return Err(format!("the sink answered {}", hex(&said)));
    }
    Ok(json!({"bytes": bytes, "sha256": hex(&sum), "milliseconds": started.elapsed().as_millis() as u64}))
}

async fn greet(node: &Handle, command: &Value) -> Answer {
    let bytes = number(command, "bytes", 0);
    let mut stream = open(node, command, GREET).await?;
    let mut greeting = String::new();
    stream.read_to_string(&mut greeting).await.map_err(as_text)?;
    stream.write_all(&random_bytes(bytes)).await.map_err(as_text)?;
    stream.close().await.map_err(as_text)?;
    Ok(json!({"greeting": greeting, "bytes": bytes}))
}

async fn reset(node: &Handle, command: &Value) -> Answer {
    let mut stream = open(node, command, RESET).await?;
    if text(command, "by") == "handler" {
        stream.write_all(b"h").await.map_err(as_text)?;
        stream.flush().await.map_err(as_text)?;
        let seen = read_counted(&mut stream).await;
        let how = if is_reset(&mut stream).await { "reset" } else { seen.how };
        return Ok(json!({"seen": how}));
    }
    stream.write_all(b"o").await.map_err(as_text)?;
    stream.flush().await.map_err(as_text)?;
    stream.read_exact(&mut [0]).await.map_err(as_text)?;
    drop(stream);
    Ok(json!({"seen": "reset"}))
}
