// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cache/writer.h"

#include <algorithm>
#include <exception>

#include "base/log.h"
#include "cache/eviction.h"
#include "crypto/random.h"

namespace ghmesh::cache {
namespace {

// What a slow disk may leave waiting. Erasures are small, and dropping one would keep what was revoked: they have room
// of their own.
constexpr std::size_t kQueueChangesMax = 16'384;
constexpr std::uint64_t kQueueBytesMax = 64ull << 20;
constexpr std::size_t kQueueErasuresMax = 65'536;

// A group must not hold the write lock for long, as other processes wait for it.
constexpr std::size_t kGroupChangesMax = 1024;
constexpr std::uint64_t kGroupBytesMax = 8ull << 20;
// How long the first of a group waits for others when nobody waits for it.
constexpr Duration kGatherTime = 3ms;
constexpr std::size_t kGatherChangesMax = 256;

// A disk that stalls longer than this is reported to those who wait for it.
constexpr Duration kSyncTimeMax = 10s;

constexpr Duration kReaderCheckInterval = 30s;
constexpr Duration kTouchInterval = 10min;
constexpr std::size_t kNamesBatch = 4096;
constexpr std::size_t kTouchesMax = 4096;  // 4,096 pages of 4 KiB at worst, every ten minutes

// What a row needs in a page beyond its bytes, given that pages of random keys are two thirds full.
constexpr std::uint64_t page_bytes_for(std::uint64_t row_bytes) { return row_bytes * 3 / 2; }

std::uint64_t queue_bytes_of(const EntryRef& entry) {
  return entry ? entry->body->size() + entry->head_text.size() + 512 : 64;
}

}  // namespace

Writer::Writer(std::shared_ptr<LmdbStore> store, MemoryTier& memory, WriterOptions options)
    : store_(std::move(store)),
      memory_(memory),
      options_(std::move(options)),
      random_(crypto::random_seed()),
      next_reader_check_(read_clocks().instant + kReaderCheckInterval),
      next_touch_(read_clocks().instant + kTouchInterval),
      thread_([this] { run(); }) {}

Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  work_.notify_one();
  thread_.join();
}

std::shared_ptr<Writer::Waiter> Writer::enqueue(Change change, Wait wait) {
  auto waiter = wait == Wait::until_synced ? std::make_shared<Waiter>() : nullptr;
  {
    std::unique_lock lock(mutex_);
    const std::uint64_t bytes = queue_bytes_of(change.put.entry);
    const bool is_put = change.kind == Kind::put;
    const auto has_room = [&] {
      if (!is_put) return queue_.size() < kQueueChangesMax + kQueueErasuresMax;
      return queue_.size() < kQueueChangesMax && queue_bytes_ + bytes <= kQueueBytesMax;
    };
    // Who waits for the sync waits for room as well; an erasure does too, because it must happen.
    if (!has_room() && (wait != Wait::none || !is_put))
      done_.wait_for(lock, kSyncTimeMax, has_room);
    if (!has_room()) {
      stats_.dropped_count.fetch_add(1, std::memory_order_relaxed);
      if (wait == Wait::for_room) waiter = std::make_shared<Waiter>();
      if (waiter) *waiter = {.is_done = true, .error = make_error_code(Errc::timed_out)};
      return waiter;
    }
    change.waiter = waiter;
    change.version = next_version_++;
    if (is_put || change.kind == Kind::erase)
      queued_[change.put.key] = {.entry = change.put.entry, .version = change.version};
    if (change.kind == Kind::erase_all || change.kind == Kind::erase_partition) queued_.clear();
    queued_count_.store(queued_.size(), std::memory_order_release);
    queue_bytes_ += bytes;
    waiters_count_ += waiter != nullptr;
    queue_.push_back(std::move(change));
    // While it gathers, the thread looks by itself; it is woken for the first of a group, and for what cannot wait.
    if (queue_.size() > 1 && !waiter && queue_.size() != kGatherChangesMax) return waiter;
  }
  work_.notify_one();
  return waiter;
}

Result<void> Writer::await(const std::shared_ptr<Waiter>& waiter) {
  std::unique_lock lock(mutex_);
  if (!done_.wait_for(lock, kSyncTimeMax, [&] { return waiter->is_done; })) return Errc::timed_out;
  if (waiter->error) return waiter->error;
  return {};
}

