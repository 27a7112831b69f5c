#include "container/metric_lines.h"

#include <gmock/gmock.h>

#include <fstream>
#include <regex>

#include "base/file.h"
#include "base/json.h"

namespace graft {
namespace {

using testing::HasSubstr;

// What docs/sagemaker.md tells people to use, and what the built-in algorithm's jobs have.
constexpr const char* kTheirs = "Epoch\\S+ Validation-accuracy=(\\S+)";
constexpr const char* kOurs = "validation:accuracy=([0-9.]+)";

std::vector<std::string> found(const std::string& lines, const char* expression) {
  std::vector<std::string> out;
  const std::regex regex(expression);
  for (std::sregex_iterator each(lines.begin(), lines.end(), regex); each != std::sregex_iterator(); ++each) {
    out.push_back((*each)[1]);
  }
  return out;
}

std::string metrics(int epoch, double validation) {
  return Json({{"step", epoch * 3},
               {"epoch", epoch},
               {"train/accuracy", 0.45},
               {"train/loss", 1.5},
               {"validation/accuracy", validation},
               {"validation/loss", 0.7}})
             .dump() +
         "\n";
}

TEST(MetricLines, AreReadByTheBuiltInAlgorithmsExpressionsAndByOurs) {
  const std::string lines = metric_lines(Json::parse(metrics(1, 0.77)), 0, 1.25);
  EXPECT_THAT(lines, HasSubstr("Epoch[0] Train-accuracy=0.450000\nEpoch[0] Time cost=1.250\n"));
  EXPECT_EQ(found(lines, kTheirs), std::vector<std::string>{"0.770000"});
  EXPECT_EQ(found(lines, kOurs), std::vector<std::string>{"0.770000"});
  EXPECT_EQ(found(lines, "train:loss=([0-9.]+)"), std::vector<std::string>{"1.500000"});
}

TEST(MetricLines, EndWithWhatIsKept) {
  EXPECT_EQ(found(kept_lines(0.5, 0.25), kOurs), std::vector<std::string>{"0.500000"});
  EXPECT_EQ(found(kept_lines(0.5, 0.25), "test:accuracy=([0-9.]+)"), std::vector<std::string>{"0.250000"});
  EXPECT_EQ(kept_lines({}, {}), "");
}

class Follower : public testing::Test {
 protected:
  void write(const std::string& content, std::ios::openmode mode = std::ios::app) {
    make_folder(file().parent_path());
    std::ofstream(file(), mode) << content;
  }
  std::filesystem::path file() const { return folder_.path() / "run/scratch/metrics.jsonl"; }

  TemporaryFolder folder_;
  MetricFollower follower_{folder_.path() / "run", "scratch"};
};

TEST_F(Follower, SaysEachLineOnceAndWhenItIsWhole) {
  EXPECT_EQ(follower_.news(), "");
  const std::string second = metrics(2, 0.6);
  write(metrics(1, 0.5) + second.substr(0, 10));
  EXPECT_EQ(found(follower_.news(), kOurs), std::vector<std::string>{"0.500000"});
  write(second.substr(10));
  EXPECT_EQ(found(follower_.news(), kOurs), std::vector<std::string>{"0.600000"});
  EXPECT_EQ(follower_.news(), "");
  EXPECT_EQ(follower_.best_validation_accuracy(), 0.6);
}

TEST_F(Follower, GoesOnWhereAFileIsWrittenAnew) {
  write(metrics(1, 0.5) + metrics(2, 0.6));
  follower_.news();
  write(metrics(1, 0.5), std::ios::trunc);
  EXPECT_EQ(follower_.news(), "");
  write(metrics(2, 0.6) + metrics(3, 0.55));
  EXPECT_EQ(found(follower_.news(), kOurs), std::vector<std::string>{"0.550000"});
  EXPECT_EQ(follower_.best_validation_accuracy(), 0.6);
}

TEST_F(Follower, MissesNothingOfAFileThatHasOutgrownWhatItWas) {
  const std::string steps = metrics(1, 0.5) + metrics(2, 0.6);
  write(steps + metrics(3, 0.1234567));
  follower_.news();
  write(steps + metrics(3, 0.7) + metrics(4, 0.8), std::ios::trunc);
  EXPECT_EQ(found(follower_.news(), kOurs), std::vector<std::string>{"0.800000"});
}

TEST_F(Follower, OverlooksOtherRunsAndDamagedLines) {
  make_folder(folder_.path() / "run/transfer");
  std::ofstream(folder_.path() / "run/transfer/metrics.jsonl") << metrics(1, 0.1);
  write("{\"step\": \n[]\n" + metrics(1, 0.5));
  EXPECT_EQ(found(follower_.news(), kOurs), std::vector<std::string>{"0.500000"});
}

}  // namespace
}  // namespace graft
