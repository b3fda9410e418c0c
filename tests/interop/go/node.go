// SPDX-License-Identifier: Apache-2.0 OR MIT

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/net/upgrader"
	"github.com/libp2p/go-libp2p/p2p/protocol/ping"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
)

var agent = "go-libp2p/" + versionOf("github.com/libp2p/go-libp2p")

func versionOf(module string) string {
	info, _ := debug.ReadBuildInfo()
	for _, dependency := range info.Deps {
		if dependency.Path == module {
			return dependency.Version
		}
	}
	return "unknown"
}

type node struct {
	name   string
	host   host.Host
	gossip *gossip

	mutex      sync.Mutex
	changed    *sync.Cond
	identities map[peer.ID]event.EvtPeerIdentificationCompleted
}

func (n *node) tell(kind string, fields answer) {
	line := answer{"event": kind, "node": n.name}
	for name, value := range fields {
		line[name] = value
	}
	write(line)
}

func (n *node) address() string {
	return fmt.Sprintf("%s/p2p/%s", n.host.Addrs()[0], n.host.ID())
}

// Noise as ever, or Noise that names no muxers and so leaves them to multistream.
func security(inlines bool) libp2p.Option {
	if inlines {
		return libp2p.Security(noise.ID, noise.New)
	}
	return libp2p.Security(noise.ID, func(id protocol.ID, key crypto.PrivKey) (*noise.Transport, error) {
		return noise.New(id, key, []upgrader.StreamMuxer{})
	})
}

func startNode(c command) (*node, error) {
	seed := make([]byte, 32)
	if _, err := rand.Read(seed); err != nil {
		return nil, err
	}
	if c.Seed != "" {
		var err error
		if seed, err = hex.DecodeString(c.Seed); err != nil {
			return nil, err
		}
	}
	key, _, err := crypto.GenerateEd25519Key(bytes.NewReader(seed))
	if err != nil {
		return nil, err
	}
	listen := c.Listen
	if listen == "" {
		listen = "/ip4/127.0.0.1/tcp/0"
	}
	h, err := libp2p.New(libp2p.Identity(key), libp2p.ListenAddrStrings(listen),
		libp2p.Transport(tcp.NewTCPTransport), security(c.InlineMuxers == nil || *c.InlineMuxers),
		libp2p.Muxer(yamux.ID, yamux.DefaultTransport), libp2p.UserAgent(agent), libp2p.ProtocolVersion("ipfs/0.1.0"),
		libp2p.DisableRelay(),
		libp2p.ResourceManager(&network.NullResourceManager{}))
	if err != nil {
		return nil, err
	}
	n := &node{name: c.Node, host: h, identities: map[peer.ID]event.EvtPeerIdentificationCompleted{}}
	n.changed = sync.NewCond(&n.mutex)
	if err := n.listenToEvents(); err != nil {
		return nil, err
	}
	n.serve()
	if c.Gossipsub != "" {
		n.gossip, err = startGossip(n, c.Gossipsub)
	}
	return n, err
}

func (n *node) stop() error {
	if n.gossip != nil {
		n.gossip.cancel()
	}
	return n.host.Close()
}

func (n *node) listenToEvents() error {
	n.host.Network().Notify(&network.NotifyBundle{
		ConnectedF: func(_ network.Network, c network.Conn) {
			direction := "out"
			if c.Stat().Direction == network.DirInbound {
				direction = "in"
			}
			n.tell("connected", answer{"peer": c.RemotePeer().String(), "direction": direction,
				"inlined": c.ConnState().UsedEarlyMuxerNegotiation})
		},
		DisconnectedF: func(_ network.Network, c network.Conn) {
			n.mutex.Lock()
			delete(n.identities, c.RemotePeer())
			n.mutex.Unlock()
			n.tell("disconnected", answer{"peer": c.RemotePeer().String()})
		},
	})
	subscription, err := n.host.EventBus().Subscribe([]any{new(event.EvtPeerIdentificationCompleted),
		new(event.EvtPeerProtocolsUpdated)})
	if err != nil {
		return err
	}
	go func() {
		for found := range subscription.Out() {
			switch e := found.(type) {
			case event.EvtPeerIdentificationCompleted:
				n.mutex.Lock()
				n.identities[e.Peer] = e
				n.changed.Broadcast()
				n.mutex.Unlock()
				n.tell("identified", answer{"peer": e.Peer.String(), "protocols": e.Protocols})
			case event.EvtPeerProtocolsUpdated:
				n.tell("identified", answer{"peer": e.Peer.String(), "protocols": n.protocols(e.Peer)})
			}
		}
	}()
	return nil
}

