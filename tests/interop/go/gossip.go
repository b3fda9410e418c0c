// SPDX-License-Identifier: Apache-2.0 OR MIT

package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
)

type gossip struct {
	node          *node
	service       *pubsub.PubSub
	tracer        *tracer
	context       context.Context
	cancel        context.CancelFunc
	mutex         sync.Mutex
	topics        map[string]*pubsub.Topic
	subscriptions map[string]*pubsub.Subscription
}

// Sees who is in which mesh and what was negotiated: nothing else tells.
type tracer struct {
	mutex    sync.Mutex
	versions map[peer.ID]protocol.ID
	meshes   map[string]map[peer.ID]bool
}

func (t *tracer) change(run func()) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	run()
}

func (t *tracer) OnNewOutboundStream(p peer.ID, version protocol.ID) {
	t.change(func() { t.versions[p] = version })
}

func (t *tracer) OnClosedOutboundStream(p peer.ID) { t.change(func() { delete(t.versions, p) }) }
func (t *tracer) Join(topic string)                { t.change(func() { t.meshes[topic] = map[peer.ID]bool{} }) }
func (t *tracer) Leave(topic string)               { t.change(func() { delete(t.meshes, topic) }) }
func (t *tracer) Graft(p peer.ID, topic string)    { t.change(func() { t.meshes[topic][p] = true }) }
func (t *tracer) Prune(p peer.ID, topic string)    { t.change(func() { delete(t.meshes[topic], p) }) }

func (t *tracer) ValidateMessage(*pubsub.Message)                      {}
func (t *tracer) DeliverMessage(*pubsub.Message)                       {}
func (t *tracer) RejectMessage(*pubsub.Message, string)                {}
func (t *tracer) DuplicateMessage(*pubsub.Message)                     {}
func (t *tracer) ThrottlePeer(peer.ID)                                 {}
func (t *tracer) RecvRPC(*pubsub.RPC)                                  {}
func (t *tracer) SendRPC(*pubsub.RPC, peer.ID)                         {}
func (t *tracer) SendRPCCompleted(*pubsub.RPC, peer.ID, time.Duration) {}
func (t *tracer) DropRPC(*pubsub.RPC, peer.ID)                         {}
func (t *tracer) UndeliverableMessage(*pubsub.Message)                 {}

func startGossip(n *node, newest string) (*gossip, error) {
	versions := []protocol.ID{pubsub.GossipSubID_v12, pubsub.GossipSubID_v11, pubsub.GossipSubID_v10}
	first := slices.Index(versions, protocol.ID("/meshsub/"+newest+".0"))
	if first < 0 {
		return nil, fmt.Errorf("no gossipsub %s here", newest)
	}
	g := &gossip{node: n, topics: map[string]*pubsub.Topic{}, subscriptions: map[string]*pubsub.Subscription{},
		tracer: &tracer{versions: map[peer.ID]protocol.ID{}, meshes: map[string]map[peer.ID]bool{}}}
	g.context, g.cancel = context.WithCancel(context.Background())
	var err error
	g.service, err = pubsub.NewGossipSub(g.context, n.host, pubsub.WithMessageSignaturePolicy(pubsub.StrictSign),
		pubsub.WithFloodPublish(true), pubsub.WithRawTracer(g.tracer),
		pubsub.WithGossipSubProtocols(versions[first:], pubsub.GossipSubDefaultFeatures))
	return g, err
}

func withGossip(run func(*gossip, command) (answer, error)) func(*node, command) (answer, error) {
	return func(n *node, c command) (answer, error) {
		if n.gossip == nil {
			return nil, fmt.Errorf("the node '%s' was started without gossipsub", n.name)
		}
		return run(n.gossip, c)
	}
}

func (g *gossip) topic(name string) (*pubsub.Topic, error) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if topic := g.topics[name]; topic != nil {
		return topic, nil
	}
	topic, err := g.service.Join(name)
	if err != nil {
		return nil, err
	}
	g.topics[name] = topic
	joins, err := topic.EventHandler()
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			found, err := joins.NextPeerEvent(g.context)
			if err != nil {
				return
			}
			if found.Type == pubsub.PeerJoin {
				g.node.tell("subscribed", answer{"peer": found.Peer.String(), "topic": name})
			}
		}
	}()
	return topic, nil
}

func (g *gossip) subscribe(c command) (answer, error) {
	topic, err := g.topic(c.Topic)
	if err != nil {
		return nil, err
	}
	subscription, err := topic.Subscribe(pubsub.WithBufferSize(10000))
	if err != nil {
		return nil, err
	}
	g.mutex.Lock()
	g.subscriptions[c.Topic] = subscription
	g.mutex.Unlock()
	go func() {
		for {
			message, err := subscription.Next(g.context)
			if err != nil {
				return
			}
			if message.GetFrom() != g.node.host.ID() {
				sum := sha256.Sum256(message.GetData())
				g.node.tell("message", answer{"topic": c.Topic, "from": message.GetFrom().String(),
					"bytes": len(message.GetData()), "sha256": hex.EncodeToString(sum[:])})
			}
		}
	}()
	return nil, nil
}

func (g *gossip) unsubscribe(c command) (answer, error) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if subscription := g.subscriptions[c.Topic]; subscription != nil {
		subscription.Cancel()
		delete(g.subscriptions, c.Topic)
	}
	return nil, nil
}

func (g *gossip) publish(c command) (answer, error) {
	topic, err := g.topic(c.Topic)
	if err != nil {
		return nil, err
	}
	text := c.Text + strings.Repeat(".", max(0, c.Bytes-len(c.Text)))
	return nil, topic.Publish(g.context, []byte(text))
}

func (g *gossip) state(c command) (answer, error) {
	g.tracer.mutex.Lock()
	defer g.tracer.mutex.Unlock()
	mesh, versions := []string{}, []string{}
	for id := range g.tracer.meshes[c.Topic] {
		mesh = append(mesh, id.String())
	}
	for id, version := range g.tracer.versions {
		versions = append(versions, fmt.Sprintf("%s %s", id, version))
	}
	return answer{"mesh": mesh, "subscribers": texts(g.service.ListPeers(c.Topic)), "versions": versions}, nil
}
