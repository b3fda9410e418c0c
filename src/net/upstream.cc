// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "net/upstream.h"

#include <boost/asio/this_coro.hpp>
#include <utility>

#include "base/text.h"
#include "net/curl_thread.h"
#include "net/curl_transfer.h"
#include "net/gunzip.h"

namespace ghmesh::net {
namespace {

// Of a stream: however much a few bytes inflate to.
constexpr std::size_t kDecodedPartBytes = 256 * 1024;
// Gzip makes 8 MiB of noise larger by less than 3 KiB.
constexpr std::size_t kGzipOverheadBytes = 64 * 1024;

using UploadSource = std::function<awaitable<Result<std::string_view>>()>;

// gzip has an older name (RFC 9110, 8.4.1.3).
bool is_gzip(std::string_view coding) {
  return equal_ignoring_case(coding, "gzip") || equal_ignoring_case(coding, "x-gzip");
}

enum class Coding { identity, gzip, unknown };

Coding coding_of(const http::Headers& headers) {
  Coding coding = Coding::identity;
  for (const http::Header& header : headers) {
    if (!equal_ignoring_case(header.name, "content-encoding")) continue;
    if (header.value.empty() || equal_ignoring_case(header.value, "identity")) continue;
    if (coding != Coding::identity || !is_gzip(header.value)) return Coding::unknown;
    coding = Coding::gzip;
  }
  return coding;
}

void drop_connection_fields(http::Headers& headers) {
  http::Headers kept;
  for (const http::Header& header : headers)
    if (!is_connection_field(header.name)) kept.add(header.name, header.value);
  headers = std::move(kept);
}

void drop_framing_of_encoded(http::Headers& headers) {
  headers.remove("content-encoding");
  headers.remove("content-length");
}

// A transfer as its caller holds it. Dropping it, at whatever point of a coroutine, gives the transfer up.
class Ticket {
 public:
  Ticket(std::shared_ptr<CurlThread> thread, UpstreamRequest request,
         CurlTransfer::Delivery delivery, std::size_t wire_bytes_max)
      : thread_(std::move(thread)), source_(request.body_source) {
    transfer_ = std::make_shared<CurlTransfer>(std::move(request), delivery, wire_bytes_max,
                                               thread_->options(), thread_->stats());
  }
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;
  // One that was refused is not curl's: its thread would count an end without a beginning, and let another one in.
  ~Ticket() {
    if (is_submitted_ && transfer_->abandon()) thread_->attend(transfer_);
  }

  CurlTransfer& transfer() { return *transfer_; }
  Result<void> submit() {
    auto submitted = thread_->submit(transfer_);
    is_submitted_ = submitted.has_value();
    return submitted;
  }
  std::string take_body() {
    std::string out;
    if (transfer_->take_body(out)) thread_->attend(transfer_);
    return out;
  }

  enum class Milestone { head, body, end };
  // Waits for the milestone or the end, and pulls the upload meanwhile. The error is the transfer's or the source's.
  awaitable<Result<CurlTransfer::View>> reach(Milestone milestone) {
    for (;;) {
      const CurlTransfer::View view = transfer_->look();
      if (view.is_finished || (milestone == Milestone::head && view.has_head) ||
          (milestone == Milestone::body && view.has_body))
        co_return view;
      if (view.wants_upload) {
        auto pulling = source_();
        auto part = co_await std::move(pulling);
        if (!part) co_return part.error();
        if (transfer_->give_upload(*part)) thread_->attend(transfer_);
        continue;
      }
      co_await transfer_->signal().wait();
      const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
      if (state.cancelled() != asio::cancellation_type::none) co_return Errc::cancelled;
    }
  }

 private:
  std::shared_ptr<CurlThread> thread_;  // outlives the transfer, which refers to its options
  std::shared_ptr<CurlTransfer> transfer_;
  UploadSource source_;
  bool is_submitted_ = false;
};

class Stream final : public UpstreamStream {
 public:
  explicit Stream(std::unique_ptr<Ticket> ticket, Encoding encoding)
      : ticket_(std::move(ticket)),
        status_(ticket_->transfer().status()),
        headers_(ticket_->transfer().headers()) {
    drop_connection_fields(headers_);
    if (encoding == Encoding::as_is) return;
    coding_ = coding_of(headers_);
    if (coding_ == Coding::identity) return;
    drop_framing_of_encoded(headers_);
    gunzip_ = std::make_unique<Gunzip>();
  }

  bool is_readable() const { return coding_ != Coding::unknown; }
  int status() const override { return status_; }
  const http::Headers& headers() const override { return headers_; }

  awaitable<Result<std::string>> read_some() override {
    if (gunzip_) {
      auto decoding = read_decoded();
      co_return co_await std::move(decoding);
    }
    auto reading = read_raw();
    co_return co_await std::move(reading);
  }

