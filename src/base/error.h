// SPDX-License-Identifier: Apache-2.0 OR MIT
// Everything that can go wrong, one line each. An Errc says what happened; whoever logs it adds where and to whom,
// because only the caller knows that.
#pragma once

#include <boost/system/error_code.hpp>
#include <type_traits>

namespace ghmesh {

// X(name, text). The name is what metrics and tests say; the text is what a person reads.
#define GHMESH_ERRORS(X) \
  /* bytes and text */ \
  X(truncated, "the input ended too early") \
  X(malformed, "the input does not follow its format") \
  X(too_large, "the input is larger than its limit") \
  X(not_found, "there is no such thing") \
  X(unsupported, "this kind or version is not supported") \
  X(limit_reached, "a limit of this node is reached") \
  X(timed_out, "the deadline has passed") \
  X(cancelled, "the operation was cancelled") \
  /* crypto */ \
  X(seal_rejected, "the sealed bytes are not authentic") \
  X(crypto_failed, "the crypto library reported a failure") \
  /* http: each is answered with one status, see net/http_server.h */ \
  X(http_malformed, "the request is not valid HTTP/1.1") \
  X(http_header_too_large, "the request's head is larger than its limit") \
  X(http_body_too_large, "the request's body is larger than its limit") \
  X(http_timeout, "the request did not arrive in time") \
  X(http_misdirected, "this host is not served here") \
  X(http_forbidden_origin, "requests from web pages are refused") \
  X(http_unsupported, "this part of HTTP is not supported here") \
  /* upstream */ \
  X(upstream_unreachable, "the upstream cannot be reached") \
  X(upstream_broken, "the upstream's answer is not complete or not valid") \
  X(upstream_too_large, "the upstream's answer is larger than its limit") \
  X(upstream_timeout, "the upstream did not answer in time") \
  /* multistream-select */ \
  X(multistream_malformed, "a multistream message does not follow its format") \
  X(multistream_refused, "the peer speaks none of the protocols that were proposed") \
  /* noise: the handshake or the session is finished */ \
  X(noise_malformed, "a noise message does not follow its format") \
  X(noise_rejected, "a noise message is not authentic") \
  X(noise_identity, "the peer does not prove its identity") \
  X(noise_wrong_peer, "the peer is another than the one that was dialed") \
  X(noise_no_muxer, "the peer speaks none of our stream multiplexers") \
  X(noise_exhausted, "the noise session has used all its nonces") \
  X(noise_closed, "the noise session has ended") \
  /* yamux: the peer broke the protocol, or is gone; the session is finished */ \
  X(yamux_malformed, "a yamux frame has an unknown version, type, flag or place") \
  X(yamux_stream_id, "a yamux frame names a stream that it may not name") \
  X(yamux_window_exceeded, "a yamux stream sent more than its window") \
  X(yamux_window_overflow, "a yamux window update overflows the window") \
  X(yamux_keepalive, "the yamux peer does not answer") \
  X(yamux_stalled, "the yamux peer does not read") \
  X(yamux_going_away, "the yamux session accepts no new streams") \
  X(yamux_exhausted, "the yamux session has used all its stream ids") \
  X(yamux_closed, "the yamux stream is closed") \
  /* connection and swarm */ \
  X(connection_slow, "the peer does not complete the handshake in time") \
  X(connection_refused, "the peer or its address is not allowed here") \
  X(connection_lost, "the connection to the peer has ended") \
  X(dial_backoff, "the peer could not be reached a moment ago") \
  X(dial_failed, "none of the peer's addresses can be reached") \
  X(dial_no_address, "no address of the peer is known that could be dialed") \
  /* names: DNS and multicast DNS */ \
  X(dns_malformed, "a DNS message does not follow its format") \
  X(dns_failed, "the name servers cannot answer") \
  /* signed records */ \
  X(record_malformed, "a signed record does not follow its format") \
  X(record_rejected, "a signed record is not authentic, or not of the wanted kind") \
  X(record_wrong_peer, \
    "a signed record speaks of another peer than its signer or the expected one") \
  /* identify, ping, perf: the stream is finished, the connection may go on */ \
  X(identify_malformed, "an identify message does not follow its format") \
  X(identify_too_large, "an identify message is larger than its limits") \
  X(identify_wrong_key, "an identify message names another key than the authenticated one") \
  X(ping_malformed, "a ping ended before it was whole") \
  X(ping_wrong_echo, "a ping came back changed, or before it was sent") \
  X(perf_malformed, "a perf stream does not have the bytes that it promised") \
  X(perf_too_large, "a perf stream asks for more than its limit") \
  /* gossipsub: the peer broke the format; or a message of ours that was said already */ \
  X(gossipsub_malformed, "a gossipsub RPC does not follow its format") \
  X(gossipsub_limit, "a gossipsub RPC holds more than is allowed") \
  X(gossipsub_duplicate, "the message was published already") \
  /* swarm secret: what somebody typed, pasted or keeps in a file */ \
  X(swarm_secret_unknown, \
    "this is not a swarm secret: those begin with ghs1- or, for an invitation, ghp1-") \
  X(swarm_secret_cut, "the swarm secret is cut off: characters are missing") \
  X(swarm_secret_long, "the swarm secret has more characters than a swarm secret has") \
  X(swarm_secret_character, "the swarm secret has a character other than a to z and 2 to 7") \
  X(swarm_secret_mistyped, "the swarm secret has a typing error: its checksum does not match") \
  X(swarm_passphrase_weak, \
    "the passphrase can be guessed: take more and rarer words, or let one be made") \
  X(swarm_passphrase_missing, \
    "an invitation is worth nothing alone: the passphrase that goes with it is missing") \
  X(swarm_token_placeholder, "this is no GitHub token but something that stands in its place") \
  /* mesh */ \
  X(mesh_refused, "the peer does not prove that it is of this swarm") \
  X(mesh_false_body, "the peer's bytes are not the body that they should be") \
  X(mesh_replayed, "the member's message was heard before, or is too old to tell") \
  X(mesh_from_future, "the member's statement has a date that GitHub cannot have reached") \
  X(mesh_outdated, "the member's statement is older than what is known") \
  X(mesh_contradiction, "the member says two things that cannot both be true") \
  X(mesh_expelled, "the member was expelled for lying") \
  X(mesh_too_many, "the member says more than is listened to") \
  /* store */ \
  X(store_corrupt, "the store is damaged") \
  X(store_full, "the store has no room") \
  X(store_failed, "the store could not read or write") \
  X(store_version, "the store was written by an incompatible version") \
  X(store_unsafe, "the store's directory or file has an unsafe owner, mode or file system")

enum class Errc {
  ok = 0,
#define X(name, text) name,
  GHMESH_ERRORS(X)
#undef X
};

const boost::system::error_category& error_category();

inline boost::system::error_code make_error_code(Errc code) {
  return {static_cast<int>(code), error_category()};
}

// The enumerator's name, for metrics and logs: a closed set. "other" for errors of other categories.
const char* error_name(const boost::system::error_code& error);

}  // namespace ghmesh

template <>
struct boost::system::is_error_code_enum<ghmesh::Errc> : std::true_type {};
