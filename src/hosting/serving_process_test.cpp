#include "hosting/serving_process.h"

#include <csignal>

#include "base/json.h"
#include "hosting/forward.h"
#include "hosting/hosting_testing.h"

namespace graft {
namespace {

using testing::Contains;
using testing::HasSubstr;
using namespace std::chrono_literals;
using Phase = ServingProcess::Phase;

class ServingProcessTest : public testing::Test {
 protected:
  // The stand-in, with that behaviour.
  std::unique_ptr<ServingProcess> start(const std::string& behaviour, std::chrono::milliseconds most_start = 60s) {
    write_file(folder_.path() / "name", std::string_view("n"));
    write_file(folder_.path() / "behaviour", behaviour);
    return std::make_unique<ServingProcess>(
        ServingProgram{.program = {.command = {GRAFT_TESTDATA "/graft", "serve", folder_.path().string()},
                                   .environment = {{"PATH", "/usr/bin:/bin"}}},
                       .name = "test",
                       .most_start = most_start,
                       .ping_period = 50ms,
                       .log =
                           [this](const std::vector<std::string>& lines) {
                             const std::lock_guard lock(mutex_);
                             lines_.insert(lines_.end(), lines.begin(), lines.end());
                           }},
        bell_);
  }
  bool becomes(const ServingProcess& process, Phase phase) {
    return bell_->wait_until(std::chrono::steady_clock::now() + 60s, [&] { return process.phase() == phase; });
  }
  static int id_of(const ServingProcess& process) {
    return Json::parse(forward(*process.client(), {.method = "POST", .target = "/invocations"}, 20s).body).at("pid");
  }

  const TemporaryFolder folder_;
  const std::shared_ptr<Bell> bell_ = std::make_shared<Bell>();
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

TEST_F(ServingProcessTest, IsReadyWhenItAnswersAndStopsWhenAsked) {
  const auto process = start("");
  ASSERT_TRUE(becomes(*process, Phase::ready));
  const int id = id_of(*process);
  process->request_stop();
  EXPECT_TRUE(becomes(*process, Phase::stopped));
  EXPECT_NE(::kill(id, 0), 0);
  EXPECT_FALSE(process->is_ready());
  EXPECT_THAT(lines_, Contains("starting"));
}

TEST_F(ServingProcessTest, IsStartedAgainWhenItIsKilled) {
  const auto process = start("");
  ASSERT_TRUE(becomes(*process, Phase::ready));
  const int id = id_of(*process);
  ::kill(id, SIGKILL);
  ASSERT_TRUE(bell_->wait_until(std::chrono::steady_clock::now() + 60s,
                                [&] { return process->start() == 2 && process->is_ready(); }));
  EXPECT_NE(id_of(*process), id);
  EXPECT_THAT(process->failure(), HasSubstr("signal 9"));
  EXPECT_THAT(lines_, Contains(HasSubstr("it is started again in 0.1 s")));
}

TEST_F(ServingProcessTest, WhatNeverStartedIsNotTriedAgain) {
  const auto process = start("broken");
  ASSERT_TRUE(becomes(*process, Phase::failed));
  EXPECT_EQ(process->start(), 1U);
  EXPECT_THAT(process->failure(), HasSubstr("exit code 1"));
  EXPECT_THAT(process->failure(), HasSubstr("error: this model is broken"));
}

TEST_F(ServingProcessTest, WhatIsNeverWellHasALimit) {
  const auto process = start("unwell", 1s);
  ASSERT_TRUE(becomes(*process, Phase::failed));
  EXPECT_THAT(process->failure(), HasSubstr("did not answer /ping with 200 within 1 s"));
}

TEST_F(ServingProcessTest, WhatHangsIsStartedAgain) {
  const auto process = start("");
  ASSERT_TRUE(becomes(*process, Phase::ready));
  write_file(folder_.path() / "behaviour", std::string_view("unwell"));
  ASSERT_TRUE(test::eventually([&] { return process->start() == 2; }));
  EXPECT_THAT(process->failure(), HasSubstr("did not answer /ping 4 times"));
}

}  // namespace
}  // namespace graft