func (n *node) protocols(of peer.ID) []protocol.ID {
	known, _ := n.host.Peerstore().GetProtocols(of)
	return known
}

func (n *node) identity(of peer.ID) (event.EvtPeerIdentificationCompleted, error) {
	timer := time.AfterFunc(patience, n.changed.Broadcast)
	defer timer.Stop()
	deadline := time.Now().Add(patience)
	n.mutex.Lock()
	defer n.mutex.Unlock()
	for {
		if found, isKnown := n.identities[of]; isKnown {
			return found, nil
		}
		if !time.Now().Before(deadline) {
			return event.EvtPeerIdentificationCompleted{}, fmt.Errorf("%s did not identify itself", of)
		}
		n.changed.Wait()
	}
}

var commands = map[string]func(*node, command) (answer, error){
	"dial": func(n *node, c command) (answer, error) {
		info, err := peer.AddrInfoFromString(c.Address)
		if err != nil {
			return nil, err
		}
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		return answer{"peer": info.ID.String()}, n.host.Connect(ctx, *info)
	},
	"hang_up": withPeer(func(n *node, other peer.ID, _ command) (answer, error) {
		return nil, n.host.Network().ClosePeer(other)
	}),
	"peers": func(n *node, _ command) (answer, error) {
		return answer{"peers": texts(n.host.Network().Peers())}, nil
	},
	"ping": withPeer(func(n *node, other peer.ID, c command) (answer, error) {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		results := ping.Ping(ctx, n.host, other)
		count := max(c.Count, 1)
		for range count {
			if result := <-results; result.Error != nil {
				return nil, result.Error
			}
		}
		return answer{"count": count}, nil
	}),
	"identify": withPeer(func(n *node, other peer.ID, _ command) (answer, error) {
		said, err := n.identity(other)
		if err != nil {
			return nil, err
		}
		addresses := []string{}
		for _, address := range said.ListenAddrs {
			addresses = append(addresses, address.String())
		}
		record := "none"
		if said.SignedPeerRecord != nil {
			record = "verified"
		}
		return answer{"agent": said.AgentVersion, "protocol_version": said.ProtocolVersion,
			"protocols": n.protocols(other), "addresses": addresses, "signed_record": record}, nil
	}),
	"push": func(n *node, c command) (answer, error) {
		n.host.SetStreamHandler(protocol.ID(c.Protocol), handleEcho) // which pushes
		return nil, nil
	},
	"echo":        withPeer(echo),
	"reset":       withPeer(reset),
	"greet":       withPeer(greet),
	"transfer":    withPeer(transfer),
	"subscribe":   withGossip((*gossip).subscribe),
	"unsubscribe": withGossip((*gossip).unsubscribe),
	"publish":     withGossip((*gossip).publish),
	"gossip":      withGossip((*gossip).state),
}

func withPeer(run func(*node, peer.ID, command) (answer, error)) func(*node, command) (answer, error) {
	return func(n *node, c command) (answer, error) {
		other, err := peer.Decode(c.Peer)
		if err != nil {
			return nil, err
		}
		if n.host.Network().Connectedness(other) != network.Connected {
			return nil, fmt.Errorf("not connected to %s", other)
		}
		return run(n, other, c)
	}
}

func texts(ids []peer.ID) []string {
	out := []string{}
	for _, id := range ids {
		out = append(out, id.String())
	}
	return out
}
