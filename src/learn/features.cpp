#include "learn/features.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "base/thread_pool.h"
#include "data/loader.h"
#include "graph/surgery.h"
#include "infer/plan.h"
#include "learn/feature_cache.h"

namespace graft {
namespace {

constexpr std::size_t kBatch = 32;
constexpr std::size_t kBatchesAhead = 4;
// A larger matrix is a file's pages, which the system can write out and drop, not the process's memory.
constexpr std::size_t kInMemory = std::size_t{512} << 20;

// Zeros, [rows, columns].
torch::Tensor allocate_matrix(std::int64_t rows, std::int64_t columns) {
  const std::size_t bytes = static_cast<std::size_t>(rows * columns) * sizeof(float);
  if (bytes <= kInMemory) return torch::zeros({rows, columns});
  std::string path = (std::filesystem::temp_directory_path() / "graft-features-XXXXXX").string();
  const int file = ::mkostemp(path.data(), O_CLOEXEC);
  require(file >= 0, "cannot create ", path, ": ", system_message());
  ::unlink(path.c_str());
  const bool sized = ::posix_fallocate(file, 0, static_cast<off_t>(bytes)) == 0;
  void* memory = sized ? ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) : MAP_FAILED;
  ::close(file);
  require(memory != MAP_FAILED, "cannot keep ", bytes >> 20, " MiB of features in ",
          std::filesystem::temp_directory_path().string(), ": set TMPDIR to a folder with more room");
  return torch::from_blob(
      memory, {rows, columns}, [bytes](void* start) { ::munmap(start, bytes); }, torch::kFloat32);
}

std::string cache_name(const Backbone& backbone, const Views& views) {
  std::string name = fingerprint(backbone.graph, backbone.weights) + to_json(backbone.preprocess).dump();
  if (views.augmented > 0) name += to_json(views.augmentation).dump() + std::to_string(views.seed);
  return name;
}

Image augmented_view(const Image& image, const Backbone& backbone, const Views& views, const Digest& content,
                     std::uint32_t view) {
  const Key key = derive(derive(Key{views.seed}, view), prefix(content));
  return augment(image, views.augmentation, backbone.preprocess, key);
}

// Computes the rows of one view that the cache does not have.
class Extraction {
 public:
  Extraction(const Backbone& backbone, const DatasetPtr& dataset, const std::vector<Digest>& contents,
             const Views& views, const std::filesystem::path& cache, Progress& progress)
      : backbone_(backbone),
        dataset_(dataset),
        contents_(contents),
        views_(views),
        cache_(cache, cache_name(backbone, {}), length()),
        augmented_cache_(views.augmented ? cache : "", cache_name(backbone, views), length()),
        progress_(progress) {}

  std::size_t length() const { return static_cast<std::size_t>(feature_length(backbone_.graph)); }

  void run(std::uint32_t view, std::span<float> rows) {
    FeatureCache& cache = view == 0 ? cache_ : augmented_cache_;
    std::vector<std::size_t> missing;
    for (std::size_t i = 0; i < dataset_->size(); ++i) {
      if (!cache.find(contents_[i], view, row(rows, i))) missing.push_back(i);
    }
    done_ += dataset_->size() - missing.size();
    if (!missing.empty()) compute(view, std::move(missing), rows, cache);
  }

 private:
  std::span<float> row(std::span<float> rows, std::size_t i) const { return rows.subspan(i * length(), length()); }

  void compute(std::uint32_t view, std::vector<std::size_t> missing, std::span<float> rows, FeatureCache& cache) {
    if (!plan_) plan_.emplace(backbone_.graph, backbone_.weights);
    const Preprocess& p = backbone_.preprocess;
    const auto transform = [&](const Sample& sample, std::size_t index, std::span<float> out) {
      if (view == 0) return preprocess_file(sample.content, p, out);
      normalise(augmented_view(decode(sample.content, decode_options(views_.augmentation, p)), backbone_, views_,
                               contents_[index], view),
                p, out);
    };
    Loader loader(dataset_, std::move(missing),
                  {.batch = kBatch,
                   .floats_per_sample = static_cast<std::size_t>(3 * p.width * p.height),
                   .threads = available_cores(),
                   .ahead = kBatchesAhead},
                  transform);
    Batch batch;
    std::vector<float> features(kBatch * length());
    while (loader.next(batch)) {
      const std::size_t images = batch.indices.size();
      plan_->run(batch.pixels, static_cast<std::int64_t>(images), std::span(features).first(images * length()));
      for (std::size_t i = 0; i < images; ++i) {
        const std::span<const float> values = std::span(features).subspan(i * length(), length());
        std::copy(values.begin(), values.end(), row(rows, batch.indices[i]).begin());
        cache.add(contents_[batch.indices[i]], view, values);
      }
      progress_.update(done_ += images);
    }
  }

  const Backbone& backbone_;
  const DatasetPtr& dataset_;
  const std::vector<Digest>& contents_;
  const Views& views_;
  FeatureCache cache_, augmented_cache_;
  Progress& progress_;
  std::optional<Plan> plan_;
  std::uint64_t done_ = 0;
};

}  // namespace

FeatureSet extract_features(const Backbone& backbone, const DatasetPtr& dataset, const std::vector<Digest>& contents,
                            const Views& views, const std::filesystem::path& cache, const std::string& title) {
  require(contents.size() == dataset->size(), "there are ", contents.size(), " digests for ", dataset->size(),
          " images");
  const std::size_t images = dataset->size(), count = static_cast<std::size_t>(views.augmented) + 1;
  Progress progress(title, images * count, "images");
  Extraction extraction(backbone, dataset, contents, views, cache, progress);
  const std::size_t view_size = images * extraction.length();
  FeatureSet set{
      allocate_matrix(static_cast<std::int64_t>(images * count), static_cast<std::int64_t>(extraction.length())), {}};
  const std::span<float> all(set.features.data_ptr<float>(), view_size * count);
  for (std::size_t view = 0; view < count; ++view) {
    extraction.run(static_cast<std::uint32_t>(view), all.subspan(view * view_size, view_size));
    for (std::size_t i = 0; i < images; ++i) set.labels.push_back(dataset->label(i));
  }
  return set;
}

}  // namespace graft
