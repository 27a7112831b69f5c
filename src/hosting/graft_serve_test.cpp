// With the real program: `graft serve`, from the folder of programs.

#include "base/json.h"
#include "graph/safetensors.h"
#include "hosting/hosting_testing.h"

namespace graft {
namespace {

using testing::HasSubstr;
using Status = EndpointState::Status;
using test::endpoint;
using test::variant;

// A network that looks at the mean colour of a picture: of red, green and blue, which is the most.
void write_colours(const std::filesystem::path& folder, const std::string& prefix) {
  write_file(folder / "graph.json", std::string_view(R"({
    "architecture": "tiny", "features": "flatten", "output": "fc",
    "nodes": [
      {"name": "input", "op": "input", "inputs": [], "block": "", "channels": 3, "height": 4, "width": 6},
      {"name": "pool", "op": "global_average_pool", "inputs": ["input"], "block": ""},
      {"name": "flatten", "op": "flatten", "inputs": ["pool"], "block": ""},
      {"name": "fc", "op": "linear", "inputs": ["flatten"], "block": "", "out_features": 3, "bias": true}]})"));
  write_safetensors(folder / "model.safetensors",
                    {{"fc.weight", make_tensor({3, 3}, std::vector<float>{8, 0, 0, 0, 8, 0, 0, 0, 8})},
                     {"fc.bias", make_tensor({3}, std::vector<float>{0, 0, 0})}});
  const Json description = {{"format", 1},
                            {"labels", {prefix + "red", prefix + "green", prefix + "blue"}},
                            {"preprocess",
                             {{"width", 6},
                              {"height", 4},
                              {"fit", "stretch"},
                              {"crop_fraction", 1.0},
                              {"interpolation", "bilinear"},
                              {"scale", 1.0 / 255},
                              {"mean", {0, 0, 0}},
                              {"std", {1, 1, 1}}}},
                            {"temperature", 1.0}};
  write_file(folder / "graft.json", description.dump());
}

// A BMP of two pixels, both green.
std::string green() {
  std::string bytes("BM\x3e\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x02\0\0\0\x01\0\0\0\x01\0\x18\0", 30);
  bytes.resize(54, '\0');
  return bytes + std::string("\0\xff\0\0\xff\0\0\0", 8);
}

class GraftServe : public testing::Test {
 protected:
  std::string model(const std::string& name) {
    const TemporaryFolder folder;
    write_colours(folder.path(), name + " ");
    return house_.store.put_folder(name, folder.path());
  }
  std::string label() {
    const Response response = house_.invoke("e", {{"Content-Type", "application/x-image"}}, green());
    EXPECT_EQ(response.status, 200) << response.body;
    return response.status == 200 ? Json::parse(response.body).at("predictions").at(0).at("label") : "";
  }
  test::House house_{GRAFT_BIN};
};

TEST_F(GraftServe, AnswersAndIsUpdatedUnderLoadWithoutADroppedRequest) {
  const EndpointState state = house_.make(endpoint("e", {variant("a", model("old"))}));
  ASSERT_EQ(state.status, Status::in_service) << state.failure;
  EXPECT_EQ(label(), "old green");
  std::atomic<bool> ending = false;
  std::atomic<int> failed = 0, answered = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back([&] {
      while (!ending) {
        failed += house_.invoke("e", {{"Content-Type", "application/x-image"}}, green()).status != 200;
        ++answered;
      }
    });
  }
  EXPECT_EQ(house_.make(endpoint("e", {variant("a", model("new"))}, "config-2")).config, "config-2");
  EXPECT_EQ(label(), "new green");
  ending = true;
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(failed, 0);
  EXPECT_GT(answered, 0);
}

TEST_F(GraftServe, ItsRefusalIsAModelError) {
  house_.make(endpoint("e", {variant("a", model("m"))}));
  const Response response = house_.invoke("e", {{"Content-Type", "image/tiff"}}, "no picture");
  EXPECT_EQ(response.status, 424);
  EXPECT_EQ(Json::parse(response.body).at("OriginalStatusCode"), 415);
}

TEST_F(GraftServe, WhatIsNoBundleFailsWithItsWords) {
  const EndpointState state = house_.make(endpoint("e", {variant("a", house_.store.put_model("m", {{"a", "b"}}))}));
  EXPECT_EQ(state.status, Status::failed);
  EXPECT_THAT(state.failure, HasSubstr("not a bundle"));
}

TEST_F(GraftServe, ServesManyModels) {
  model("models/a");
  model("models/b");
  VariantSpec many = variant("v", "s3://bucket/models/");
  many.multi_model = true;
  ASSERT_EQ(house_.make(endpoint("e", {many})).status, Status::in_service);
  for (const char* name : {"a", "b", "a"}) {
    const Response response = house_.invoke(
        "e",
        {{"Content-Type", "application/x-image"}, {"X-Amzn-SageMaker-Target-Model", std::string(name) + ".tar.gz"}},
        green());
    ASSERT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(Json::parse(response.body).at("predictions").at(0).at("label"), std::string("models/") + name + " green");
  }
}

}  // namespace
}  // namespace graft
