// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "net/curl_thread.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace ghmesh::net {
namespace {

constexpr Duration kPollMax = 1s;         // a bound for what should be woken anyway
constexpr Duration kLogAgainAfter = 10s;  // the same reason is not logged more often
// An easy handle costs some 5 KiB; making one costs microseconds.
constexpr std::size_t kIdleHandlesMax = 16;

}  // namespace

CurlThread::CurlThread(UpstreamOptions options) : options_(std::move(options)) {}

CurlThread::~CurlThread() { stop(); }

void CurlThread::start() {
  const std::lock_guard lock(mutex_);
  if (thread_.joinable() || is_stopping_) return;
  // Signals are for the threads that wait for them. A blocked SIGPIPE is an ordinary error of a write.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "ghmesh-upstream");
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Result<void> CurlThread::submit(TransferRef transfer) {
  stats_.requests_total.fetch_add(1, std::memory_order_relaxed);
  start();
  {
    const std::lock_guard lock(mutex_);
    if (is_stopping_) return Errc::cancelled;
    if (is_unavailable_) {
      count(make_error_code(Errc::upstream_unreachable));
      return Errc::upstream_unreachable;
    }
    if (transfers_count_.load() >= options_.concurrent_count_max + options_.waiting_count_max) {
      count(make_error_code(Errc::limit_reached));
      return Errc::limit_reached;
    }
    transfers_count_.fetch_add(1);
    put_in_inbox(std::move(transfer));
  }
  return {};
}

void CurlThread::attend(const TransferRef& transfer) {
  const std::lock_guard lock(mutex_);
  if (is_stopping_ || is_unavailable_) return;  // the thread ends every transfer that it knows
  put_in_inbox(transfer);
}

void CurlThread::put_in_inbox(TransferRef transfer) {
  const bool is_first = inbox_.empty();
  inbox_.push_back(std::move(transfer));
  if (is_first && wakeable_ != nullptr) library_->multi_wakeup(wakeable_);
}

void CurlThread::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    if (wakeable_ != nullptr) library_->multi_wakeup(wakeable_);
  }
  if (thread_.joinable()) thread_.join();
}

// --- On the thread.

void CurlThread::run() {
  if (!begin()) return;
  while (take_inbox()) {
    Instant now = MonotonicClock::now();
    for (const TransferRef& transfer : taken_) attend_now(transfer, now);
    taken_.clear();
    start_waiting(now);
    int running_count = 0;
    library_->multi_perform(multi_, &running_count);
    now = MonotonicClock::now();
    collect_finished(now);
    start_waiting(now);
    const Duration sleep = std::clamp<Duration>(expire(now) - now, 0ms, kPollMax);
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(sleep).count();
    library_->multi_poll(multi_, nullptr, 0, static_cast<int>(milliseconds), nullptr);
  }
  end();
}

bool CurlThread::begin() {
  const CurlLibrary* library = curl_library();
  multi_ = library != nullptr ? library->multi_init() : nullptr;
  if (multi_ != nullptr) {
    library->multi_setopt(multi_, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_MULTIPLEX));
    library->multi_setopt(multi_, CURLMOPT_MAX_CONCURRENT_STREAMS,
                          static_cast<long>(options_.concurrent_count_max));
    library->multi_setopt(multi_, CURLMOPT_MAXCONNECTS,
                          static_cast<long>(options_.concurrent_count_max));
  }
  std::vector<TransferRef> refused;
  {
    const std::lock_guard lock(mutex_);
    library_ = library;
    wakeable_ = multi_;
    if (multi_ != nullptr) return true;
    is_unavailable_ = true;
    refused.swap(inbox_);
  }
  for (const TransferRef& transfer : refused)
    if (transfer->stage() != CurlTransfer::Stage::finished)
      finish(transfer, make_error_code(Errc::upstream_unreachable));
  return false;
}

bool CurlThread::take_inbox() {
  const std::lock_guard lock(mutex_);
  taken_.swap(inbox_);
  return !is_stopping_;
}