Result<void> Writer::put(Put put, Wait wait) {
  const auto waiter = enqueue({.kind = Kind::put, .put = std::move(put)}, wait);
  return waiter ? await(waiter) : Result<void>();
}

void Writer::erase(const MemoryKey& key, const RowKey& row) {
  enqueue({.kind = Kind::erase, .put = {.key = key, .row = row}}, Wait::none);
}

Result<void> Writer::erase_all() {
  return await(enqueue({.kind = Kind::erase_all}, Wait::until_synced));
}

Result<std::size_t> Writer::erase_partition(PrincipalRef principal) {
  Put put;
  put.principal = std::move(principal);
  const auto waiter =
      enqueue({.kind = Kind::erase_partition, .put = std::move(put)}, Wait::until_synced);
  auto erased = await(waiter);
  if (!erased) return erased.error();
  return waiter->rows_count;
}

bool Writer::is_idle() {
  const std::lock_guard lock(mutex_);
  return queue_.empty() && queued_.empty();
}

Result<void> Writer::flush() { return await(enqueue({.kind = Kind::barrier}, Wait::until_synced)); }

Writer::Pending Writer::find(const MemoryKey& key) {
  if (queued_count_.load(std::memory_order_acquire) == 0) return {};
  const std::lock_guard lock(mutex_);
  const auto at = queued_.find(key);
  if (at == queued_.end()) return {};
  return {.is_pending = true, .entry = at->second.entry};
}

void Writer::run() {
  for (;;) {
    std::vector<Change> group;
    {
      std::unique_lock lock(mutex_);
      if (!wait_for_work(lock)) return;
      group = take_group();
    }
    if (!group.empty()) write_group(group);
    keep_house();
  }
}

// False when it is time to end: told to stop, and nothing left.
bool Writer::wait_for_work(std::unique_lock<std::mutex>& lock) {
  const Duration until_house = std::max(Duration(1ms), next_reader_check_ - read_clocks().instant);
  work_.wait_for(lock, until_house, [&] { return is_stopping_ || !queue_.empty(); });
  if (queue_.empty()) return !is_stopping_;
  const auto is_urgent = [&] {
    return is_stopping_ || waiters_count_ > 0 || queue_.size() >= kGatherChangesMax;
  };
  if (!is_urgent()) work_.wait_for(lock, kGatherTime, is_urgent);
  return true;
}

