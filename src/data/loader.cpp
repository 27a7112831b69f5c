#include "data/loader.h"

#include <algorithm>

#include "base/error.h"

namespace graft {
namespace {

// What the transform says of a picture, with the sample's name in front.
[[noreturn]] void rethrow_naming(const std::string& name) {
  try {
    throw;
  } catch (const Error& error) {
    throw Error(error.kind(), error.code(), name + ": " + error.what());
  } catch (const std::exception& error) {
    fail(Kind::internal, name, ": ", error.what());
  }
}

}  // namespace

Loader::Loader(DatasetPtr dataset, std::vector<std::size_t> order, const LoaderOptions& options, Transform transform)
    : dataset_(std::move(dataset)), order_(std::move(order)), options_(options), transform_(std::move(transform)) {
  require(options_.batch > 0, "a batch has at least one sample");
  require(options_.last <= order_.size(), "the last batch has more samples than there are");
  equal_batches_ = (order_.size() - options_.last + options_.batch - 1) / options_.batch;
  for (std::size_t index : order_) {
    require(index < dataset_->size(), "the dataset has ", dataset_->size(), " samples and none with index ", index);
  }
  slots_.resize(std::clamp<std::size_t>(options_.ahead, 1, std::max<std::size_t>(batches(), 1)));
  for (std::size_t i = 0; i < std::min(slots_.size(), batches()); ++i) prepare(i);
  const std::size_t threads = std::clamp<std::size_t>(options_.threads, 1, std::max<std::size_t>(order_.size(), 1));
  while (threads_.size() < threads) threads_.emplace_back([this] { work(); });
}

Loader::~Loader() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  room_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

std::size_t Loader::end_of(std::size_t batch) const {
  return batch + 1 == batches() ? order_.size() : (batch + 1) * options_.batch;
}

// Makes room for a batch in its slot, before any thread works on it.
void Loader::prepare(std::size_t number) {
  const std::size_t samples = end_of(number) - number * options_.batch;
  Slot& place = slot(number);
  place.missing = samples;
  place.batch.pixels.resize(samples * options_.floats_per_sample);
  place.batch.labels.resize(samples);
  const auto* begin = order_.data() + number * options_.batch;
  place.batch.indices.assign(begin, begin + samples);
}

bool Loader::next(Batch& batch) {
  std::unique_lock lock(mutex_);
  if (taken_ == batches()) return false;
  Slot& place = slot(taken_);
  ready_.wait(lock, [&] { return place.missing == 0; });
  if (place.error) std::rethrow_exception(place.error);
  std::swap(batch, place.batch);
  ++taken_;
  const std::size_t coming = taken_ + slots_.size() - 1;
  if (coming < batches()) prepare(coming);
  lock.unlock();
  room_.notify_all();
  return true;
}

void Loader::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    const auto has_room = [this] { return batch_of(cursor_) < taken_ + slots_.size(); };
    room_.wait(lock, [&] { return stopping_ || cursor_ == order_.size() || has_room(); });
    if (stopping_ || cursor_ == order_.size()) return;
    const std::size_t position = cursor_++;
    const std::size_t number = batch_of(position), row = position - number * options_.batch;
    Slot& place = slot(number);
    lock.unlock();
    std::exception_ptr error;
    try {
      make(place, position, row);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    if (error && (!place.error || row < place.failed_at)) {
      place.error = error;
      place.failed_at = row;
    }
    if (--place.missing == 0) ready_.notify_one();
  }
}

void Loader::make(Slot& place, std::size_t position, std::size_t row) {
  const std::size_t index = order_[position];
  const Sample sample = dataset_->get(index);
  place.batch.labels[row] = sample.label;
  const auto out = std::span(place.batch.pixels).subspan(row * options_.floats_per_sample, options_.floats_per_sample);
  try {
    transform_(sample, index, out);
  } catch (...) {
    rethrow_naming(sample.name);
  }
}

}  // namespace graft
