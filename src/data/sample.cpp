#include "data/sample.h"

#include <cstdio>
#include <fstream>
#include <mutex>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "base/thread_pool.h"
#include "data/sample_scene.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

struct Picture {
  const sample::Solid* solid;
  fs::path path;
  Key key;
};

// Adds `count` pictures of each solid, as part/split/<label>/<number>.jpg.
void plan(std::vector<Picture>& pictures, std::span<const sample::Solid> solids, const fs::path& split, int count,
          Key key) {
  for (std::size_t kind = 0; kind < solids.size(); ++kind) {
    const fs::path folder = split / solids[kind].name;
    make_folder(folder);
    for (int i = 0; i < count; ++i) {
      char name[32];
      std::snprintf(name, sizeof name, "%04d.jpg", i);
      pictures.push_back({&solids[kind], folder / name, derive(derive(key, kind), static_cast<std::uint64_t>(i))});
    }
  }
}

std::vector<Picture> plan(const fs::path& folder, const SampleOptions& options) {
  std::vector<Picture> pictures;
  const auto add = [&](std::span<const sample::Solid> solids, const char* split, int count, std::uint64_t number) {
    plan(pictures, solids, folder / split, count, derive(Key{options.seed}, number));
  };
  add(sample::general_solids(), "general/train", options.general_train, 0);
  add(sample::general_solids(), "general/validation", options.general_validation, 1);
  add(sample::domain_solids(), "domain/train", options.domain_train, 2);
  add(sample::domain_solids(), "domain/validation", options.domain_validation, 3);
  add(sample::domain_solids(), "domain/test", options.domain_test, 4);
  return pictures;
}

// Not graft::write_file: what can be drawn again need not be synced to disk file by file.
void write(const fs::path& path, ByteView content) {
  std::ofstream out(path, std::ios::binary);
  out.write(as_text(content).data(), static_cast<std::streamsize>(content.size()));
  out.close();
  if (!out) fail(Kind::unavailable, path.string(), ": cannot be written: ", system_message());
}

void check(const fs::path& folder, const SampleOptions& options) {
  require(options.size >= 16 && options.size <= 1024, "the size of the pictures is ", options.size,
          ", not 16 to 1024 pixels");
  for (const int count : {options.general_train, options.general_validation, options.domain_train,
                          options.domain_validation, options.domain_test}) {
    require(count >= 1 && count <= 10000, "the number of images per label is ", count, ", not 1 to 10000");
  }
  require(!fs::exists(folder) || fs::is_empty(folder), folder.string(),
          ": is not empty; name a new folder for the sample set");
}

}  // namespace

void write_sample(const fs::path& folder, const SampleOptions& options) {
  check(folder, options);
  const std::vector<Picture> pictures = plan(folder, options);
  Progress progress("drawing", pictures.size(), "images");
  std::mutex mutex;  // guards progress and done
  std::uint64_t done = 0;
  parallel_for(pictures.size(), available_cores(), [&](std::size_t i) {
    const Picture& picture = pictures[i];
    write(picture.path, encode_jpeg(sample::draw(*picture.solid, options.size, picture.key)));
    const std::lock_guard lock(mutex);
    progress.update(++done);
  });
}

}  // namespace graft
