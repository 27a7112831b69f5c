#include "data/dataset.h"

#include "base/error.h"

namespace graft {
namespace {

class Subset final : public Dataset {
 public:
  Subset(DatasetPtr whole, std::vector<std::size_t> indices) : whole_(std::move(whole)), indices_(std::move(indices)) {}

  std::size_t size() const override { return indices_.size(); }
  Sample get(std::size_t i) const override { return whole_->get(indices_.at(i)); }
  std::string name(std::size_t i) const override { return whole_->name(indices_.at(i)); }
  int label(std::size_t i) const override { return whole_->label(indices_.at(i)); }
  const std::vector<std::string>& labels() const override { return whole_->labels(); }
  std::filesystem::path path(std::size_t i) const override { return whole_->path(indices_.at(i)); }

 private:
  DatasetPtr whole_;
  std::vector<std::size_t> indices_;
};

}  // namespace

void Ignored::add(std::string name) {
  ++count;
  if (names.size() < kMaxNames) names.push_back(std::move(name));
}

DatasetPtr subset(DatasetPtr dataset, std::vector<std::size_t> indices) {
  for (std::size_t index : indices) {
    require(index < dataset->size(), "the dataset has ", dataset->size(), " samples and none with index ", index);
  }
  return std::make_shared<Subset>(std::move(dataset), std::move(indices));
}

}  // namespace graft
