// SPDX-License-Identifier: Apache-2.0 OR MIT
// What ghmesh makes of GitHub's own data, a line for a line: the tests beside this file ask it.
//
//   -> event NAME PATHS            PATHS: separated by blanks; the next line is the payload
//   <- doubts 0110...              for each path whether it is in doubt now;  ignored;  unknown;  error NAME
//   -> route PATH
//   <- CLASS KEPT SHARED LIST TEMPLATE     yes or no
//   -> write PATH PATHS            an unsafe method to PATH was answered with success
//   <- doubts 0110...
#include <algorithm>
#include <iostream>
#include <sstream>
#include <string>

#include "github/route.h"
#include "github/webhook.h"

namespace ghmesh::github {
namespace {

std::string concerned(const std::vector<Doubt>& doubts, std::istream& paths) {
  std::string out = "doubts ";
  for (std::string path; paths >> path;) {
    const Place place = place_of(path);
    const std::string owner(owner_scope(place.scope));
    const bool is_concerned = std::ranges::any_of(doubts, [&](const Doubt& doubt) {
      return concerns(doubt, place.scope, place.rest) ||
             (!owner.empty() && doubt.place.scope == owner);
    });
    out += is_concerned ? '1' : '0';
  }
  return out;
}

std::string answer_event(std::istream& words, const std::string& payload) {
  std::string event;
  words >> event;
  const auto verdict = judge_event(event, payload);
  if (!verdict) return std::string("error ") + error_name(verdict.error());
  if (verdict->kind == EventKind::unknown) return "unknown";
  if (verdict->kind == EventKind::ignored) return "ignored";
  return concerned(verdict->doubts, words);
}

std::string answer_route(std::istream& words) {
  std::string path;
  words >> path;
  const Route route = classify_route(path);
  const auto word = [](bool is) { return is ? " yes" : " no"; };
  return std::string(route_class_name(route.route_class)) + word(route.may_keep) +
         word(route.may_share) + word(route.is_list) + " " + std::string(route.name);
}

std::string answer(const std::string& line) {
  std::istringstream words(line);
  std::string operation, path, payload;
  words >> operation;
  if (operation == "route") return answer_route(words);
  if (operation == "write") {
    words >> path;
    return concerned(doubts_of_write(path), words);
  }
  std::getline(std::cin, payload);
  return answer_event(words, payload);
}

}  // namespace
}  // namespace ghmesh::github

int main() {
  for (std::string line; std::getline(std::cin, line);)
    std::cout << ghmesh::github::answer(line) << std::endl;
}
