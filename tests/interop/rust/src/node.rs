// SPDX-License-Identifier: Apache-2.0 OR MIT

//! A node is a task that owns a swarm. It takes commands over a channel, and keeps those that wait for an event.

use std::{collections::HashMap, time::Duration};

use futures::StreamExt;
use libp2p::{
    gossipsub, identify, identity::Keypair, noise, ping,
    swarm::{dial_opts::DialOpts, ConnectionId, NetworkBehaviour, SwarmEvent},
    tcp, yamux, Multiaddr, PeerId, Stream, StreamProtocol, Swarm, SwarmBuilder,
};
use serde_json::{json, Value};
use sha2::{Digest, Sha256};
use tokio::sync::{mpsc, oneshot};

use crate::{number, raw, streams, text, write, Answer};

const AGENT: &str = "rust-libp2p/0.57.1";
const PATIENCE: Duration = Duration::from_secs(18);

#[derive(NetworkBehaviour)]
struct Behaviour {
    identify: identify::Behaviour,
    ping: ping::Behaviour,
    raw: raw::Behaviour,
    gossip: libp2p::swarm::behaviour::toggle::Toggle<gossipsub::Behaviour>,
}

type Reply = oneshot::Sender<Answer>;
type Open = (PeerId, StreamProtocol, oneshot::Sender<Result<Stream, String>>);

#[derive(Clone)]
pub struct Handle {
    commands: mpsc::UnboundedSender<(Value, Reply)>,
    opens: mpsc::UnboundedSender<Open>,
}

impl Handle {
    pub async fn ask(&self, command: Value) -> Answer {
        let (reply, answer) = oneshot::channel();
        self.commands.send((command, reply)).map_err(|_| "the node has stopped")?;
        match tokio::time::timeout(PATIENCE, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err("the node has stopped".into()),
            Err(_) => Err("this took too long".into()),
        }
    }

    pub async fn open(&self, peer: PeerId, protocol: StreamProtocol) -> Result<Stream, String> {
        let (opened, stream) = oneshot::channel();
        self.opens.send((peer, protocol, opened)).map_err(|_| "the node has stopped")?;
        stream.await.map_err(|_| "the connection has ended".to_string())?
    }
}

struct Node {
    name: String,
    swarm: Swarm<Behaviour>,
    identities: HashMap<PeerId, identify::Info>,
    dials: HashMap<ConnectionId, Reply>,
    awaited_identities: Vec<(PeerId, Reply)>,
    awaited_pings: Vec<(PeerId, usize, usize, Reply)>,
}

fn gossip_behaviour(newest: &str, key: &Keypair) -> Result<gossipsub::Behaviour, String> {
    let mut config = gossipsub::ConfigBuilder::default();
    config.validation_mode(gossipsub::ValidationMode::Strict);
    match newest {
        "1.2" => &mut config, // the default: 1.2 and older
        "1.1" => config.protocol_id("/meshsub/1.1.0", gossipsub::Version::V1_1),
        _ => return Err(format!("no gossipsub {newest} here")),
    };
    let config = config.build().map_err(|error| error.to_string())?;
    gossipsub::Behaviour::new(gossipsub::MessageAuthenticity::Signed(key.clone()), config).map_err(Into::into)
}

fn make_swarm(command: &Value, raw: raw::Behaviour) -> Result<Swarm<Behaviour>, String> {
    let key = match text(command, "seed") {
        "" => Keypair::generate_ed25519(),
        seed => {
            let bytes: Result<Vec<u8>, _> =
                (0..seed.len()).step_by(2).map(|at| u8::from_str_radix(&seed[at..at + 2], 16)).collect();
            Keypair::ed25519_from_bytes(bytes.map_err(|error| error.to_string())?)
                .map_err(|error| error.to_string())?
        }
    };
    let gossip = match text(command, "gossipsub") {
        "" => None,
        newest => Some(gossip_behaviour(newest, &key)?),
    };
    // Without a signed record, as by default: this library signs and accepts those of an older specification only, and
    // js-libp2p refuses all that comes with one.
    let identify = identify::Config::new("ipfs/0.1.0".into(), key.public()).with_agent_version(AGENT.into());
    Ok(SwarmBuilder::with_existing_identity(key)
        .with_tokio()
        .with_tcp(tcp::Config::default().nodelay(true), noise::Config::new, yamux::Config::default)
        .map_err(|error| error.to_string())?
        .with_behaviour(|_| Behaviour {
            identify: identify::Behaviour::new(identify),
            // The library pings by itself, and only so: often enough that a command need not wait long.
            ping: ping::Behaviour::new(ping::Config::new().with_interval(Duration::from_millis(200))),
            raw,
            gossip: gossip.into(),
        })
        .map_err(|error| error.to_string())?
        .with_swarm_config(|config| config.with_idle_connection_timeout(Duration::from_secs(3600)))
        .build())
}

