// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/gossipsub/rpc.h"

namespace ghmesh::gossipsub {
namespace {

using protobuf::append_field;
using protobuf::Field;
using protobuf::FieldReader;
using protobuf::WireType;

// Field numbers (pubsub/README.md, "The RPC"; gossipsub-v1.0.md to v1.2.md, "Protobuf").
namespace rpc_field {
constexpr std::uint32_t kSubscriptions = 1, kPublish = 2, kControl = 3;
}
namespace subscription_field {
constexpr std::uint32_t kSubscribe = 1, kTopic = 2;
}
namespace control_field {
constexpr std::uint32_t kIHave = 1, kIWant = 2, kGraft = 3, kPrune = 4, kIDontWant = 5;
}
constexpr std::uint32_t kTopicField = 1;        // of IHAVE, GRAFT and PRUNE
constexpr std::uint32_t kIHaveIdsField = 2;     // of IHAVE
constexpr std::uint32_t kIdsField = 1;          // of IWANT and IDONTWANT
constexpr std::uint32_t kSuggestionsField = 2;  // of PRUNE
constexpr std::uint32_t kBackoffField = 3;
constexpr std::uint32_t kPeerIdField = 1;  // of a suggestion
constexpr std::uint32_t kSignedRecordField = 2;

// Counts down to each limit; take() is false when there was nothing left.
class Allowance {
 public:
  explicit Allowance(std::size_t count) : left_(count) {}
  bool take(std::size_t count = 1) {
    if (count > left_) return false;
    left_ -= count;
    return true;
  }

 private:
  std::size_t left_;
};

class Scan {
 public:
  Result<void> rpc(ByteView bytes) {
    return each(bytes, [this](const Field& field) -> Result<void> {
      switch (field.number) {
        case rpc_field::kSubscriptions: return subscription(field);
        case rpc_field::kPublish:
          if (field.type != WireType::bytes) return Errc::gossipsub_malformed;
          if (!messages_.take()) return Errc::gossipsub_limit;
          return message(field.bytes);
        case rpc_field::kControl:
          if (field.type != WireType::bytes) return Errc::gossipsub_malformed;
          if (!control_bytes_.take(field.bytes.size())) return Errc::gossipsub_limit;
          return control(field.bytes);
        default: return unknown();
      }
    });
  }

 private:
  template <class Visit>
  Result<void> each(ByteView bytes, Visit visit) {
    FieldReader reader(bytes);
    for (;;) {
      auto field = reader.next();
      if (!field) return Errc::gossipsub_malformed;
      if (!*field) return {};
      if (!fields_.take()) return Errc::gossipsub_limit;
      auto visited = visit(**field);
      if (!visited) return visited;
    }
  }

  Result<void> unknown() {
    if (!unknown_.take()) return Errc::gossipsub_limit;
    return {};
  }

  Result<void> expect(const Field& field, WireType type) {
    if (field.type != type) return Errc::gossipsub_malformed;
    return {};
  }

  Result<void> subscription(const Field& field) {
    if (field.type != WireType::bytes) return Errc::gossipsub_malformed;
    if (!subscriptions_.take()) return Errc::gossipsub_limit;
    return each(field.bytes, [this](const Field& inner) -> Result<void> {
      switch (inner.number) {
        case subscription_field::kSubscribe: return expect(inner, WireType::varint);
        case subscription_field::kTopic: return expect(inner, WireType::bytes);
        default: return unknown();
      }
    });
  }

  // What its fields are worth is for parse_message() to say: here they only have to be fields.
  Result<void> message(ByteView bytes) {
    std::size_t fields_count = 0;
    return each(bytes, [this, &fields_count](const Field&) -> Result<void> {
      constexpr std::size_t kKnownFields = 6;
      if (++fields_count > kKnownFields) return unknown();
      return {};
    });
  }

  Result<void> control(ByteView bytes) {
    return each(bytes, [this](const Field& field) -> Result<void> {
      if (field.number < control_field::kIHave || field.number > control_field::kIDontWant)
        return unknown();
      if (field.type != WireType::bytes) return Errc::gossipsub_malformed;
      if (!entries_.take()) return Errc::gossipsub_limit;
      switch (field.number) {
        case control_field::kIHave: return ids(field.bytes, kIHaveIdsField, kTopicField);
        case control_field::kIWant:
        case control_field::kIDontWant: return ids(field.bytes, kIdsField, 0);
        case control_field::kGraft: return ids(field.bytes, 0, kTopicField);
        default: return prune(field.bytes);
      }
    });
  }

