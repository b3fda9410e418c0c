// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/text.h"

namespace ghmesh::app {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;

Error last_error() {
  if (errno == EAGAIN || errno == EWOULDBLOCK) return Errc::timed_out;
  return {errno, boost::system::system_category()};
}

Error error_of(int code) { return {code, boost::system::system_category()}; }

Result<int> open_socket(int family, const void* address, socklen_t address_bytes) {
  const int descriptor = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return last_error();
  const timeval patience{.tv_sec = kSilenceSecondsMax, .tv_usec = 0};
  setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (connect(descriptor, static_cast<const sockaddr*>(address), address_bytes) == 0)
    return descriptor;
  const Error error = last_error();
  close(descriptor);
  return error;
}

Result<int> connect_unix(std::string_view path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return error_of(ENAMETOOLONG);
  std::ranges::copy(path, address.sun_path);
  return open_socket(AF_UNIX, &address, sizeof address);
}

Result<int> connect_tcp(std::string_view text) {
  const auto colon = text.rfind(':');
  const auto port =
      colon == std::string_view::npos ? std::nullopt : parse_decimal(text.substr(colon + 1));
  if (!port || *port == 0 || *port > 65535) return error_of(EINVAL);
  std::string host(text.substr(0, colon));
  const auto network_port = htons(static_cast<std::uint16_t>(*port));
  if (host.starts_with('[') && host.ends_with(']')) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = network_port;
    if (inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &address.sin6_addr) != 1)
      return error_of(EINVAL);
    return open_socket(AF_INET6, &address, sizeof address);
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = network_port;
  if (inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) return error_of(EINVAL);
  return open_socket(AF_INET, &address, sizeof address);
}

std::string write_request(const ClientRequest& request) {
  std::string text = request.method + " " + request.target + " HTTP/1.1\r\nHost: " + request.host +
                     "\r\nConnection: close\r\n";
  for (const Field& field : request.fields) text += field.name + ": " + field.value + "\r\n";
  if (!request.body.empty() || request.method == "POST" || request.method == "PUT" ||
      request.method == "PATCH")
    text += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  return text + "\r\n" + request.body;
}

}  // namespace

std::string_view ClientResponse::get(std::string_view name) const {
  for (const Field& field : fields)
    if (equal_ignoring_case(field.name, name)) return field.value;
  return {};
}

Result<Client> Client::connect(std::string_view address) {
  auto descriptor = address.starts_with('/') ? connect_unix(address) : connect_tcp(address);
  if (!descriptor) return descriptor.error();
  return Client(*descriptor);
}

