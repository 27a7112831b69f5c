#include "hosting/serving_command.h"

#include <cstdlib>

#include "hosting/hosting_testing.h"

namespace graft {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Key;
using testing::Not;
using testing::Pair;

const S3Settings kStore{.endpoint = "http://127.0.0.1:9", .access_key = "key", .secret_key = "secret"};

TEST(ServingCommand, ServesABundleOnAPortOfItsOwn) {
  const Program program = graft_program("/bin", {.model = "/m/model"}, test::variant("a", ""), "us-west-2", kStore);
  EXPECT_THAT(program.command, ElementsAre("/bin/graft", "serve", "/m/model", "--host", "127.0.0.1", "--port", "0"));
  EXPECT_THAT(program.environment, AllOf(Contains(Pair("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")),
                                         Contains(Pair("AWS_SECRET_ACCESS_KEY", "secret"))));
}

TEST(ServingCommand, AModelsEnvironmentDoesNotSteerTheLibraries) {
  VariantSpec variant = test::variant("a", "");
  variant.environment = {{"LD_PRELOAD", "/evil.so"}, {"GRAFT_ANSWERS", "probabilities"}, {"PATH", "/evil"}};
  const Program program = graft_program("/bin", {}, variant, "us-west-2", kStore);
  EXPECT_THAT(program.environment, AllOf(Contains(Pair("GRAFT_ANSWERS", "probabilities")),
                                         Not(Contains(Key("LD_PRELOAD"))), Not(Contains(Pair("PATH", "/evil")))));
}

TEST(ServingCommand, OfThePlatformsFolderItSeesWhatItServes) {
  const GraftProgram what{GraftProgram::Mode::heads, "/data/models/m", "/data/heads/h", "/data"};
  const Program program = graft_program("/data/bin", what, test::variant("a", ""), "us-west-2", kStore);
  EXPECT_EQ(program.hidden, "/data");
  EXPECT_THAT(program.shown, ElementsAre("/data/bin/graft", "/data/models/m", "/data/heads/h"));
}

TEST(ServingCommand, AnInstanceTypeIsWorthCores) {
  EXPECT_TRUE(cores_of("").empty());
  EXPECT_TRUE(cores_of("ml.m5.24xlarge").empty());  // all there are
  EXPECT_TRUE(cores_of("ml.local").empty());
  EXPECT_LE(cores_of("ml.m5.large").size(), 2U);
}

// With a program of that name alone on the PATH.
class Engine : public testing::Test {
 protected:
  void SetUp() override { setenv("PATH", folder_.path().c_str(), 1); }
  void TearDown() override { setenv("PATH", before_.c_str(), 1); }
  const std::string before_ = std::getenv("PATH");
  const TemporaryFolder folder_;
};

TEST_F(Engine, WithoutOneTheImageIsNamed) {
  VariantSpec variant = test::variant("a", "");
  variant.image = "registry/other:1";
  try {
    container_program({.name = "c", .port = 1, .variables = folder_.path() / "v"}, variant, "us-west-2", kStore);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("registry/other:1"), HasSubstr("neither podman nor docker")));
  }
}

TEST_F(Engine, RunsOtherImages) {
  const auto engine = folder_.path() / "podman";
  write_file(engine, std::string_view("#!/bin/sh\n"));
  std::filesystem::permissions(engine, std::filesystem::perms::owner_all);
  VariantSpec variant = test::variant("a", "");
  variant.image = "registry/other:1";
  variant.environment = {{"NAME", "a value"}, {"LD_PRELOAD", "x"}};
  variant.instance_type = "ml.local";
  const auto variables = folder_.path() / "v" / "c";
  const Program program = container_program({.name = "c", .port = 1234, .model = "/m", .variables = variables}, variant,
                                            "us-west-2", kStore);
  EXPECT_THAT(program.command, ElementsAre(engine.string(), "run", "--rm", "--name", "c", "--stop-timeout", "0",
                                           "--publish", "127.0.0.1:1234:8080", "--volume", "/m:/opt/ml/model:ro",
                                           "--env-file", variables.string(), "registry/other:1", "serve"));
  EXPECT_THAT(program.environment, Not(Contains(Key("LD_PRELOAD"))));
  EXPECT_THAT(read_text(variables), AllOf(HasSubstr("NAME=a value\n"), HasSubstr("LD_PRELOAD=x\n")));
  EXPECT_EQ(std::filesystem::status(variables.parent_path()).permissions(), std::filesystem::perms::owner_all);
  variant.instance_type = "ml.t2.medium";
  EXPECT_THAT(container_program({.name = "c", .variables = variables}, variant, "us-west-2", kStore).command,
              IsSupersetOf({"--memory", "4294967296"}));
  variant.environment["NAME"] = "a\nb";
  EXPECT_THROW(container_program({.name = "c", .variables = variables}, variant, "us-west-2", kStore), Error);
  variant.image = "--privileged";
  EXPECT_THROW(container_program({.name = "c", .variables = variables}, variant, "us-west-2", kStore), Error);
}

}  // namespace
}  // namespace graft
