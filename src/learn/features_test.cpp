#include "learn/features.h"

#include <gmock/gmock.h>
#include <spdlog/sinks/ostream_sink.h>

#include <sstream>

#include "base/error.h"
#include "base/log.h"
#include "learn/network.h"
#include "zoo/architecture.h"

namespace graft {
namespace {

// Grey pictures, one shade each.
class Shades : public Dataset {
 public:
  std::size_t size() const override { return 40; }
  Sample get(std::size_t i) const override {
    return {name(i), 0, encode_png({6, 6, std::vector<std::uint8_t>(108, static_cast<std::uint8_t>(6 * i))})};
  }
  std::string name(std::size_t i) const override { return std::to_string(i); }
  int label(std::size_t) const override { return 0; }
  const std::vector<std::string>& labels() const override { return labels_; }

 private:
  std::vector<std::string> labels_{"grey"};
};

// A flattened image and a linear layer of it, added: a plan has no layer that reads both.
Backbone unplannable(Precision precision) {
  Backbone out;
  out.graph = {"unplannable", {{"input", Input{3, 6, 6}, {}, ""}}, 4, 4, {}};
  out.graph.nodes.push_back({"conv", Conv2d{.out_channels = 4, .kernel = {3, 3}}, {0}, ""});
  out.graph.nodes.push_back({"flatten", Flatten{}, {1}, ""});
  out.graph.nodes.push_back({"fc", Linear{.out_features = 64}, {2}, ""});
  out.graph.nodes.push_back({"add", Add{}, {2, 3}, ""});
  out.weights = initial_weights(out.graph, 1);
  out.preprocess = {.width = 6, .height = 6};
  out.precision = precision;
  return out;
}

// What is logged while it lives.
class Log {
 public:
  Log() : before_(spdlog::default_logger()) {
    spdlog::set_default_logger(
        std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(out_)));
  }
  ~Log() { spdlog::set_default_logger(before_); }
  std::string text() const { return out_.str(); }

 private:
  std::ostringstream out_;
  std::shared_ptr<spdlog::logger> before_;
};

FeatureSet features_of(const Backbone& backbone) {
  return FeatureExtractor(backbone, "").extract(std::make_shared<Shades>(), std::vector<Digest>(40), {}, "features");
}

TEST(Features, LibtorchComputesWhatAPlanCannotAndIsAnnouncedOnce) {
  const Log log;
  const Backbone backbone = unplannable(Precision::fp32);
  const FeatureSet set = features_of(backbone);
  features_of(unplannable(Precision::fp32));
  EXPECT_THAT(log.text(), testing::HasSubstr("add: a plan cannot add what was flattened to what was not; libtorch"));
  EXPECT_EQ(log.text().find("libtorch"), log.text().rfind("libtorch"));

  Network network(backbone.graph, backbone.weights);
  torch::Tensor pictures = torch::empty({40, 3, 6, 6});
  for (std::size_t i = 0; i < 40; ++i) {
    preprocess_file(Shades().get(i).content, backbone.preprocess, {pictures.data_ptr<float>() + i * 108, 108});
  }
  EXPECT_TRUE(torch::allclose(set.features, infer(network, pictures), 1e-4, 1e-5));
}

TEST(Features, WhatIsWrongWithTheWeightsIsNoMatterForLibtorch) {
  Backbone backbone = unplannable(Precision::fp32);
  backbone.weights.erase("fc.weight");
  EXPECT_THROW(features_of(backbone), Error);
}

}  // namespace
}  // namespace graft