pub async fn start(command: &Value) -> Result<(Handle, Value), String> {
    let (inbound, streams) = mpsc::unbounded_channel();
    let mut swarm = make_swarm(command, raw::Behaviour::new(inbound))?;
    streams::SERVED.into_iter().for_each(|protocol| swarm.behaviour_mut().raw.serve(protocol));
    let listen = match text(command, "listen") {
        "" => "/ip4/127.0.0.1/tcp/0",
        address => address,
    };
    swarm.listen_on(listen.parse::<Multiaddr>().map_err(|error| error.to_string())?)
        .map_err(|error| error.to_string())?;
    let address = loop {
        if let SwarmEvent::NewListenAddr { address, .. } = swarm.select_next_some().await {
            break address;
        }
    };
    let me = *swarm.local_peer_id();
    let name = text(command, "node").to_string();
    streams::serve(streams, &name);
    let (commands, mut inbox) = mpsc::unbounded_channel::<(Value, Reply)>();
    let (opens, mut wanted) = mpsc::unbounded_channel::<Open>();
    let mut node = Node {
        name, swarm, identities: HashMap::new(), dials: HashMap::new(),
        awaited_identities: Vec::new(), awaited_pings: Vec::new(),
    };
    tokio::task::spawn_local(async move {
        loop {
            tokio::select! {
                event = node.swarm.select_next_some() => node.handle(event),
                Some((peer, protocol, opened)) = wanted.recv() => {
                    node.swarm.behaviour_mut().raw.open(peer, protocol, opened);
                }
                command = inbox.recv() => match command {
                    Some((command, reply)) if text(&command, "do") == "stop" => {
                        drop(node);
                        let _ = reply.send(Ok(json!({})));
                        break;
                    }
                    Some((command, reply)) => node.carry_out(command, reply),
                    None => break,
                },
            }
        }
    });
    let answer = json!({"peer": me.to_string(), "address": format!("{address}/p2p/{me}"), "agent": AGENT});
    Ok((Handle { commands, opens }, answer))
}

fn describe(said: &identify::Info) -> Value {
    let record = said.signed_peer_record.as_ref().map(|envelope| {
        libp2p::core::PeerRecord::from_signed_envelope(envelope.clone())
            .is_ok_and(|record| record.peer_id() == said.public_key.to_peer_id())
    });
    json!({
        "agent": said.agent_version, "protocol_version": said.protocol_version,
        "protocols": said.protocols.iter().map(|id| id.as_ref()).collect::<Vec<_>>(),
        "addresses": said.listen_addrs.iter().map(Multiaddr::to_string).collect::<Vec<_>>(),
        "signed_record": match record { Some(true) => "verified", Some(false) => "refused", None => "none" },
    })
}

impl Node {
    fn tell(&self, event: &str, mut fields: Value) {
        fields["event"] = json!(event);
        fields["node"] = json!(self.name);
        write(&fields);
    }

