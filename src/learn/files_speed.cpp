#include "learn/files_speed.h"

#include <sys/resource.h>

#include <chrono>

#include "base/thread_pool.h"
#include "data/open.h"

namespace graft {
namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

double processor_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

FilesSpeed measure_files_speed(const Backbone& backbone, const std::filesystem::path& folder) {
  const DatasetPtr dataset = open_dataset(folder);
  const std::vector<Digest> contents(dataset->size());
  FeatureExtractor extractor(backbone, {});
  extractor.extract(dataset, contents, {}, "files, warm-up");
  const double before = processor_seconds();
  const auto start = std::chrono::steady_clock::now();
  extractor.extract(dataset, contents, {}, "files");
  const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return {.images = dataset->size(),
          .images_per_second = static_cast<double>(dataset->size()) / wall,
          .busy = (processor_seconds() - before) / wall / static_cast<double>(available_cores())};
}

}  // namespace graft
