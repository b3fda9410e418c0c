// SPDX-License-Identifier: Apache-2.0 OR MIT
// The calls of ghmesh::Cache: each is short, and looks first whether the cache is still open.
#include "ghmesh/cache.h"

#include "api/cache_impl.h"
#include "base/error.h"

namespace ghmesh {
namespace {

std::error_code failure_of(const Result<void>& result) {
  if (result) return {};
  if (result.error() == Errc::too_large) return Failure::too_large;
  if (result.error() == Errc::timed_out) return Failure::timed_out;
  return Failure::store_failed;
}

}  // namespace

Cache::Cache(CacheOptions options) : impl_(std::make_shared<Impl>(std::move(options))) {}
Cache::~Cache() {
  if (impl_) impl_->close();
}
Cache::Cache(Cache&&) noexcept = default;
Cache& Cache::operator=(Cache&& other) noexcept {
  if (this != &other) {
    if (impl_) impl_->close();
    impl_ = std::move(other.impl_);
  }
  return *this;
}

std::optional<Value> Cache::get(const Key& key, std::string_view validation_fields) const {
  const Impl::Use use(*impl_);
  return use ? impl_->local->get(key, validation_fields) : std::nullopt;
}

std::optional<Value> Cache::get_stale(const Key& key) const {
  const Impl::Use use(*impl_);
  return use ? impl_->local->get_stale(key) : std::nullopt;
}

std::optional<Value> Cache::get_within(const Key& key, Milliseconds deadline,
                                       std::string_view validation_fields) const {
  const Impl::Use use(*impl_);
  if (!use) return std::nullopt;
  auto value = impl_->local->get(key, validation_fields);
  if (value || !impl_->swarm || deadline <= Milliseconds(0)) return value;
  auto found = std::make_shared<std::promise<bool>>();
  auto arrived = found->get_future();
  impl_->swarm->fetch(key.text(), deadline, [found](bool is_found) { found->set_value(is_found); });
  if (arrived.wait_for(deadline) != std::future_status::ready || !arrived.get())
    return std::nullopt;
  return impl_->local->get(key, validation_fields);
}

std::error_code Cache::put(const Key& key, std::string_view data, const PutOptions& options) {
  const Impl::Use use(*impl_);
  return use ? failure_of(impl_->local->put(key, data, options)) : make_error_code(Failure::closed);
}

std::vector<std::optional<Value>> Cache::get_many(std::span<const Key> keys) const {
  std::vector<std::optional<Value>> values(keys.size());
  const Impl::Use use(*impl_);
  if (!use) return values;
  for (std::size_t i = 0; i < keys.size(); ++i) values[i] = impl_->local->get(keys[i], {});
  return values;
}

std::error_code Cache::put_many(std::span<const PutItem> items) {
  const Impl::Use use(*impl_);
  if (!use) return Failure::closed;
  std::error_code first;
  for (const PutItem& item : items) {
    const std::error_code failure =
        failure_of(impl_->local->put(item.key, item.data, item.options));
    if (failure && !first) first = failure;
  }
  return first;
}

bool Cache::invalidate(const Key& key) {
  const Impl::Use use(*impl_);
  return use && impl_->local->invalidate(key);
}

std::size_t Cache::invalidate_prefix(std::string_view prefix) {
  const Impl::Use use(*impl_);
  return use ? impl_->local->invalidate_prefix(prefix) : 0;
}

std::size_t Cache::clear() {
  const Impl::Use use(*impl_);
  return use ? impl_->local->clear() : 0;
}

void Cache::for_each(const std::function<bool(const Key&, const Value&)>& visit) const {
  const Impl::Use use(*impl_);
  if (use) impl_->local->for_each(visit);
}

CacheStats Cache::stats() const {
  const Impl::Use use(*impl_);
  if (!use) return {};
  CacheStats stats = impl_->local->stats();
  if (impl_->swarm) impl_->swarm->fill(stats);
  return stats;
}

std::error_code Cache::flush(Milliseconds deadline) {
  const Impl::Use use(*impl_);
  if (!use) return Failure::closed;
  // The store itself gives up after its own deadline; on the worker, so that this one holds as well.
  auto flushed = std::make_shared<std::promise<std::error_code>>();
  auto done = flushed->get_future();
  flush_async([flushed](std::error_code failure) { flushed->set_value(failure); });
  if (done.wait_for(deadline) != std::future_status::ready) return Failure::timed_out;
  return done.get();
}

void Cache::get_async(Key key, Milliseconds deadline, GetCallback done) const {
  const auto impl = impl_;
  const auto look_again = [impl, key, done](bool is_closed) {
    const Impl::Use use(*impl);
    if (is_closed || !use) return done(Failure::closed, std::nullopt);
    done({}, impl->local->get(key, {}));
  };
  const Impl::Use use(*impl);
  if (!use) return done(Failure::closed, std::nullopt);
  if (!impl->swarm || deadline <= Milliseconds(0) || impl->local->find(key.text()))
    return impl->process().worker.post(look_again);
  impl->swarm->fetch(key.text(), deadline,
                     [impl, look_again](bool) { impl->process().worker.post(look_again); });
}

void Cache::put_async(Key key, std::string data, PutOptions options, DoneCallback done) {
  const auto impl = impl_;
  impl->process().worker.post([impl, key = std::move(key), data = std::move(data),
                               options = std::move(options),
                               done = std::move(done)](bool is_closed) {
    const Impl::Use use(*impl);
    if (is_closed || !use) return done(Failure::closed);
    auto put = impl->local->put(key, data, options);
    if (put) put = impl->local->flush();
    done(failure_of(put));
  });
}

void Cache::flush_async(DoneCallback done) {
  const auto impl = impl_;
  impl->process().worker.post([impl, done = std::move(done)](bool is_closed) {
    const Impl::Use use(*impl);
    if (is_closed || !use) return done(Failure::closed);
    done(failure_of(impl->local->flush()));
  });
}

std::future<std::optional<Value>> Cache::get_future(Key key, Milliseconds deadline) const {
  auto promise = std::make_shared<std::promise<std::optional<Value>>>();
  auto future = promise->get_future();
  get_async(std::move(key), deadline, [promise](std::error_code, std::optional<Value> value) {
    promise->set_value(std::move(value));
  });
  return future;
}

std::future<std::error_code> Cache::put_future(Key key, std::string data, PutOptions options) {
  auto promise = std::make_shared<std::promise<std::error_code>>();
  auto future = promise->get_future();
  put_async(std::move(key), std::move(data), std::move(options),
            [promise](std::error_code failure) { promise->set_value(failure); });
  return future;
}

void Cache::close() { impl_->close(); }

}  // namespace ghmesh
