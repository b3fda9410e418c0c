// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Plain streams of rust-libp2p: what `libp2p-stream` does, but without dropping those that come faster than they are
//! taken. Inbound streams go into one channel; an outbound one is asked for with `open`.

use std::{
    collections::VecDeque,
    convert::Infallible,
    future::{ready, Ready},
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use libp2p::{
    core::{transport::PortUse, upgrade::UpgradeInfo, Endpoint},
    swarm::{
        handler::{ConnectionEvent, DialUpgradeError, FullyNegotiatedInbound, FullyNegotiatedOutbound},
        ConnectionDenied, ConnectionHandler, ConnectionHandlerEvent, ConnectionId, FromSwarm, NetworkBehaviour,
        NotifyHandler, StreamUpgradeError, SubstreamProtocol, THandler, THandlerInEvent, THandlerOutEvent, ToSwarm,
    },
    InboundUpgrade, Multiaddr, OutboundUpgrade, PeerId, Stream, StreamProtocol,
};
use tokio::sync::{mpsc, oneshot};

type Served = Arc<Mutex<Vec<StreamProtocol>>>;
type Inbound = mpsc::UnboundedSender<(PeerId, StreamProtocol, Stream)>;
type Opened = oneshot::Sender<Result<Stream, String>>;

pub struct Behaviour {
    served: Served,
    inbound: Inbound,
    wanted: VecDeque<(PeerId, Open)>,
}

#[derive(Debug)]
pub struct Open {
    protocol: StreamProtocol,
    opened: Opened,
}

impl Behaviour {
    pub fn new(inbound: Inbound) -> Self {
        Self { served: Served::default(), inbound, wanted: VecDeque::new() }
    }

    pub fn serve(&mut self, protocol: StreamProtocol) {
        self.served.lock().unwrap().push(protocol);
    }

    pub fn open(&mut self, peer: PeerId, protocol: StreamProtocol, opened: Opened) {
        self.wanted.push_back((peer, Open { protocol, opened }));
    }

    fn handler(&self, peer: PeerId) -> Handler {
        Handler { peer, served: self.served.clone(), inbound: self.inbound.clone(), wanted: VecDeque::new() }
    }
}

impl NetworkBehaviour for Behaviour {
    type ConnectionHandler = Handler;
    type ToSwarm = Infallible;

    fn handle_established_inbound_connection(
        &mut self, _: ConnectionId, peer: PeerId, _: &Multiaddr, _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(self.handler(peer))
    }

    fn handle_established_outbound_connection(
        &mut self, _: ConnectionId, peer: PeerId, _: &Multiaddr, _: Endpoint, _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(self.handler(peer))
    }

    fn on_swarm_event(&mut self, _: FromSwarm) {}

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        match self.wanted.pop_front() {
            Some((peer_id, event)) => {
                Poll::Ready(ToSwarm::NotifyHandler { peer_id, handler: NotifyHandler::Any, event })
            }
            None => Poll::Pending,
        }
    }
}

pub struct Handler {
    peer: PeerId,
    served: Served,
    inbound: Inbound,
    wanted: VecDeque<Open>,
}

impl ConnectionHandler for Handler {
    type FromBehaviour = Open;
    type ToBehaviour = Infallible;
    type InboundProtocol = Upgrade;
    type OutboundProtocol = Upgrade;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = Opened;

    fn listen_protocol(&self) -> SubstreamProtocol<Upgrade, ()> {
        SubstreamProtocol::new(Upgrade(self.served.lock().unwrap().clone()), ())
    }

    fn on_behaviour_event(&mut self, wanted: Open) {
        self.wanted.push_back(wanted);
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ConnectionHandlerEvent<Upgrade, Opened, Infallible>> {
        match self.wanted.pop_front() {
            Some(Open { protocol, opened }) => Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest {
                protocol: SubstreamProtocol::new(Upgrade(vec![protocol]), opened),
            }),
            None => Poll::Pending,
        }
    }

    fn on_connection_event(&mut self, event: ConnectionEvent<Upgrade, Upgrade, (), Opened>) {
        match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound { protocol: (stream, protocol), .. }) => {
                let _ = self.inbound.send((self.peer, protocol, stream));
            }
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound { protocol: (stream, _), info }) => {
                let _ = info.send(Ok(stream));
            }
            ConnectionEvent::DialUpgradeError(DialUpgradeError { info, error }) => {
                let _ = info.send(Err(match error {
                    StreamUpgradeError::Apply(never) => match never {},
                    error => error.to_string(),
                }));
            }
            _ => {}
        }
    }
}

/// Negotiates one of these protocols, and hands the stream over as it is.
pub struct Upgrade(Vec<StreamProtocol>);

impl UpgradeInfo for Upgrade {
    type Info = StreamProtocol;
    type InfoIter = std::vec::IntoIter<StreamProtocol>;

    fn protocol_info(&self) -> Self::InfoIter {
        self.0.clone().into_iter()
    }
}

impl InboundUpgrade<Stream> for Upgrade {
    type Output = (Stream, StreamProtocol);
    type Error = Infallible;
    type Future = Ready<Result<Self::Output, Self::Error>>;

    fn upgrade_inbound(self, stream: Stream, protocol: StreamProtocol) -> Self::Future {
        ready(Ok((stream, protocol)))
    }
}

impl OutboundUpgrade<Stream> for Upgrade {
    type Output = (Stream, StreamProtocol);
    type Error = Infallible;
    type Future = Ready<Result<Self::Output, Self::Error>>;

    fn upgrade_outbound(self, stream: Stream, protocol: StreamProtocol) -> Self::Future {
        ready(Ok((stream, protocol)))
    }
}
