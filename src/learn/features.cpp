#include "learn/features.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <mutex>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/thread_pool.h"
#include "bundle/head.h"
#include "data/loader.h"
#include "graph/surgery.h"
#include "infer/libtorch.h"

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

// Rounded features are the processor's and this version's, and those in int8 also the calibration's: they are not mixed
// with others.
std::string cache_name(const Backbone& backbone) {
  std::string name = backbone_digest(backbone.graph, backbone.weights, backbone.preprocess);
  if (backbone.precision == Precision::fp32) return name;
  name += name_of(backbone.precision) + " graft " GRAFT_VERSION;
  return backbone.precision == Precision::int8 ? name + to_json(backbone.ranges).dump() : name;
}

std::size_t output_length(const Graph& graph) {
  const Shape shape = infer_shapes(graph)[static_cast<std::size_t>(graph.output)];
  require(shape.size() == 2, graph.architecture, ": its output is not [batch, length]");
  return static_cast<std::size_t>(shape[1]);
}

using Run = std::function<void(std::span<const float>, std::int64_t, std::span<float>)>;

template <typename Compiled>
Run runner(Compiled&& compiled) {
  return [shared = std::make_shared<Compiled>(std::move(compiled))](std::span<const float> input, std::int64_t batch,
                                                                    std::span<float> output) {
    shared->run(input, batch, output);
  };
}

// A job compiles one network several times; it is told once why that is no plan.
void warn_once(const std::string& message) {
  static std::mutex mutex;
  static std::set<std::string> warned;
  const std::lock_guard lock(mutex);
  if (warned.insert(message).second) spdlog::warn("{}", message);
}

Run compile(const Backbone& backbone) {
  const auto& [graph, weights, preprocess, precision, ranges] = backbone;
  try {
    return runner(Plan(graph, weights, {.precision = precision, .ranges = ranges}));
  } catch (const Error& error) {
    if (error.code() != kUnsupportedByPlan) throw;
    warn_once(text(error.what(), "; libtorch computes ", graph.architecture,
                   " instead, more slowly, and graft predict will refuse it"));
  }
  return runner(LibtorchPlan(graph, weights, kBatch,
                             {.form = LibtorchOptions::Form::frozen,
                              .device = has_cuda() ? LibtorchOptions::Device::cuda : LibtorchOptions::Device::cpu,
                              .precision = precision}));
}

Image augmented_view(const Image& image, const Backbone& backbone, const Views& views, const Digest& content,
                     std::uint32_t view) {
  const Key key = derive(derive(Key{views.seed}, view), prefix(content));
  return augment(image, views.augmentation, backbone.preprocess, key);
}

}  // namespace

// One extraction: computes the rows that the cache does not have.
class FeatureExtractor::Pass {
 public:
  Pass(FeatureExtractor& extractor, const DatasetPtr& dataset, const std::vector<Digest>& contents, const Views& views,
       const std::string& title)
      : extractor_(extractor),
        dataset_(dataset),
        contents_(contents),
        views_(views),
        augmented_cache_(views.augmented ? extractor.cache_folder_ : "",
                         extractor.name_ + to_json(views.augmentation).dump() + std::to_string(views.seed), length()),
        progress_(title, dataset->size() * (static_cast<std::size_t>(views.augmented) + 1), "images") {}

  void run(std::uint32_t view, std::span<float> rows) {
    FeatureCache& cache = view == 0 ? extractor_.cache_ : augmented_cache_;
    std::vector<std::size_t> found, missing;
    for (std::size_t i = 0; i < dataset_->size(); ++i) {
      (cache.find(contents_[i], view, row(rows, i)) ? found : missing).push_back(i);
    }
    Group* group = extractor_.group_;
    if (!group || group->size() == 1) return compute(view, missing, rows, cache, found.size());
    share(*group, found);
    share(*group, missing);
    const auto part = [&](int rank) {
      const auto bound = [&](int r) {
        return missing.begin() + static_cast<std::ptrdiff_t>(missing.size() * static_cast<std::size_t>(r) /
                                                             static_cast<std::size_t>(group->size()));
      };
      return std::vector<std::size_t>(bound(rank), bound(rank + 1));
    };
    compute(view, part(group->rank()), rows, cache, found.size());
    give(*group, 0, found, rows);
    for (int rank = 0; rank < group->size(); ++rank) {
      give(*group, rank, part(rank), rows);
      if (rank == group->rank()) continue;
      for (const std::size_t i : part(rank)) cache.add(contents_[i], view, row(rows, i));
    }
  }

