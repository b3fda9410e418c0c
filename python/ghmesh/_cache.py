# SPDX-License-Identifier: Apache-2.0 OR MIT
"""GitHubAPICache: the predecessor's class over libghmesh. What is different, and why: docs/python.md."""

import asyncio
import atexit
import collections
import logging
import os
import threading
import time
import weakref

from ._ghmesh import CacheCore, validation_cid_of, validation_fields_of

logger = logging.getLogger("ghmesh")

_TRUE = {"1", "true", "yes", "on"}
_LOG_CALLS_MAX = 100  # as the predecessor keeps
# Of values that are not held, while members of the swarm are asked; a local network answers in a millisecond.
_PEERS_DEADLINE_SECONDS = 1.0

_open_caches = weakref.WeakSet()


@atexit.register
def _close_all():
    """Callbacks of the cache's threads must not meet an interpreter that has ended."""
    for cache in list(_open_caches):
        cache.shutdown()


def _variable(name, default=None):
    value = os.environ.get(name, "")
    return value if value else default


def _private(directory):
    """The store wants a directory that only its owner can enter; in another, it takes a folder of its own."""
    try:
        status = os.stat(directory)
    except OSError:
        return directory
    return directory if not status.st_mode & 0o077 else os.path.join(directory, "ghmesh")


class _Cipher:
    """Says that what is stored is sealed, and nothing else; keys never reach Python."""

    def __repr__(self):
        return "<ghmesh seal: XChaCha20-Poly1305>"


