// SPDX-License-Identifier: Apache-2.0 OR MIT
// `ghmesh api PATH`: one request through the daemon, in the manner of `gh api`.
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <csignal>
#include <fstream>
#include <iostream>
#include <iterator>

#include "base/text.h"
#include "client.h"
#include "command.h"
#include "node/flags.h"
#include "token.h"

namespace ghmesh::app {
namespace {

// As much of an error's body as is looked at for its message.
constexpr std::size_t kErrorBytesMax = 64 * 1024;
// Uploads through the daemon have the same limit (net/http_server.h).
constexpr std::size_t kInputBytesMax = 64 << 20;

struct ApiOptions {
  std::string path;
  std::string method;
  std::vector<std::string> headers;
  std::string input;
  bool show_head = false;
  bool is_silent = false;
};

// "repos/o/r", "/repos/o/r" or a whole URL, as gh takes them.
void set_target(ClientRequest& request, std::string_view path) {
  for (std::string_view scheme : {"https://", "http://"}) {
    if (!starts_with_ignoring_case(path, scheme)) continue;
    path.remove_prefix(scheme.size());
    request.host = std::string(path.substr(0, path.find('/')));
    path.remove_prefix(request.host.size());
    break;
  }
  request.target = path.starts_with('/') ? std::string(path) : "/" + std::string(path);
  const bool is_clean = std::ranges::all_of(request.target + request.host, [](char c) {
    return static_cast<unsigned char>(c) > 0x20 && c != 0x7f;
  });
  if (!is_clean || request.host.empty())
    throw CommandError("not a path or URL: blanks and control characters are written %20");
}

void add_headers(ClientRequest& request, const std::vector<std::string>& headers) {
  for (const std::string& header : headers) {
    const auto colon = header.find(':');
    if (colon == std::string::npos || colon == 0)
      throw CommandError("a header is written as 'Name: value'");
    const std::string name(trim(header.substr(0, colon)));
    const std::string value(trim(std::string_view(header).substr(colon + 1)));
    if ((name + value).find_first_of("\r\n") != std::string::npos)
      throw CommandError("a header is one line");
    // What others can read in the list of processes is no secret any more.
    if (equal_ignoring_case(name, "authorization"))
      throw CommandError("give the token in GH_TOKEN, not as a header", kExitAuth);
    std::erase_if(request.fields,
                  [&](const Field& field) { return equal_ignoring_case(field.name, name); });
    request.fields.push_back({name, value});
  }
}

std::string read_input(const std::string& path) {
  std::ifstream file;
  if (path != "-") {
    file.open(path, std::ios::binary);
    if (!file) throw CommandError("cannot read " + path);
  }
  std::istream& stream = path == "-" ? std::cin : file;
  std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  if (text.size() > kInputBytesMax) throw CommandError("the input is larger than 64 MiB");
  return text;
}

// The "message" of GitHub's error object. A look, not a parse: it is shown to a person, and escapes stay as they are.
std::string_view message_of(std::string_view body) {
  constexpr std::string_view kKey = "\"message\":";
  const auto key = body.find(kKey);
  if (key == std::string_view::npos) return {};
  std::string_view rest = trim(body.substr(key + kKey.size()));
  if (!rest.starts_with('"')) return {};
  rest.remove_prefix(1);
  for (std::size_t i = 0; i < rest.size(); ++i) {
    if (rest[i] == '\\') ++i;
    else if (rest[i] == '"') return rest.substr(0, i);
    else if (static_cast<unsigned char>(rest[i]) < 0x20) return {};
  }
  return {};
}

bool is_limited(const ClientResponse& response) {
  if (response.status == 429) return true;
  return response.status == 403 &&
         (response.get("x-ratelimit-remaining") == "0" || !response.get("retry-after").empty());
}

ExitCode judge(const ClientResponse& response, std::string_view error_body, bool has_token) {
  if (response.status < 400) return kExitOk;
  const std::string_view message = message_of(error_body);
  complain((message.empty() ? response.status_line.substr(
                                  std::min<std::size_t>(13, response.status_line.size()))
                            : std::string(message)) +
           " (HTTP " + std::to_string(response.status) + ")");
  if (is_limited(response)) return kExitLimited;
  if (response.status != 401) return kExitFailed;
  complain(has_token ? "the token was refused: `gh auth status` says more"
                     : "set GH_TOKEN, or log in with `gh auth login`");
  return kExitAuth;
}

std::string head_text(const ClientResponse& response) {
  std::string text = response.status_line + "\n";
  for (const Field& field : response.fields) text += field.name + ": " + field.value + "\r\n";
  return text + "\r\n";
}

ClientRequest make_request(const ApiOptions& options, const Token& token) {
  ClientRequest request;
  set_target(request, options.path);
  request.fields = {{"User-Agent", "ghmesh"}, {"Accept", "*/*"}};
  add_headers(request, options.headers);
  if (!options.input.empty()) {
    request.body = read_input(options.input);
    request.method = "POST";
  }
  if (!options.method.empty()) request.method = options.method;
  const bool is_method =
      std::ranges::all_of(request.method, [](char c) { return c >= 'A' && c <= 'Z'; });
  if (!is_method) throw CommandError("a method is written in capital letters");
  if (!token.empty()) request.fields.push_back({"Authorization", "token " + token.reveal()});
  return request;
}

}  // namespace

int run_api(const Arguments& arguments) {
  CLI::App app("Send one request through the daemon and print the answer.", "ghmesh api");
  ApiOptions options;
  std::vector<node::FlagValue> flags;
  app.add_option("path", options.path, "Such as repos/OWNER/REPO/pulls, or a whole URL")
      ->required();
  app.add_option("-X,--method", options.method, "The method [GET, or POST with --input]");
  app.add_option("-H,--header", options.headers, "A header, as 'Name: value'")
      ->allow_extra_args(false);
  app.add_option("--input", options.input, "Send this file as the body; - is the standard input");
  app.add_flag("-i,--include", options.show_head, "Print the status line and the headers too");
  app.add_flag("--silent", options.is_silent, "Print no body");
  node::add_setting_flags(app, flags, {"socket"});
  if (const auto code = parse_arguments(app, arguments)) return *code;

  std::signal(SIGINT, [](int) { _exit(kExitCancelled); });
  const node::Environment environment = node::Environment::of_process();
  const std::string socket = node::load_config(flags, environment).config.socket;
  const Token token = find_token(environment);
  const ClientRequest request = make_request(options, token);

  auto client = Client::connect(socket);
  if (!client) throw_unreachable(socket, client.error());
  bool is_error = false;
  std::string error_body;
  const ResponseSink sink{.head =
                              [&](const ClientResponse& response) {
                                is_error = response.status >= 400;
                                if (options.show_head) print(head_text(response));
                              },
                          .body =
                              [&](std::string_view part) {
                                if (!options.is_silent) print(part);
                                if (is_error)
                                  error_body += part.substr(0, kErrorBytesMax - error_body.size());
                              }};
  const auto response = client->exchange(request, sink);
  if (!response)
    throw CommandError("the daemon's answer is not complete: " + response.error().message());
  return judge(*response, error_body, !token.empty());
}

}  // namespace ghmesh::app