 private:
  awaitable<Result<std::string>> read_raw() {
    auto reaching = ticket_->reach(Ticket::Milestone::body);
    auto view = co_await std::move(reaching);
    if (!view) co_return view.error();
    // What came before a failure is delivered first; then the failure, never an end.
    if (view->has_body) co_return ticket_->take_body();
    if (view->error) co_return view->error;
    co_return std::string();
  }

  awaitable<Result<std::string>> read_decoded() {
    for (;;) {
      std::string out;
      auto decoded = gunzip_->decode(encoded_, out, kDecodedPartBytes);
      if (!decoded) co_return Errc::upstream_broken;
      if (!out.empty()) co_return out;
      auto reading = read_raw();
      auto part = co_await std::move(reading);
      if (!part) co_return part.error();
      if (part->empty() && !gunzip_->is_whole()) co_return Errc::upstream_broken;
      if (part->empty()) co_return out;
      encoded_part_ = std::move(*part);
      encoded_ = encoded_part_;
    }
  }

  std::unique_ptr<Ticket> ticket_;
  int status_;
  http::Headers headers_;
  Coding coding_ = Coding::identity;
  std::unique_ptr<Gunzip> gunzip_;
  std::string encoded_part_;
  std::string_view encoded_;  // of encoded_part_, not inflated yet
};

awaitable<Result<std::unique_ptr<UpstreamStream>>> open_stream(std::shared_ptr<CurlThread> thread,
                                                               UpstreamRequest request) {
  const Encoding encoding = request.encoding;
  auto ticket = std::make_unique<Ticket>(std::move(thread), std::move(request),
                                         CurlTransfer::Delivery::streamed, 0);
  auto submitted = ticket->submit();
  if (!submitted) co_return submitted.error();
  auto reaching = ticket->reach(Ticket::Milestone::head);
  auto view = co_await std::move(reaching);
  if (!view) co_return view.error();
  if (!view->has_head && view->error) co_return view->error;
  auto stream = std::make_unique<Stream>(std::move(ticket), encoding);
  if (!stream->is_readable()) co_return Errc::upstream_broken;
  std::unique_ptr<UpstreamStream> opened = std::move(stream);
  co_return opened;
}

// Identity bytes, or why there are none.
Result<std::string> decoded_body(std::string body, Coding coding, std::size_t body_bytes_max) {
  if (coding == Coding::unknown) return Errc::upstream_broken;
  if (coding == Coding::gzip && !body.empty()) {
    auto decoded = gunzip(body, body_bytes_max);
    if (decoded) return decoded;
    return decoded.error() == make_error_code(Errc::too_large) ? Errc::upstream_too_large
                                                               : Errc::upstream_broken;
  }
  if (body.size() > body_bytes_max) return Errc::upstream_too_large;
  return body;
}

awaitable<Result<http::Answer>> fetch_whole(std::shared_ptr<CurlThread> thread,
                                            UpstreamRequest request, std::size_t body_bytes_max) {
  const Encoding encoding = request.encoding;
  const std::size_t wire_bytes_max =
      body_bytes_max + (encoding == Encoding::decode ? kGzipOverheadBytes : 0);
  auto ticket = std::make_unique<Ticket>(std::move(thread), std::move(request),
                                         CurlTransfer::Delivery::whole, wire_bytes_max);
  auto submitted = ticket->submit();
  if (!submitted) co_return submitted.error();
  auto reaching = ticket->reach(Ticket::Milestone::end);
  auto view = co_await std::move(reaching);
  if (!view) co_return view.error();
  if (view->error) co_return view->error;

  http::Answer answer;
  answer.status = ticket->transfer().status();
  answer.headers = ticket->transfer().take_headers();
  drop_connection_fields(answer.headers);
  const Coding coding = encoding == Encoding::decode ? coding_of(answer.headers) : Coding::identity;
  auto body = decoded_body(ticket->take_body(), coding, body_bytes_max);
  if (!body) co_return body.error();
  if (encoding == Encoding::decode) drop_framing_of_encoded(answer.headers);
  answer.body = http::make_body(std::move(*body));
  co_return answer;
}

}  // namespace

Upstream::Upstream(UpstreamOptions options)
    : thread_(std::make_shared<CurlThread>(std::move(options))) {}

Upstream::~Upstream() { thread_->stop(); }

void Upstream::warm_up() { thread_->start(); }

awaitable<Result<std::unique_ptr<UpstreamStream>>> Upstream::open(UpstreamRequest request) {
  return open_stream(thread_, std::move(request));
}

awaitable<Result<http::Answer>> Upstream::fetch(UpstreamRequest request,
                                                std::size_t body_bytes_max) {
  return fetch_whole(thread_, std::move(request), body_bytes_max);
}

const UpstreamStats& Upstream::stats() const { return thread_->stats(); }

}  // namespace ghmesh::net
