#include "data/listing.h"

#include <algorithm>
#include <unordered_map>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "data/tar_files.h"

namespace graft {
namespace {

// An encoded picture of more is refused: the largest that decode() takes are far smaller.
constexpr std::uint64_t kMaxPictureBytes = std::uint64_t{256} << 20;
constexpr std::size_t kMaxLabelBytes = 256;
constexpr std::size_t kLabelsInMessage = 10;

std::string some_of(const std::vector<std::string>& labels) {
  const std::size_t shown = std::min(labels.size(), kLabelsInMessage);
  return join(std::span(labels.data(), shown), ", ") + (labels.size() > shown ? ", ..." : "");
}

class FileDataset final : public Dataset {
 public:
  explicit FileDataset(Listing listing) : listing_(std::move(listing)), tar_files_(listing_) {}

  std::size_t size() const override { return listing_.files.size(); }
  Sample get(std::size_t i) const override {
    const std::filesystem::path file = path(i);
    std::optional<Bytes> content = tar_files_.read(i, file);
    return {name(i), label(i), content ? std::move(*content) : read_file(file, kMaxPictureBytes)};
  }
  std::string name(std::size_t i) const override { return std::string(listing_.files.name(i)); }
  int label(std::size_t i) const override { return listing_.files.label(i); }
  const std::vector<std::string>& labels() const override { return listing_.labels; }
  std::filesystem::path path(std::size_t i) const override { return listing_.root / listing_.files.name(i); }
  Ignored ignored() const override { return listing_.ignored; }

 private:
  Listing listing_;
  TarFiles tar_files_;
};

}  // namespace

void FileTable::add(std::string_view name, int label) {
  names_ += name;
  ends_.push_back(names_.size());
  labels_.push_back(label);
}

std::string_view FileTable::name(std::size_t i) const {
  const std::uint64_t begin = i == 0 ? 0 : ends_[i - 1];
  return std::string_view(names_).substr(begin, ends_[i] - begin);
}

void FileTable::renumber(std::span<const int> numbers) {
  for (int& label : labels_) label = numbers[static_cast<std::size_t>(label)];
}

void use_labels(Listing& listing, const std::vector<std::string>& labels, std::string_view source) {
  std::unordered_map<std::string_view, int> number_of;
  for (std::size_t i = 0; i < labels.size(); ++i) number_of.emplace(labels[i], static_cast<int>(i));
  std::vector<int> numbers;
  for (const std::string& label : listing.labels) {
    const auto found = number_of.find(label);
    require(found != number_of.end(), source, ": the label \"", label, "\" is not among the ", labels.size(),
            " labels it is to be measured with (", some_of(labels), "); rename or remove it");
    numbers.push_back(found->second);
  }
  listing.files.renumber(numbers);
  listing.labels = labels;
}

void check_label(std::string_view label, std::string_view source) {
  require(!label.empty(), source, ": the label is empty");
  require(label.size() <= kMaxLabelBytes, source, ": a label of ", label.size(), " bytes is longer than ",
          kMaxLabelBytes);
  require(printable(label) == label, source, ": the label \"", printable(label),
          "\" is not valid UTF-8 text without control characters; rename it");
}

DatasetPtr make_dataset(Listing listing) {
  return std::make_shared<FileDataset>(std::move(listing));
}

}  // namespace graft