class GitHubAPICache(CacheCore):
    """A persistent, encrypted cache, shared by all processes that use one directory; with P2P, by a swarm.

    ``cache_dir``: None takes ``$CACHE_DIR``, ``$IPFS_ACCELERATE_CACHE_DIR``, ``$GHMESH_CACHE_DIR``, then
    ``~/.cache/ghmesh``. ``default_ttl`` in seconds. ``max_cache_size`` entries; the longest unused go first.
    ``enable_p2p``: None takes ``$CACHE_ENABLE_P2P``, and off where it is not set. The swarm's secret is
    ``p2p_shared_secret``, ``$CACHE_P2P_SHARED_SECRET``, ``$GHMESH_SWARM_SECRET``, or comes from ``$GITHUB_TOKEN``,
    which itself never leaves the process. ``p2p_listen_port`` 0 or None: one that is free.

    Raises OSError when the directory belongs to somebody else, or the swarm cannot be joined for want of a secret.
    """

    # Attributes cost a dictionary look-up each; what get() and put() need stands in CacheCore.
    def __init__(self, cache_dir=None, default_ttl=None, max_cache_size=1000, enable_persistence=True, enable_p2p=None,
                 enable_task_p2p_cache=None, p2p_listen_port=None, p2p_bootstrap_peers=None, github_repo=None,
                 enable_peer_discovery=False, enable_universal_connectivity=False, *, state_dir=None,
                 p2p_shared_secret=None, p2p_listen=None, legacy_p2p=False, legacy_listen=None,
                 legacy_peers=None, durable=False, import_legacy=True):
        if default_ttl is None:
            default_ttl = float(_variable("CACHE_DEFAULT_TTL", 300))
        if enable_p2p is None:
            enable_p2p = (_variable("CACHE_ENABLE_P2P", "") or "").lower() in _TRUE
        if p2p_bootstrap_peers is None:
            p2p_bootstrap_peers = [peer.strip() for peer in _variable("CACHE_BOOTSTRAP_PEERS", "").split(",")
                                   if peer.strip()]
        if p2p_listen_port is None:
            p2p_listen_port = int(_variable("CACHE_LISTEN_PORT", 0))
        cache_dir = cache_dir or _variable("CACHE_DIR") or _variable("IPFS_ACCELERATE_CACHE_DIR")
        options = {"is_persistent": bool(enable_persistence), "default_ttl": float(default_ttl),
                   "entries_max": int(max_cache_size or 0), "is_durable": bool(durable)}
        old_directory = os.fspath(cache_dir) if cache_dir and enable_persistence and os.path.isdir(cache_dir) else None
        if cache_dir:
            options["directory"] = _private(os.fspath(cache_dir))
        if state_dir:
            options["state_directory"] = os.fspath(state_dir)
        if enable_p2p:
            options.update(self._swarm_options(p2p_shared_secret, p2p_listen, p2p_listen_port, p2p_bootstrap_peers,
                                               enable_peer_discovery))
            if legacy_p2p:
                options.update({"speaks_legacy": True, "legacy_peers": list(legacy_peers or [])})
                if legacy_listen:
                    options["legacy_listen"] = list(legacy_listen)
        super().__init__(options)
        self.cache_dir = cache_dir
        self.default_ttl = default_ttl
        self.max_cache_size = max_cache_size
        self.enable_persistence = enable_persistence
        self.github_repo = github_repo
        self.enable_peer_discovery = enable_peer_discovery
        self._bootstrap_peers = list(p2p_bootstrap_peers)
        self._is_closed = False
        self._calls_lock = threading.Lock()
        self._calls = collections.deque(maxlen=_LOG_CALLS_MAX)
        self._calls_made = collections.Counter()
        self._graphql_hits = 0
        self._counted_before = {}  # what clear() takes away from the counters
        self._is_p2p_asked_for = bool(enable_p2p)
        _open_caches.add(self)
        if import_legacy and old_directory and any(name.endswith(".json") for name in os.listdir(old_directory)):
            self.import_legacy(old_directory)

    @staticmethod
    def _swarm_options(secret, listen, port, peers, discovers):
        options = {"is_swarm_on": True, "peers": list(peers), "discovers_locally": bool(discovers),
                   "listen": list(listen or [f"/ip4/127.0.0.1/tcp/{int(port)}"])}
        secret = secret or _variable("CACHE_P2P_SHARED_SECRET") or _variable("GHMESH_SWARM_SECRET")
        if secret:
            options["swarm_secret"] = secret
        else:
            options["token"] = _variable("GITHUB_TOKEN") or _variable("GH_TOKEN", "")
        return options

    # --- get, put, get_stale: CacheCore's own ---

    async def aget(self, operation, *args, validation_fields=None, **kwargs):
        """As get(); on a miss members of the swarm are asked, and the loop goes on meanwhile."""
        held = self.get(operation, *args, validation_fields=validation_fields, **kwargs)
        if held is not None or not self._is_p2p_asked_for or validation_fields:
            return held
        loop = asyncio.get_running_loop()
        answered = loop.create_future()
        self._get_async(self._key_text(operation, *args, **kwargs), _PEERS_DEADLINE_SECONDS, _resolver(loop, answered))
        return await answered

    async def aput(self, operation, data, ttl=None, *args, **kwargs):
        """As put(), and returns when it is on disk. Raises OSError when it cannot be."""
        loop = asyncio.get_running_loop()
        answered = loop.create_future()
        self._put_async(self._key_text(operation, *args, **kwargs), data, ttl, _resolver(loop, answered))
        failure = await answered
        if failure:
            raise OSError(failure)

    def get_from_peers(self, operation, *args, timeout=_PEERS_DEADLINE_SECONDS, **kwargs):
        """As get(); on a miss members of the swarm are asked, for so many seconds. For threads, not for loops."""
        return self._get_within(self._key_text(operation, *args, **kwargs), timeout)

    def invalidate(self, operation, *args, **kwargs):
        """Forgets one entry, in every process. True: there was one."""
        return self._invalidate(operation, *args, **kwargs)

    def invalidate_pattern(self, pattern):
        """Forgets every entry whose key ("operation:argument:name=value") begins with this. Returns how many."""
        return self._invalidate_prefix(pattern)

    def clear(self):
        """Forgets all entries, and begins to count anew. Returns how many there were."""
        count = self._clear()
        with self._calls_lock:
            self._calls.clear()
            self._calls_made.clear()
            self._graphql_hits = 0
            self._counted_before = self._stats()
        return count

    def flush(self, timeout=10.0):
        """Returns when everything put before is on disk. Raises OSError."""
        self._flush(timeout)

    # --- statistics ---

    def get_stats(self):
        """What happened since the cache was made or cleared; ``cache_size`` counts the whole directory."""
        now = self._stats()
        counted = {name: now[name] - self._counted_before.get(name, 0)
                   for name in ("hits", "peer_hits", "misses", "expirations", "evictions", "puts", "stale_hits")}
        with self._calls_lock:
            calls_made, graphql_hits = dict(self._calls_made), self._graphql_hits
        total_hits = counted["hits"]
        total_requests = total_hits + counted["misses"]
        stats = {
            "hits": total_hits - counted["peer_hits"],
            "misses": counted["misses"],
            "peer_hits": counted["peer_hits"],
            "expirations": counted["expirations"],
            "evictions": counted["evictions"],
            "puts": counted["puts"],
            "stale_hits": counted["stale_hits"],
            "api_calls_saved": total_hits,
            "api_calls_made": sum(calls_made.values()),
            "api_calls_by_type": calls_made,
            "graphql_cache_hits": graphql_hits,
            "local_hits": total_hits - counted["peer_hits"],
            "total_hits": total_hits,
            "total_requests": total_requests,
            "hit_rate": total_hits / total_requests if total_requests else 0,
            "cache_size": now["entries_count"],
            "total_entries": now["entries_count"],
            "max_cache_size": self.max_cache_size,
            "p2p_enabled": now["is_swarm_on"],
            "content_addressing_available": True,
            "cache_dir": str(self.cache_dir or "") if self.enable_persistence else "",
            "disk_entries": now["entries_count"] if now["is_on_disk"] else 0,
            "total_size_bytes": now["disk_bytes"],
            "memory_bytes": now["memory_bytes"],
        }
        if self._is_p2p_asked_for:
            stats.update({
                "connected_peers": now["peers_count"],
                "p2p_peers": now["peers_count"],
                "bootstrap_peers_configured": len(self._bootstrap_peers),
                "peer_id": now["peer_id"],
                "p2p_addresses": now["addresses"],
                "legacy_addresses": now["legacy_addresses"],
                "legacy_peers": now["legacy_peers"],
                "is_leading": now["is_leading"],
                "aggregate": self._aggregate(stats, now["peers_count"]),
            })
        return stats

    @staticmethod
    def _aggregate(stats, peers_count):
        """Of this node; what the others count is in ``ghmesh stats --swarm`` of a daemon."""
        names = ("hits", "misses", "peer_hits", "api_calls_saved", "api_calls_made", "cache_size")
        return {**{name: stats[name] for name in names}, "total_peers": peers_count}

    def increment_api_call_count(self, api_type="rest", operation=None):
        """Counts a call that went to GitHub; the last hundred are kept."""
        with self._calls_lock:
            self._calls_made[api_type] += 1
            self._calls.append({"timestamp": time.time(), "api_type": api_type, "operation": operation})

    def increment_graphql_cache_hit(self):
        with self._calls_lock:
            self._graphql_hits += 1

    def get_api_call_log(self):
        """The last hundred calls, the oldest first."""
        with self._calls_lock:
            return list(self._calls)

    def __len__(self):
        return self._stats()["entries_count"]

    # --- moving from and to the predecessor ---

    def entries(self):
        """(joined key, data, written at, ttl) of every entry, fresh or not."""
        return self._entries()

    # --- the end ---

    def shutdown(self):
        """Writes what is queued, leaves the swarm, ends every thread. Again is fine."""
        if not self._is_closed:
            self._is_closed = True
            self._close()

    close = shutdown

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.shutdown()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await asyncio.get_running_loop().run_in_executor(None, self.shutdown)

    # --- names that the predecessor's own tests use ---

    _compute_validation_hash = staticmethod(validation_cid_of)
    _extract_validation_fields = staticmethod(validation_fields_of)

    @property
    def enable_p2p(self):
        """Whether a host listens, here or in the process that leads."""
        return self._stats()["is_swarm_on"]

    @property
    def _cipher(self):
        return _Cipher() if self._stats()["is_on_disk"] or self._is_p2p_asked_for else None

    @property
    def peer_id(self):
        return self._stats()["peer_id"]

    @property
    def p2p_addresses(self):
        return self._stats()["addresses"]

    @staticmethod
    def _make_cache_key(operation, *args, **kwargs):
        return ":".join([operation, *map(str, args), *(f"{name}={value}" for name, value in sorted(kwargs.items()))])


def _resolver(loop, future):
    """Called on a thread of the cache. A loop that was closed, or a waiter that was cancelled, needs no answer."""
    def resolve(result):
        if not future.done():
            future.set_result(result)

    def hand_over(result):
        try:
            loop.call_soon_threadsafe(resolve, result)
        except RuntimeError:  # the loop is closed
            pass

    return hand_over


_global_lock = threading.Lock()
_global_cache = None


def get_global_cache(**options):
    """The cache of this process, made on first use with these options and the environment."""
    global _global_cache
    with _global_lock:
        if _global_cache is None or _global_cache._is_closed:
            _global_cache = GitHubAPICache(**options)
        return _global_cache


def configure_cache(**options):
    """Closes the cache of this process and makes another."""
    global _global_cache
    with _global_lock:
        if _global_cache is not None:
            _global_cache.shutdown()
        _global_cache = GitHubAPICache(**options)
        return _global_cache


def _forget_locks_of_the_parent():
    global _global_lock
    _global_lock = threading.Lock()
    for cache in list(_open_caches):
        cache._calls_lock = threading.Lock()


os.register_at_fork(after_in_child=_forget_locks_of_the_parent)
