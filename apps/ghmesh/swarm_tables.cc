// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "swarm_tables.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

namespace ghmesh::app {
namespace {

namespace json = boost::json;

// An agent names a program and its version.
constexpr std::size_t kCellCharsMax = 60;

enum class Align : std::uint8_t { left, right };

class Table {
 public:
  using Row = std::vector<std::string>;

  Table(std::vector<Align> aligns, Row heads) : aligns_(std::move(aligns)) {
    rows_.push_back(std::move(heads));
  }
  void add(Row row) { rows_.push_back(std::move(row)); }

  // Two blanks between columns, none at the end of a line.
  std::string text() const {
    std::vector<std::size_t> widths(aligns_.size());
    for (const Row& row : rows_)
      for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    std::string out;
    for (const Row& row : rows_) {
      std::string line;
      for (std::size_t i = 0; i < row.size(); ++i) {
        const std::string blanks(widths[i] - row[i].size(), ' ');
        if (i > 0) line += "  ";
        line += aligns_[i] == Align::right ? blanks + row[i] : row[i] + blanks;
      }
      line.erase(line.find_last_not_of(' ') + 1);
      out += line + "\n";
    }
    return out;
  }

 private:
  std::vector<Align> aligns_;
  std::vector<Row> rows_;
};

std::string clean(std::string_view text) {
  std::string out(text.substr(0, kCellCharsMax));
  std::ranges::replace_if(
      out, [](char c) { return c < ' ' || c > '~'; }, '?');
  return out;
}

std::string word(const json::object& object, std::string_view key) {
  return clean(object.at(key).as_string());
}

std::uint64_t count(const json::object& object, std::string_view key) {
  return object.at(key).to_number<std::uint64_t>();
}

std::string count_text(const json::object& object, std::string_view key) {
  return std::to_string(count(object, key));
}

std::string percent(double share) { return std::to_string(std::lround(share * 100)) + " %"; }

std::string rtt_text(const json::value& value) {
  if (value.is_null()) return "-";
  const double milliseconds = value.to_number<double>();
  if (milliseconds >= 10) return std::to_string(std::lround(milliseconds)) + " ms";
  const long tenths = std::lround(milliseconds * 10);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " ms";
}

// The end of a peer id tells peers apart; its beginning is the same for all keys of one kind.
std::string short_id(const std::string& id) {
  constexpr std::size_t kEndChars = 8;
  return id.size() <= kEndChars ? id : id.substr(id.size() - kEndChars);
}

std::string state_text(const json::object& peer, std::int64_t now) {
  if (const json::value& until = peer.at("expelled_until"); !until.is_null())
    return "expelled for " +
           duration_text(std::max<std::int64_t>(until.to_number<std::int64_t>() - now, 0));
  if (!peer.at("admitted").as_bool()) return "not admitted";
  const double suspicion = peer.at("suspicion").to_number<double>();
  return suspicion > 0 ? "member, suspicion " + percent(std::min(suspicion, 1.0)) : "member";
}

std::uint64_t refused_total(const json::object& peer) {
  std::uint64_t total = 0;
  for (const auto& [reason, times] : peer.at("refused").as_object())
    total += times.to_number<std::uint64_t>();
  return total;
}

std::string self_text(const json::object& self) {
  std::string text = "node   " + word(self, "id") + "\nswarm  " + word(self, "swarm") +
                     "\ntrust  " + word(self, "trust") + "\n";
  for (const json::value& address : self.at("addresses").as_array())
    text += "at     " + clean(address.as_string()) + "\n";
  return text;
}

// The addresses whole, for copying, and what was refused by its reason.
std::string details_text(const json::object& peer) {
  std::string text = short_id(word(peer, "id")) + "  " + word(peer, "id");
  if (const std::string agent = word(peer, "agent"); !agent.empty()) text += "  " + agent;
  text += "\n";
  for (const json::value& address : peer.at("addresses").as_array())
    text += "          " + clean(address.as_string()) + "\n";
  for (const auto& [reason, times] : peer.at("refused").as_object())
    text += "          refused " + std::to_string(times.to_number<std::uint64_t>()) + ": " +
            clean(reason) + "\n";
  return text;
}

}  // namespace

std::string duration_text(std::int64_t seconds) {
  constexpr std::int64_t kMinute = 60, kHour = 3600, kDay = 24 * kHour;
  if (seconds < 2 * kMinute) return std::to_string(seconds) + " s";
  if (seconds < 2 * kHour) return std::to_string(seconds / kMinute) + " min";
  if (seconds < 2 * kDay) return std::to_string(seconds / kHour) + " h";
  return std::to_string(seconds / kDay) + " d";
}

std::string peers_text(const json::value& report, std::int64_t now) {
  std::string text = self_text(report.at("self").as_object());
  const json::array& peers = report.at("peers").as_array();
  if (peers.empty()) return text + "\nno peers\n";
  using enum Align;
  Table table(
      {left, left, right, right, right, right, right, right, right, left},
      {"PEER", "WAY", "RTT", "SINCE", "HEARD", "SERVED", "PROVEN", "REFUTED", "REFUSED", "STATE"});
  std::string details;
  for (const json::value& value : peers) {
    const json::object& peer = value.as_object();
    table.add({short_id(word(peer, "id")), word(peer, "direction"), rtt_text(peer.at("rtt_ms")),
               duration_text(peer.at("connected_s").to_number<std::int64_t>()),
               count_text(peer, "heard"), count_text(peer, "served"), count_text(peer, "proven"),
               count_text(peer, "refuted"), std::to_string(refused_total(peer)),
               state_text(peer, now)});
    details += details_text(peer);
  }
  return text + "\n" + table.text() + "\n" + details;
}

std::string swarm_stats_text(const json::value& report, std::int64_t now) {
  using enum Align;
  const auto row = [](std::string name, const json::object& counts) {
    return Table::Row{std::move(name),
                      count_text(counts, "requests"),
                      count_text(counts, "calls_saved"),
                      percent(counts.at("hit_rate").to_number<double>()),
                      count_text(counts, "calls_charged"),
                      count_text(counts, "peer_hits")};
  };
  Table nodes({left, right, right, right, right, right},
              {"NODE", "REQUESTS", "SAVED", "SAVED %", "CHARGED", "FROM PEERS"});
  for (const json::value& value : report.at("nodes").as_array()) {
    const json::object& node = value.as_object();
    nodes.add(row(short_id(word(node, "id")) + (node.at("self").as_bool() ? " (this)" : ""), node));
  }
  nodes.add(row("all", report.at("total").as_object()));
  const json::array& values = report.at("budgets").as_array();
  if (values.empty()) return nodes.text();
  Table budgets({left, left, right, right, right},
                {"PRINCIPAL", "RESOURCE", "LEFT", "OF", "RENEWED IN"});
  for (const json::value& value : values) {
    const json::object& budget = value.as_object();
    const std::int64_t wait = budget.at("reset").to_number<std::int64_t>() - now;
    budgets.add({word(budget, "tag"), word(budget, "resource"), count_text(budget, "remaining"),
                 count_text(budget, "limit"), duration_text(std::max<std::int64_t>(wait, 0))});
  }
  return nodes.text() + "\n" + budgets.text();
}

}  // namespace ghmesh::app