 private:
  // The list of the one that leads, for all.
  static void share(Group& group, std::vector<std::size_t>& indices) {
    std::string text(reinterpret_cast<const char*>(indices.data()), indices.size() * sizeof(std::size_t));
    group.broadcast(text);
    indices.resize(text.size() / sizeof(std::size_t));
    std::memcpy(indices.data(), text.data(), text.size());
  }

  // These rows of member `root`, for all.
  void give(Group& group, int root, const std::vector<std::size_t>& indices, std::span<float> rows) const {
    if (indices.empty()) return;
    const auto count = static_cast<std::int64_t>(indices.size()), width = static_cast<std::int64_t>(length());
    torch::Tensor block = torch::empty({count, width});
    float* values = block.data_ptr<float>();
    for (std::size_t k = 0; k < indices.size(); ++k) {
      std::copy_n(row(rows, indices[k]).data(), length(), values + k * length());
    }
    group.broadcast(block, root);
    for (std::size_t k = 0; k < indices.size(); ++k) {
      std::copy_n(values + k * length(), length(), row(rows, indices[k]).data());
    }
  }

  std::size_t length() const { return extractor_.length_; }
  std::span<float> row(std::span<float> rows, std::size_t i) const { return rows.subspan(i * length(), length()); }

  Transform transform_of(std::uint32_t view) const {
    return
        [this, view, &backbone = extractor_.backbone_](const Sample& sample, std::size_t index, std::span<float> out) {
          const Preprocess& p = backbone.preprocess;
          if (view == 0) return preprocess_file(sample.content, p, out);
          normalise(augmented_view(decode(sample.content, decode_options(views_.augmentation, p)), backbone, views_,
                                   contents_[index], view),
                    p, out);
        };
  }

  void compute(std::uint32_t view, std::vector<std::size_t> missing, std::span<float> rows, FeatureCache& cache,
               std::size_t found) {
    done_ += found;
    if (missing.empty()) return;
    const Preprocess& p = extractor_.backbone_.preprocess;
    Loader loader(dataset_, std::move(missing),
                  {.batch = kBatch,
                   .floats_per_sample = static_cast<std::size_t>(3 * p.width * p.height),
                   .threads = available_cores(),
                   .ahead = kBatchesAhead},
                  transform_of(view));
    // While the first pictures are decoded.
    if (!extractor_.run_) extractor_.run_ = compile(extractor_.backbone_);
    Batch batch;
    std::vector<float> features(kBatch * length());
    while (loader.next(batch)) {
      const std::size_t images = batch.indices.size();
      extractor_.run_(batch.pixels, static_cast<std::int64_t>(images), std::span(features).first(images * length()));
      for (std::size_t i = 0; i < images; ++i) {
        const std::span<const float> values = std::span(features).subspan(i * length(), length());
        std::copy(values.begin(), values.end(), row(rows, batch.indices[i]).begin());
        cache.add(contents_[batch.indices[i]], view, values);
      }
      progress_.update(done_ += images);
    }
  }

  FeatureExtractor& extractor_;
  const DatasetPtr& dataset_;
  const std::vector<Digest>& contents_;
  const Views& views_;
  FeatureCache augmented_cache_;
  Progress progress_;
  std::uint64_t done_ = 0;
};

FeatureExtractor::FeatureExtractor(Backbone backbone, std::filesystem::path cache, Group* group)
    : backbone_(std::move(backbone)),
      group_(group),
      cache_folder_(!group || group->leads() ? std::move(cache) : std::filesystem::path()),
      name_(cache_folder_.empty() ? "" : cache_name(backbone_)),
      length_(output_length(backbone_.graph)),
      cache_(cache_folder_, name_, length_) {}

FeatureExtractor::~FeatureExtractor() = default;

FeatureSet FeatureExtractor::extract(const DatasetPtr& dataset, const std::vector<Digest>& contents, const Views& views,
                                     const std::string& title) {
  require(contents.size() == dataset->size(), "there are ", contents.size(), " digests for ", dataset->size(),
          " images");
  const std::size_t images = dataset->size(), count = static_cast<std::size_t>(views.augmented) + 1;
  const std::size_t view_size = images * length_;
  FeatureSet set{allocate_matrix(static_cast<std::int64_t>(images * count), static_cast<std::int64_t>(length_)), {}};
  const std::span<float> all(set.features.data_ptr<float>(), view_size * count);
  Pass pass(*this, dataset, contents, views, title);
  for (std::size_t view = 0; view < count; ++view) {
    pass.run(static_cast<std::uint32_t>(view), all.subspan(view * view_size, view_size));
    for (std::size_t i = 0; i < images; ++i) set.labels.push_back(dataset->label(i));
  }
  return set;
}

}  // namespace graft
