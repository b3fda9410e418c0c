// SPDX-License-Identifier: Apache-2.0 OR MIT
// ghmesh::GitHub: questions to the crew's leader, and what becomes of its answers. Whatever GitHub says is an answer;
// what the way to it could not do is an error.
#include "ghmesh/github.h"

#include <cstdlib>
#include <future>

#include "api/cache_impl.h"
#include "api/crew_link.h"
#include "api/upstream_of.h"
#include "base/text.h"
#include "node/version.h"

namespace ghmesh {
namespace api {

std::string upstream_of(std::string_view given) {
  if (!given.empty()) return std::string(given);
  const char* named = std::getenv("GHMESH_UPSTREAM");
  return named != nullptr && *named != '\0' ? named : "https://api.github.com";
}

}  // namespace api

namespace {

// As gh and the libraries ask, so that they share one entry.
constexpr std::string_view kAccept = "application/vnd.github+json";
constexpr std::string_view kCacheStatus = "cache-status";

// Of an error of the way to GitHub: the proxy made the answer itself, which has no Cache-Status then.
Failure failure_of(int status) {
  if (status == 413) return Failure::too_large;
  if (status == 504) return Failure::timed_out;
  if (status == 400 || status == 403 || status == 421) return Failure::malformed;
  return Failure::unreachable;
}

Failure failure_of(const Error& error) {
  if (error == Errc::timed_out) return Failure::timed_out;
  if (error == Errc::cancelled) return Failure::closed;
  if (error == Errc::upstream_too_large) return Failure::too_large;
  if (error == Errc::malformed) return Failure::malformed;
  return Failure::unreachable;
}

GitHubAnswer failed(Failure failure) {
  GitHubAnswer answer;
  answer.error = make_error_code(failure);
  return answer;
}

GitHubAnswer answer_of(Result<http::Answer> told) {
  if (!told) return failed(failure_of(told.error()));
  const auto how = told->headers.find(kCacheStatus);
  if (!how) return failed(failure_of(told->status));
  GitHubAnswer answer;
  answer.status = told->status;
  for (const http::Header& header : told->headers)
    if (!equal_ignoring_case(header.name, kCacheStatus))
      answer.headers.push_back({.name = to_lower(header.name), .value = header.value});
  answer.body = std::string(told->body_text());
  std::string_view rest = *how;
  static_cast<void>(take_until(rest, ';'));
  answer.how = trim(rest);
  return answer;
}

bool is_path(std::string_view path) {
  return path.starts_with('/') && path.size() <= kTargetBytesMax &&
         std::ranges::all_of(path, [](char c) { return c > 0x20 && c < 0x7f; });
}

// The variables are the caller's JSON, and go in as they are.
std::string graphql_body(std::string_view query, std::string_view variables) {
  std::string body = R"({"query":")";
  for (const char c : query) {
    constexpr std::string_view kHex = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') (body += '\\') += c;
    else if (byte < 0x20) ((body += "\\u00") += kHex[byte >> 4]) += kHex[byte & 15];
    else body += c;
  }
  body += '"';
  if (!variables.empty()) (body += R"(,"variables":)") += variables;
  return body += '}';
}

}  // namespace

std::string_view GitHubAnswer::header(std::string_view name) const noexcept {
  for (const HeaderField& field : headers)
    if (field.name == name) return field.value;
  return {};
}

struct __attribute__((visibility("hidden"))) GitHub::Impl {
  std::shared_ptr<Cache::Impl> cache;
  GitHubOptions options;
  std::string upstream;

  crew::Question question_of(std::string target) const {
    crew::Question question{.target = std::move(target), .upstream = upstream};
    question.headers.add("Accept", kAccept);
    question.headers.add("User-Agent", "libghmesh/" + std::string(node::kVersion));
    if (!options.token.empty()) {
      constexpr std::string_view kScheme = "token ";
      const std::string_view token = options.token.reveal();
      question.authorization =
          crypto::Secret::filled(kScheme.size() + token.size(), [&](MutableByteView out) {
            std::ranges::copy(as_bytes(kScheme), out.begin());
            std::ranges::copy(as_bytes(token), out.begin() + kScheme.size());
          });
    }
    return question;
  }
  crew::Question graphql_question(std::string_view query, std::string_view variables) const {
    crew::Question question = question_of("/graphql");
    question.method = "POST";
    question.headers.add("Content-Type", "application/json");
    question.body = graphql_body(query, variables);
    return question;
  }

  // `done` runs on a thread of the crew's, or at once.
  void ask(crew::Question question, Milliseconds deadline,
           std::function<void(GitHubAnswer)> done) const {
    const Cache::Impl::Use use(*cache);
    if (!use) return done(failed(Failure::closed));
    if (!is_path(question.target)) return done(failed(Failure::malformed));
    const auto link = cache->link();
    const auto crew = link ? link->here() : nullptr;
    if (!crew) return done(failed(Failure::unreachable));
    crew->ask(std::move(question), deadline, [done = std::move(done)](Result<http::Answer> told) {
      done(answer_of(std::move(told)));
    });
  }
  GitHubAnswer wait(crew::Question question, std::optional<Milliseconds> deadline) const {
    auto promise = std::make_shared<std::promise<GitHubAnswer>>();
    auto told = promise->get_future();
    ask(std::move(question), deadline.value_or(options.deadline),
        [promise](GitHubAnswer answer) { promise->set_value(std::move(answer)); });
    return told.get();
  }
  // Whoever is called back may take its time, and close the cache.
  void call_back(crew::Question question, AnswerCallback done) const {
    ask(std::move(question), options.deadline,
        [cache = cache, done = std::move(done)](GitHubAnswer answer) {
          auto held = std::make_shared<GitHubAnswer>(std::move(answer));
          cache->process().worker.post([done, held](bool) { done(std::move(*held)); });
        });
  }
};

GitHub::GitHub(Cache& cache, GitHubOptions options) : impl_(std::make_shared<Impl>()) {
  impl_->cache = cache.impl();
  impl_->upstream = api::upstream_of(options.upstream);
  if (!options.ca_file.empty()) impl_->upstream += ";ca=" + options.ca_file;
  impl_->options = std::move(options);
}
GitHub::~GitHub() = default;
GitHub::GitHub(GitHub&&) noexcept = default;
GitHub& GitHub::operator=(GitHub&&) noexcept = default;

GitHubAnswer GitHub::get(std::string_view path, std::optional<Milliseconds> deadline) {
  return impl_->wait(impl_->question_of(std::string(path)), deadline);
}

GitHubAnswer GitHub::graphql(std::string_view query, std::string_view variables,
                             std::optional<Milliseconds> deadline) {
  return impl_->wait(impl_->graphql_question(query, variables), deadline);
}

void GitHub::get_async(std::string path, AnswerCallback done) {
  impl_->call_back(impl_->question_of(std::move(path)), std::move(done));
}

void GitHub::graphql_async(std::string query, std::string variables, AnswerCallback done) {
  impl_->call_back(impl_->graphql_question(query, variables), std::move(done));
}

std::future<GitHubAnswer> GitHub::get_future(std::string path) {
  auto promise = std::make_shared<std::promise<GitHubAnswer>>();
  auto told = promise->get_future();
  impl_->ask(impl_->question_of(std::move(path)), impl_->options.deadline,
             [promise](GitHubAnswer answer) { promise->set_value(std::move(answer)); });
  return told;
}

}  // namespace ghmesh
