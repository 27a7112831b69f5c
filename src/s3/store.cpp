#include "s3/store.h"

#include <sys/statvfs.h>

#include <chrono>

#include "base/file.h"
#include "base/log.h"
#include "s3/errors.h"
#include "s3/objects.h"

namespace graft::s3 {
namespace {

std::filesystem::path made(const std::filesystem::path& folder) {
  make_folder(folder);
  return folder;
}

std::int64_t next_generation(Index& index) {
  std::int64_t generation = 0;
  index.write([&](Database& database) {
    Rows rows = database.query(
        "insert into numbers values ('generation', 1) on conflict (name) do update set value = value + 1 "
        "returning value");
    while (rows.next()) generation = rows.integer(0);
  });
  return generation;
}

// In one statement, so that a part that becomes an object meanwhile is seen as one of them.
bool is_named(Database& database, FileId file) {
  Rows rows = database.query(
      "select exists (select 1 from objects where file = ?1) or exists (select 1 from parts where file = ?1) "
      "or exists (select 1 from assemblies where file = ?1)",
      file);
  return rows.next() && rows.integer(0) != 0;
}

}  // namespace

Store::Store(const std::filesystem::path& folder)
    : index(made(folder) / "objects.db"),
      files(folder / "objects", next_generation(index)),
      assemblies(index, files),
      folder_(folder),
      scrubber_(index, files, soundness) {
  sweeper_ = std::thread([this] { sweep(); });
}

Store::~Store() {
  stopping_ = true;
  sweeper_.join();
}

void Store::sweep() {
  try {
    const Index::Reader reader = index.read();
    const std::size_t removed = files.sweep([&](FileId file) { return stopping_ || is_named(*reader, file); });
    if (removed > 0) spdlog::info("the object store removed {} files of uploads that were not finished", removed);
  } catch (const std::exception& error) {
    spdlog::warn("the object store could not look for files that nothing names: {}", error.what());
  }
}

void Store::check_room(std::uint64_t size) {
  constexpr std::uint64_t kMostReserve = 64 << 20;
  struct statvfs disk {};
  if (::statvfs(folder_.c_str(), &disk) != 0) return;  // writing will say what is wrong
  const std::uint64_t reserve = std::min<std::uint64_t>(kMostReserve, disk.f_blocks * disk.f_frsize / 64);
  const auto fits = [&] { return disk.f_bavail * disk.f_frsize >= size + reserve + index.log_bytes(); };
  if (fits()) return;
  if (index.log_bytes() > 0) {
    index.fold_log();
    if (::statvfs(folder_.c_str(), &disk) != 0 || fits()) return;
  }
  if (size > kMostInIndex || index.free_bytes() < 2 * size + kMostInIndex) refuse_full();
}

std::int64_t now() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace graft::s3