  Result<void> ids(ByteView bytes, std::uint32_t ids_number, std::uint32_t topic_number) {
    return each(bytes, [=, this](const Field& field) -> Result<void> {
      if (field.number != ids_number && field.number != topic_number) return unknown();
      if (field.type != WireType::bytes) return Errc::gossipsub_malformed;
      if (!ids_.take()) return Errc::gossipsub_limit;
      return {};
    });
  }

  Result<void> prune(ByteView bytes) {
    return each(bytes, [this](const Field& field) -> Result<void> {
      switch (field.number) {
        case kTopicField: return expect(field, WireType::bytes);
        case kBackoffField: return expect(field, WireType::varint);
        case kSuggestionsField:
          if (field.type != WireType::bytes) return Errc::gossipsub_malformed;
          if (!suggestions_.take()) return Errc::gossipsub_limit;
          return each(field.bytes, [this](const Field& inner) -> Result<void> {
            if (inner.number == kPeerIdField || inner.number == kSignedRecordField)
              return expect(inner, WireType::bytes);
            return unknown();
          });
        default: return unknown();
      }
    });
  }

  Allowance fields_{kFieldsMax};
  Allowance subscriptions_{kSubscriptionsMax};
  Allowance messages_{kMessagesMax};
  Allowance control_bytes_{kControlBytesMax};
  Allowance entries_{kControlEntriesMax};
  Allowance ids_{kIdsMax + kControlEntriesMax};  // with their topics
  Allowance suggestions_{kSuggestionsMax};
  Allowance unknown_{kUnknownFieldsMax};
};

// The next field of what was scanned.
std::optional<Field> next_field(FieldReader& reader) {
  auto field = reader.next();
  GHMESH_CHECK(field.has_value());
  return *field;
}

Element read_subscription(ByteView bytes) {
  Element element{.kind = Element::Kind::unsubscribe};
  FieldReader fields(bytes);
  while (auto field = next_field(fields)) {
    if (field->number == subscription_field::kSubscribe)
      element.kind = field->value != 0 ? Element::Kind::subscribe : Element::Kind::unsubscribe;
    if (field->number == subscription_field::kTopic) element.topic = as_text(field->bytes);
  }
  return element;
}

// Of a field that stands twice, the last counts, as everywhere in protocol buffers.
Element read_control(const Field& entry) {
  Element element{.kind = Element::Kind::prune, .body = entry.bytes};
  switch (entry.number) {
    case control_field::kIHave: element.kind = Element::Kind::ihave; break;
    case control_field::kIWant: element.kind = Element::Kind::iwant; return element;
    case control_field::kIDontWant: element.kind = Element::Kind::idontwant; return element;
    case control_field::kGraft: element.kind = Element::Kind::graft; break;
    default: break;
  }
  FieldReader fields(entry.bytes);
  while (auto field = next_field(fields)) {
    if (field->is_bytes(kTopicField)) element.topic = as_text(field->bytes);
    if (field->is_varint(kBackoffField)) element.seconds = field->value;
  }
  return element;
}

bool is_control_entry(const Field& field) {
  return field.number >= control_field::kIHave && field.number <= control_field::kIDontWant;
}

void append_ids(Bytes& out, std::uint32_t number, const std::vector<MessageId>& ids) {
  for (const MessageId& id : ids) append_field(out, number, id.bytes());
}

Bytes write_prune(const Rpc::Prune& prune) {
  Bytes out;
  append_field(out, kTopicField, as_bytes(prune.topic));
  for (const Rpc::Suggestion& suggestion : prune.suggestions) {
    Bytes peer;
    append_field(peer, kPeerIdField, suggestion.peer_id);
    if (!suggestion.signed_record.empty())
      append_field(peer, kSignedRecordField, suggestion.signed_record);
    append_field(out, kSuggestionsField, peer);
  }
  if (prune.seconds != 0) append_field(out, kBackoffField, prune.seconds);
  return out;
}

Bytes write_control(const Rpc& rpc) {
  Bytes out;
  for (const Rpc::IHave& ihave : rpc.ihave) {
    Bytes entry;
    append_field(entry, kTopicField, as_bytes(ihave.topic));
    append_ids(entry, kIHaveIdsField, ihave.ids);
    append_field(out, control_field::kIHave, entry);
  }
  if (!rpc.iwant.empty()) {
    Bytes entry;
    append_ids(entry, kIdsField, rpc.iwant);
    append_field(out, control_field::kIWant, entry);
  }
  for (const std::string& topic : rpc.graft) {
    Bytes entry;
    append_field(entry, kTopicField, as_bytes(topic));
    append_field(out, control_field::kGraft, entry);
  }
  for (const Rpc::Prune& prune : rpc.prune)
    append_field(out, control_field::kPrune, write_prune(prune));
  if (!rpc.idontwant.empty()) {
    Bytes entry;
    append_ids(entry, kIdsField, rpc.idontwant);
    append_field(out, control_field::kIDontWant, entry);
  }
  return out;
}

Rpc::Prune copy_prune(const Element& element) {
  Rpc::Prune prune{.topic = std::string(element.topic), .seconds = element.seconds};
  SuggestionReader suggestions(element);
  while (auto view = suggestions.next())
    prune.suggestions.push_back(
        {.peer_id = copy_bytes(view->peer_id), .signed_record = copy_bytes(view->signed_record)});
  return prune;
}

std::vector<MessageId> copy_ids(const Element& element) {
  std::vector<MessageId> ids;
  IdReader reader(element);
  while (auto id = reader.next()) ids.emplace_back(*id);
  return ids;
}

}  // namespace

Result<void> scan_rpc(ByteView rpc) { return Scan().rpc(rpc); }

std::optional<Element> RpcReader::next() {
  for (;;) {
    while (auto entry = next_field(control_))
      if (is_control_entry(*entry)) return read_control(*entry);
    auto field = next_field(rpc_);
    if (!field) return std::nullopt;
    switch (field->number) {
      case rpc_field::kSubscriptions: return read_subscription(field->bytes);
      case rpc_field::kPublish:
        return Element{.kind = Element::Kind::message, .body = field->bytes};
      case rpc_field::kControl: control_ = FieldReader(field->bytes); break;
      default: break;
    }
  }
}

IdReader::IdReader(const Element& element)
    : fields_(element.body),
      number_(element.kind == Element::Kind::ihave ? kIHaveIdsField : kIdsField) {}

std::optional<ByteView> IdReader::next() {
  while (auto field = next_field(fields_))
    if (field->is_bytes(number_)) return field->bytes;
  return std::nullopt;
}

std::optional<SuggestionView> SuggestionReader::next() {
  while (auto field = next_field(fields_)) {
    if (!field->is_bytes(kSuggestionsField)) continue;
    SuggestionView view;
    FieldReader peer(field->bytes);
    while (auto inner = next_field(peer)) {
      if (inner->is_bytes(kPeerIdField)) view.peer_id = inner->bytes;
      if (inner->is_bytes(kSignedRecordField)) view.signed_record = inner->bytes;
    }
    return view;
  }
  return std::nullopt;
}

Bytes write_rpc(const Rpc& rpc) {
  Bytes out;
  for (const Rpc::Subscription& subscription : rpc.subscriptions) {
    Bytes entry;
    append_field(entry, subscription_field::kSubscribe, subscription.is_subscribed ? 1 : 0);
    append_field(entry, subscription_field::kTopic, as_bytes(subscription.topic));
    append_field(out, rpc_field::kSubscriptions, entry);
  }
  for (const Bytes& message : rpc.messages) append_field(out, rpc_field::kPublish, message);
  const Bytes control = write_control(rpc);
  if (!control.empty()) append_field(out, rpc_field::kControl, control);
  return out;
}

Result<Rpc> parse_rpc(ByteView bytes) {
  auto scanned = scan_rpc(bytes);
  if (!scanned) return scanned.error();
  Rpc rpc;
  RpcReader reader(bytes);
  while (auto element = reader.next()) {
    const std::string topic(element->topic);
    switch (element->kind) {
      case Element::Kind::subscribe:
      case Element::Kind::unsubscribe:
        rpc.subscriptions.push_back({topic, element->kind == Element::Kind::subscribe});
        break;
      case Element::Kind::message: rpc.messages.push_back(copy_bytes(element->body)); break;
      case Element::Kind::ihave: rpc.ihave.push_back({topic, copy_ids(*element)}); break;
      case Element::Kind::graft: rpc.graft.push_back(topic); break;
      case Element::Kind::prune: rpc.prune.push_back(copy_prune(*element)); break;
      case Element::Kind::iwant:
        for (MessageId& id : copy_ids(*element)) rpc.iwant.push_back(std::move(id));
        break;
      case Element::Kind::idontwant:
        for (MessageId& id : copy_ids(*element)) rpc.idontwant.push_back(std::move(id));
        break;
    }
  }
  return rpc;
}

}  // namespace ghmesh::gossipsub
