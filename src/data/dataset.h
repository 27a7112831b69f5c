// Samples by index.
#pragma once

#include <cstdint>
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
};

using DatasetPtr = std::shared_ptr<const Dataset>;

// The samples of `dataset` at these indices, in this order.
DatasetPtr subset(DatasetPtr dataset, std::vector<std::size_t> indices);

}  // namespace graft
