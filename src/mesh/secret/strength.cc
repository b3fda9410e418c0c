// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "mesh/secret/strength.h"

#include <array>
#include <cmath>
#include <limits>

#include "base/text.h"

namespace ghmesh::mesh {
namespace {

// What stands first in every attacker's list, and what lies near for this purpose.
constexpr std::string_view kCommonWords[] = {
    "abcd",       "access",   "action",    "actions",    "admin",       "administrator", "adobe",
    "airport",    "amanda",   "andrew",    "angel",      "animal",      "apple",         "asdf",
    "ashley",     "bailey",   "banana",    "baseball",   "batman",      "battery",       "beer",
    "biteme",     "blink",    "bluesky",   "bot",        "buster",      "cache",         "changeme",
    "change",     "charlie",  "cheese",    "chelsea",    "chocolate",   "clown",         "coffee",
    "company",    "computer", "cookie",    "correct",    "daniel",      "default",       "demo",
    "deploy",     "dev",      "developer", "donald",     "dragon",      "dummy",         "eagle",
    "enter",      "entropy",  "example",   "fleet",      "flower",      "football",      "freedom",
    "friend",     "friends",  "fuck",      "george",     "ghmesh",      "ginger",        "github",
    "gitlab",     "google",   "guest",     "hacker",     "happy",       "harley",        "hello",
    "hockey",     "horse",    "house",     "hunter",     "iloveyou",    "insert",        "internet",
    "jennifer",   "jessica",  "jordan",    "joshua",     "killer",      "key",           "king",
    "letmein",    "linux",    "login",     "london",     "love",        "lovely",        "machine",
    "maggie",     "master",   "matrix",    "matthew",    "mesh",        "michael",       "michelle",
    "monkey",     "monster",  "mustang",   "mynoob",     "network",     "nicole",        "ninja",
    "nobody",     "ninjas",   "node",      "nothing",    "office",      "orange",        "pass",
    "passphrase", "passw",    "password",  "pepper",     "placeholder", "please",        "pokemon",
    "princess",   "private",  "prod",      "production", "purple",      "qazwsx",        "qwerty",
    "ranger",     "replace",  "robert",    "root",       "runner",      "runners",       "secret",
    "secure",     "server",   "shadow",    "silver",     "soccer",      "solo",          "starwars",
    "staple",     "star",     "summer",    "sunshine",   "super",       "superman",      "swarm",
    "system",     "taylor",   "team",      "test",       "testing",     "the",           "this",
    "thomas",     "thunder",  "tigger",    "time",       "tmp",         "token",         "trust",
    "trustno",    "user",     "welcome",   "whatever",   "william",     "winter",        "word",
    "work",       "xxxx",     "yankees",   "yellow",     "you",         "your",          "zxcv",
};
constexpr double kCommonWordBits = 8;  // there are fewer than 256
constexpr std::size_t kCommonWordCharsMax = 13;
constexpr double kCapitalBits = 1;
constexpr double kSubstitutionBits = 1.5;
// The long list of the EFF: 12.9 bits for a word of 7 letters; short words have more neighbours of their length.
constexpr double kWordBits = 2, kWordLetterBits = 1.8;
constexpr double kYearBits = 7;
constexpr double kRepetitionBits = 1;
constexpr double kSequenceBits = 2;
constexpr std::size_t kRepeatedCharsMax = 32;

constexpr std::string_view kRuns[] = {"abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop",
                                      "asdfghjkl", "zxcvbnm"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_letter(char c) { return is_upper(c) || (c >= 'a' && c <= 'z'); }
bool is_vowel(char c) {
  return std::string_view("aeiouy").find(ascii_lower(c)) != std::string_view::npos;
}

// What people write in the place of a letter. 'l' also for 'i' and '1': the words are compared under the same fold.
char fold(char c) {
  switch (c) {
    case '0': return 'o';
    case '1':
    case '!':
    case 'i':
    case 'I':
    case '|': return 'l';
    case '3': return 'e';
    case '4':
    case '@': return 'a';
    case '5':
    case '$': return 's';
    case '7': return 't';
    default: return ascii_lower(c);
  }
}

double bits_of_character(std::string_view text, std::size_t at) {
  const char c = text[at];
  if (is_digit(c)) return std::log2(10);
  if (is_letter(c)) return std::log2(26) + (is_upper(c) ? kCapitalBits : 0);
  // The same separator as before says nothing new.
  for (std::size_t i = at; i-- > 0;)
    if (!is_digit(text[i]) && !is_letter(text[i])) return text[i] == c ? 1 : std::log2(32);
  return std::log2(32);
}

// All letters, and syllables could be made of them.
bool reads_like_a_word(std::string_view run) {
  std::size_t vowels = 0, in_a_row = 0;
  for (std::size_t i = 0; i < run.size(); ++i) {
    const bool is_same_kind = i > 0 && is_vowel(run[i]) == is_vowel(run[i - 1]);
    in_a_row = is_same_kind ? in_a_row + 1 : 1;
    if (in_a_row > 4) return false;
    vowels += is_vowel(run[i]);
  }
  return vowels * 6 >= run.size();
}

class Estimate {
 public:
  explicit Estimate(std::string_view text)
      : text_(text), bits_(text.size() + 1, std::numeric_limits<double>::infinity()) {
    bits_[0] = 0;
  }
  Estimate(const Estimate&) = delete;
  Estimate& operator=(const Estimate&) = delete;
  ~Estimate() { crypto::wipe(std::as_writable_bytes(std::span(bits_))); }

  double run() {
    for (at_ = 0; at_ < text_.size(); ++at_) {
      offer(1, bits_of_character(text_, at_));
      offer_words();
      offer_repetitions();
      offer_sequences();
      offer_year();
    }
    return bits_.back();
  }

 private:
  // The next `chars` characters may be had for this.
  void offer(std::size_t chars, double bits) {
    double& known = bits_[at_ + chars];
    known = std::min(known, bits_[at_] + bits);
  }

  void offer_words() {
    const std::string_view rest = text_.substr(at_);
    for (std::string_view word : kCommonWords) {
      if (word.size() > rest.size()) continue;
      bool is_capital = false, is_substituted = false, is_word = true;
      for (std::size_t i = 0; i < word.size() && is_word; ++i) {
        is_word = fold(rest[i]) == fold(word[i]);
        is_capital |= is_upper(rest[i]);
        is_substituted |= ascii_lower(rest[i]) != word[i];
      }
      if (is_word)
        offer(word.size(), kCommonWordBits + (is_capital ? kCapitalBits : 0) +
                               (is_substituted ? kSubstitutionBits : 0));
    }
    if (at_ > 0 && is_letter(text_[at_ - 1])) return;
    std::size_t letters = 0;
    bool has_capital = false;
    for (; letters < rest.size() && is_letter(rest[letters]); ++letters)
      has_capital |= is_upper(rest[letters]);
    if (letters >= 3 && reads_like_a_word(rest.substr(0, letters)))
      offer(letters, kWordBits + kWordLetterBits * static_cast<double>(letters) +
                         (has_capital ? kCapitalBits : 0));
  }

  void offer_repetitions() {
    const std::size_t chars_max = std::min({at_, text_.size() - at_, kRepeatedCharsMax});
    for (std::size_t chars = 1; chars <= chars_max; ++chars)
      if (text_.substr(at_ - chars, chars) == text_.substr(at_, chars))
        offer(chars, kRepetitionBits);
  }

  void offer_sequences() {
    for (std::string_view run : kRuns) {
      const std::size_t begin = run.find(ascii_lower(text_[at_]));
      if (begin == std::string_view::npos) continue;
      for (int step : {1, -1}) {
        std::size_t chars = 0;
        for (std::size_t place = begin; place < run.size() && at_ + chars < text_.size() &&
                                        ascii_lower(text_[at_ + chars]) == run[place];
             place += static_cast<std::size_t>(step))
          ++chars;
        for (std::size_t part = 3; part <= chars; ++part)
          offer(part, bits_of_character(text_, at_) + kSequenceBits +
                          std::log2(static_cast<double>(part)));
      }
    }
  }

  void offer_year() {
    const std::string_view year = text_.substr(at_, 4);
    if (year.size() == 4 && (year.starts_with("19") || year.starts_with("20")) &&
        is_digit(year[2]) && is_digit(year[3]))
      offer(4, kYearBits);
  }

  std::string_view text_;
  std::vector<double> bits_;  // of the text up to each place, for who takes the cheapest way
  std::size_t at_ = 0;
};

}  // namespace

double guess_bits(const crypto::Secret& text) { return Estimate(as_text(text.reveal())).run(); }

}  // namespace ghmesh::mesh
