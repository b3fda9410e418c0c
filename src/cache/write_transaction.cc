// SPDX-License-Identifier: Apache-2.0 OR MIT
// WriteTransaction: what one commit does to the tables. Declared beside the store that makes it, so that nobody else
// can.
#include <algorithm>

#include "cache/lmdb_store.h"

namespace ghmesh::cache {
namespace {

MDB_val to_val(ByteView bytes) {
  return {.mv_size = bytes.size(),
          .mv_data = const_cast<void*>(static_cast<const void*>(bytes.data()))};
}
ByteView to_view(const MDB_val& value) {
  return {static_cast<const std::byte*>(value.mv_data), value.mv_size};
}

std::array<std::byte, 8> id_bytes(BodyId id) {
  std::array<std::byte, 8> bytes{};
  store_big_endian<std::uint64_t>(bytes, id);
  return bytes;
}

Result<void> result_of(int rc) {
  if (rc != 0) return error_of_lmdb(rc);
  return {};
}

class Cursor {
 public:
  Cursor(MDB_txn* txn, MDB_dbi dbi) { rc_ = mdb_cursor_open(txn, dbi, &cursor_); }
  ~Cursor() {
    if (cursor_ != nullptr) mdb_cursor_close(cursor_);
  }
  Cursor(const Cursor&) = delete;
  Cursor& operator=(const Cursor&) = delete;

  int move(MDB_val& key, MDB_val& value, MDB_cursor_op where) {
    return rc_ != 0 ? rc_ : mdb_cursor_get(cursor_, &key, &value, where);
  }

