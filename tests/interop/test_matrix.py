# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The matrix: each scene with the subject as dialer and as listener of each partner; gossip in one mixed swarm.

`make check` runs ghmesh with js, `make interop` with all that are built. `--subject js --with go` needs no ghmesh.
"""

import functools

import pytest

import forged
import scenes
from peers import IMPLEMENTATIONS

SWARM = 4  # nodes of each of the two


@pytest.fixture
def note(record_property):
    """Says to which line and column of the report a test belongs."""
    def note_cell(line, pair):
        record_property("cell", (line, " → ".join(pair)))
    return note_cell


@pytest.mark.parametrize("line", scenes.PAIR_SCENES)
def test_pair(line, pair, start, note):
    note(line, pair)
    dialer, listener = start(pair[0], "dialer"), start(pair[1], "listener")
    scenes.PAIR_SCENES[line](dialer, listener)


def test_wrong_peer_id_is_refused(pair, start, note):
    """The `/p2p/` is that of somebody else."""
    note("wrong peer id refused", pair)
    dialer, listener = start(pair[0], "dialer"), start(pair[1], "listener")
    scenes.wrong_peer_id(dialer, listener, start(pair[1], "listener").id)


def test_inlined_muxers(pair, start, note):
    note("inlined muxers on and off", pair)
    scenes.inlined_muxers(functools.partial(start, pair[0], "dialer"), functools.partial(start, pair[1], "listener"))


@pytest.mark.parametrize("version", ["1.1", "1.2", "mixed"])
def test_gossip(version, subject, partner, start, note):
    """Four and four. Mixed: two of each know 1.1 only."""
    note(f"gossipsub {'1.1 and 1.2 mixed' if version == 'mixed' else version}", (subject, partner))
    speaks = {}
    nodes = []
    for index in range(2 * SWARM):
        name, role = ((subject, "dialer"), (partner, "listener"))[index % 2]
        newest = ("1.1", "1.2")[index // 2 % 2] if version == "mixed" else version
        if newest not in IMPLEMENTATIONS[name].gossipsub:
            newest = "1.1"
        nodes.append(start(name, role, gossipsub=newest))
        speaks[nodes[-1].id] = newest
    scenes.gossip(nodes, "ghmesh-interop-1", lambda one, other: min(speaks[one.id], speaks[other.id]))


@pytest.mark.parametrize("flaw", forged.FLAWS)
def test_forged_message_is_refused(flaw, subject, partner, start, note):
    """Of two messages in one frame, the one that is not signed as it should be is not delivered, the other is."""
    note("forged messages refused", (subject, partner))
    for name, role in ((subject, "dialer"), (partner, "listener")):
        attacker = start("js", "attacker", gossipsub="mute")
        forged.send_and_see(flaw, attacker, start(name, role, gossipsub="1.2"))
