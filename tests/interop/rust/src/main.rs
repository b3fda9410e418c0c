// SPDX-License-Identifier: Apache-2.0 OR MIT

//! rust-libp2p as a peer of the interoperability suite: the contract is in ../README.md. Several nodes to a process.

mod node;
mod raw;
mod streams;

use std::{cell::RefCell, collections::HashMap, io::Write, rc::Rc};

use serde_json::{json, Map, Value};
use tokio::io::{AsyncBufReadExt, BufReader};

pub type Answer = Result<Value, String>;

pub fn write(line: &Value) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).expect("somebody reads what we say");
}

/// What a command or an event says, field by field.
pub fn text<'a>(command: &'a Value, field: &str) -> &'a str {
    command[field].as_str().unwrap_or_default()
}

pub fn number(command: &Value, field: &str, otherwise: usize) -> usize {
    command[field].as_u64().map_or(otherwise, |found| found as usize)
}

type Nodes = Rc<RefCell<HashMap<String, node::Handle>>>;

async fn carry_out(nodes: Nodes, command: Value) -> Answer {
    let name = text(&command, "node").to_string();
    let verb = text(&command, "do");
    let known = nodes.borrow().get(&name).cloned();
    match (verb, known) {
        ("start", None) => {
            let (handle, answer) = node::start(&command).await?;
            nodes.borrow_mut().insert(name, handle);
            Ok(answer)
        }
        ("start", Some(_)) => Err(format!("the node '{name}' has been started")),
        (_, None) => Err(format!("there is no node '{name}'")),
        ("stop", Some(handle)) => {
            nodes.borrow_mut().remove(&name);
            handle.ask(command).await
        }
        ("echo" | "transfer" | "greet" | "reset", Some(handle)) => {
            streams::open_and_run(handle, command).await
        }
        (_, Some(handle)) => handle.ask(command).await,
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let local = tokio::task::LocalSet::new();
    local
        .run_until(async {
            let nodes = Nodes::default();
            let mut lines = BufReader::new(tokio::io::stdin()).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let command: Value = serde_json::from_str(&line).expect("one JSON object a line");
                let nodes = nodes.clone();
                tokio::task::spawn_local(async move {
                    let id = command["id"].clone();
                    let mut line = Map::new();
                    match carry_out(nodes, command).await {
                        Ok(answer) => {
                            line.insert("ok".into(), json!(true));
                            line.extend(answer.as_object().cloned().unwrap_or_default());
                        }
                        Err(error) => {
                            line.insert("error".into(), json!(error));
                        }
                    }
                    line.insert("id".into(), id);
                    write(&Value::Object(line));
                });
            }
        })
        .await;
}
