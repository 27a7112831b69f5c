#include "s3/objects.h"

#include <cstring>

#include "s3/errors.h"
#include "s3/pairs.h"

namespace graft::s3 {
namespace {

ByteView key_bytes(const std::string& key) {
  return as_bytes(key);
}

std::string pack_sizes(const std::vector<std::uint64_t>& sizes) {
  return {reinterpret_cast<const char*>(sizes.data()), sizes.size() * sizeof(std::uint64_t)};
}

std::vector<std::uint64_t> unpack_sizes(ByteView packed) {
  std::vector<std::uint64_t> sizes(packed.size() / sizeof(std::uint64_t));
  if (!sizes.empty()) std::memcpy(sizes.data(), packed.data(), sizes.size() * sizeof(std::uint64_t));
  return sizes;
}

// Null in the index where there is none, which takes no room.
std::optional<ByteView> or_null(const std::string& packed) {
  return packed.empty() ? std::nullopt : std::optional(as_bytes(packed));
}

struct Old {
  std::optional<Present> present{};
  FileId file = 0;
  std::optional<std::int64_t> content{};
};

Old find_old(Database& database, std::int64_t bucket, const std::string& key) {
  Rows rows = database.query("select etag, modified, size, file, content from objects where bucket = ? and key = ?",
                             bucket, key_bytes(key));
  Old old;
  if (!rows.next()) return old;
  old.present = {rows.text(0), rows.integer(1), static_cast<std::uint64_t>(rows.integer(2))};
  old.file = rows.integer(3);
  if (!rows.is_null(4)) old.content = rows.integer(4);
  return old;
}

// The row of `contents` with the object's bytes; that of the object before it is used again.
std::optional<std::int64_t> put_content(Database& database, const Object& object,
                                        const std::optional<std::int64_t>& old) {
  if (object.file != 0) {
    if (old) database.run("delete from contents where id = ?", *old);
    return std::nullopt;
  }
  if (old) {
    database.run("update contents set bytes = ? where id = ?", as_bytes(object.bytes), *old);
    return old;
  }
  Rows rows = database.query("insert into contents (bytes) values (?) returning id", as_bytes(object.bytes));
  std::optional<std::int64_t> id;
  while (rows.next()) id = rows.integer(0);
  return id;
}

// Returns its file.
FileId remove_row(Database& database, std::int64_t bucket, const std::string& key, const Old& old) {
  database.run("delete from objects where bucket = ? and key = ?", bucket, key_bytes(key));
  if (old.content) database.run("delete from contents where id = ?", *old.content);
  return old.file;
}

void demand_bucket(Database& database, std::int64_t bucket) {
  Rows rows = database.query("select 1 from buckets where id = ?", bucket);
  demand(rows.next(), Code::no_such_bucket, "the bucket was deleted meanwhile");
}

}  // namespace

std::optional<Object> find_object(Store& store, std::int64_t bucket, const std::string& key, bool with_bytes) {
  const Index::Reader reader = store.index.read();
  Rows rows = with_bytes ? reader->query(
                               "select size, modified, etag, crc32c, file, public, headers, checksums, tags, parts, "
                               "bytes from objects left join contents on id = content where bucket = ? and key = ?",
                               bucket, key_bytes(key))
                         : reader->query(
                               "select size, modified, etag, crc32c, file, public, headers, checksums, tags, parts "
                               "from objects where bucket = ? and key = ?",
                               bucket, key_bytes(key));
  if (!rows.next()) return std::nullopt;
  return Object{.key = key,
                .size = static_cast<std::uint64_t>(rows.integer(0)),
                .modified = rows.integer(1),
                .etag = rows.text(2),
                .crc32c = static_cast<std::uint32_t>(rows.integer(3)),
                .file = rows.integer(4),
                .bytes = with_bytes ? std::string(as_text(rows.bytes(10))) : "",
                .is_public = rows.integer(5) != 0,
                .headers = unpack(rows.bytes(6)),
                .checksums = unpack(rows.bytes(7)),
                .tags = unpack(rows.bytes(8)),
                .parts = unpack_sizes(rows.bytes(9))};
}

FileId put_object(Database& database, std::int64_t bucket, const Object& object, const Precondition& precondition) {
  demand_bucket(database, bucket);
  const Old old = find_old(database, bucket, object.key);
  if (precondition) precondition(old.present);
  const auto content = put_content(database, object, old.content);
  const std::string headers = pack(object.headers), checksums = pack(object.checksums), tags = pack(object.tags),
                    parts = pack_sizes(object.parts);
  database.run(
      "insert or replace into objects (bucket, key, size, modified, etag, crc32c, content, file, public, headers, "
      "checksums, tags, parts) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      bucket, key_bytes(object.key), object.size, object.modified, object.etag, object.crc32c, content,
      object.file ? std::optional(object.file) : std::nullopt, object.is_public, or_null(headers), or_null(checksums),
      or_null(tags), or_null(parts));
  return old.file;
}

void put_object(Store& store, std::int64_t bucket, const Object& object, const Precondition& precondition) {
  FileId replaced = 0;
  store.index.write([&](Database& database) { replaced = put_object(database, bucket, object, precondition); });
  store.files.remove(replaced);
}

bool remove_object(Store& store, std::int64_t bucket, const std::string& key, const Precondition& precondition) {
  Old old;
  store.index.write([&](Database& database) {
    old = find_old(database, bucket, key);
    if (precondition) precondition(old.present);
    if (old.present) remove_row(database, bucket, key, old);
  });
  store.files.remove(old.file);
  return old.present.has_value();
}

void remove_objects(Store& store, std::int64_t bucket, std::span<const std::string> keys) {
  std::vector<FileId> files;
  const auto remove_all = [&](Database& database) {
    files.clear();
    for (const std::string& key : keys) {
      const Old old = find_old(database, bucket, key);
      if (old.present) files.push_back(remove_row(database, bucket, key, old));
    }
  };
  try {
    store.index.write(remove_all);
  } catch (const Error& error) {
    if (error.code() != "StorageFull" || keys.size() < 2) throw;
    // Deleting takes room, too, before it gives any; less of it at once.
    remove_objects(store, bucket, keys.first(keys.size() / 2));
    return remove_objects(store, bucket, keys.subspan(keys.size() / 2));
  }
  for (const FileId file : files) store.files.remove(file);
}

void set_tags(Store& store, std::int64_t bucket, const std::string& key, const Headers& tags) {
  const std::string packed = pack(tags);
  store.index.write([&](Database& database) {
    database.run("update objects set tags = ? where bucket = ? and key = ?", or_null(packed), bucket, key_bytes(key));
    demand(database.changed() > 0, Code::no_such_key, "no object has the key ", key);
  });
}

void set_public(Store& store, std::int64_t bucket, const std::string& key, bool is_public) {
  store.index.write([&](Database& database) {
    database.run("update objects set public = ? where bucket = ? and key = ?", is_public, bucket, key_bytes(key));
    demand(database.changed() > 0, Code::no_such_key, "no object has the key ", key);
  });
}

}  // namespace graft::s3
