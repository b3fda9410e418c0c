// SPDX-License-Identifier: Apache-2.0 OR MIT
// What the ledger remembers over a restart.
//
//   file    := "ghmesh ledger 1\n"  body  the first 16 bytes of SHA-256(all before)
//   body    := closed:8 saved-at past forgotten  marks stales gones  authors expelled
//   marks   := floor count { name date by-us:8 body:64 }              oldest first
//   authors := count { peer-id floor newest highest window:64 points:64 points-at proven refuted changed }
//   expelled:= count { peer-id until }
//
// Numbers are varints, dates zigzag in seconds since 1970 and one more, 0 for none. The longest silent author stands
// first.
#include <algorithm>
#include <bit>

#include "mesh/ledger/state.h"
#include "packing/varint.h"

namespace ghmesh::mesh {
namespace {

using packing::append_varint;
using packing::take_varint;

constexpr std::string_view kMagic = "ghmesh ledger 1\n";
constexpr std::size_t kChecksumBytes = 16;
constexpr std::size_t kPeerIdBytesMax = 64;
constexpr std::int64_t kDateMax = std::int64_t{1} << 41;

void append_date(Bytes& out, WallTime date) {
  if (date == WallTime::min()) return append_varint(out, 0);
  // What is beyond is cut: it must be read again.
  append_varint(out, packing::to_zigzag(std::clamp(to_seconds(date), -kDateMax, kDateMax)) + 1);
}
std::optional<WallTime> take_date(Reader& in) {
  const auto number = take_varint(in);
  if (!number) return std::nullopt;
  if (*number == 0) return WallTime::min();
  const std::int64_t seconds = packing::from_zigzag(*number - 1);
  if (seconds > kDateMax || seconds < -kDateMax) return std::nullopt;
  return wall_time(seconds);
}

void append_id(Bytes& out, const PeerId& id) {
  append_varint(out, id.bytes().size());
  append(out, id.bytes());
}
std::optional<PeerId> take_id(Reader& in) {
  const auto size = take_varint(in);
  if (!size || *size > kPeerIdBytesMax) return std::nullopt;
  const auto bytes = in.take(*size);
  if (!bytes) return std::nullopt;
  auto id = PeerId::parse(*bytes);
  if (!id) return std::nullopt;
  return *id;
}

void append_name(Bytes& out, const KeyId& key) { append(out, key); }
void append_name(Bytes& out, const KeyAndTag& subject) {
  append(out, subject.key);
  append(out, subject.tag);
}
template <std::size_t Size>
bool take_name(Reader& in, std::array<std::byte, Size>& name) {
  const auto bytes = in.take(Size);
  if (bytes) copy_to(name, *bytes);
  return bytes.has_value();
}
bool take_name(Reader& in, KeyAndTag& subject) {
  return take_name(in, subject.key) && take_name(in, subject.tag);
}

template <class Name>
void append_marks(Bytes& out, const DateMarks<Name>& marks, const PeerId& self) {
  append_date(out, marks.floor());
  append_varint(out, marks.size());
  for (const auto& [date, name] : marks.by_date()) {
    append_name(out, name);
    append_date(out, date);
    const auto* mark = marks.find(name);
    append_big_endian<std::uint8_t>(out, mark->by == self ? 1 : 0);
    append_big_endian<std::uint64_t>(out, mark->body);
  }
}
template <class Name>
bool take_marks(Reader& in, DateMarks<Name>& marks, const PeerId& self) {
  const auto floor = take_date(in);
  const auto count = take_varint(in);
  if (!floor || !count) return false;
  marks.raise_floor(*floor);
  for (std::uint64_t i = 0; i < *count; ++i) {
    Name name{};
    if (!take_name(in, name)) return false;
    const auto date = take_date(in);
    const auto by_us = in.take_big_endian<std::uint8_t>();
    const auto body = in.take_big_endian<std::uint64_t>();
    if (!date || !by_us || *by_us > 1 || !body) return false;
    marks.set(name, {.date = *date, .by = *by_us == 1 ? self : PeerId(), .body = *body});
  }
  return true;
}

void append_author(Bytes& out, const Author& author) {
  append_id(out, author.id);
  append_date(out, author.date_floor);
  append_date(out, author.newest_date);
  append_varint(out, author.window.highest());
  for (const std::uint64_t word : author.window.words()) append_big_endian(out, word);
  append_big_endian(out, std::bit_cast<std::uint64_t>(author.suspicion.points()));
  append_date(out, author.suspicion.points_at());
  append_varint(out, author.figures.proven);
  append_varint(out, author.figures.refuted);
  append_varint(out, author.figures.changed);
}

bool take_author(Reader& in, Authors& authors) {
  const auto id = take_id(in);
  if (!id) return false;
  Author& author = *authors.get(*id);
  const auto floor = take_date(in);
  const auto newest = take_date(in);
  const auto highest = take_varint(in);
  if (!floor || !newest || !highest) return false;
  ReplayWindow::Words words;
  for (std::uint64_t& word : words) {
    const auto taken = in.take_big_endian<std::uint64_t>();
    if (!taken) return false;
    word = *taken;
  }
  const auto points_bits = in.take_big_endian<std::uint64_t>();
  const auto points_at = take_date(in);
  const auto proven = take_varint(in);
  const auto refuted = take_varint(in);
  const auto changed = take_varint(in);
  if (!points_bits || !points_at || !proven || !refuted || !changed) return false;
  const double points = std::bit_cast<double>(*points_bits);
  if (!(points >= 0 && points < 1e9)) return false;
  author.date_floor = *floor;
  author.newest_date = *newest;
  author.window = ReplayWindow(*highest, words);
  author.suspicion = Suspicion::of(points, *points_at);
  author.figures.proven = *proven;
  author.figures.refuted = *refuted;
  author.figures.changed = *changed;
  return true;
}

bool take_authors(Reader& in, Authors& authors) {
  auto count = take_varint(in);
  for (std::uint64_t i = 0; count && i < *count; ++i)
    if (!take_author(in, authors)) return false;
  if (!count) return false;
  count = take_varint(in);
  for (std::uint64_t i = 0; count && i < *count; ++i) {
    const auto id = take_id(in);
    const auto until = take_date(in);
    if (!id || !until) return false;
    authors.expel(*id, *until);
  }
  return count.has_value();
}

ByteView checksum_of(ByteView content, crypto::Digest& digest) {
  digest = crypto::sha256(content);
  return ByteView(digest).first(kChecksumBytes);
}

}  // namespace

Bytes Ledger::save(Closing closing, WallTime now) const {
  const State& state = *state_;
  Bytes out = copy_bytes(as_bytes(kMagic));
  append_big_endian<std::uint8_t>(out, closing == Closing::yes ? 1 : 0);
  append_date(out, now);
  append_date(out, state.past);
  append_date(out, state.authors.forgotten_date());
  append_marks(out, state.marks, state.self);
  append_marks(out, state.stales, state.self);
  append_marks(out, state.gones, state.self);
  append_varint(out, state.authors.all().size());
  for (const AuthorRef& author : state.authors.all()) append_author(out, *author);
  append_varint(out, state.authors.expelled().size());
  for (const auto& [id, until] : state.authors.expelled()) {
    append_id(out, id);
    append_date(out, until);
  }
  crypto::Digest digest;
  append(out, checksum_of(out, digest));
  return out;
}

Result<void> Ledger::load(ByteView file, WallTime now) {
  auto loaded = std::make_unique<State>(state_->self, state_->options);
  const auto refuse = [&](Errc reason) -> Result<void> {
    state_->past = now;
    return reason;
  };
  if (file.size() < kMagic.size() + kChecksumBytes) return refuse(Errc::store_corrupt);
  const ByteView content = file.first(file.size() - kChecksumBytes);
  crypto::Digest digest;
  if (!equal(checksum_of(content, digest), file.last(kChecksumBytes)))
    return refuse(Errc::store_corrupt);
  Reader in(content);
  if (as_text(*in.take(kMagic.size())) != kMagic) return refuse(Errc::store_version);
  const auto closed = in.take_big_endian<std::uint8_t>();
  const auto saved_at = take_date(in);
  const auto past = take_date(in);
  const auto forgotten = take_date(in);
  if (!closed || !saved_at || *saved_at == WallTime::min() || !past || !forgotten)
    return refuse(Errc::store_corrupt);
  loaded->authors.raise_forgotten_date(*forgotten);
  const bool is_whole = take_marks(in, loaded->marks, loaded->self) &&
                        take_marks(in, loaded->stales, loaded->self) &&
                        take_marks(in, loaded->gones, loaded->self) &&
                        take_authors(in, loaded->authors) && in.is_empty();
  if (!is_whole) return refuse(Errc::store_corrupt);
  // By GitHub's clock, as the earlier process knew it: ours may not be known yet.
  loaded->past = *closed == 1 ? *past : std::max(*past, *saved_at + kSaveInterval + kDateAheadMax);
  state_ = std::move(loaded);
  return {};
}

}  // namespace ghmesh::mesh