 private:
  MDB_cursor* cursor_ = nullptr;
  int rc_ = 0;
};

}  // namespace

// Stops at the first name that is not one; copies, so that the caller may change the table meanwhile.
int read_names_after(MDB_txn* txn, MDB_dbi table, const std::optional<RowKey>& after,
                     std::size_t names_max, std::vector<NamedRow>& out) {
  Cursor cursor(txn, table);
  MDB_val key{}, value{};
  if (after) key = to_val(*after);
  int rc = cursor.move(key, value, after ? MDB_SET_RANGE : MDB_FIRST);
  if (rc == 0 && after && equal(to_view(key), *after)) rc = cursor.move(key, value, MDB_NEXT);
  for (; rc == 0 && out.size() < names_max; rc = cursor.move(key, value, MDB_NEXT)) {
    if (key.mv_size != sizeof(RowKey)) return MDB_CORRUPTED;
    NamedRow& row = out.emplace_back();
    std::ranges::copy(to_view(key), row.row.begin());
    row.name = copy_bytes(to_view(value));
  }
  return rc;
}

Result<std::optional<ByteView>> WriteTransaction::get(Table table, ByteView key) {
  MDB_val name = to_val(key), value{};
  const int rc = mdb_get(txn_, dbi(table), &name, &value);
  if (rc == MDB_NOTFOUND) return std::optional<ByteView>();
  if (rc != 0) return error_of_lmdb(rc);
  return std::optional<ByteView>(to_view(value));
}

Result<void> WriteTransaction::put(Table table, ByteView key, ByteView value) {
  MDB_val name = to_val(key), bytes = to_val(value);
  return result_of(mdb_put(txn_, dbi(table), &name, &bytes, 0));
}

Result<void> WriteTransaction::erase(Table table, ByteView key) {
  MDB_val name = to_val(key);
  const int rc = mdb_del(txn_, dbi(table), &name, nullptr);
  return result_of(rc == MDB_NOTFOUND ? 0 : rc);
}

Result<void> WriteTransaction::put_row(const RowKey& key, ByteView row) {
  auto erased = erase_row(key);
  if (!erased) return erased;
  return put(Table::rows, key, row);
}

Result<void> WriteTransaction::erase_row(const RowKey& key) {
  auto row = get(Table::rows, key);
  if (!row) return row.error();
  if (!row->has_value()) return {};
  const auto prefix = parse_prefix(**row);
  auto erased = erase(Table::rows, key);
  if (erased) erased = drop_name(key);
  if (!erased || !prefix || !prefix->body_id) return erased;
  return drop_body(*prefix->body_id);
}

Result<void> WriteTransaction::put_name(const RowKey& key, ByteView name) {
  auto dropped = drop_name(key);
  if (!dropped) return dropped;
  auto counted = count_name(name, 1);
  if (!counted) return counted;
  return put(Table::names, key, name);
}

Result<void> WriteTransaction::drop_name(const RowKey& key) {
  auto name = get(Table::names, key);
  if (!name) return name.error();
  if (!name->has_value()) return {};
  auto counted = count_name(**name, -1);
  if (!counted) return counted;
  return erase(Table::names, key);
}

Result<void> WriteTransaction::count_name(ByteView name, int difference) {
  PartitionTag tag{};
  if (name.size() < tag.size()) return Errc::store_corrupt;
  std::ranges::copy(name.first(tag.size()), tag.begin());
  auto count = names_count(tag);
  if (!count) return count.error();
  if (difference < 0 && *count == 0) return Errc::store_corrupt;
  const std::uint64_t changed =
      *count + static_cast<std::uint64_t>(static_cast<std::int64_t>(difference));
  if (changed == 0) return erase(Table::counts, tag);
  Bytes value;
  append_big_endian<std::uint64_t>(value, changed);
  return put(Table::counts, tag, value);
}

Result<std::uint64_t> WriteTransaction::names_count(const PartitionTag& tag) {
  auto count = get(Table::counts, tag);
  if (!count) return count.error();
  if (!count->has_value()) return std::uint64_t{0};
  if ((*count)->size() != sizeof(std::uint64_t)) return Errc::store_corrupt;
  return load_big_endian<std::uint64_t>(**count);
}

Result<std::vector<NamedRow>> WriteTransaction::names_after(const std::optional<RowKey>& after,
                                                            std::size_t names_max) {
  std::vector<NamedRow> names;
  const int rc = read_names_after(txn_, dbi(Table::names), after, names_max, names);
  if (rc != 0 && rc != MDB_NOTFOUND) return error_of_lmdb(rc);
  return names;
}

Result<void> WriteTransaction::touch_row(const RowKey& key, std::uint32_t last_use) {
  auto row = get(Table::rows, key);
  if (!row) return row.error();
  if (!row->has_value()) return {};
  auto prefix = parse_prefix(**row);
  if (!prefix || prefix->last_use >= last_use) return {};
  prefix->last_use = last_use;
  Bytes touched;
  write_prefix(*prefix, touched);
  append(touched, (*row)->subspan(prefix->size()));
  return put(Table::rows, key, touched);
}

Result<BodyId> WriteTransaction::add_body(ByteView sealed) {
  MDB_val name{}, last{};
  BodyId id = 1;
  {
    Cursor cursor(txn_, dbi(Table::bodies));
    const int rc = cursor.move(name, last, MDB_LAST);
    if (rc != 0 && rc != MDB_NOTFOUND) return error_of_lmdb(rc);
    if (rc == 0 && name.mv_size != sizeof(BodyId)) return Errc::store_corrupt;
    if (rc == 0) id = load_big_endian<BodyId>(to_view(name)) + 1;
  }
  const auto key = id_bytes(id);
  name = to_val(key);
  MDB_val value = to_val(sealed);
  const int rc = mdb_put(txn_, dbi(Table::bodies), &name, &value, MDB_APPEND);
  if (rc != 0) return error_of_lmdb(rc);
  return id;
}

Result<void> WriteTransaction::hold_body(BodyId id) {
  const auto key = id_bytes(id);
  auto refs = get(Table::body_refs, key);
  if (!refs) return refs.error();
  std::uint32_t count = 1;
  if (refs->has_value()) {
    if ((*refs)->size() != sizeof(count)) return Errc::store_corrupt;
    count = load_big_endian<std::uint32_t>(**refs);
  }
  Bytes value;
  append_big_endian<std::uint32_t>(value, count + 1);
  return put(Table::body_refs, key, value);
}

Result<void> WriteTransaction::drop_body(BodyId id) {
  const auto key = id_bytes(id);
  auto refs = get(Table::body_refs, key);
  if (!refs) return refs.error();
  if (!refs->has_value()) return erase(Table::bodies, key);
  if ((*refs)->size() != sizeof(std::uint32_t)) return Errc::store_corrupt;
  const auto count = load_big_endian<std::uint32_t>(**refs);
  if (count <= 2) return erase(Table::body_refs, key);
  Bytes value;
  append_big_endian<std::uint32_t>(value, count - 1);
  return put(Table::body_refs, key, value);
}

Result<std::optional<ByteView>> WriteTransaction::get_body(BodyId id) {
  return get(Table::bodies, id_bytes(id));
}

Result<std::vector<WriteTransaction::Row>> WriteTransaction::rows_from(const RowKey& key,
                                                                       std::size_t rows_max) {
  std::vector<Row> rows;
  Cursor cursor(txn_, dbi(Table::rows));
  MDB_val name = to_val(key), value{};
  int rc = cursor.move(name, value, MDB_SET_RANGE);
  if (rc == MDB_NOTFOUND) rc = cursor.move(name, value, MDB_FIRST);
  for (; rc == 0 && rows.size() < rows_max; rc = cursor.move(name, value, MDB_NEXT)) {
    if (name.mv_size != sizeof(RowKey)) return Errc::store_corrupt;
    Row row;
    std::ranges::copy(to_view(name), row.key.begin());
    row.bytes = name.mv_size + value.mv_size;
    // A row that cannot be read has no last use, and so goes first.
    if (const auto prefix = parse_prefix(to_view(value))) {
      row.last_use = prefix->last_use;
      if (prefix->body_id) {
        auto body = get_body(*prefix->body_id);
        if (!body) return body.error();
        if (body->has_value()) row.bytes += (*body)->size();
      }
    }
    rows.push_back(row);
  }
  if (rc != 0 && rc != MDB_NOTFOUND) return error_of_lmdb(rc);
  return rows;
}

Result<void> WriteTransaction::trim_candidates(const RowKey& from) {
  constexpr std::size_t kTrimmedMax = 4096;
  MDB_stat candidates{};
  if (const int rc = mdb_stat(txn_, dbi(Table::candidates), &candidates); rc != 0)
    return error_of_lmdb(rc);
  const std::size_t kept_count = rows_count();
  RowKey at = from;
  for (std::size_t i = 0; i < kTrimmedMax && candidates.ms_entries - i > kept_count; ++i) {
    MDB_val name = to_val(at), value{};
    {
      Cursor cursor(txn_, dbi(Table::candidates));
      int rc = cursor.move(name, value, MDB_SET_RANGE);
      if (rc == MDB_NOTFOUND) rc = cursor.move(name, value, MDB_FIRST);
      if (rc != 0) return error_of_lmdb(rc);
    }
    if (name.mv_size != sizeof(RowKey)) return Errc::store_corrupt;
    std::ranges::copy(to_view(name), at.begin());
    auto erased = erase(Table::candidates, at);
    if (!erased) return erased;
  }
  return {};
}

Result<void> WriteTransaction::erase_everything() {
  for (const Table table : {Table::rows, Table::bodies, Table::body_refs, Table::candidates,
                            Table::names, Table::counts}) {
    const int rc = mdb_drop(txn_, dbi(table), /*del=*/0);
    if (rc != 0) return error_of_lmdb(rc);
  }
  return {};
}

std::uint64_t WriteTransaction::used_bytes() const {
  std::uint64_t pages_count = 0;
  MDB_stat stat{};
  for (const MDB_dbi table : tables_)
    if (mdb_stat(txn_, table, &stat) == 0)
      pages_count += stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages;
  return pages_count * stat.ms_psize;
}

std::uint64_t WriteTransaction::rows_count() const {
  MDB_stat stat{};
  return mdb_stat(txn_, dbi(Table::rows), &stat) == 0 ? stat.ms_entries : 0;
}

}  // namespace ghmesh::cache
