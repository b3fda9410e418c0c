// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "http/date.h"

#include <algorithm>
#include <array>

namespace ghmesh::http {
namespace {

constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
// Where things stand in "Sun, 06 Nov 1994 08:49:37 GMT"; 'd' is a digit, 'x' a letter.
constexpr std::string_view kShape = "xxx, dd xxx dddd dd:dd:dd GMT";

// The four digits of the format end here; a clock beyond is written as the last second that has a name.
constexpr std::int64_t kFirst = -62'167'219'200;  // Sat, 01 Jan 0000 00:00:00 GMT
constexpr std::int64_t kLast = 253'402'300'799;   // Fri, 31 Dec 9999 23:59:59 GMT

bool has_shape(std::string_view text) {
  if (text.size() != kShape.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (kShape[i] == 'x') continue;
    if (kShape[i] == 'd' ? (text[i] < '0' || text[i] > '9') : text[i] != kShape[i]) return false;
  }
  return true;
}

unsigned digits(std::string_view text, std::size_t begin, std::size_t count) {
  unsigned value = 0;
  for (char c : text.substr(begin, count)) value = value * 10 + static_cast<unsigned>(c - '0');
  return value;
}

void put_digits(std::string& text, std::size_t begin, std::size_t count, unsigned value) {
  for (std::size_t i = count; i-- > 0; value /= 10)
    text[begin + i] = static_cast<char>('0' + value % 10);
}

}  // namespace

std::optional<WallTime> parse_date(std::string_view text) {
  namespace chrono = std::chrono;
  if (!has_shape(text)) return std::nullopt;
  const auto month = std::ranges::find(kMonths, text.substr(8, 3));
  if (month == kMonths.end()) return std::nullopt;
  const chrono::year_month_day date(
      chrono::year(static_cast<int>(digits(text, 12, 4))),
      chrono::month(static_cast<unsigned>(month - kMonths.begin()) + 1),
      chrono::day(digits(text, 5, 2)));
  if (!date.ok()) return std::nullopt;
  const chrono::sys_days day(date);
  if (kDays[chrono::weekday(day).c_encoding()] != text.substr(0, 3)) return std::nullopt;
  const unsigned hour = digits(text, 17, 2);
  const unsigned minute = digits(text, 20, 2);
  const unsigned second = digits(text, 23, 2);
  // RFC 9110, 5.6.7 allows the leap second; civil time has none, so it is the second after.
  if (hour > 23 || minute > 59 || second > 60) return std::nullopt;
  return WallTime(day) + Seconds(hour * 3600 + minute * 60 + second);
}

std::string write_date(WallTime time) {
  namespace chrono = std::chrono;
  time = std::clamp(time, wall_time(kFirst), wall_time(kLast));
  const auto day = chrono::floor<chrono::days>(time);
  const chrono::year_month_day date(day);
  const auto seconds = static_cast<unsigned>((time - day).count());
  std::string text(kShape);
  text.replace(0, 3, kDays[chrono::weekday(day).c_encoding()]);
  put_digits(text, 5, 2, static_cast<unsigned>(date.day()));
  text.replace(8, 3, kMonths[static_cast<unsigned>(date.month()) - 1]);
  put_digits(text, 12, 4, static_cast<unsigned>(static_cast<int>(date.year())));
  put_digits(text, 17, 2, seconds / 3600);
  put_digits(text, 20, 2, seconds / 60 % 60);
  put_digits(text, 23, 2, seconds % 60);
  return text;
}

}  // namespace ghmesh::http
