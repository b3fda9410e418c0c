// SPDX-License-Identifier: Apache-2.0 OR MIT
// Objects that were made of values lately, so that a hit copies one instead of reading JSON again. Bounded in count and
// in the bytes of their JSON: Python's objects take five to ten times as much. Everything here is called with the GIL.
#pragma once

#include <Python.h>

#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

namespace ghmesh::python {

inline constexpr std::size_t kPrototypesMax = 1024;
inline constexpr std::size_t kPrototypeBytesMax = 1 << 20;  // of JSON: at most 10 MiB of objects

class Prototypes {
 public:
  Prototypes() = default;
  Prototypes(const Prototypes&) = delete;
  Prototypes& operator=(const Prototypes&) = delete;
  ~Prototypes() { clear(); }

  // Borrowed, until the next call; null: it must be made.
  PyObject* find(std::string_view name, std::uint64_t version);
  void keep(std::string_view name, std::uint64_t version, std::size_t bytes, PyObject* object);
  void clear();

 private:
  struct Kept {
    std::string name;
    std::uint64_t version;
    std::size_t bytes;
    PyObject* object;
  };
  void remove(std::list<Kept>::iterator at);

  std::list<Kept> recent_first_;
  std::unordered_map<std::string_view, std::list<Kept>::iterator> by_name_;
  std::size_t bytes_ = 0;
};

}  // namespace ghmesh::python