void CurlThread::attend_now(const TransferRef& transfer, Instant now) {
  const bool is_abandoned = transfer->is_abandoned();
  switch (transfer->stage()) {
    case CurlTransfer::Stage::created:
      if (is_abandoned) return finish(transfer, make_error_code(Errc::cancelled));
      transfer->set_stage(CurlTransfer::Stage::waiting);
      transfer->begin_waiting(now);
      waiting_.push_back(transfer);
      stats_.waiting_count.store(waiting_.size(), std::memory_order_relaxed);
      return;
    case CurlTransfer::Stage::waiting:
      if (!is_abandoned) return;
      std::erase(waiting_, transfer);
      stats_.waiting_count.store(waiting_.size(), std::memory_order_relaxed);
      return finish(transfer, make_error_code(Errc::cancelled));
    case CurlTransfer::Stage::active:
      if (is_abandoned) {
        detach(transfer);
        finish(transfer, make_error_code(Errc::cancelled));
      } else if (transfer->take_resume(now)) {
        library_->easy_pause(transfer->easy(), CURLPAUSE_CONT);
      }
      return;
    case CurlTransfer::Stage::finished: return;
  }
}

void CurlThread::start_waiting(Instant now) {
  for (auto next = find_startable(); next != waiting_.end(); next = find_startable()) {
    const TransferRef transfer = std::move(*next);
    waiting_.erase(next);
    activate(transfer, now);
  }
  stats_.waiting_count.store(waiting_.size(), std::memory_order_relaxed);
}

// First come, first served; but streams, whose pace a client sets, never take the last quarter of the places.
auto CurlThread::find_startable() -> std::deque<TransferRef>::iterator {
  if (active_.size() >= options_.concurrent_count_max) return waiting_.end();
  const std::size_t streams_max = options_.concurrent_count_max - options_.concurrent_count_max / 4;
  const auto streams_count = std::count_if(
      active_.begin(), active_.end(), [](const auto& transfer) { return transfer->is_streamed(); });
  const bool may_stream = static_cast<std::size_t>(streams_count) < streams_max;
  return std::find_if(waiting_.begin(), waiting_.end(),
                      [&](const auto& transfer) { return may_stream || !transfer->is_streamed(); });
}

void CurlThread::activate(const TransferRef& transfer, Instant now) {
  CURL* easy = take_handle();
  if (easy == nullptr) return finish(transfer, make_error_code(Errc::limit_reached));
  auto prepared = transfer->prepare(*library_, easy, now);
  if (!prepared) {
    library_->easy_cleanup(easy);
    return finish(transfer, prepared.error());
  }
  if (library_->multi_add_handle(multi_, easy) != CURLM_OK) {
    library_->easy_cleanup(easy);
    return finish(transfer, make_error_code(Errc::limit_reached));
  }
  transfer->set_stage(CurlTransfer::Stage::active);
  active_.push_back(transfer);
  stats_.active_count.store(active_.size(), std::memory_order_relaxed);
}

void CurlThread::collect_finished(Instant now) {
  int left_count = 0;
  while (CURLMsg* message = library_->multi_info_read(multi_, &left_count)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    CURL* easy = message->easy_handle;
    const auto found =
        std::find_if(active_.begin(), active_.end(),
                     [easy](const TransferRef& transfer) { return transfer->easy() == easy; });
    GHMESH_CHECK(found != active_.end());
    const TransferRef transfer = *found;
    conclude(transfer, code, now);
  }
}

void CurlThread::conclude(const TransferRef& transfer, CURLcode code, Instant now) {
  CURL* easy = transfer->easy();
  curl_off_t sent_after = 0;
  long connections_count = 0;
  long request_bytes = 0;
  library_->easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &sent_after);
  library_->easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connections_count);
  library_->easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &request_bytes);
  stats_.connections_total.fetch_add(static_cast<std::uint64_t>(connections_count),
                                     std::memory_order_relaxed);
  stats_.sent_bytes_total.fetch_add(static_cast<std::uint64_t>(request_bytes),
                                    std::memory_order_relaxed);
  const Error error = transfer->outcome_of(code, sent_after > 0);
  if (error == make_error_code(Errc::upstream_unreachable)) log_unreachable(*transfer, code, now);
  detach(transfer);
  if (transfer->retry_with_http1(code)) {
    stats_.http1_retries_total.fetch_add(1, std::memory_order_relaxed);
    return activate(transfer, now);
  }
  finish(transfer, error);
}

