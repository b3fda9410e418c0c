// SPDX-License-Identifier: Apache-2.0 OR MIT
// Rendition: the same entry with its links rewritten for one way in, kept beside the entry so that it is made once.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "http/message.h"

namespace ghmesh::cache {

struct Rendition {
  std::string to;  // where the links lead: "http://127.0.0.1:8418"
  std::string head_text;
  http::Body body;
};

// Room for one rendition. Nearly every daemon is asked by one name, so the first one that is made takes the room;
// others are made anew each time. Any number of threads may read and offer. A copy of an entry starts with an empty
// slot: the copy may differ.
class RenditionSlot {
 public:
  RenditionSlot() = default;
  RenditionSlot(const RenditionSlot&) {}
  RenditionSlot& operator=(const RenditionSlot&) { return *this; }
  ~RenditionSlot() { delete held_.load(std::memory_order_acquire); }

  const Rendition* get() const { return held_.load(std::memory_order_acquire); }

  // Keeps it if the room is free. Answers what is kept, which lives as long as the slot.
  const Rendition* offer(std::unique_ptr<const Rendition> made) const {
    const Rendition* expected = nullptr;
    if (held_.compare_exchange_strong(expected, made.get(), std::memory_order_acq_rel))
      return made.release();
    return expected;
  }

 private:
  mutable std::atomic<const Rendition*> held_{nullptr};
};

}  // namespace ghmesh::cache
