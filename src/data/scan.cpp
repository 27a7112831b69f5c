#include "data/scan.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <mutex>
#include <optional>

#include "base/error.h"
#include "base/json.h"
#include "base/progress.h"
#include "base/thread_pool.h"
#include "data/scan_findings.h"

namespace graft {
namespace {

// The format that a name's extension promises.
std::optional<ImageFormat> promised_format(std::string_view name) {
  static constexpr std::pair<std::string_view, ImageFormat> kExtensions[] = {
      {".jpg", ImageFormat::jpeg},  {".jpeg", ImageFormat::jpeg}, {".png", ImageFormat::png},
      {".webp", ImageFormat::webp}, {".gif", ImageFormat::gif},   {".bmp", ImageFormat::bmp}};
  std::string end(name.substr(std::min(name.size(), name.rfind('.'))));
  for (char& c : end) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c);
  for (const auto& [extension, format] : kExtensions) {
    if (end == extension) return format;
  }
  return {};
}

// Looks at the picture; says in words what is wrong with it, or nothing.
std::string examine(const Sample& sample, FileFacts& facts) {
  facts.digest = sha256(sample.content);
  const auto format = sniff(sample.content);
  if (!format) {
    facts.problem = Problem::no_image;
    return sample.content.empty() ? "the file is empty" : "not a JPEG, PNG, WebP, GIF or BMP picture";
  }
  facts.wrongly_named = promised_format(sample.name).value_or(*format) != *format;
  facts.problem = Problem::damaged;  // until it is decoded to the end
  try {
    const ImageInfo info = read_info(sample.content);
    facts.width = info.width;
    facts.height = info.height;
    facts.animated = info.animated;
    const DecodeOptions smallest{.cover_width = 1, .cover_height = 1};
    if (std::int64_t{info.width} * info.height > smallest.max_pixels) facts.problem = Problem::too_large;
    decode(sample.content, smallest);
  } catch (const Error& error) {
    return error.what();
  }
  facts.problem = Problem::none;
  return {};
}

class Scanner {
 public:
  Scanner(std::size_t images, std::size_t threads, const ScanPart& part)
      : threads_(threads), part_(part), progress_("scan", images, "images") {}

  ScannedSet scan(DatasetPtr dataset) {
    ScannedSet set{std::move(dataset), {}, {}};
    if (!set.dataset) return set;
    set.files.resize(set.dataset->size());
    const std::size_t begin = first_of(part_.number, set), end = first_of(part_.number + 1, set);
    parallel_for(end - begin, threads_, [&](std::size_t k) {
      const std::size_t i = begin + k;
      std::string problem = look_at(*set.dataset, i, set.files[i]);
      const std::lock_guard lock(mutex_);
      if (!problem.empty()) set.problems.emplace(i, std::move(problem));
      progress_.update(++done_);
    });
    if (part_.exchange) complete(set);
    return set;
  }

 private:
  std::size_t first_of(int part, const ScannedSet& set) const {
    return set.files.size() * static_cast<std::size_t>(part) / static_cast<std::size_t>(part_.of);
  }

  // What this process found goes to all others, and what they found comes in.
  void complete(ScannedSet& set) const {
    const std::size_t begin = first_of(part_.number, set), end = first_of(part_.number + 1, set);
    static_assert(std::is_trivially_copyable_v<FileFacts>);
    std::string found(reinterpret_cast<const char*>(set.files.data() + begin), (end - begin) * sizeof(FileFacts));
    found += Json(set.problems).dump(-1, ' ', false, Json::error_handler_t::replace);
    const std::vector<std::string> all = part_.exchange(found);
    for (int part = 0; part < part_.of; ++part) {
      const std::string& text = all[static_cast<std::size_t>(part)];
      const std::size_t first = first_of(part, set), bytes = (first_of(part + 1, set) - first) * sizeof(FileFacts);
      require(text.size() >= bytes, "the process ", part,
              " scanned other images than this one: give all the same data");
      std::memcpy(set.files.data() + first, text.data(), bytes);
      set.problems.merge(
          parse_json(text.substr(bytes), "another process's scan").get<std::map<std::size_t, std::string>>());
    }
  }

  static std::string look_at(const Dataset& dataset, std::size_t i, FileFacts& facts) {
    Sample sample;
    try {
      sample = dataset.get(i);
    } catch (const Error& error) {
      facts.problem = Problem::unreadable;
      return error.what();
    }
    return examine(sample, facts);
  }

  std::size_t threads_;
  const ScanPart& part_;
  std::mutex mutex_;
  Progress progress_;       // guarded by mutex_
  std::uint64_t done_ = 0;  // guarded by mutex_
};

}  // namespace

bool Scan::leaks() const {
  return std::any_of(findings.begin(), findings.end(), [](const Finding& finding) { return finding.what == "leak"; });
}

Scan scan(const Splits& splits, std::size_t threads, const ScanPart& part) {
  const auto start = std::chrono::steady_clock::now();
  std::size_t images = 0;
  for (const DatasetPtr& each : {splits.train, splits.validation, splits.test}) images += each ? each->size() : 0;
  Scan result;
  {
    Scanner scanner(images / static_cast<std::size_t>(part.of), threads, part);
    result.splits.train = scanner.scan(splits.train);
    result.splits.validation = scanner.scan(splits.validation);
    result.splits.test = scanner.scan(splits.test);
  }
  result.findings = find_all(result.splits);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

ScannedSet usable(const ScannedSet& set) {
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < set.files.size(); ++i) {
    if (set.files[i].usable()) indices.push_back(i);
  }
  return indices.size() == set.files.size() ? set : select(set, std::move(indices));
}

ScannedSet select(const ScannedSet& set, std::vector<std::size_t> indices) {
  ScannedSet chosen;
  chosen.files.reserve(indices.size());
  for (std::size_t i = 0; i < indices.size(); ++i) {
    chosen.files.push_back(set.files.at(indices[i]));
    if (const auto problem = set.problems.find(indices[i]); problem != set.problems.end())
      chosen.problems.emplace(i, problem->second);
  }
  chosen.dataset = subset(set.dataset, std::move(indices));
  return chosen;
}

std::vector<std::size_t> label_counts(const ScannedSet& set) {
  std::vector<std::size_t> counts(set.dataset->labels().size());
  for (std::size_t i = 0; i < set.files.size(); ++i) {
    if (set.files[i].usable()) ++counts[static_cast<std::size_t>(set.dataset->label(i))];
  }
  return counts;
}

double majority_accuracy(std::span<const std::size_t> counts) {
  std::size_t all = 0, most = 0;
  for (std::size_t count : counts) {
    all += count;
    most = std::max(most, count);
  }
  return all == 0 ? 0 : static_cast<double>(most) / static_cast<double>(all);
}

double imbalance(std::span<const std::size_t> counts) {
  std::size_t least = 0, most = 0;
  for (std::size_t count : counts) {
    if (count > 0) least = least == 0 ? count : std::min(least, count);
    most = std::max(most, count);
  }
  return least == 0 ? 1 : static_cast<double>(most) / static_cast<double>(least);
}

}  // namespace graft