std::vector<Writer::Change> Writer::take_group() {
  std::vector<Change> group;
  std::uint64_t bytes = 0;
  while (!queue_.empty() && group.size() < kGroupChangesMax && bytes < kGroupBytesMax) {
    bytes += queue_bytes_of(queue_.front().put.entry);
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  queue_bytes_ -= bytes;
  return group;
}

Result<void> Writer::make_room(std::uint64_t bytes_count) {
  const std::uint64_t used_bytes = store_->usage().used_bytes;
  const std::uint64_t needed_bytes = page_bytes_for(bytes_count);
  if (used_bytes + needed_bytes <= options_.disk_bytes_max) return {};
  // Rows leave holes in their pages, which new rows fill; so as much goes as comes, and what is too much already.
  const std::uint64_t excess_bytes =
      used_bytes > options_.disk_bytes_max ? used_bytes - options_.disk_bytes_max : 0;
  std::size_t evicted_count = 0;
  auto made = store_->write([&](WriteTransaction& transaction) -> Result<void> {
    auto evicted = evict(transaction, bytes_count + excess_bytes, random_);
    if (!evicted) return evicted.error();
    evicted_count = *evicted;
    return {};
  });
  if (made) stats_.evicted_count.fetch_add(evicted_count, std::memory_order_relaxed);
  return made;
}

void Writer::write_group(std::vector<Change>& group) {
  Marks marks;
  evicted_rows_.clear();
  Result<void> written;
  try {
    written = apply(group, marks);
  } catch (
      const std::
          exception&) {  // out of memory while a group is packed: this group is lost, not the program
    written = Errc::store_failed;
  }
  for (auto& [slot, slot_marks] : marks)
    slot_marks.after = store_->generations().count_up(slot_marks.row);
  if (written && std::ranges::any_of(group, [](const Change& change) {
        return change.kind == Kind::erase_all || change.kind == Kind::erase_partition;
      }))
    store_->generations().count_up_all();
  else confirm(group, marks, written.has_value());
  // After that, or what was put and evicted in one group would still be found in memory.
  for (const RowKey& row : evicted_rows_) store_->generations().count_up(row);
  note_result(written);  // first: who is told of a failure finds it counted
  finish(group, written);
}

Result<void> Writer::apply(std::vector<Change>& group, Marks& marks) {
  const std::uint32_t last_use = last_use_of(options_.clock());
  std::vector<PreparedRow> prepared(group.size());
  std::uint64_t bytes_count = 0;
  for (std::size_t i = 0; i < group.size(); ++i) {
    const Put& put = group[i].put;
    if (group[i].kind != Kind::put) continue;
    prepared[i] = rows_.prepare(put.row, put.entry, put.principal, last_use,
                                put.name ? packing::Effort::quick : packing::Effort::thorough);
    if (put.name)
      prepared[i].name = seal_name(put.row, *put.name, tag_of(put.principal), *put.principal);
    bytes_count +=
        prepared[i].bytes() + (put.candidate ? put.candidate->sealed.size() + sizeof(RowKey) : 0);
  }
  auto room = bytes_count > 0 ? make_room(bytes_count) : Result<void>();
  if (!room) return room;

  return store_->write([&](WriteTransaction& transaction) -> Result<void> {
    marks.clear();
    evicted_rows_.clear();
    for (std::size_t i = 0; i < group.size(); ++i) {
      const Put& put = group[i].put;
      auto done = apply_one(transaction, group[i], prepared[i], last_use);
      if (!done) return done;
      if (group[i].kind == Kind::put || group[i].kind == Kind::erase)
        marks[Generations::slot_of(put.row)].row = put.row;
    }
    for (auto& [slot, slot_marks] : marks)
      slot_marks.before = store_->generations().count_up(slot_marks.row);
    return {};
  });
}

// One partition writes, nearly always.
const PartitionTag& Writer::tag_of(const PrincipalRef& principal) {
  if (tagged_ != principal) {
    tagged_ = principal;
    tag_ = partition_tag(*principal);
  }
  return tag_;
}

Result<void> Writer::apply_one(WriteTransaction& transaction, Change& change, PreparedRow& prepared,
                               std::uint32_t last_use) {
  const Put& put = change.put;
  switch (change.kind) {
    case Kind::put: {
      auto done = rows_.write(transaction, prepared, last_use);
      if (done && put.candidate)
        done = transaction.put(Table::candidates, put.candidate->at, put.candidate->sealed);
      if (done && !prepared.name.empty()) done = transaction.put_name(put.row, prepared.name);
      if (done && put.names_max > 0) done = limit_names(transaction, put);
      return done;
    }
    case Kind::erase: return transaction.erase_row(put.row);
    case Kind::erase_all: return transaction.erase_everything();
    case Kind::erase_partition: {
      auto erased = erase_names(transaction, *put.principal);
      if (!erased) return erased.error();
      change.waiter->rows_count = *erased;
      return {};
    }
    case Kind::touch: return transaction.touch_row(put.row, last_use);
    case Kind::barrier: return {};
  }
  return {};
}

Result<std::size_t> Writer::erase_names(WriteTransaction& transaction,
                                        const github::Principal& principal) {
  const PartitionTag tag = partition_tag(principal);
  std::size_t erased_count = 0;
  std::optional<RowKey> after;
  for (;;) {
    auto names = transaction.names_after(after, kNamesBatch);
    if (!names) return names.error();
    if (names->empty()) return erased_count;
    after = names->back().row;
    for (const NamedRow& named : *names) {
      if (named.name.size() < tag.size() || !equal(ByteView(named.name).first(tag.size()), tag))
        continue;
      auto erased = transaction.erase_row(named.row);
      if (!erased) return erased.error();
      ++erased_count;
    }
  }
}

// A sixteenth goes at once, so that a full partition is not looked through for every put.
Result<void> Writer::limit_names(WriteTransaction& transaction, const Put& put) {
  const PartitionTag tag = tag_of(put.principal);
  auto count = transaction.names_count(tag);
  if (!count) return count.error();
  if (*count <= put.names_max) return {};
  struct Kept {
    std::uint32_t last_use = 0;
    std::int64_t written_at = 0;
    RowKey row{};
  };
  std::vector<Kept> kept;
  std::optional<RowKey> after;
  for (;;) {
    auto names = transaction.names_after(after, kNamesBatch);
    if (!names) return names.error();
    if (names->empty()) break;
    after = names->back().row;
    for (const NamedRow& named : *names) {
      const auto name = open_name(named, tag, *put.principal);
      if (!name || named.row == put.row) continue;
      auto row = transaction.get(Table::rows, named.row);
      if (!row) return row.error();
      const auto prefix = row->has_value() ? parse_prefix(**row) : std::nullopt;
      kept.push_back({.last_use = prefix ? prefix->last_use : 0,
                      .written_at = name->written_at,
                      .row = named.row});
    }
  }
  const std::size_t leaving = std::min(kept.size(), *count - put.names_max + put.names_max / 16);
  std::ranges::nth_element(
      kept, kept.begin() + static_cast<std::ptrdiff_t>(leaving), {},
      [](const Kept& each) { return std::pair(each.last_use, each.written_at); });
  for (std::size_t i = 0; i < leaving; ++i) {
    auto erased = transaction.erase_row(kept[i].row);
    if (!erased) return erased;
    evicted_rows_.push_back(kept[i].row);
  }
  stats_.evicted_count.fetch_add(leaving, std::memory_order_relaxed);
  return {};
}

// What we hold of the rows we wrote is what is on disk, unless somebody else counted up between our two counts: then it
// may be theirs, and the next lookup reads it again. After a failure the old marks would only drop what we hold from
// memory.
void Writer::confirm(const std::vector<Change>& group, const Marks& marks, bool is_written) {
  for (const Change& change : group) {
    if (change.kind != Kind::put) continue;
    const auto at = marks.find(Generations::slot_of(change.put.row));
    if (at == marks.end()) continue;
    const auto expected =
        static_cast<std::uint32_t>(static_cast<std::uint32_t>(at->second.before) + 1);
    if (is_written && static_cast<std::uint32_t>(at->second.after) != expected) continue;
    memory_.confirm(change.put.key, change.put.entry.get(), at->second.after);
  }
}

void Writer::finish(const std::vector<Change>& group, const Result<void>& result) {
  {
    const std::lock_guard lock(mutex_);
    for (const Change& change : group) {
      const auto at = queued_.find(change.put.key);
      if (at != queued_.end() && at->second.version == change.version) queued_.erase(at);
      if (!change.waiter) continue;
      --waiters_count_;
      change.waiter->is_done = true;
      change.waiter->error = result ? Error() : result.error();
    }
    queued_count_.store(queued_.size(), std::memory_order_release);
  }
  done_.notify_all();
}

void Writer::note_result(const Result<void>& result) {
  if (!result) stats_.faults_count.fetch_add(1, std::memory_order_relaxed);
  // Once when it begins and once when it ends: a full disk must not fill the log as well.
  if (!result && !is_failing_) log::warn("store_write_failed", {{"error", result.error()}});
  if (result && is_failing_) log::info("store_writes_again");
  is_failing_ = !result;
}

void Writer::keep_house() {
  const Instant now = read_clocks().instant;
  if (now >= next_reader_check_) {
    next_reader_check_ = now + kReaderCheckInterval;
    store_->check_readers();
  }
  if (now < next_touch_) return;
  next_touch_ = now + kTouchInterval;
  std::vector<Change> group;
  for (const RowKey& row : memory_.take_used_rows(kTouchesMax))
    group.push_back({.kind = Kind::touch, .put = {.row = row}});
  for (std::size_t i = 0; i < group.size(); i += kGroupChangesMax) {
    std::vector<Change> part(
        std::make_move_iterator(group.begin() + static_cast<std::ptrdiff_t>(i)),
        std::make_move_iterator(group.begin() + static_cast<std::ptrdiff_t>(
                                                    std::min(i + kGroupChangesMax, group.size()))));
    write_group(part);
  }
}

}  // namespace ghmesh::cache
