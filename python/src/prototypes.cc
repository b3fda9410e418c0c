// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "prototypes.h"

#include <iterator>

namespace ghmesh::python {

PyObject* Prototypes::find(std::string_view name, std::uint64_t version) {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return nullptr;
  if (found->second->version != version) {
    remove(found->second);
    return nullptr;
  }
  recent_first_.splice(recent_first_.begin(), recent_first_, found->second);
  return found->second->object;
}

void Prototypes::keep(std::string_view name, std::uint64_t version, std::size_t bytes,
                      PyObject* object) {
  if (bytes > kPrototypeBytesMax / 8) return;
  if (const auto found = by_name_.find(name); found != by_name_.end()) remove(found->second);
  Py_INCREF(object);
  recent_first_.push_front(
      {.name = std::string(name), .version = version, .bytes = bytes, .object = object});
  by_name_.emplace(recent_first_.front().name, recent_first_.begin());
  bytes_ += bytes;
  while (recent_first_.size() > kPrototypesMax || bytes_ > kPrototypeBytesMax)
    remove(std::prev(recent_first_.end()));
}

void Prototypes::clear() {
  while (!recent_first_.empty()) remove(recent_first_.begin());
}

void Prototypes::remove(std::list<Kept>::iterator at) {
  bytes_ -= at->bytes;
  by_name_.erase(at->name);
  PyObject* object = at->object;
  recent_first_.erase(at);
  Py_DECREF(object);  // last: what it frees may call anything
}

}  // namespace ghmesh::python
