#include "hosting/multi_model.h"

#include <algorithm>
#include <set>

#include "base/json.h"
#include "hosting/hosting_testing.h"

namespace graft {
namespace {

using testing::HasSubstr;
using Status = EndpointState::Status;

// With a process that takes two models.
class MultiModelTest : public testing::Test {
 protected:
  MultiModelTest() {
    for (const char* name : {"a", "b", "c"}) house_.store.put_model(std::string("models/") + name, {{"name", name}});
    VariantSpec variant = test::variant("v", "s3://bucket/models/");
    variant.multi_model = true;
    const EndpointState state = house_.make(test::endpoint("e", {variant}));
    EXPECT_EQ(state.status, Status::in_service) << state.failure;
  }
  Response ask(const std::string& target) { return house_.invoke("e", {{"X-Amzn-SageMaker-Target-Model", target}}); }
  std::string answer(const std::string& target) {
    const Response response = ask(target);
    return response.status == 200 ? Json::parse(response.body).at("model").get<std::string>() : response.body;
  }
  test::House house_{GRAFT_TESTDATA};
};

TEST_F(MultiModelTest, LoadsWhatIsAskedFor) {
  EXPECT_EQ(answer("a.tar.gz"), "a");
  EXPECT_EQ(answer("b.tar.gz"), "b");
  EXPECT_EQ(answer("a.tar.gz"), "a");
  EXPECT_EQ(house_.store.gets("bucket/models/a.tar.gz"), 1);
}

TEST_F(MultiModelTest, UnloadsTheOneThatWasNotAskedForTheLongest) {
  for (const char* name : {"a", "b", "a", "c", "a", "b", "c"}) EXPECT_EQ(answer(std::string(name) + ".tar.gz"), name);
  EXPECT_EQ(house_.store.gets("bucket/models/b.tar.gz"), 1);
}

TEST_F(MultiModelTest, ManyAtOnceGetWhatTheyAskFor) {
  std::vector<std::thread> clients;
  for (int i = 0; i < 6; ++i) {
    clients.emplace_back([this, i] {
      const std::string name(1, static_cast<char>('a' + i % 2));
      for (int n = 0; n < 10; ++n) EXPECT_EQ(answer(name + ".tar.gz"), name);
    });
  }
  for (std::thread& client : clients) client.join();
}

TEST_F(MultiModelTest, RefusesWhatIsNoModel) {
  EXPECT_THAT(answer(""), HasSubstr("name one as TargetModel"));
  EXPECT_THAT(answer("../secret.tar.gz"), HasSubstr("is no name of a model"));
  const Response none = ask("none.tar.gz");
  EXPECT_EQ(none.status, 400);
  EXPECT_THAT(none.body, HasSubstr("Failed to download model data"));
  house_.store.put("bucket/models/bad.tar.gz", "this is no archive");
  EXPECT_EQ(ask("bad.tar.gz").status, 400);
}

TEST_F(MultiModelTest, LoadsAgainIntoAProcessThatWasStartedAgain) {
  EXPECT_EQ(answer("a.tar.gz"), "a");
  house_.invoke("e", {{"X-Amzn-SageMaker-Target-Model", "a.tar.gz"}, {"X-Behave", "die"}});
  EXPECT_EQ(answer("a.tar.gz"), "a");
}

// Against a process that would take any number of models.
TEST(MultiModel, KeepsWithinItsMemory) {
  test::Store store;
  for (const char* name : {"a", "b", "c"})
    store.put_model(std::string("models/") + name, {{"w", std::string(1000, *name)}});
  std::mutex mutex;
  std::set<std::string> loaded;
  std::size_t most = 0;
  Server process(ServerOptions{}, [&](const Request& request, const Reply& reply) {
    const std::lock_guard lock(mutex);
    if (request.method == "POST") loaded.insert(Json::parse(as_text(request.body)).at("model_name"));
    if (request.method == "DELETE") loaded.erase(request.path.substr(std::string("/models/").size()));
    most = std::max(most, loaded.size());
    reply({});
  });
  const TemporaryFolder folder;
  ModelCache cache(
      {.folder = folder.path(), .s3 = [&](const std::string&) { return store.settings(); }, .most_unused = 0});
  ClientPool client("127.0.0.1", process.port());
  MultiModel models(cache, "1", "s3://bucket/models", 2500);
  std::set<std::string> targets;
  for (const char* name : {"a", "b", "c", "a"}) targets.insert(models.load(client, 1, std::string(name) + ".tar.gz"));
  EXPECT_EQ(targets.size(), 3U);
  EXPECT_EQ(most, 2U);
  EXPECT_EQ(loaded.size(), 2U);
  // Its files go too, with those of the models of a process that ended.
  using Folder = std::filesystem::directory_iterator;
  const auto on_disk = [&] { return std::distance(Folder(cache.folder_of("1")), Folder()); };
  models.load(client, 2, "b.tar.gz");
  EXPECT_EQ(on_disk(), 1);
}

}  // namespace
}  // namespace graft
