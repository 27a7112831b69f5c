#include "base/error.h"
#include "remote/file_transfer.h"
#include "remote/new_file.h"
#include "remote/object_reader.h"

namespace graft {
namespace {

constexpr int kReadings = 3;

// Reads from the beginning again where that may help.
template <typename Read>
auto read_again(const Read& read) {
  for (int reading = 1;; ++reading) {
    try {
      return read();
    } catch (const Error& error) {
      const bool helps = error.code() == kChanged || error.code() == kCorrupt;
      if (!helps || reading == kReadings) throw;
    }
  }
}

}  // namespace

Bytes get_object(const S3Settings& settings, const S3Path& path, std::uint64_t limit) {
  return read_again([&] {
    Bytes content;
    read_object(settings, path, {.bytes = limit},
                [&](ByteView bytes) { content.insert(content.end(), bytes.begin(), bytes.end()); });
    return content;
  });
}

void download_file(const S3Settings& settings, const S3Path& path, const std::filesystem::path& file, bool sync,
                   const Moving& moving) {
  read_again([&] {
    NewFile target(file);
    std::int64_t taken = 0;
    const auto tell = [&](std::int64_t bytes) {
      taken += bytes;
      if (moving) moving(bytes);
    };
    try {
      const RemoteObject object = read_object(settings, path, {}, [&](ByteView bytes) {
        target.write(bytes);
        tell(static_cast<std::int64_t>(bytes.size()));
      });
      target.finish(object.modified, sync);
    } catch (...) {
      tell(-taken);
      throw;
    }
  });
}

void download(const S3Settings& settings, const S3Path& path, const std::filesystem::path& file,
              const std::function<void(std::uint64_t done)>& progress) {
  std::int64_t done = 0;
  download_file(settings, path, file, true, [&](std::int64_t bytes) {
    done += bytes;
    // What went in vain is told while an exception is under way.
    if (progress && bytes > 0) progress(static_cast<std::uint64_t>(done));
  });
}

}  // namespace graft
