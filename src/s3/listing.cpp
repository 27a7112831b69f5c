#include "s3/listing.h"

#include <optional>

#include "s3/pairs.h"

namespace graft::s3 {
namespace {

// What `key` has up to the delimiter behind the prefix. Nothing where it is no part of a group.
std::optional<std::string> common_prefix(const std::string& key, const ListRequest& request) {
  if (request.delimiter.empty()) return std::nullopt;
  const std::size_t at = key.find(request.delimiter, request.prefix.size());
  if (at == std::string::npos) return std::nullopt;
  return key.substr(0, at + request.delimiter.size());
}

class Lister {
 public:
  Lister(Database& database, std::int64_t bucket, const ListRequest& request)
      : database_(database), bucket_(bucket), request_(request) {}

  Listed run() {
    if (request_.most == 0) return {};
    std::optional<std::string> from = first();
    while (from) from = read_from(*from);
    return std::move(listed_);
  }

 private:
  // The first key that may be in the list, or nothing.
  std::optional<std::string> first() const {
    std::string from = request_.prefix;
    // The key behind another one is that with a zero byte more.
    if (!request_.after.empty()) from = std::max(from, request_.after + '\0');
    if (request_.not_below.empty()) return from;
    const std::string next = behind(request_.not_below);
    if (next.empty()) return std::nullopt;
    return std::max(from, next);
  }

  // Reads up to a common prefix, and returns the key behind all that have it; nothing at the end.
  std::optional<std::string> read_from(const std::string& from) {
    Rows rows = database_.query(
        "select key, size, modified, etag, checksums from objects where bucket = ? and key >= ? order by key", bucket_,
        as_bytes(from));
    while (rows.next()) {
      std::string key(as_text(rows.bytes(0)));
      if (!key.starts_with(request_.prefix)) return std::nullopt;
      if (listed_.entries.size() == request_.most) {
        listed_.truncated = true;
        return std::nullopt;
      }
      if (auto prefix = common_prefix(key, request_)) {
        std::string next = behind(*prefix);
        listed_.entries.push_back({.key = std::move(*prefix), .is_prefix = true});
        return next.empty() ? std::nullopt : std::optional(std::move(next));
      }
      listed_.entries.push_back({.key = std::move(key),
                                 .size = static_cast<std::uint64_t>(rows.integer(1)),
                                 .modified = rows.integer(2),
                                 .etag = rows.text(3),
                                 .checksums = unpack(rows.bytes(4))});
    }
    return std::nullopt;
  }

  Database& database_;
  std::int64_t bucket_;
  const ListRequest& request_;
  Listed listed_{};
};

}  // namespace

std::string behind(const std::string& prefix) {
  std::string next = prefix;
  while (!next.empty() && static_cast<unsigned char>(next.back()) == 0xff) next.pop_back();
  if (!next.empty()) next.back() = static_cast<char>(static_cast<unsigned char>(next.back()) + 1);
  return next;
}

Listed list_objects(Store& store, std::int64_t bucket, const ListRequest& request) {
  const Index::Reader reader = store.index.read();
  return Lister(*reader, bucket, request).run();
}

}  // namespace graft::s3
