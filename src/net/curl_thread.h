// SPDX-License-Identifier: Apache-2.0 OR MIT
// CurlThread: the one thread on which libcurl's multi interface runs, and the queue of those who wait for a place.
//
// Callers reach it through submit() and attend(), from any thread; it reaches them through their transfer's signal. The
// inbox is bounded: there are at most concurrent + waiting transfers, and each asks for attention once per pause and
// once to end.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "net/curl_transfer.h"

namespace ghmesh::net {

class CurlThread {
 public:
  using TransferRef = std::shared_ptr<CurlTransfer>;

  explicit CurlThread(UpstreamOptions options);
  CurlThread(const CurlThread&) = delete;
  CurlThread& operator=(const CurlThread&) = delete;
  ~CurlThread();

  const UpstreamOptions& options() const { return options_; }
  UpstreamStats& stats() { return stats_; }

  void start();  // the thread; does nothing the second time
  // Errors: limit_reached, cancelled (stopped), upstream_unreachable (there is no libcurl).
  [[nodiscard]] Result<void> submit(TransferRef transfer);
  // The transfer was abandoned, or one of its sides can go on.
  void attend(const TransferRef& transfer);
  // Ends every transfer with Errc::cancelled and joins the thread. Later calls are refused.
  void stop();

 private:
  void put_in_inbox(TransferRef transfer);  // with mutex_ held
  void run();
  bool begin();
  bool take_inbox();
  void attend_now(const TransferRef& transfer, Instant now);
  void start_waiting(Instant now);
  void activate(const TransferRef& transfer, Instant now);
  void collect_finished(Instant now);
  void conclude(const TransferRef& transfer, CURLcode code, Instant now);
  void log_unreachable(const CurlTransfer& transfer, CURLcode code, Instant now);
  Instant expire(Instant now);
  void detach(const TransferRef& transfer);
  void finish(const TransferRef& transfer, Error error);
  void count(const Error& error);
  void end();
  CURL* take_handle();

  const UpstreamOptions options_;
  UpstreamStats stats_;
  std::atomic<std::size_t> transfers_count_{0};  // submitted and not finished

  std::mutex mutex_;  // guards until the blank line
  std::vector<TransferRef> inbox_;
  bool is_stopping_ = false;
  bool is_unavailable_ = false;
  CURLM* wakeable_ = nullptr;  // the multi handle while the thread may sleep in it
  std::thread thread_;

  // The thread's own.
  const CurlLibrary* library_ = nullptr;
  CURLM* multi_ = nullptr;
  std::vector<TransferRef> taken_;
  std::vector<TransferRef> active_;
  std::deque<TransferRef>::iterator find_startable();

  std::deque<TransferRef> waiting_;  // at most options_.waiting_count_max, checked by submit()
  std::vector<CURL*> idle_handles_;
  std::string logged_text_;
  Instant logged_at_{};
};

}  // namespace ghmesh::net
