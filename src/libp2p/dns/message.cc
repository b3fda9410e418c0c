// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/dns/message.h"

#include <algorithm>
#include <map>
#include <optional>

namespace ghmesh::dns {
namespace {

constexpr std::size_t kHeaderBytes = 12;
constexpr std::uint16_t kClassIn = 1;
constexpr std::uint16_t kClassAny = 255;
constexpr std::uint16_t kClassBits =
    0x7fff;  // the top bit is multicast DNS's own (RFC 6762, 18.12 and 18.13)
constexpr std::uint32_t kTtlMax = 0x7fffffff;

enum HeaderBit : std::uint16_t {
  kResponse = 0x8000,
  kOpcode = 0x7800,
  kAuthoritative = 0x0400,
  kTruncated = 0x0200,
  kWantsRecursion = 0x0100,
  kHasRecursion = 0x0080,
  kResponseCode = 0x000f,
};

// Where a message is read. Names need all of it: they point back.
class Parser {
 public:
  explicit Parser(ByteView message) : message_(message) {}

  bool is_at_end() const { return position_ == message_.size(); }

  template <std::unsigned_integral T>
  Result<T> take() {
    const auto bytes = take_bytes(sizeof(T));
    if (!bytes) return bytes.error();
    return load_big_endian<T>(*bytes);
  }
  Result<ByteView> take_bytes(std::size_t bytes_count) {
    if (message_.size() - position_ < bytes_count) return Errc::truncated;
    const ByteView taken = message_.subspan(position_, bytes_count);
    position_ += bytes_count;
    return taken;
  }
  Result<Name> take_name() { return Name::read(message_, position_); }

  Result<std::optional<Question>> take_question();
  // Null: not of a type or class that is kept.
  Result<std::optional<Record>> take_record();

 private:
  Result<bool> take_data(Record& record, std::uint16_t type, std::size_t end);
  Result<Txt> take_texts(std::size_t end);
  Result<Srv> take_service();

  ByteView message_;
  std::size_t position_ = 0;
  std::size_t texts_count_ = 0;
};

Result<std::optional<Question>> Parser::take_question() {
  auto name = take_name();
  if (!name) return name.error();
  const auto type = take<std::uint16_t>();
  if (!type) return type.error();
  const auto class_code = take<std::uint16_t>();
  if (!class_code) return class_code.error();
  const unsigned asked_class = *class_code & kClassBits;
  if (asked_class != kClassIn && asked_class != kClassAny) return std::optional<Question>();
  return std::optional(Question{.name = *std::move(name),
                                .type = static_cast<Type>(*type),
                                .wants_unicast = (*class_code & ~kClassBits) != 0});
}

Result<std::optional<Record>> Parser::take_record() {
  auto name = take_name();
  if (!name) return name.error();
  // type, class, ttl, length of the data
  const auto fixed = take_bytes(10);
  if (!fixed) return fixed.error();
  const auto type = load_big_endian<std::uint16_t>(*fixed);
  const auto class_code = load_big_endian<std::uint16_t>(fixed->subspan(2));
  const auto ttl = load_big_endian<std::uint32_t>(fixed->subspan(4));
  const auto data_bytes = load_big_endian<std::uint16_t>(fixed->subspan(8));
  if (message_.size() - position_ < data_bytes) return Errc::truncated;
  const std::size_t end = position_ + data_bytes;

  Record record;
  record.name = *std::move(name);
  record.ttl = Seconds(ttl > kTtlMax ? 0 : ttl);
  record.is_unique = (class_code & ~kClassBits) != 0;
  bool is_kept = (class_code & kClassBits) == kClassIn;
  if (is_kept) {
    const auto has_data = take_data(record, type, end);
    if (!has_data) return has_data.error();
    is_kept = *has_data;
  }
  if (!is_kept) {
    position_ = end;
    return std::optional<Record>();
  }
  // The data ends where its length says, neither before nor behind.
  if (position_ != end) return Errc::dns_malformed;
  return std::optional(std::move(record));
}

// False: no type that is kept.
Result<bool> Parser::take_data(Record& record, std::uint16_t type, std::size_t end) {
  const auto keep = [&record](auto taken) -> Result<bool> {
    if (!taken) return taken.error();
    record.data = *std::move(taken);
    return true;
  };
  const auto keep_address = [&](auto address) -> Result<bool> {
    const auto bytes = take_bytes(address.size());
    if (!bytes) return bytes.error();
    std::ranges::copy(*bytes, address.begin());
    record.data = address;
    return true;
  };
  const auto keep_target = [&]<class T>(T data) -> Result<bool> {
    auto target = take_name();
    if (!target) return target.error();
    data.target = *std::move(target);
    record.data = std::move(data);
    return true;
  };
  switch (static_cast<Type>(type)) {
    case Type::a: return keep_address(Ip4());
    case Type::aaaa: return keep_address(Ip6());
    case Type::cname: return keep_target(Cname());
    case Type::ptr: return keep_target(Ptr());
    case Type::txt: return keep(take_texts(end));
    case Type::srv: return keep(take_service());
    default: return false;
  }
}

Result<Txt> Parser::take_texts(std::size_t end) {
  Txt txt;
  while (position_ < end) {
    const auto length = take<std::uint8_t>();
    if (!length) return length.error();
    if (end - position_ < *length) return Errc::dns_malformed;
    const auto text = take_bytes(*length);
    if (!text) return text.error();
    if (text->empty()) continue;
    if (++texts_count_ > kTextsMax) return Errc::too_large;
    txt.texts.emplace_back(as_text(*text));
  }
  return txt;
}

Result<Srv> Parser::take_service() {
  const auto numbers = take_bytes(6);
  if (!numbers) return numbers.error();
  auto target = take_name();
  if (!target) return target.error();
  return Srv{.priority = load_big_endian<std::uint16_t>(*numbers),
             .weight = load_big_endian<std::uint16_t>(numbers->subspan(2)),
             .port = load_big_endian<std::uint16_t>(numbers->subspan(4)),
             .target = *std::move(target)};
}

// Appends the parts of a message, and remembers where names stand.
class Writer {
 public:
  Bytes take() { return std::move(out_); }
  std::size_t size() const { return out_.size(); }

