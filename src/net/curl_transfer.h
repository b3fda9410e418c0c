// SPDX-License-Identifier: Apache-2.0 OR MIT
// CurlTransfer: one request and its answer, between curl's thread and the coroutine that asked.
//
// Each side has its own functions; what both touch stands under a mutex, and no callback of curl waits. The buffers
// between them are bounded: curl is paused when the reader is slow, and the upload is pulled only as fast as curl sends
// it.
//
//   stage      moved by        what holds
//   created    the caller      curl's thread does not know it yet
//   waiting    curl's thread   in the queue for a place
//   active     curl's thread   an easy handle belongs to it
//   finished   curl's thread   the outcome is visible to the caller, and nothing changes any more
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "net/answer_head.h"
#include "net/curl_library.h"
#include "net/signal.h"
#include "net/upstream.h"

namespace ghmesh::net {

// How much of an upload is read ahead; what the source gives in one part comes on top.
inline constexpr std::size_t kUploadAheadBytes = 64 * 1024;

class CurlTransfer {
 public:
  // streamed: the body is handed over part by part. whole: it is collected, and the caller wakes once, at the end.
  enum class Delivery { streamed, whole };
  enum class Stage { created, waiting, active, finished };
  // What the caller can know now.
  struct View {
    bool has_head = false;
    bool has_body = false;      // take_body() has bytes
    bool wants_upload = false;  // give_upload() has room
    bool is_finished = false;
    Error error;  // of a finished transfer
  };

  // The options and stats outlive this object. `wire_bytes_max` bounds a whole body as it travels.
  bool is_streamed() const { return delivery_ == Delivery::streamed; }

  CurlTransfer(UpstreamRequest request, Delivery delivery, std::size_t wire_bytes_max,
               const UpstreamOptions& options, UpstreamStats& stats);
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;
  ~CurlTransfer();

  // --- The caller's side. [[nodiscard]] bool: true when curl's thread must attend to this transfer.
  View look() const;
  Signal& signal() { return *signal_; }
  int status() const { return head_.status(); }                     // once has_head
  const http::Headers& headers() const { return head_.headers(); }  // once has_head
  http::Headers take_headers() { return head_.take_headers(); }     // once finished
  [[nodiscard]] bool take_body(std::string& out);
  [[nodiscard]] bool give_upload(std::string_view part);  // empty: the end
  [[nodiscard]] bool abandon();

  // --- curl's side: on curl's thread only.
  Stage stage() const { return stage_; }
  void set_stage(Stage stage) { stage_ = stage; }
  // Makes `easy` this request. `now` starts the deadlines. Error: malformed.
  [[nodiscard]] Result<void> prepare(const CurlLibrary& library, CURL* easy, Instant now);
  CURL* easy() const { return easy_; }
  bool is_abandoned() const;
  // True when a paused direction can go on.
  bool take_resume(Instant now);
  // HTTP/2 failed under a request that may be asked again: prepare() will use HTTP/1.1. At most once.
  bool retry_with_http1(CURLcode code);
  // What a finished transfer means to the caller; no error when the answer is complete.
  Error outcome_of(CURLcode code, bool was_sent) const;
  Instant deadline() const;
  Instant waiting_since() const { return moved_at_; }
  void begin_waiting(Instant now) { moved_at_ = now; }
  void finish(Error error);
  const char* error_text() const { return error_text_.data(); }
  std::string host() const;

 private:
  static std::size_t on_head_line(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_upload(char* out, std::size_t size, std::size_t count, void* self);
  Result<void> receive_head_line(std::string_view line);
  std::size_t receive_body(std::string_view part);
  std::size_t read_upload(char* out, std::size_t room);

  bool has_upload() const;
  bool offers_http2() const;
  bool expects_body() const;
  Result<void> check_request() const;
  Result<void> make_header_list(const CurlLibrary& library);
  bool append_header(const CurlLibrary& library, std::string_view name, std::string_view value);
  bool set_connection_options(const CurlLibrary& library) const;
  bool set_request_options(const CurlLibrary& library);
  void release_header_list();

  const UpstreamOptions& options_;
  UpstreamStats& stats_;
  UpstreamRequest request_;
  const Delivery delivery_;
  const std::size_t wire_bytes_max_;
  const bool has_source_;
  const std::shared_ptr<Signal> signal_;

  // curl's thread only; the head is the caller's to read once it is published.
  Stage stage_ = Stage::created;
  const CurlLibrary* library_ = nullptr;
  CURL* easy_ = nullptr;
  curl_slist* header_list_ = nullptr;
  AnswerHead head_;
  Error own_error_;               // why a callback told curl to stop
  std::uint64_t body_bytes_ = 0;  // received
  std::uint64_t upload_sent_bytes_ = 0;
  bool is_http1_ = false;
  bool is_body_paused_ = false;
  bool is_upload_paused_ = false;
  Instant began_at_{};
  Instant moved_at_{};  // the last thing that a deadline counts from
  std::array<char, CURL_ERROR_SIZE> error_text_{};

  mutable std::mutex mutex_;  // guards the rest
  std::string body_;          // received and not taken
  std::string upload_;        // given and not sent, from upload_begin_ on
  std::size_t upload_begin_ = 0;
  bool has_upload_ended_ = false;
  bool wants_resume_ = false;
  bool body_waits_for_room_ = false;
  bool upload_waits_for_bytes_ = false;
  bool has_head_ = false;
  bool is_abandoned_ = false;
  bool is_finished_ = false;
  Error error_;
};

}  // namespace ghmesh::net
