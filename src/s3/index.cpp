#include "s3/index.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.h"

namespace graft::s3 {
namespace {

// objects: keys are bytes, so that their order is S3's. A content is in `contents`, apart from what lists read, or in a
// file. headers, checksums and tags are as pairs.h packs them; parts are sizes, eight bytes each.
constexpr const char* kSchema = R"sql(
create table if not exists numbers (name text primary key, value integer not null) without rowid;
create table if not exists scrubbed (id integer primary key, bucket integer not null, key blob not null);
create table if not exists buckets (
  id integer primary key, name text not null unique, account text not null, region text not null,
  created integer not null, public integer not null default 0, tags blob, policy text);
create table if not exists bucket_settings (
  bucket integer not null, name text not null, value text not null, primary key (bucket, name)) without rowid;
create table if not exists contents (id integer primary key, bytes blob not null);
create table if not exists objects (
  bucket integer not null, key blob not null, size integer not null, modified integer not null, etag text not null,
  crc32c integer not null, content integer, file integer, public integer not null, headers blob, checksums blob,
  tags blob, parts blob, primary key (bucket, key)) without rowid;
create index if not exists object_files on objects (file) where file is not null;
create table if not exists uploads (
  id text primary key, bucket integer not null, key blob not null, begun integer not null, account text not null,
  user text not null, public integer not null, headers blob, tags blob, algorithm text, composite integer not null)
  without rowid;
create index if not exists upload_keys on uploads (bucket, key, id);
create table if not exists parts (
  upload text not null, number integer not null, size integer not null, modified integer not null, etag text not null,
  crc32c integer not null, checksum text, file integer not null, primary key (upload, number)) without rowid;
create index if not exists part_files on parts (file);
create table if not exists assemblies (upload text primary key, file integer not null, part_size integer not null)
  without rowid;
create index if not exists assembly_files on assemblies (file);
)sql";

struct Change {
  const std::function<void(Database&)>* run;
  std::exception_ptr error{};
  bool done = false;
  std::condition_variable finished{};  // its own: of many that wait, only those that are done wake
};

}  // namespace

struct Index::State {
  std::filesystem::path file;
  Database writer;
  std::mutex mutex{};
  std::condition_variable arrived{};
  std::deque<Change*> waiting{};                  // guarded by mutex
  std::vector<std::unique_ptr<Database>> idle{};  // guarded by mutex
  bool stopping = false;                          // guarded by mutex
  std::thread thread{};

  explicit State(const std::filesystem::path& path) : file(path), writer(path) {}
  void run();
  void commit(const std::deque<Change*>& changes);
  void commit_again(const std::deque<Change*>& changes);
};

namespace {

// Another change in the same transaction must not feel that this one failed.
void run_alone(Database& database, Change& change) {
  database.run("savepoint change");
  try {
    (*change.run)(database);
  } catch (...) {
    change.error = std::current_exception();
    if (!database.in_transaction()) throw;  // SQLite has undone all of them
    database.run("rollback to change");
  }
  database.run("release change");
}

}  // namespace

void Index::State::commit(const std::deque<Change*>& changes) {
  try {
    Transaction transaction(writer);
    for (Change* change : changes) run_alone(writer, *change);
    transaction.commit();
  } catch (...) {
    for (Change* change : changes) {
      if (!change->error) change->error = std::current_exception();
    }
  }
}

bool is_full(const Change& change) {
  try {
    if (change.error) std::rethrow_exception(change.error);
  } catch (const Error& error) {
    return error.code() == "StorageFull";
  } catch (const std::exception&) {
  }
  return false;
}

// The disk is full. What the log holds goes into the database, which leaves room for a new log; and a small change, as
// a deletion is, must not fail for a large one beside it.
void Index::State::commit_again(const std::deque<Change*>& changes) {
  if (std::none_of(changes.begin(), changes.end(), [](const Change* change) { return is_full(*change); })) return;
  try {
    writer.script("pragma wal_checkpoint(truncate)");
  } catch (const Error&) {
    // There may be room all the same.
  }
  for (Change* change : changes) {
    if (!is_full(*change)) continue;
    change->error = nullptr;
    commit({change});
  }
}

void Index::State::run() {
  std::unique_lock lock(mutex);
  while (true) {
    arrived.wait(lock, [&] { return stopping || !waiting.empty(); });
    if (waiting.empty()) return;
    std::deque<Change*> changes = std::exchange(waiting, {});
    lock.unlock();
    commit(changes);
    commit_again(changes);
    lock.lock();
    for (Change* change : changes) {
      change->done = true;
      change->finished.notify_one();
    }
  }
}

Index::Index(const std::filesystem::path& file) : state_(std::make_unique<State>(file)) {
  state_->writer.script(kSchema);
  // A checkpoint copies the log into the database and syncs both; it costs least when it is rare.
  state_->writer.script("pragma wal_autocheckpoint = 8192; pragma cache_size = -65536;");
  state_->thread = std::thread([state = state_.get()] { state->run(); });
}

Index::~Index() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->arrived.notify_one();
  state_->thread.join();
}

void Index::write(const std::function<void(Database&)>& change) {
  Change mine{&change};
  std::unique_lock lock(state_->mutex);
  state_->waiting.push_back(&mine);
  state_->arrived.notify_one();
  mine.finished.wait(lock, [&] { return mine.done; });
  lock.unlock();
  if (mine.error) std::rethrow_exception(mine.error);
}

std::uint64_t Index::free_bytes() {
  const Reader reader = read();
  Rows rows = reader->query("select freelist_count * page_size from pragma_freelist_count, pragma_page_size");
  return rows.next() ? static_cast<std::uint64_t>(rows.integer(0)) : 0;
}

std::uint64_t Index::log_bytes() const {
  std::error_code none;
  const auto size = std::filesystem::file_size(state_->file.string() + "-wal", none);
  return none ? 0 : size;
}

void Index::fold_log() {
  read()->script("pragma wal_checkpoint(truncate)");
}

Index::Reader Index::read() {
  const auto give_back = [state = state_.get()](Database* database) {
    const std::lock_guard lock(state->mutex);
    state->idle.emplace_back(database);
  };
  {
    const std::lock_guard lock(state_->mutex);
    if (!state_->idle.empty()) {
      Database* database = state_->idle.back().release();
      state_->idle.pop_back();
      return Reader(database, give_back);
    }
  }
  auto database = std::make_unique<Database>(state_->file);
  // Pages come from the system's cache, so that each connection needs little memory: of what lies behind the 2 GiB that
  // SQLite maps, room for the upper levels of the tables of millions of objects.
  database->script("pragma query_only = on; pragma cache_size = -4096; pragma mmap_size = 2147418112;");
  return Reader(database.release(), give_back);
}

}  // namespace graft::s3
