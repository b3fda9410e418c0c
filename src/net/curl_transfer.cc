// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "net/curl_transfer.h"

#include <string.h>

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace ghmesh::net {
namespace {

constexpr long kConnectionAgeMax = 50;  // seconds idle; GitHub's edge closes after a minute or so
constexpr long kStreamReadBytes = 128 * 1024;  // what curl reads at once for a stream
constexpr std::string_view kSchemeEnd = "://";

long milliseconds(Duration duration) {
  return static_cast<long>(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

// Safe or idempotent by RFC 9110, 9.2.2: asking twice does what asking once does.
bool is_idempotent(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" ||
         method == "OPTIONS";
}

// A request of these methods without a body says so: "Content-Length: 0".
bool names_empty_body(std::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

// Fields of a request that are made here, from the request's own parts.
bool is_own_field(std::string_view name) {
  return is_connection_field(name) || equal_ignoring_case(name, "host") ||
         equal_ignoring_case(name, "authorization") ||
         equal_ignoring_case(name, "content-length") || equal_ignoring_case(name, "expect");
}

void raise_to(std::atomic<std::uint64_t>& high_water, std::uint64_t value) {
  std::uint64_t seen = high_water.load(std::memory_order_relaxed);
  while (seen < value &&
         !high_water.compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
  }
}

Error unreachable_or_broken(bool was_sent) {
  return make_error_code(was_sent ? Errc::upstream_broken : Errc::upstream_unreachable);
}

}  // namespace

CurlTransfer::CurlTransfer(UpstreamRequest request, Delivery delivery, std::size_t wire_bytes_max,
                           const UpstreamOptions& options, UpstreamStats& stats)
    : options_(options),
      stats_(stats),
      request_(std::move(request)),
      delivery_(delivery),
      wire_bytes_max_(wire_bytes_max),
      has_source_(static_cast<bool>(request_.body_source)),
      signal_(std::make_shared<Signal>()) {
  // The caller's side keeps it: it is called on the caller's executor only.
  request_.body_source = nullptr;
  if (!has_source_) {
    upload_ = std::move(request_.body);
    request_.body_bytes = upload_.size();
    has_upload_ended_ = true;
  }
}

CurlTransfer::~CurlTransfer() { release_header_list(); }

// --- The caller's side.

CurlTransfer::View CurlTransfer::look() const {
  const std::lock_guard lock(mutex_);
  View view;
  view.has_head = has_head_;
  view.has_body = !body_.empty();
  view.is_finished = is_finished_;
  view.error = error_;
  view.wants_upload =
      !is_finished_ && !has_upload_ended_ && upload_.size() - upload_begin_ < kUploadAheadBytes;
  return view;
}

bool CurlTransfer::take_body(std::string& out) {
  const std::lock_guard lock(mutex_);
  out = std::move(body_);
  body_.clear();
  if (!body_waits_for_room_) return false;
  body_waits_for_room_ = false;
  wants_resume_ = true;
  return true;
}

bool CurlTransfer::give_upload(std::string_view part) {
  const std::lock_guard lock(mutex_);
  if (part.empty()) {
    has_upload_ended_ = true;
  } else {
    upload_.erase(0, upload_begin_);
    upload_begin_ = 0;
    upload_.append(part);
  }
  if (!upload_waits_for_bytes_) return false;
  upload_waits_for_bytes_ = false;
  wants_resume_ = true;
  return true;
}

bool CurlTransfer::abandon() {
  const std::lock_guard lock(mutex_);
  if (is_finished_ || is_abandoned_) return false;
  is_abandoned_ = true;
  return true;
}

// --- curl's side.

bool CurlTransfer::is_abandoned() const {
  const std::lock_guard lock(mutex_);
  return is_abandoned_;
}

bool CurlTransfer::take_resume(Instant now) {
  const std::lock_guard lock(mutex_);
  if (!std::exchange(wants_resume_, false)) return false;
  // The time that the other side took is not the upstream's.
  moved_at_ = now;
  is_body_paused_ = body_waits_for_room_;
  is_upload_paused_ = upload_waits_for_bytes_;
  return true;
}

bool CurlTransfer::retry_with_http1(CURLcode code) {
  if (own_error_ || !offers_http2() || head_.is_http1()) return false;
  // libcurl 7.88 calls some broken frames a failure to receive, or nothing received. Before a status line has come we
  // do not know whether HTTP/2 was spoken; asking once more over HTTP/1.1 is right either way.
  const bool may_be_http2_fault = code == CURLE_HTTP2 || code == CURLE_HTTP2_STREAM ||
                                  code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR ||
                                  code == CURLE_GOT_NOTHING;
  const bool may_repeat = (request_.method == "GET" || request_.method == "HEAD") && !has_upload();
  if (!may_be_http2_fault || !may_repeat) return false;
  is_http1_ = true;
  head_ = AnswerHead();
  body_bytes_ = 0;
  const std::lock_guard lock(mutex_);
  body_.clear();
  return true;
}

Error CurlTransfer::outcome_of(CURLcode code, bool was_sent) const {
  if (own_error_) return own_error_;
  switch (code) {
    case CURLE_OK: {
      if (!head_.is_complete()) return make_error_code(Errc::upstream_broken);
      const auto length = head_.content_length();
      const bool is_short = expects_body() && length && *length != body_bytes_;
      return is_short ? make_error_code(Errc::upstream_broken) : Error();
    }
    case CURLE_OPERATION_TIMEDOUT: return make_error_code(Errc::upstream_timeout);
    case CURLE_URL_MALFORMAT:
    case CURLE_LOGIN_DENIED: return make_error_code(Errc::malformed);
    // Also what curl calls an answer without a status line.
    case CURLE_UNSUPPORTED_PROTOCOL:
      return make_error_code(was_sent ? Errc::upstream_broken : Errc::malformed);
    case CURLE_OUT_OF_MEMORY: return make_error_code(Errc::limit_reached);
    // A certificate is judged before anything is sent.
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT: return make_error_code(Errc::upstream_unreachable);
    default: return unreachable_or_broken(was_sent);
  }
}

Instant CurlTransfer::deadline() const {
  Instant deadline = Instant::max();
  if (delivery_ == Delivery::whole) deadline = began_at_ + options_.fetch_deadline;
  // While we are the slow side, no deadline of the upstream runs; the client's own do.
  if (is_body_paused_ || is_upload_paused_) return deadline;
  const Duration phase = head_.is_complete() ? options_.stall_deadline : options_.head_deadline;
  return std::min(deadline, moved_at_ + phase);
}

void CurlTransfer::finish(Error error) {
  release_header_list();
  easy_ = nullptr;
  stage_ = Stage::finished;
  {
    const std::lock_guard lock(mutex_);
    is_finished_ = true;
    error_ = error;
    has_head_ = head_.is_complete();
  }
  signal_->notify();
}

std::string CurlTransfer::host() const {
  std::string_view url = request_.url;
  const std::size_t begin = url.find(kSchemeEnd);
  if (begin != std::string_view::npos) url.remove_prefix(begin + kSchemeEnd.size());
  return std::string(url.substr(0, url.find_first_of("/?#")));
}

// --- Callbacks. Returning anything but the size ends the transfer; own_error_ says why.

std::size_t CurlTransfer::on_head_line(char* data, std::size_t size, std::size_t count,
                                       void* self) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  auto received = transfer.receive_head_line({data, size * count});
  if (received) return size * count;
  transfer.own_error_ = received.error();
  return 0;
}

std::size_t CurlTransfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  return static_cast<CurlTransfer*>(self)->receive_body({data, size * count});
}

std::size_t CurlTransfer::on_upload(char* out, std::size_t size, std::size_t count, void* self) {
  return static_cast<CurlTransfer*>(self)->read_upload(out, size * count);
}

Result<void> CurlTransfer::receive_head_line(std::string_view line) {
  stats_.received_bytes_total.fetch_add(line.size(), std::memory_order_relaxed);
  const bool was_complete = head_.is_complete();
  auto received = head_.receive_line(line);
  if (!received || was_complete || !head_.is_complete()) return received;
  moved_at_ = MonotonicClock::now();
  if (expects_body() && head_.framing() == AnswerHead::Framing::until_close)
    return Errc::upstream_broken;
  if (delivery_ == Delivery::whole) {
    if (expects_body() && head_.content_length().value_or(0) > wire_bytes_max_)
      return Errc::upstream_too_large;
    return {};
  }
  {
    const std::lock_guard lock(mutex_);
    has_head_ = true;
  }
  signal_->notify();
  return {};
}

std::size_t CurlTransfer::receive_body(std::string_view part) {
  {
    const std::lock_guard lock(mutex_);
    if (delivery_ == Delivery::whole && part.size() > wire_bytes_max_ - body_.size()) {
      own_error_ = make_error_code(Errc::upstream_too_large);
      return 0;
    }
    if (delivery_ == Delivery::streamed && body_.size() >= options_.stream_buffer_bytes) {
      is_body_paused_ = true;
      body_waits_for_room_ = true;
      return CURL_WRITEFUNC_PAUSE;
    }
    body_.append(part);
    if (delivery_ == Delivery::streamed) raise_to(stats_.buffer_bytes_high_water, body_.size());
  }
  body_bytes_ += part.size();
  moved_at_ = MonotonicClock::now();
  stats_.received_bytes_total.fetch_add(part.size(), std::memory_order_relaxed);
  if (delivery_ == Delivery::streamed) signal_->notify();
  return part.size();
}

std::size_t CurlTransfer::read_upload(char* out, std::size_t room) {
  std::size_t bytes_count = 0;
  {
    const std::lock_guard lock(mutex_);
    bytes_count = std::min(room, upload_.size() - upload_begin_);
    std::copy_n(upload_.data() + upload_begin_, bytes_count, out);
    upload_begin_ += bytes_count;
    is_upload_paused_ = bytes_count == 0 && !has_upload_ended_;
    upload_waits_for_bytes_ = is_upload_paused_;
  }
  if (has_source_) signal_->notify();  // there is room again
  if (is_upload_paused_) return CURL_READFUNC_PAUSE;
  upload_sent_bytes_ += bytes_count;
  moved_at_ = MonotonicClock::now();
  stats_.sent_bytes_total.fetch_add(bytes_count, std::memory_order_relaxed);
  // More or fewer bytes than promised would be read as part of the next request, or waited for.
  const std::uint64_t promised = request_.body_bytes.value_or(upload_sent_bytes_);
  const bool is_at_end = bytes_count == 0;
  if (upload_sent_bytes_ > promised || (is_at_end && upload_sent_bytes_ < promised)) {
    own_error_ = make_error_code(Errc::malformed);
    return CURL_READFUNC_ABORT;
  }
  return bytes_count;
}

// --- Setting up.

bool CurlTransfer::has_upload() const {
  return has_source_ || request_.body_bytes.value_or(0) > 0 || names_empty_body(request_.method);
}

bool CurlTransfer::offers_http2() const {
  return !options_.http1_only && !is_http1_ && delivery_ == Delivery::whole &&
         request_.url.starts_with("https:");
}

bool CurlTransfer::expects_body() const {
  return request_.method != "HEAD" && head_.status() != 204 && head_.status() != 304;
}

// curl would pass some of these on, into the next line or another request.
Result<void> CurlTransfer::check_request() const {
  if (!is_token(request_.method) || request_.method == "CONNECT") return Errc::malformed;
  const std::string_view url = request_.url;
  const bool has_scheme = url.starts_with("https://") || url.starts_with("http://");
  const bool is_visible =
      std::all_of(url.begin(), url.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (!has_scheme || !is_visible) return Errc::malformed;
  for (const http::Header& header : request_.headers)
    if (!is_token(header.name) || !is_field_value(header.value)) return Errc::malformed;
  if (!is_field_value(as_text(request_.authorization.reveal()))) return Errc::malformed;
  return {};
}

Result<void> CurlTransfer::prepare(const CurlLibrary& library, CURL* easy, Instant now) {
  library_ = &library;
  easy_ = easy;
  if (began_at_ == Instant()) began_at_ = now;
  moved_at_ = now;
  auto checked = check_request();
  if (!checked) return checked;
  release_header_list();
  auto made = make_header_list(library);
  if (!made) return made;
  // The request was checked above: what fails here is the handle, not the caller.
  if (!set_connection_options(library) || !set_request_options(library)) return Errc::limit_reached;
  return {};
}

bool CurlTransfer::append_header(const CurlLibrary& library, std::string_view name,
                                 std::string_view value) {
  std::string line;
  line.reserve(name.size() + value.size() + 3);
  // To curl, "Name:" means "do not send it" and "Name;" means "send it empty".
  line.append(name).append(value.empty() ? ";" : ": ").append(value);
  curl_slist* longer = library.slist_append(header_list_, line.c_str());
  explicit_bzero(line.data(), line.size());
  if (longer != nullptr) header_list_ = longer;
  return longer != nullptr;
}

Result<void> CurlTransfer::make_header_list(const CurlLibrary& library) {
  const bool decodes = request_.encoding == Encoding::decode;
  bool is_made = true;
  for (const http::Header& header : request_.headers) {
    if (is_own_field(header.name)) continue;
    if (decodes && equal_ignoring_case(header.name, "accept-encoding")) continue;
    is_made = is_made && append_header(library, header.name, header.value);
  }
  if (decodes) is_made = is_made && append_header(library, "Accept-Encoding", "gzip");
  if (!request_.authorization.empty())
    is_made = is_made &&
              append_header(library, "Authorization", as_text(request_.authorization.reveal()));
  // What curl adds unless it is told not to.
  for (const char* absent : {"Accept:", "Content-Type:", "Expect:"}) {
    const std::string_view name =
        std::string_view(absent).substr(0, std::string_view(absent).size() - 1);
    if (name != "Expect" && request_.headers.contains(name)) continue;
    curl_slist* longer = library.slist_append(header_list_, absent);
    if (longer != nullptr) header_list_ = longer;
    is_made = is_made && longer != nullptr;
  }
  if (!is_made) return Errc::limit_reached;
  return {};
}

bool CurlTransfer::set_connection_options(const CurlLibrary& library) const {
  bool is_set = true;
  const auto set = [&](CURLoption option, auto value) {
    is_set = library.easy_setopt(easy_, option, value) == CURLE_OK && is_set;
  };
  set(CURLOPT_NOSIGNAL, 1L);
  // A name that takes long to resolve is left behind when its transfer ends; waiting would stop every other transfer.
  set(CURLOPT_QUICK_EXIT, 1L);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_HTTP09_ALLOWED, 0L);
  set(CURLOPT_CONNECTTIMEOUT_MS, std::max(1L, milliseconds(options_.connect_deadline)));
  set(CURLOPT_MAXAGE_CONN, kConnectionAgeMax);
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  // An empty proxy and a full list of exceptions: the environment has no say.
  set(CURLOPT_PROXY, options_.proxy.c_str());
  set(CURLOPT_NOPROXY, options_.proxy.empty() ? "*" : "");
  if (!options_.unix_socket.empty()) set(CURLOPT_UNIX_SOCKET_PATH, options_.unix_socket.c_str());
  set(CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  if (!options_.ca_file.empty()) {
    set(CURLOPT_CAINFO, options_.ca_file.c_str());
    set(CURLOPT_CAPATH,
        static_cast<const char*>(nullptr));  // this file instead of the system's, not beside it
  }
  set(CURLOPT_HTTP_VERSION,
      static_cast<long>(offers_http2() ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
  // Rather wait for a handshake that is under way than begin another: it may turn out to carry many streams.
  set(CURLOPT_PIPEWAIT, offers_http2() ? 1L : 0L);
  return is_set;
}

bool CurlTransfer::set_request_options(const CurlLibrary& library) {
  bool is_set = true;
  const auto set = [&](CURLoption option, auto value) {
    is_set = library.easy_setopt(easy_, option, value) == CURLE_OK && is_set;
  };
  const auto self = static_cast<void*>(this);
  set(CURLOPT_PRIVATE, self);
  set(CURLOPT_ERRORBUFFER, error_text_.data());
  set(CURLOPT_HEADERFUNCTION, &CurlTransfer::on_head_line);
  set(CURLOPT_HEADERDATA, self);
  set(CURLOPT_WRITEFUNCTION, &CurlTransfer::on_body);
  set(CURLOPT_WRITEDATA, self);
  set(CURLOPT_URL, request_.url.c_str());
  set(CURLOPT_HTTPHEADER, header_list_);
  // A wish: a handle that still has a buffer keeps it, and says so with an error that means nothing.
  if (delivery_ == Delivery::streamed)
    library.easy_setopt(easy_, CURLOPT_BUFFERSIZE, kStreamReadBytes);
  if (has_upload()) {
    // By callback and without a way to rewind: curl repeats a request whose reused connection died, and must not do so
    // once a part of this body was sent. A mutation without a body gets a connection of its own for the same reason.
    set(CURLOPT_UPLOAD, 1L);
    set(CURLOPT_READFUNCTION, &CurlTransfer::on_upload);
    set(CURLOPT_READDATA, self);
    set(CURLOPT_INFILESIZE_LARGE,
        request_.body_bytes ? static_cast<curl_off_t>(*request_.body_bytes) : -1);
  }
  const bool has_bytes = has_source_ || request_.body_bytes.value_or(0) > 0;
  if ((!is_idempotent(request_.method) && !has_bytes) || is_http1_) set(CURLOPT_FRESH_CONNECT, 1L);
  if (request_.method == "HEAD" && !has_upload()) set(CURLOPT_NOBODY, 1L);
  else set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  return is_set;
}

void CurlTransfer::release_header_list() {
  if (header_list_ == nullptr) return;
  // The library's own allocator wipes too, unless the host program initialised curl before us.
  for (curl_slist* node = header_list_; node != nullptr; node = node->next)
    explicit_bzero(node->data, strlen(node->data));
  library_->slist_free_all(header_list_);
  header_list_ = nullptr;
}

}  // namespace ghmesh::net
