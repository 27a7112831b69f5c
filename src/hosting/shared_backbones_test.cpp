#include "hosting/shared_backbones.h"

#include <signal.h>

#include <set>

#include "base/json.h"
#include "graph/safetensors.h"
#include "hosting/hosting_testing.h"

namespace graft {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using Status = EndpointState::Status;
using test::endpoint;
using test::variant;

class SharedBackbonesTest : public testing::Test {
 protected:
  // A model with a head; `whole`: with its backbone too.
  std::string model(const std::string& name, const std::string& backbone, bool whole = true) {
    const TemporaryFolder folder;
    write_safetensors(folder.path() / "head.safetensors", {{"w", make_tensor({1}, std::vector<float>{1})}},
                      {{"backbone", backbone}, {"name", name}});
    if (whole) {
      write_file(folder.path() / "graft.json", std::string_view("{\"precision\": \"bf16\"}"));
      write_file(folder.path() / "name", name);
    }
    return house_.store.put_folder(name, folder.path());
  }
  EndpointSpec spec(const std::string& name, const std::string& uri) { return endpoint(name, {variant(name, uri)}); }
  Json answer(const std::string& name) {
    const Response response = house_.invoke(name);
    EXPECT_EQ(response.status, 200) << response.body;
    return response.status == 200 ? Json::parse(response.body) : Json::object();
  }
  test::House house_{GRAFT_TESTDATA};
};

TEST_F(SharedBackbonesTest, ModelsOfOneBackboneShareAProcess) {
  ASSERT_EQ(house_.make(spec("first", model("m", "d1"))).status, Status::in_service);
  ASSERT_EQ(house_.make(spec("second", model("n", "d1"))).status, Status::in_service);
  ASSERT_EQ(house_.make(spec("other", model("o", "d2"))).status, Status::in_service);
  const Json first = answer("first"), second = answer("second"), other = answer("other");
  EXPECT_EQ(first.at("pid"), second.at("pid"));
  EXPECT_NE(first.at("pid"), other.at("pid"));
  EXPECT_THAT(first.at("model").get<std::string>(), StartsWith("model-first."));
  EXPECT_THAT(second.at("model").get<std::string>(), StartsWith("model-second."));
}

TEST_F(SharedBackbonesTest, TheProcessStaysAsLongAsAnyOfThem) {
  house_.make(spec("first", model("m", "d1")));
  house_.make(spec("second", model("n", "d1")));
  const Json before = answer("second");
  house_.hosting->remove("1", "first");
  const auto heads = [&] {
    int count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(house_.folder() / "heads")) {
      count += entry.path().extension() == ".safetensors";
    }
    return count;
  };
  EXPECT_TRUE(test::eventually([&] { return heads() == 1; }));
  EXPECT_EQ(answer("second").at("pid"), before.at("pid"));
  house_.hosting->remove("1", "second");
  EXPECT_TRUE(test::eventually([&] { return heads() == 0; }));
  house_.make(spec("third", "s3://bucket/m.tar.gz"));
  EXPECT_NE(answer("third").at("pid"), before.at("pid"));
}

TEST_F(SharedBackbonesTest, AHeadAloneFindsItsBackbone) {
  house_.make(spec("first", model("m", "d1")));
  ASSERT_EQ(house_.make(spec("alone", model("n", "d1", false))).status, Status::in_service);
  EXPECT_EQ(answer("alone").at("pid"), answer("first").at("pid"));
  const EndpointState state = house_.make(spec("lost", model("o", "d9", false)));
  EXPECT_EQ(state.status, Status::failed);
  EXPECT_THAT(state.failure, HasSubstr("is a head alone, and no endpoint serves its backbone (d9)"));
}

TEST_F(SharedBackbonesTest, AccountsShareNothing) {
  EndpointSpec mine = spec("e", model("m", "d1")), theirs = mine, alone = spec("alone", model("n", "d1", false));
  theirs.account = alone.account = "2";
  house_.hosting->apply(mine);
  house_.wait_until_settled("e");
  house_.hosting->apply(alone);
  const auto status = [&](const char* name) { return house_.hosting->state("2", name)->status; };
  EXPECT_TRUE(test::eventually([&] { return status("alone") == Status::failed; }));
  house_.hosting->apply(theirs);
  EXPECT_TRUE(test::eventually([&] { return status("e") == Status::in_service; }));
  const Json answered = Json::parse(house_.hosting->invoke("2", "e", Request{.method = "POST"}).body);
  const int process = answer("e").at("pid");
  EXPECT_NE(answered.at("pid"), process);
  // Of the same names: what is taken from one is there for the other.
  house_.hosting->remove("1", "e");
  EXPECT_TRUE(test::eventually([&] { return ::kill(process, 0) != 0; }));
  EXPECT_EQ(house_.hosting->invoke("2", "e", Request{.method = "POST"}).status, 200);
}

TEST_F(SharedBackbonesTest, AVariantOfTwoInstancesHasTwoProcesses) {
  EndpointSpec two = endpoint("two", {variant("a", model("m", "d1"), 1, 2)});
  ASSERT_EQ(house_.make(two).variants.at(0).current_instances, 2);
  house_.make(spec("one", model("n", "d1")));
  std::set<int> processes;
  for (int i = 0; i < 4; ++i) {
    std::thread slow([&] { house_.invoke("two", {{"X-Behave", "sleep 0.3"}}); });
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    processes.insert(answer("two").at("pid").get<int>());
    processes.insert(answer("one").at("pid").get<int>());
    slow.join();
  }
  EXPECT_EQ(processes.size(), 2U);
}

}  // namespace
}  // namespace graft