// curl's text names hosts, addresses and what is wrong with a certificate; never a header.
void CurlThread::log_unreachable(const CurlTransfer& transfer, CURLcode code, Instant now) {
  const char* text = transfer.error_text();
  if (*text == '\0') text = library_->easy_strerror(code);
  if (logged_text_ == text && now - logged_at_ < kLogAgainAfter) return;
  logged_text_ = text;
  logged_at_ = now;
  log::warn("upstream unreachable", {{"host", transfer.host()}, {"reason", text}});
}

// Ends what is past its deadline, and answers when to look again.
Instant CurlThread::expire(Instant now) {
  Instant next = Instant::max();
  for (std::size_t i = 0; i < active_.size();) {
    const TransferRef transfer = active_[i];
    const Instant deadline = transfer->deadline();
    if (deadline > now) {
      next = std::min(next, deadline);
      ++i;
      continue;
    }
    detach(transfer);  // takes it out of active_
    finish(transfer, make_error_code(Errc::upstream_timeout));
  }
  // First come, first served: the oldest is in front.
  while (!waiting_.empty()) {
    const TransferRef transfer = waiting_.front();
    const Instant deadline = transfer->waiting_since() + options_.head_deadline;
    if (deadline > now) {
      next = std::min(next, deadline);
      break;
    }
    waiting_.pop_front();
    finish(transfer, make_error_code(Errc::upstream_timeout));
  }
  if (find_startable() != waiting_.end()) next = now;
  return next;
}

// A transfer that is not complete loses its connection here, or its HTTP/2 stream: curl never reuses a half-read one.
void CurlThread::detach(const TransferRef& transfer) {
  CURL* easy = transfer->easy();
  library_->multi_remove_handle(multi_, easy);
  std::erase(active_, transfer);
  stats_.active_count.store(active_.size(), std::memory_order_relaxed);
  if (idle_handles_.size() < kIdleHandlesMax) {
    library_->easy_reset(easy);
    idle_handles_.push_back(easy);
  } else {
    library_->easy_cleanup(easy);
  }
}

CURL* CurlThread::take_handle() {
  if (idle_handles_.empty()) return library_->easy_init();
  CURL* easy = idle_handles_.back();
  idle_handles_.pop_back();
  return easy;
}

void CurlThread::finish(const TransferRef& transfer, Error error) {
  count(error);
  transfers_count_.fetch_sub(1);
  transfer->finish(error);
}

void CurlThread::count(const Error& error) {
  std::atomic<std::uint64_t>* counter = &stats_.failed_other;
  if (!error) counter = &stats_.answers_total;
  else if (error == make_error_code(Errc::upstream_unreachable))
    counter = &stats_.failed_unreachable;
  else if (error == make_error_code(Errc::upstream_timeout)) counter = &stats_.failed_timeout;
  else if (error == make_error_code(Errc::upstream_broken)) counter = &stats_.failed_broken;
  else if (error == make_error_code(Errc::upstream_too_large)) counter = &stats_.failed_too_large;
  else if (error == make_error_code(Errc::limit_reached)) counter = &stats_.failed_limit_reached;
  else if (error == make_error_code(Errc::cancelled)) counter = &stats_.cancelled_total;
  counter->fetch_add(1, std::memory_order_relaxed);
}

void CurlThread::end() {
  {
    const std::lock_guard lock(mutex_);
    wakeable_ = nullptr;
  }
  const Error cancelled = make_error_code(Errc::cancelled);
  for (const TransferRef& transfer : taken_)
    if (transfer->stage() == CurlTransfer::Stage::created) finish(transfer, cancelled);
  taken_.clear();
  for (const TransferRef& transfer : std::exchange(waiting_, {})) finish(transfer, cancelled);
  while (!active_.empty()) {
    const TransferRef transfer = active_.back();
    detach(transfer);
    finish(transfer, cancelled);
  }
  for (CURL* easy : std::exchange(idle_handles_, {})) library_->easy_cleanup(easy);
  library_->multi_cleanup(multi_);
  multi_ = nullptr;
}

}  // namespace ghmesh::net
