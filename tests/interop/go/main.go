// SPDX-License-Identifier: Apache-2.0 OR MIT

// go-libp2p as a peer of the interoperability suite: the contract is in ../README.md. Several nodes to a process.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"
)

// A command with all fields that any command has.
type command struct {
	ID           int    `json:"id"`
	Do           string `json:"do"`
	Node         string `json:"node"`
	Listen       string `json:"listen"`
	Seed         string `json:"seed"`
	InlineMuxers *bool  `json:"inline_muxers"`
	Gossipsub    string `json:"gossipsub"`
	Address      string `json:"address"`
	Peer         string `json:"peer"`
	Protocol     string `json:"protocol"`
	By           string `json:"by"`
	Topic        string `json:"topic"`
	Text         string `json:"text"`
	Count        int    `json:"count"`
	Parallel     int    `json:"parallel"`
	Bytes        int    `json:"bytes"`
}

type answer map[string]any

var (
	output      sync.Mutex
	nodesMutex  sync.Mutex
	nodes       = map[string]*node{}
	patience    = 18 * time.Second
	transferMax = 58 * time.Second
)

func write(line answer) {
	text, err := json.Marshal(line)
	if err != nil {
		panic(err)
	}
	output.Lock()
	defer output.Unlock()
	os.Stdout.Write(append(text, '\n'))
}

func carryOut(c command) (answer, error) {
	nodesMutex.Lock()
	n, isKnown := nodes[c.Node]
	nodesMutex.Unlock()
	if c.Do == "start" {
		if isKnown {
			return nil, fmt.Errorf("the node '%s' has been started", c.Node)
		}
		n, err := startNode(c)
		if err != nil {
			return nil, err
		}
		nodesMutex.Lock()
		nodes[c.Node] = n
		nodesMutex.Unlock()
		return answer{"peer": n.host.ID().String(), "address": n.address(), "agent": agent}, nil
	}
	if !isKnown {
		return nil, fmt.Errorf("there is no node '%s'", c.Node)
	}
	if c.Do == "stop" {
		nodesMutex.Lock()
		delete(nodes, c.Node)
		nodesMutex.Unlock()
		return nil, n.stop()
	}
	run, isKnown := commands[c.Do]
	if !isKnown {
		return nil, fmt.Errorf("unknown command '%s'", c.Do)
	}
	return run(n, c)
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var c command
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			panic(err)
		}
		go func() {
			done, err := carryOut(c)
			if err != nil {
				write(answer{"id": c.ID, "error": err.Error()})
				return
			}
			line := answer{"id": c.ID, "ok": true}
			for name, value := range done {
				line[name] = value
			}
			write(line)
		}()
	}
}
