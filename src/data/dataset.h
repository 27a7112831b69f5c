// Samples by index.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace graft {

struct Sample {
  std::string name;  // where it came from, for people: a path relative to the dataset's root
  int label = 0;     // an index into Dataset::labels()
  Bytes content;     // the encoded picture
};

// Files that lie where the samples are and are none of them.
struct Ignored {
  static constexpr std::size_t kMaxNames = 1000;
  std::size_t count = 0;
  std::vector<std::string> names;  // the first kMaxNames, with the reason behind where it is not plain to see

  void add(std::string name);
};

// Immutable: get(i) is the same each time it is called. Thread-safe.
class Dataset {
 public:
  virtual ~Dataset() = default;
  virtual std::size_t size() const = 0;
  // Reads sample i. Throws, naming it, when it cannot be read.
  virtual Sample get(std::size_t i) const = 0;
  // What get(i) says without reading the picture.
  virtual std::string name(std::size_t i) const = 0;
  virtual int label(std::size_t i) const = 0;
  // The names of the labels, in the order of their numbers.
  virtual const std::vector<std::string>& labels() const = 0;

  // Where sample i is read from: a file, or a path through a tar (tar.h). Empty when it is neither.
  virtual std::filesystem::path path(std::size_t) const { return {}; }
  virtual Ignored ignored() const { return {}; }
};

using DatasetPtr = std::shared_ptr<const Dataset>;

// The samples of `dataset` at these indices, in this order. Throws when an index is not below its size.
DatasetPtr subset(DatasetPtr dataset, std::vector<std::size_t> indices);

}  // namespace graft
