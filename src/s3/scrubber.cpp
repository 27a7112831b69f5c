#include "s3/scrubber.h"

#include <fcntl.h>

#include <string>
#include <utility>
#include <vector>

#include "base/background.h"
#include "base/crc.h"
#include "base/log.h"
#include "base/printable.h"

namespace graft::s3 {
namespace {

constexpr std::size_t kPage = 1000;
constexpr std::uint64_t kKept = 1 << 30;  // bytes; what is read once more after a kill
constexpr std::chrono::milliseconds kNap{10};

struct Position {
  std::int64_t bucket = 0;
  std::string key{};
};

Position find_position(Database& database) {
  Rows rows = database.query("select bucket, key from scrubbed");
  if (!rows.next()) return {};
  return {rows.integer(0), std::string(as_text(rows.bytes(1)))};
}

void keep_position(Index& index, const Position& position) {
  index.write([&](Database& database) {
    database.run("insert or replace into scrubbed (id, bucket, key) values (1, ?, ?)", position.bucket,
                 as_bytes(position.key));
  });
}

}  // namespace

struct Scrubber::Item {
  Position at{};
  std::uint64_t size = 0;
  std::uint32_t crc32c = 0;
  FileId file = 0;
};

Scrubber::Scrubber(Index& index, Files& files, Soundness& soundness, const ScrubRate& rate)
    : index_(index), files_(files), soundness_(soundness), rate_(rate) {
  thread_ = std::thread([this] { in_background([this] { run(); }); });
}

Scrubber::~Scrubber() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

bool Scrubber::pause(std::chrono::nanoseconds time) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, time, [&] { return stopping_; });
}

bool Scrubber::pay(std::uint64_t bytes) {
  owed_ += std::chrono::nanoseconds(bytes * 1'000'000'000 / rate_.bytes);
  return owed_ < kNap || pause(std::exchange(owed_, {}));
}

void Scrubber::run() {
  std::chrono::nanoseconds wait = rate_.wait;
  while (pause(wait)) {
    wait = std::chrono::seconds(0);
    try {
      if (!scrub_some()) wait = rate_.rest;
    } catch (const std::exception& error) {
      spdlog::warn("the object store could not verify what it holds: {}", error.what());
      wait = rate_.rest;
    }
  }
}

// The next page. False at the end of a round.
bool Scrubber::scrub_some() {
  std::vector<Item> items;
  {
    const Index::Reader reader = index_.read();
    const Position from = find_position(*reader);
    Rows rows = reader->query(
        "select bucket, key, size, crc32c, file from objects where (bucket, key) > (?, ?) order by bucket, key limit ?",
        from.bucket, as_bytes(from.key), kPage);
    while (rows.next()) {
      items.push_back({{rows.integer(0), std::string(as_text(rows.bytes(1)))},
                       static_cast<std::uint64_t>(rows.integer(2)),
                       static_cast<std::uint32_t>(rows.integer(3)),
                       rows.integer(4)});
    }
  }
  std::uint64_t bytes = 0;
  for (const Item& item : items) {
    check(item);
    if (!pause(std::chrono::seconds(0))) return true;
    bytes += item.size;
    if (bytes < kKept) continue;
    keep_position(index_, item.at);
    bytes = 0;
  }
  keep_position(index_, items.empty() ? Position{} : items.back().at);
  return !items.empty();
}

void Scrubber::check(const Item& item) {
  if (item.file != 0) return check_file(item);
  {
    const Index::Reader reader = index_.read();
    Rows rows =
        reader->query("select bytes, crc32c from objects join contents on id = content where bucket = ? and key = ?",
                      item.at.bucket, as_bytes(item.at.key));
    if (rows.next() && crc32c(0, rows.bytes(0)) != static_cast<std::uint32_t>(rows.integer(1))) {
      spdlog::error("the object {} in the bucket {} of the index is damaged on the disk", printable(item.at.key),
                    item.at.bucket);
    }
  }
  pay(item.size);
}

void Scrubber::check_file(const Item& item) {
  const auto file = files_.open(item.file);
  bool stopped = false;
  const auto read = [&](std::uint64_t offset, std::size_t size) {
    // What nobody else reads is not to drive out of memory what others do.
    ::posix_fadvise(file->fd, static_cast<off_t>(offset), static_cast<off_t>(size), POSIX_FADV_DONTNEED);
    stopped = stopped || !pay(size);
    return !stopped;
  };
  if (file && (is_sound(*file, item.size, item.crc32c, read) || stopped)) return;
  if (!is_named(item) || !soundness_.found_damaged(item.file)) return;
  spdlog::error("the file {} of the object {} is {}; restore the object from where it came",
                files_.path(item.file).string(), printable(item.at.key), file ? "damaged on the disk" : "missing");
}

// It may have been replaced while it was read.
bool Scrubber::is_named(const Item& item) {
  const Index::Reader reader = index_.read();
  Rows rows = reader->query("select 1 from objects where bucket = ? and key = ? and file = ?", item.at.bucket,
                            as_bytes(item.at.key), item.file);
  return rows.next();
}

}  // namespace graft::s3
