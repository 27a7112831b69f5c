// What bf16 and int8 do to a real network on real photographs.
#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "graph/surgery.h"
#include "infer/calibration.h"
#include "infer/plan.h"
#include "learn/network.h"
#include "zoo/import.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

const fs::path kHub = GRAFT_HUB;

// [images, 3, height, width], in the order of their paths.
torch::Tensor photographs(const fs::path& folder, const Preprocess& preprocess) {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".jpg") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  torch::Tensor images =
      torch::empty({static_cast<std::int64_t>(paths.size()), 3, preprocess.height, preprocess.width});
  for (std::size_t i = 0; i < paths.size(); ++i) {
    torch::Tensor row = images[static_cast<std::int64_t>(i)];
    preprocess_file(read_file(paths[i]), preprocess, {row.data_ptr<float>(), static_cast<std::size_t>(row.numel())});
  }
  return images;
}

std::span<const float> values(const torch::Tensor& tensor) {
  return {tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel())};
}

class PlanPrecision : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(kHub / "hymenoptera")) GTEST_SKIP() << "the data hub is not here";
    bundle_ = import_model(kHub / "keras-mobilenetv2-035/keras_model.h5");
    images_ = photographs(kHub / "hymenoptera", bundle_.preprocess);
  }
  // Of the images' outputs, as a share of fp32's.
  double error(const Graph& graph, const PlanOptions& options) const {
    const torch::Tensor expected = planned(graph, {});
    return ((planned(graph, options) - expected).norm() / expected.norm()).item<double>();
  }
  double agreement(const PlanOptions& options) const {
    return planned(bundle_.graph, options)
        .argmax(1)
        .eq(planned(bundle_.graph, {}).argmax(1))
        .to(torch::kFloat32)
        .mean()
        .item<double>();
  }
  torch::Tensor planned(const Graph& graph, const PlanOptions& options) const {
    const Plan plan(graph, bundle_.weights, options);
    torch::Tensor output = torch::empty({images_.size(0), plan.output_length()});
    plan.run(values(images_), images_.size(0), {output.data_ptr<float>(), static_cast<std::size_t>(output.numel())});
    return output;
  }

  Bundle bundle_;
  torch::Tensor images_;
};

TEST_F(PlanPrecision, Bf16KeepsFeaturesAndDecisions) {
  if (!is_available(Precision::bf16)) GTEST_SKIP() << "this processor has no bf16 arithmetic";
  const PlanOptions options{.precision = Precision::bf16};
  const double distance = error(backbone(bundle_.graph), options), same = agreement(options);
  RecordProperty("features_error", std::to_string(distance));
  RecordProperty("agreement", std::to_string(same));
  EXPECT_LT(distance, 2e-2);
  EXPECT_GE(same, 0.995);
}

// MobileNetV2 is hard for int8, which is why nothing uses it unchecked.
TEST_F(PlanPrecision, Int8StaysNear) {
  if (!is_available(Precision::int8)) GTEST_SKIP() << "this processor has no int8 arithmetic";
  Calibrator calibrator(bundle_.graph, bundle_.weights);
  const torch::Tensor some = images_.slice(0, 0, images_.size(0), 8).contiguous();
  calibrator.observe(values(some), some.size(0));
  const PlanOptions options{.precision = Precision::int8, .ranges = calibrator.ranges()};
  const double distance = error(backbone(bundle_.graph), options), same = agreement(options);
  RecordProperty("features_error", std::to_string(distance));
  RecordProperty("agreement", std::to_string(same));
  EXPECT_LT(distance, 0.12);
  EXPECT_GE(same, 0.95);
}

}  // namespace
}  // namespace graft
