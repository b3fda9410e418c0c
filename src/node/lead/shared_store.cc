// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "node/lead/shared_store.h"

namespace ghmesh::node {
namespace {

std::int64_t milliseconds_of(mesh::SharedAt moment) { return moment.time_since_epoch().count(); }

void adopt(library::LocalCache& local, const mesh::Shared& said) {
  const std::int64_t said_at = milliseconds_of(said.said_at);
  if (said.is_removal) {
    static_cast<void>(local.adopt_removal(*said.record, said_at));  // nothing older is here
    return;
  }
  const auto record = library::parse_record(*said.record);
  // The record is what its author put; the moment orders it on every board. They are one, or it is nobody's.
  if (!record || record->written_at != said_at) return;
  static_cast<void>(local.adopt(*record));  // what is here may be newer
}

// What is not fresh is a miss for whoever asks, too.
std::optional<mesh::Shared> find(library::LocalCache& local, std::string_view name) {
  const auto value = local.find(name);
  if (!value) return std::nullopt;
  library::Record record = value->impl()->record;
  const auto now =
      std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  if (!record.is_fresh(milliseconds_of(now))) return std::nullopt;
  record.is_of_peer = false;
  return mesh::Shared{.said_at = mesh::SharedAt(std::chrono::milliseconds(record.written_at)),
                      .record = http::make_body(library::write_record(record))};
}

}  // namespace

SharedStore shared_store_of(std::shared_ptr<library::LocalCache> local) {
  return {.adopt = [local](const mesh::Shared& said) { adopt(*local, said); },
          .find = [local](std::string_view name) { return find(*local, name); }};
}

ShareItem share_item_of(const library::Record& record, library::Change change) {
  const bool is_removal = change == library::Change::removed;
  return {.name = std::string(record.name),
          .said_at = mesh::SharedAt(std::chrono::milliseconds(record.written_at)),
          .is_removal = is_removal,
          .record = is_removal ? nullptr : http::make_body(library::write_record(record))};
}

}  // namespace ghmesh::node
