// SPDX-License-Identifier: Apache-2.0 OR MIT
// The streams of the interoperability contract (tests/interop/README.md): what we open, and what we serve.
//
// Each lives until it says so: is_done(). It is told what the host says of its stream, and uses the swarm's verbs.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "crypto/hash.h"
#include "libp2p/host/host.h"

namespace ghmesh::p2p_peer {

inline constexpr std::string_view kEchoProtocol = "/ghmesh/echo/1.0.0";
inline constexpr std::string_view kSinkProtocol = "/ghmesh/sink/1.0.0";
inline constexpr std::string_view kGreetProtocol = "/ghmesh/greet/1.0.0";
inline constexpr std::string_view kResetProtocol = "/ghmesh/reset/1.0.0";

// How a stream ended, and what was read from it.
struct Ending {
  std::string how;  // "closed", "reset", "refused"
  Bytes received;   // what a stream of ours kept
  std::uint64_t received_bytes = 0;
  crypto::Digest digest{};  // of all that was received
};

class Stream {
 public:
  using OnEnd = std::function<void(const Ending&)>;
  Stream(swarm::Swarm& swarm, swarm::StreamRef ref, OnEnd on_end)
      : swarm_(swarm), ref_(ref), on_end_(std::move(on_end)) {}
  virtual ~Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  void handle(swarm::Event::Kind kind, Instant now);
  bool is_done() const { return is_done_; }

 protected:
  virtual void on_bytes(ByteView bytes, Instant now) = 0;  // all of it is taken
  virtual void on_finished(Instant now) = 0;
  virtual void on_writable(Instant /*now*/) {}

  void send(Bytes bytes, Instant now);  // in order; what does not fit waits here
  void finish_after_output(Instant now);
  void end(std::string how);
  bool has_output() const { return output_begin_ < output_.size(); }

  swarm::Swarm& swarm_;
  const swarm::StreamRef ref_;
  bool keeps_received_ = false;

 private:
  void progress(Instant now);
  void flush(Instant now);

  OnEnd on_end_;
  Bytes output_;
  std::size_t output_begin_ = 0;
  bool wants_finish_ = false;
  bool is_finished_here_ = false;
  bool is_finished_there_ = false;
  bool is_done_ = false;
  Ending ending_;
  crypto::Sha256 hash_;
};

// What we serve.
class EchoServer final : public Stream {
 public:
  using Stream::Stream;
  void on_bytes(ByteView bytes, Instant now) override { send(copy_bytes(bytes), now); }
  void on_finished(Instant now) override { finish_after_output(now); }
};
class SinkServer final : public Stream {
 public:
  using Stream::Stream;
  void on_bytes(ByteView bytes, Instant now) override;
  void on_finished(Instant now) override;

 private:
  std::uint64_t count_ = 0;
  crypto::Sha256 sink_hash_;
};
class GreetServer final : public Stream {
 public:
  using Stream::Stream;
  void greet(Instant now);
  void on_bytes(ByteView, Instant) override {}
  void on_finished(Instant) override { end("closed"); }
};
class ResetServer final : public Stream {
 public:
  using Stream::Stream;
  void on_bytes(ByteView bytes, Instant now) override;
  void on_finished(Instant now) override { finish_after_output(now); }
};

// What we open: writes `total` bytes of `pattern`, again and again, and half-closes when it is told to.
class Client final : public Stream {
 public:
  Client(swarm::Swarm& swarm, swarm::StreamRef ref, OnEnd on_end, Bytes pattern,
         std::uint64_t total);
  void start(Instant now) { on_writable(now); }
  void half_close(Instant now);  // when all was written
  void reset_after_first_byte() { resets_after_first_byte_ = true; }
  // So many bytes more, once the peer has finished its side.
  void write_after_finish(std::uint64_t bytes_count) { bytes_after_finish_ = bytes_count; }
  crypto::Digest sent_digest() { return sent_hash_.finish(); }

 private:
  void on_bytes(ByteView bytes, Instant now) override;
  void on_finished(Instant now) override;
  void on_writable(Instant now) override;

  const Bytes pattern_;
  std::uint64_t total_;
  std::uint64_t bytes_after_finish_ = 0;
  std::uint64_t position_ = 0;
  bool half_closes_ = false;
  bool resets_after_first_byte_ = false;
  crypto::Sha256 sent_hash_;
};

}  // namespace ghmesh::p2p_peer
