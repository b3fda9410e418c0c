// SPDX-License-Identifier: Apache-2.0 OR MIT
// BodyShelf: bodies that this node has told of, for members that ask for them by digest. The cache finds a body by the
// credential that it was fetched with, and a peer has none.
//
// They are shared with the cache as long as that holds them too, so most of them cost nothing; what was asked for
// longest ago goes first.
#pragma once

#include <list>
#include <map>

#include "crypto/hash.h"
#include "http/message.h"

namespace ghmesh::mesh {

class BodyShelf {
 public:
  explicit BodyShelf(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  void put(const crypto::Digest& digest, http::Body body) {
    if (!body || body->size() > bytes_max_ || find(digest)) return;
    bytes_ += body->size();
    recent_first_.push_front({digest, std::move(body)});
    by_digest_[digest] = recent_first_.begin();
    while (bytes_ > bytes_max_) {
      bytes_ -= recent_first_.back().body->size();
      by_digest_.erase(recent_first_.back().digest);
      recent_first_.pop_back();
    }
  }

  // Null: it is not here.
  http::Body find(const crypto::Digest& digest) {
    const auto found = by_digest_.find(digest);
    if (found == by_digest_.end()) return nullptr;
    recent_first_.splice(recent_first_.begin(), recent_first_, found->second);
    return found->second->body;
  }

  std::size_t bytes() const { return bytes_; }

 private:
  struct Kept {
    crypto::Digest digest;
    http::Body body;
  };
  const std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::list<Kept> recent_first_;
  std::map<crypto::Digest, std::list<Kept>::iterator> by_digest_;
};

}  // namespace ghmesh::mesh
