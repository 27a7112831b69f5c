#include "runner/checkpoint_sync.h"

#include <sys/stat.h>

#include <chrono>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "runner/below.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

constexpr auto kPeriod = std::chrono::seconds(5);
constexpr std::size_t kMostFiles = 100'000;
constexpr const char* kFolder = "checkpoints";

}  // namespace

CheckpointSync::CheckpointSync(S3Settings s3, S3Path prefix, fs::path instance, fs::path record)
    : s3_(std::move(s3)), prefix_(std::move(prefix)), instance_(std::move(instance)), record_(std::move(record)) {
  load();
}

CheckpointSync::~CheckpointSync() {
  end_thread();
}

void CheckpointSync::adopt() {
  uploaded_ = look();
  save();
}

void CheckpointSync::start() {
  thread_ = std::thread([this] { run(); });
}

void CheckpointSync::finish() {
  end_thread();
  sync(true);
}

void CheckpointSync::end_thread() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void CheckpointSync::run() {
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, kPeriod, [this] { return ending_; })) {
    lock.unlock();
    try {
      sync(false);
    } catch (const std::exception& error) {
      spdlog::warn("checkpoints are not uploaded, which is tried again: {}", error.what());
    }
    lock.lock();
  }
}

CheckpointSync::Files CheckpointSync::look() const {
  Files files;
  if (!is_folder_below(instance_, kFolder)) return files;
  std::error_code gone;  // files come and go meanwhile
  fs::recursive_directory_iterator entry(instance_ / kFolder, gone), end;
  for (; !gone && entry != end; entry.increment(gone)) {
    struct stat status {};
    if (::lstat(entry->path().c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    require(files.size() < kMostFiles, "there are more than ", kMostFiles, " files in the checkpoints");
    files[entry->path().lexically_relative(instance_ / kFolder).string()] = {
        static_cast<std::uint64_t>(status.st_size), status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec};
  }
  return files;
}

void CheckpointSync::sync(bool all) {
  const Files files = look();
  bool changed = false;
  for (const auto& [name, file] : files) {
    const auto known = uploaded_.find(name), before = seen_.find(name);
    if (known != uploaded_.end() && known->second == file) continue;
    if (!all && (before == seen_.end() || before->second != file)) continue;
    put(name);
    uploaded_[name] = file;
    changed = true;
  }
  for (auto known = uploaded_.begin(); known != uploaded_.end();) {
    if (files.contains(known->first)) {
      ++known;
      continue;
    }
    delete_object(s3_, {prefix_.bucket, prefix_.key + known->first});
    known = uploaded_.erase(known);
    changed = true;
  }
  seen_ = files;
  if (changed) save();
}

void CheckpointSync::put(const std::string& name) const {
  const Descriptor file(open_below(instance_, fs::path(kFolder) / name));
  if (file.fd < 0) return;  // removed meanwhile
  upload(s3_, text("/proc/self/fd/", file.fd), {prefix_.bucket, prefix_.key + name});
}

void CheckpointSync::load() {
  if (!fs::exists(record_)) return;
  const std::string source = record_.string();
  const Json json = parse_json(read_text(record_), source);
  for (const auto& [name, file] : json.items()) {
    uploaded_[name] = {field<std::uint64_t>(file, "size", source), field<std::int64_t>(file, "modified", source)};
  }
}

void CheckpointSync::save() const {
  Json json = Json::object();
  for (const auto& [name, file] : uploaded_) json[name] = {{"size", file.size}, {"modified", file.modified}};
  write_file(record_, json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace graft
