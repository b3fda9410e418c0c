// SPDX-License-Identifier: Apache-2.0 OR MIT
// What is read is written, and read again the same; nothing is kept beyond the limits; every shorter input is refused.
#include <cstdint>

#include "base/check.h"
#include "libp2p/dns/message.h"

using namespace ghmesh;
using namespace ghmesh::dns;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(reinterpret_cast<const std::byte*>(data), size);
  const auto message = parse_message(input);
  if (!message) return 0;
  GHMESH_CHECK(message->questions.size() <= kQuestionsMax);
  GHMESH_CHECK(message->answers.size() + message->authorities.size() +
                   message->additionals.size() <=
               kRecordsMax);
  // The targets of SRV are not compressed, so what is written may be too large although what was read was not.
  if (const auto bytes = write_message(*message)) {
    const auto again = parse_message(*bytes);
    GHMESH_CHECK(again && *again == *message);
    GHMESH_CHECK(equal(*write_message(*again), *bytes));
  }
  for (const Record& record : message->answers) {
    GHMESH_CHECK(record.name.wire().size() < kNameBytesMax);
    GHMESH_CHECK(texts_of(*message, record.name).size() <= kRecordsMax);
    if (auto name = Name::parse_text(record.name.text())) GHMESH_CHECK(*name == record.name);
  }
  if (size > 0) GHMESH_CHECK(!parse_message(input.first(size - 1)));
  return 0;
}