    fn handle(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::ConnectionEstablished { peer_id, connection_id, endpoint, .. } => {
                let direction = if endpoint.is_dialer() { "out" } else { "in" };
                self.tell("connected", json!({"peer": peer_id.to_string(), "direction": direction}));
                if let Some(reply) = self.dials.remove(&connection_id) {
                    let _ = reply.send(Ok(json!({"peer": peer_id.to_string()})));
                }
            }
            SwarmEvent::OutgoingConnectionError { connection_id, error, .. } => {
                if let Some(reply) = self.dials.remove(&connection_id) {
                    let _ = reply.send(Err(error.to_string()));
                }
            }
            SwarmEvent::ConnectionClosed { peer_id, num_established: 0, cause, .. } => {
                eprintln!("{}: {peer_id} has gone: {cause:?}", self.name);
                self.identities.remove(&peer_id);
                self.tell("disconnected", json!({"peer": peer_id.to_string()}));
            }
            SwarmEvent::Behaviour(BehaviourEvent::Identify(identify::Event::Received { peer_id, info, .. })) => {
                let said = describe(&info);
                self.tell("identified", json!({"peer": peer_id.to_string(), "protocols": said["protocols"]}));
                self.identities.insert(peer_id, info);
                for (peer, reply) in std::mem::take(&mut self.awaited_identities) {
                    if peer == peer_id {
                        let _ = reply.send(Ok(said.clone()));
                    } else {
                        self.awaited_identities.push((peer, reply));
                    }
                }
            }
            SwarmEvent::Behaviour(BehaviourEvent::Ping(event)) => self.count_ping(event),
            SwarmEvent::Behaviour(BehaviourEvent::Gossip(event)) => self.handle_gossip(event),
            _ => {}
        }
    }

    fn count_ping(&mut self, event: ping::Event) {
        for (peer, left, count, reply) in std::mem::take(&mut self.awaited_pings) {
            match &event.result {
                _ if peer != event.peer => self.awaited_pings.push((peer, left, count, reply)),
                Err(error) => drop(reply.send(Err(error.to_string()))),
                Ok(_) if left > 1 => self.awaited_pings.push((peer, left - 1, count, reply)),
                Ok(_) => drop(reply.send(Ok(json!({"count": count})))),
            }
        }
    }

    fn handle_gossip(&mut self, event: gossipsub::Event) {
        match event {
            gossipsub::Event::Subscribed { peer_id, topic } => {
                self.tell("subscribed", json!({"peer": peer_id.to_string(), "topic": topic.as_str()}));
            }
            gossipsub::Event::Message { message, .. } => {
                let from = message.source.map(|peer| peer.to_string()).unwrap_or_default();
                self.tell("message", json!({
                    "topic": message.topic.as_str(), "from": from, "bytes": message.data.len(),
                    "sha256": streams::hex(&Sha256::digest(&message.data)),
                }));
            }
            _ => {}
        }
    }

    fn carry_out(&mut self, command: Value, reply: Reply) {
        let answer = match text(&command, "do") {
            "dial" => match self.dial(&command) {
                Ok(connection) => {
                    self.dials.insert(connection, reply);
                    return;
                }
                Err(error) => Err(error),
            },
            "identify" => match self.connected(&command) {
                Ok(peer) => match self.identities.get(&peer) {
                    Some(said) => Ok(describe(said)),
                    None => return self.awaited_identities.push((peer, reply)),
                },
                Err(error) => Err(error),
            },
            "ping" => match self.connected(&command) {
                Ok(peer) => {
                    let count = number(&command, "count", 1);
                    return self.awaited_pings.push((peer, count, count, reply));
                }
                Err(error) => Err(error),
            },
            "hang_up" => self.connected(&command).map(|peer| {
                let _ = self.swarm.disconnect_peer_id(peer);
                json!({})
            }),
            "peers" => {
                Ok(json!({"peers": self.swarm.connected_peers().map(PeerId::to_string).collect::<Vec<_>>()}))
            }
            "push" => self.push(&command),
            "subscribe" | "unsubscribe" | "publish" | "gossip" => self.gossip(&command),
            other => Err(format!("unknown command '{other}'")),
        };
        let _ = reply.send(answer);
    }

    fn connected(&self, command: &Value) -> Result<PeerId, String> {
        let peer: PeerId = text(command, "peer").parse().map_err(|_| "no peer id")?;
        if self.swarm.is_connected(&peer) { Ok(peer) } else { Err(format!("not connected to {peer}")) }
    }

    fn dial(&mut self, command: &Value) -> Result<ConnectionId, String> {
        let address: Multiaddr = text(command, "address").parse().map_err(|_| "no address")?;
        let options = DialOpts::unknown_peer_id().address(address).build();
        let connection = options.connection_id();
        self.swarm.dial(options).map_err(|error| error.to_string())?;
        Ok(connection)
    }

    fn push(&mut self, command: &Value) -> Answer {
        let protocol = StreamProtocol::try_from_owned(text(command, "protocol").to_string())
            .map_err(|error| error.to_string())?;
        self.swarm.behaviour_mut().raw.serve(protocol);
        // Waking the connections is enough: each finds that it serves something new, and pushes.
        let peers: Vec<_> = self.swarm.connected_peers().copied().collect();
        self.swarm.behaviour_mut().identify.push(peers);
        Ok(json!({}))
    }

    fn gossip(&mut self, command: &Value) -> Answer {
        let gossip = self.swarm.behaviour_mut().gossip.as_mut().ok_or("started without gossipsub")?;
        let topic = gossipsub::IdentTopic::new(text(command, "topic"));
        match text(command, "do") {
            "subscribe" => gossip.subscribe(&topic).map(|_| json!({})).map_err(|error| error.to_string()),
            "unsubscribe" => {
                gossip.unsubscribe(&topic);
                Ok(json!({}))
            }
            "publish" => {
                let data = format!("{:.<1$}", text(command, "text"), number(command, "bytes", 0));
                gossip.publish(topic, data).map(|_| json!({})).map_err(|error| error.to_string())
            }
            _ => {
                let hash = topic.hash();
                let mesh: Vec<_> = gossip.mesh_peers(&hash).map(PeerId::to_string).collect();
                let subscribers: Vec<_> = gossip
                    .all_peers()
                    .filter(|(_, topics)| topics.contains(&&hash))
                    .map(|(peer, _)| peer.to_string())
                    .collect();
                let versions: Vec<_> = gossip
                    .peer_protocol()
                    .filter_map(|(peer, kind)| Some(format!("{peer} {}", version_of(&kind.to_string())?)))
                    .collect();
                Ok(json!({"mesh": mesh, "subscribers": subscribers, "versions": versions}))
            }
        }
    }
}

/// By the name that the library has for it: the type itself is not public.
fn version_of(kind: &str) -> Option<&'static str> {
    match kind {
        "Gossipsub v1.0" => Some("/meshsub/1.0.0"),
        "Gossipsub v1.1" => Some("/meshsub/1.1.0"),
        "Gossipsub v1.2" => Some("/meshsub/1.2.0"),
        _ => None,
    }
}
