#include "s3/store.h"

#include <chrono>

#include "base/file.h"
#include "base/log.h"

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
    : index(made(folder) / "objects.db"), files(folder / "objects", next_generation(index)), assemblies(index, files) {
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

std::int64_t now() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace graft::s3