Client::Client(Client&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      buffer_(std::move(other.buffer_)),
      consumed_(other.consumed_),
      head_bytes_(other.head_bytes_) {}

Client::~Client() {
  if (descriptor_ >= 0) close(descriptor_);
}

Result<ClientResponse> Client::exchange(const ClientRequest& request, const ResponseSink& sink) {
  const auto sent = send_all(write_request(request));
  // A daemon that refuses the request may close before it has read it all; its answer says why.
  if (!sent && sent.error() != boost::system::errc::broken_pipe &&
      sent.error() != boost::system::errc::connection_reset)
    return sent.error();
  auto response = read_head();
  // 100 Continue and its like announce the answer.
  while (response && response->status >= 100 && response->status < 200) response = read_head();
  if (!response) return response;
  sink.head(*response);
  const auto read = read_body(request, *response, sink);
  if (!read) return read.error();
  return response;
}

Result<void> Client::send_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return last_error();
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

Result<void> Client::fill() {
  if (consumed_ == buffer_.size()) {
    buffer_.clear();
    consumed_ = 0;
  }
  const std::size_t old_bytes = buffer_.size();
  buffer_.resize(old_bytes + kReadBytes);
  ssize_t read_bytes;
  do read_bytes = recv(descriptor_, buffer_.data() + old_bytes, kReadBytes, 0);
  while (read_bytes < 0 && errno == EINTR);
  buffer_.resize(old_bytes + static_cast<std::size_t>(std::max<ssize_t>(read_bytes, 0)));
  if (read_bytes < 0) return last_error();
  if (read_bytes == 0) return Errc::truncated;
  return {};
}

Result<std::string> Client::take_line() {
  for (;;) {
    const auto end = buffer_.find('\n', consumed_);
    if (end != std::string::npos) {
      std::string line = buffer_.substr(consumed_, end - consumed_);
      head_bytes_ += line.size() + 1;
      consumed_ = end + 1;
      if (line.ends_with('\r')) line.pop_back();
      return line;
    }
    if (head_bytes_ + buffer_.size() - consumed_ > kResponseHeadBytesMax) return Errc::too_large;
    const auto filled = fill();
    if (!filled) return filled.error();
  }
}

Result<ClientResponse> Client::read_head() {
  ClientResponse response;
  head_bytes_ = 0;
  auto line = take_line();
  if (!line) return line.error();
  const auto status =
      line->size() >= 12 ? parse_decimal(std::string_view(*line).substr(9, 3)) : std::nullopt;
  if (!line->starts_with("HTTP/1.") || !status) return Errc::malformed;
  response.status = static_cast<int>(*status);
  response.status_line = std::move(*line);
  for (;;) {
    line = take_line();
    if (!line) return line.error();
    if (line->empty()) return response;
    if (head_bytes_ > kResponseHeadBytesMax) return Errc::too_large;
    const auto colon = line->find(':');
    if (colon == std::string::npos) return Errc::malformed;
    response.fields.push_back(
        {line->substr(0, colon), std::string(trim(std::string_view(*line).substr(colon + 1)))});
  }
}

Result<void> Client::read_body(const ClientRequest& request, const ClientResponse& response,
                               const ResponseSink& sink) {
  if (request.method == "HEAD" || response.status == 204 || response.status == 304) return {};
  if (equal_ignoring_case(response.get("transfer-encoding"), "chunked")) return read_chunked(sink);
  if (const auto length = response.get("content-length"); !length.empty()) {
    const auto bytes_count = parse_decimal(length);
    if (!bytes_count) return Errc::malformed;
    return read_counted(*bytes_count, sink);
  }
  for (;;) {  // until the daemon closes
    sink.body(std::string_view(buffer_).substr(consumed_));
    consumed_ = buffer_.size();
    const auto filled = fill();
    if (!filled && filled.error() == Errc::truncated) return {};
    if (!filled) return filled.error();
  }
}

Result<void> Client::read_counted(std::uint64_t bytes_count, const ResponseSink& sink) {
  while (bytes_count > 0) {
    if (consumed_ == buffer_.size()) {
      const auto filled = fill();
      if (!filled) return filled.error();
    }
    const auto part = std::string_view(buffer_).substr(consumed_).substr(0, bytes_count);
    sink.body(part);
    consumed_ += part.size();
    bytes_count -= part.size();
  }
  return {};
}

Result<void> Client::read_chunked(const ResponseSink& sink) {
  for (;;) {
    head_bytes_ = 0;
    const auto line = take_line();
    if (!line) return line.error();
    std::string digits(trim(line->substr(0, line->find(';'))));
    if (digits.empty() || digits.size() > 15) return Errc::malformed;
    if (digits.size() % 2 != 0) digits.insert(0, "0");
    const auto bytes = parse_hex(digits);
    if (!bytes) return Errc::malformed;
    std::uint64_t bytes_count = 0;
    for (std::byte byte : *bytes)
      bytes_count = bytes_count << 8 | std::to_integer<std::uint64_t>(byte);
    if (bytes_count == 0)
      return {};  // trailers are of no use to us, and the connection is not used again
    const auto read = read_counted(bytes_count, sink);
    if (!read) return read.error();
    const auto end = take_line();
    if (!end) return end.error();
    if (!end->empty()) return Errc::malformed;
  }
}

Result<WholeResponse> ask(std::string_view address, const ClientRequest& request,
                          std::size_t body_bytes_max) {
  auto client = Client::connect(address);
  if (!client) return client.error();
  WholeResponse whole;
  bool is_too_large = false;
  const ResponseSink sink{.head = [](const ClientResponse&) {},
                          .body =
                              [&](std::string_view part) {
                                is_too_large = is_too_large ||
                                               whole.body.size() + part.size() > body_bytes_max;
                                if (!is_too_large) whole.body += part;
                              }};
  auto response = client->exchange(request, sink);
  if (!response) return response.error();
  if (is_too_large) return Errc::too_large;
  whole.response = std::move(*response);
  return whole;
}

}  // namespace ghmesh::app
