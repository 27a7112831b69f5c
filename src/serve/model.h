// What answers: a trunk, which computes, and what its outputs mean.
//
// A trunk is a compiled network with its preprocessing and its batcher. Of a whole bundle its outputs are logits. Of a
// backbone they are features, and any number of heads share it: their pictures are computed in the same batches, and
// each picture's head is applied to its features behind them.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bundle/bundle.h"
#include "bundle/head.h"
#include "infer/plan.h"
#include "serve/batcher.h"

namespace graft {

struct TrunkOptions {
  std::size_t most_pictures = 32;  // in a batch
  std::chrono::microseconds delay{0};
  // What to compute a bundle in; fp32 where it is not set.
  std::function<Precision(const Bundle&)> precision{};
  std::function<void(const BatchTimes&)> observe{};
  bool in_background = false;  // loaded so that what is served already does not wait for it
  // Who computes a picture alone; a model that takes the place of another does as that one.
  PlanOptions::OneImage one_image = PlanOptions::OneImage::timed;
};

// Thread-safe. It must not end on a thread that calls a Done of its own.
class Trunk {
 public:
  enum class Output { logits, features };

  // Compiles and warms up, so that the first picture does not wait. Throws when the bundle is a backbone and logits are
  // asked for.
  Trunk(Bundle bundle, Output output, const TrunkOptions& options);

  // As submit() takes it. Throws Kind::invalid with what is wrong with the picture.
  Image prepare(ByteView picture) const { return resize_and_crop_file(picture, preprocess_); }
  void submit(Image prepared, Batcher::Done done, Batcher::Dropped dropped = nullptr) const {
    batcher_.submit(std::move(prepared), std::move(done), std::move(dropped));
  }

  std::int64_t output_length() const { return plan_.output_length(); }
  const std::string& digest() const { return digest_; }  // of the backbone; empty where the outputs are logits
  Precision precision() const { return precision_; }
  bool one_image_together() const { return plan_.one_image_together(); }

 private:
  Trunk(Bundle&& bundle, const Graph& graph, std::string digest, const TrunkOptions& options);
  void compute(std::span<const Image> pictures, std::span<float> outputs) const;
  void warm_up(std::size_t pictures) const;

  Preprocess preprocess_;
  std::string digest_;
  Precision precision_;
  Plan plan_;
  mutable Batcher batcher_;
};

struct Model {
  std::string name{};
  std::filesystem::path source{};  // the bundle's folder, or the head's file
  std::shared_ptr<const Trunk> trunk{};
  // What its outputs mean: a head's answer to features, or the labels of logits, calibrated by a temperature.
  std::optional<Head> head{};
  std::vector<std::string> logit_labels{};
  double temperature = 1;

  const std::vector<std::string>& labels() const { return head ? head->labels : logit_labels; }
  // Of one picture's output. Throws Kind::internal where they are not numbers.
  std::vector<float> probabilities(std::span<const float> output) const;
};

// Throws naming both digests' first letters where the head is of another backbone.
Model model_of_head(std::string name, std::filesystem::path file, std::shared_ptr<const Trunk> trunk);

}  // namespace graft