  template <std::unsigned_integral T>
  void put(T value) {
    append_big_endian(out_, value);
  }
  void put_bytes(ByteView bytes) { append(out_, bytes); }
  void put_name(Name name);
  void put_whole_name(const Name& name);
  void put_record(const Record& record);

 private:
  void put_data(const Ip4& address) { put_bytes(address); }
  void put_data(const Ip6& address) { put_bytes(address); }
  void put_data(const Cname& data) { put_name(data.target); }
  void put_data(const Ptr& data) { put_name(data.target); }
  void put_data(const Txt& data);
  void put_data(const Srv& data);

  Bytes out_;
  std::map<std::string, std::uint16_t, std::less<>>
      names_;  // in their own case: reading gives the same again
};

void Writer::put_name(Name name) {
  while (!name.is_root()) {
    const auto known = names_.find(name.wire());
    if (known != names_.end()) {
      put<std::uint16_t>(0xc000 | known->second);
      return;
    }
    if (out_.size() < 0x4000) names_.emplace(name.wire(), static_cast<std::uint16_t>(out_.size()));
    const std::size_t label_bytes = static_cast<unsigned char>(name.wire().front());
    put_bytes(as_bytes(name.wire().substr(0, 1 + label_bytes)));
    name = name.parent();
  }
  put<std::uint8_t>(0);
}

void Writer::put_whole_name(const Name& name) {
  put_bytes(as_bytes(name.wire()));
  put<std::uint8_t>(0);
}

void Writer::put_data(const Txt& data) {
  for (const std::string& text : data.texts) {
    GHMESH_CHECK(!text.empty() && text.size() <= 255);
    put(static_cast<std::uint8_t>(text.size()));
    put_bytes(as_bytes(text));
  }
  if (data.texts.empty()) put<std::uint8_t>(0);  // at least one string (RFC 1035, 3.3.14)
}

void Writer::put_data(const Srv& data) {
  put(data.priority);
  put(data.weight);
  put(data.port);
  put_whole_name(data.target);
}

Type type_of(const Record& record) {
  static constexpr Type kTypes[] = {Type::a,   Type::aaaa, Type::cname,
                                    Type::ptr, Type::txt,  Type::srv};
  return kTypes[record.data.index()];
}

void Writer::put_record(const Record& record) {
  put_name(record.name);
  put(static_cast<std::uint16_t>(type_of(record)));
  put<std::uint16_t>(record.is_unique ? kClassIn | 0x8000 : kClassIn);
  put(static_cast<std::uint32_t>(std::clamp<std::int64_t>(record.ttl.count(), 0, kTtlMax)));
  const std::size_t length_at = out_.size();
  put<std::uint16_t>(0);
  std::visit([this](const auto& data) { put_data(data); }, record.data);
  // Wrong beyond 65,535; the message is then too large, too, and refused.
  store_big_endian(MutableByteView(out_).subspan(length_at, 2),
                   static_cast<std::uint16_t>(out_.size() - length_at - 2));
}

std::uint16_t write_flags(const Message& message) {
  unsigned flags = message.response_code & kResponseCode;
  if (message.is_response) flags |= kResponse;
  if (message.is_authoritative) flags |= kAuthoritative;
  if (message.is_truncated) flags |= kTruncated;
  if (message.wants_recursion) flags |= kWantsRecursion;
  if (message.has_recursion) flags |= kHasRecursion;
  return static_cast<std::uint16_t>(flags);
}

}  // namespace

Result<Message> parse_message(ByteView bytes) {
  if (bytes.size() > kMessageBytesMax) return Errc::too_large;
  if (bytes.size() < kHeaderBytes) return Errc::truncated;
  Parser parser(bytes);
  std::array<std::uint16_t, 6> header{};  // id, flags, and how many of each section
  for (std::uint16_t& number : header) number = *parser.take<std::uint16_t>();
  const std::uint16_t flags = header[1];
  if ((flags & kOpcode) != 0) return Errc::unsupported;
  if (header[2] > kQuestionsMax) return Errc::too_large;
  if (std::size_t{header[3]} + header[4] + header[5] > kRecordsMax) return Errc::too_large;

  Message message{.id = header[0],
                  .is_response = (flags & kResponse) != 0,
                  .is_authoritative = (flags & kAuthoritative) != 0,
                  .is_truncated = (flags & kTruncated) != 0,
                  .wants_recursion = (flags & kWantsRecursion) != 0,
                  .has_recursion = (flags & kHasRecursion) != 0,
                  .response_code = static_cast<std::uint8_t>(flags & kResponseCode)};
  for (std::size_t i = 0; i < header[2]; ++i) {
    auto question = parser.take_question();
    if (!question) return question.error();
    if (*question) message.questions.push_back(**std::move(question));
  }
  std::size_t section_index = 3;
  for (auto* section : {&message.answers, &message.authorities, &message.additionals}) {
    const std::size_t records_count = header[section_index++];
    for (std::size_t i = 0; i < records_count; ++i) {
      auto record = parser.take_record();
      if (!record) return record.error();
      if (*record) section->push_back(**std::move(record));
    }
  }
  if (!parser.is_at_end()) return Errc::dns_malformed;
  return message;
}

Result<Bytes> write_message(const Message& message) {
  GHMESH_CHECK(message.questions.size() <= kQuestionsMax);
  Writer writer;
  writer.put(message.id);
  writer.put(write_flags(message));
  writer.put(static_cast<std::uint16_t>(message.questions.size()));
  const auto sections = {&message.answers, &message.authorities, &message.additionals};
  for (const auto* section : sections) {
    GHMESH_CHECK(section->size() <= kRecordsMax);
    writer.put(static_cast<std::uint16_t>(section->size()));
  }
  for (const Question& question : message.questions) {
    writer.put_name(question.name);
    writer.put(static_cast<std::uint16_t>(question.type));
    writer.put<std::uint16_t>(question.wants_unicast ? kClassIn | 0x8000 : kClassIn);
  }
  for (const auto* section : sections) {
    for (const Record& record : *section) writer.put_record(record);
  }
  if (writer.size() > kMessageBytesMax) return Errc::too_large;
  return writer.take();
}

std::vector<std::string> texts_of(const Message& message, const Name& name) {
  std::vector<std::string> texts;
  Name owner = name;
  for (std::size_t alias = 0; alias <= kAliasesMax && texts.empty(); ++alias) {
    const Cname* next = nullptr;
    for (const Record& record : message.answers) {
      if (record.name != owner) continue;
      if (const auto* txt = std::get_if<Txt>(&record.data)) {
        texts.emplace_back();
        for (const std::string& text : txt->texts) texts.back() += text;
      } else if (const auto* cname = std::get_if<Cname>(&record.data)) {
        next = cname;
      }
    }
    if (!next) break;
    owner = next->target;
  }
  return texts;
}

}  // namespace ghmesh::dns
