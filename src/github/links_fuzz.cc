// SPDX-License-Identifier: Apache-2.0 OR MIT
// Rewriting there and back again: what is rewritten holds no URL of the old host at the start of a value, and a text
// without the old host's name is not touched at all.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "github/links.h"

namespace {

using namespace ghmesh;

constexpr std::string_view kFrom = "https://api.github.com";
constexpr std::string_view kTo = "http://127.0.0.1:8418/api/v3";

std::size_t occurrences_count(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string_view::npos;
       at = text.find(part, at + part.size()))
    ++count;
  return count;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t names_count = occurrences_count(text, "api.github.com");
  for (const std::string& out : {github::rewrite_json_urls(text, {.from = kFrom, .to = kTo}),
                                 github::rewrite_urls(text, {.from = kFrom, .to = kTo})}) {
    GHMESH_CHECK(out.size() <= text.size() + names_count * (kTo.size() + 8));
    GHMESH_CHECK(names_count > 0 || out == text);
    GHMESH_CHECK(occurrences_count(out, "api.github.com") <= names_count);
  }
  const std::string once = github::rewrite_urls(text, {.from = kFrom, .to = kTo});
  GHMESH_CHECK(github::rewrite_urls(once, {.from = kFrom, .to = kTo}) == once ||
               once.find("api.github.com") != std::string::npos);
  for (auto relation : {"next", "last", "prev", "first"}) {
    const std::string_view target = github::find_link(text, relation);
    GHMESH_CHECK(target.find('>') == std::string_view::npos);
  }
  return 0;
}
