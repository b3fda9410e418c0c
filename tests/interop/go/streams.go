// SPDX-License-Identifier: Apache-2.0 OR MIT

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
)

const (
	echoProtocol  = "/ghmesh/echo/1.0.0"
	sinkProtocol  = "/ghmesh/sink/1.0.0"
	greetProtocol = "/ghmesh/greet/1.0.0"
	resetProtocol = "/ghmesh/reset/1.0.0"
	chunkBytes    = 65536
)

// What came over a stream, and how it ended.
type counted struct {
	bytes int64
	hash  hash.Hash
	how   string
}

func readCounted(s network.Stream, firstRead ...byte) counted {
	seen := counted{hash: sha256.New(), how: "closed"}
	seen.hash.Write(firstRead)
	count, err := io.CopyBuffer(seen.hash, struct{ io.Reader }{s}, make([]byte, chunkBytes))
	if err != nil {
		seen.how = "reset"
	}
	seen.bytes = count + int64(len(firstRead))
	return seen
}

func handleEcho(s network.Stream) {
	if _, err := io.Copy(struct{ io.Writer }{s}, struct{ io.Reader }{s}); err != nil {
		s.Reset()
		return
	}
	s.Close()
}

func handleSink(s network.Stream) counted {
	seen := readCounted(s)
	if seen.how == "closed" {
		s.Write(seen.hash.Sum(binary.BigEndian.AppendUint64(nil, uint64(seen.bytes))))
		s.Close()
	}
	return seen
}

func handleGreet(s network.Stream) counted {
	s.Write([]byte("hello"))
	s.CloseWrite()
	seen := readCounted(s)
	s.Close()
	return seen
}

func handleReset(s network.Stream) counted {
	first := make([]byte, 1)
	if _, err := io.ReadFull(s, first); err != nil || first[0] == 'h' {
		s.Reset()
		return counted{1, sha256.New(), "reset"}
	}
	s.Write(first)
	return readCounted(s, first...)
}

func (n *node) serve() {
	n.host.SetStreamHandler(echoProtocol, handleEcho)
	for id, handle := range map[protocol.ID]func(network.Stream) counted{
		sinkProtocol: handleSink, greetProtocol: handleGreet, resetProtocol: handleReset,
	} {
		n.host.SetStreamHandler(id, func(s network.Stream) {
			seen := handle(s)
			n.tell("stream_ended", answer{"peer": s.Conn().RemotePeer().String(), "protocol": id, "how": seen.how,
				"bytes": seen.bytes, "sha256": hex.EncodeToString(seen.hash.Sum(nil))})
		})
	}
}

func (n *node) open(other peer.ID, id string, seconds time.Duration) (network.Stream, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	s, err := n.host.NewStream(ctx, other, protocol.ID(id))
	if err == nil {
		s.SetDeadline(time.Now().Add(seconds))
	}
	return s, err
}

func randomBytes(count int) []byte {
	out := make([]byte, count)
	rand.Read(out)
	return out
}

func echo(n *node, other peer.ID, c command) (answer, error) {
	if c.Protocol == "" {
		c.Protocol = echoProtocol
	}
	count := max(c.Parallel, 1)
	streams := make([]network.Stream, count)
	for index := range streams {
		var err error
		if streams[index], err = n.open(other, c.Protocol, patience); err != nil {
			return nil, err
		}
	}
	// Each writes and reads at once; none is closed before all have been opened.
	results := make(chan error)
	for _, s := range streams {
		go func() {
			sent := randomBytes(c.Bytes)
			written := make(chan error, 1)
			go func() {
				_, err := s.Write(sent)
				if err == nil {
					err = s.CloseWrite()
				}
				written <- err
			}()
			received, err := io.ReadAll(s)
			if err == nil {
				err = <-written
			}
			if err == nil && !bytes.Equal(sent, received) {
				err = fmt.Errorf("%d bytes came back as %d others", len(sent), len(received))
			}
			s.Close()
			results <- err
		}()
	}
	var failure error
	for range streams {
		if err := <-results; err != nil {
			failure = err
		}
	}
	return answer{"streams": count, "bytes": count * c.Bytes}, failure
}

func transfer(n *node, other peer.ID, c command) (answer, error) {
	started := time.Now()
	s, err := n.open(other, sinkProtocol, transferMax)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	sum := sha256.New()
	for at := 0; at < c.Bytes; at += chunkBytes {
		chunk := randomBytes(min(chunkBytes, c.Bytes-at))
		sum.Write(chunk)
		if _, err := s.Write(chunk); err != nil {
			return nil, err
		}
	}
	if err := s.CloseWrite(); err != nil {
		return nil, err
	}
	said, err := io.ReadAll(s)
	if err != nil {
		return nil, err
	}
	if expected := sum.Sum(binary.BigEndian.AppendUint64(nil, uint64(c.Bytes))); !bytes.Equal(said, expected) {
		return nil, fmt.Errorf("the sink answered %x instead of %x", said, expected)
	}
	return answer{"bytes": c.Bytes, "sha256": hex.EncodeToString(sum.Sum(nil)),
		"milliseconds": time.Since(started).Milliseconds()}, nil
}

func greet(n *node, other peer.ID, c command) (answer, error) {
	s, err := n.open(other, greetProtocol, patience)
	if err != nil {
		return nil, err
	}
	greeting, err := io.ReadAll(s)
	if err != nil {
		return nil, err
	}
	if _, err := s.Write(randomBytes(c.Bytes)); err != nil {
		return nil, err
	}
	return answer{"greeting": string(greeting), "bytes": c.Bytes}, s.Close()
}

func reset(n *node, other peer.ID, c command) (answer, error) {
	s, err := n.open(other, resetProtocol, patience)
	if err != nil {
		return nil, err
	}
	if c.By == "handler" {
		if _, err := s.Write([]byte("h")); err != nil {
			return nil, err
		}
		return answer{"seen": readCounted(s).how}, nil
	}
	if _, err := s.Write([]byte("o")); err != nil {
		return nil, err
	}
	if _, err := io.ReadFull(s, make([]byte, 1)); err != nil {
		return nil, err
	}
	return answer{"seen": "reset"}, s.Reset()
}
