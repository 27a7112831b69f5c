// What serves a model opens none of the platform's files but the model's.
#include <algorithm>

#include "base/confinement.h"
#include "base/json.h"
#include "graph/safetensors.h"
#include "hosting/hosting_testing.h"

namespace graft {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using Status = EndpointState::Status;
using test::endpoint;
using test::variant;

class Confined : public testing::Test {
 protected:
  void SetUp() override {
    if (!can_confine()) GTEST_SKIP() << "this kernel has no Landlock";
    write_file(platform_ / "secret", std::string_view("key"));
    serve(endpoint("other", {variant("a", model("other"))}));
  }
  std::string model(const std::string& name) {
    return house_.store.put_model(name, {{name, "content"}, {"name", name}});
  }
  void serve(const EndpointSpec& spec) {
    house_.hosting->apply(spec);
    ASSERT_TRUE(
        test::eventually([&] { return house_.hosting->state(spec.account, spec.name)->status == Status::in_service; }));
  }
  Response ask(const std::string& account, const std::string& target, const std::string& body, const char* behave) {
    const Headers headers{{"X-Behave", behave}, {"X-Amzn-SageMaker-Target-Model", target}};
    Request request{.method = "POST", .headers = headers};
    const ByteView bytes = as_bytes(body);
    request.body.assign(bytes.begin(), bytes.end());
    return house_.hosting->invoke(account, "e", request);
  }
  // The names of the platform's files that can be opened by what serves the endpoint e.
  std::vector<std::string> opened(const std::string& account = "1", const std::string& target = "") {
    std::string paths;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(platform_)) {
      if (entry.is_regular_file()) paths += entry.path().string() + "\n";
    }
    const Response response = ask(account, target, paths, "read");
    EXPECT_EQ(response.status, 200) << response.body;
    std::vector<std::string> names;
    const Json said = Json::parse(response.body);
    for (const Json& path : said.at("opens")) names.push_back(fs::path(path.get<std::string>()).filename());
    std::ranges::sort(names);
    return names;
  }
  test::House house_{GRAFT_TESTDATA};
  const fs::path platform_ = house_.folder().parent_path();
};

TEST_F(Confined, AProcessSeesItsModel) {
  serve(endpoint("e", {variant("a", model("m"))}));
  EXPECT_THAT(opened(), ElementsAre("m", "name"));
  ask("1", "", "", "die");  // it is started again
  EXPECT_THAT(opened(), ElementsAre("m", "name"));
}

TEST_F(Confined, ThatOfHeadsSeesThemAndTheirBackbone) {
  const TemporaryFolder folder;
  write_safetensors(folder.path() / "head.safetensors", {{"w", make_tensor({1}, std::vector<float>{1})}},
                    {{"backbone", "d1"}});
  write_file(folder.path() / "graft.json", std::string_view("{\"precision\": \"fp32\"}"));
  EndpointSpec spec = endpoint("e", {variant("a", house_.store.put_folder("m", folder.path()))});
  spec.variants[0].model = "roses";
  serve(spec);
  const std::vector<std::string> names = opened();
  ASSERT_EQ(names.size(), 3U);
  EXPECT_THAT(names, ElementsAre("graft.json", "head.safetensors", testing::StartsWith("roses.")));
}

TEST_F(Confined, ThatOfManyModelsSeesThoseOfItsAccountAlsoTheLaterOnes) {
  EndpointSpec spec = endpoint("e", {variant("v", "s3://bucket/models/")});
  spec.account = "2";
  spec.variants[0].multi_model = true;
  serve(spec);
  model("models/m");
  model("models/n");
  EXPECT_EQ(ask("2", "m.tar.gz", "", "").status, 200);
  EXPECT_EQ(ask("2", "n.tar.gz", "", "").status, 200);
  EXPECT_THAT(opened("2", "m.tar.gz"), ElementsAre("m", "n", "name", "name"));
}

}  // namespace
}  // namespace graft
