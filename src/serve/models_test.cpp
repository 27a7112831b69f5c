#include "serve/models.h"

#include <gmock/gmock.h>

#include <atomic>

#include "base/error.h"
#include "serve/memory.h"
#include "serve/serve_testing.h"

namespace graft {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const Bytes kRed = painted(255, 0, 0), kBlue = painted(0, 0, 255);

class ModelsTest : public testing::Test {
 protected:
  fs::path write(const std::string& name, const Bundle& bundle) {
    write_bundle(folder_.path() / name, bundle);
    return folder_.path() / name;
  }
  fs::path write(const std::string& name, const Head& head) {
    fs::create_directories((folder_.path() / name).parent_path());
    write_head(folder_.path() / name, head);
    return folder_.path() / name;
  }
  // A change is read at the second look at it.
  static void look_twice(Models& models) {
    models.look();
    models.look();
  }
  template <typename Call>
  static std::string code_of(Call call) {
    try {
      call();
      return "no error";
    } catch (const Error& error) {
      return error.code() + ": " + error.what();
    }
  }
  TemporaryFolder folder_;
};

TEST_F(ModelsTest, ABundleAnswersWhoNamesNoneAndWhoNamesIt) {
  Models models({});
  models.serve(write("pets", colours()));
  EXPECT_EQ(label_of(models.find(""), kBlue), "blue");
  EXPECT_EQ(models.find("pets"), models.find(""));
  EXPECT_THAT(code_of([&] { models.find("others"); }), HasSubstr(kNotLoaded));
}

TEST_F(ModelsTest, ANewBundleOnDiskReplacesTheOldOneWhichItsUsersKeep) {
  Models models({});
  const fs::path folder = write("pets", colours());
  models.serve(folder);
  const Models::Pointer old = models.find("");
  look_twice(models);
  EXPECT_EQ(models.find(""), old);
  write_bundle(folder, colours({"a", "b", "c"}));
  look_twice(models);
  EXPECT_EQ(label_of(models.find(""), kBlue), "c");
  EXPECT_EQ(label_of(old, kBlue), "blue");
}

TEST_F(ModelsTest, ADamagedBundleOnDiskChangesNothing) {
  Models models({});
  const fs::path folder = write("pets", colours());
  models.serve(folder);
  const Models::Pointer old = models.find("");
  write_file(folder / "model.safetensors", std::string_view("damaged"));
  look_twice(models);
  fs::remove(folder / "graft.json");
  look_twice(models);
  EXPECT_EQ(models.find(""), old);
  write_bundle(folder, colours({"a", "b", "c"}));
  look_twice(models);
  EXPECT_EQ(models.find("")->labels()[0], "a");
}

TEST_F(ModelsTest, NobodyNoticesASwap) {
  Models models({});
  const fs::path folder = write("pets", colours({"old", "old2", "old3"}));
  models.serve(folder);
  std::atomic<bool> enough = false;
  std::atomic<int> answered = 0, wrong = 0;
  std::vector<std::jthread> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back([&] {
      while (!enough) {
        const std::string label = label_of(models.find(""), kRed);
        wrong += label != "old" && label != "new";
        ++answered;
      }
    });
  }
  for (int swap = 0; swap < 6; ++swap) {
    const std::string prefix = swap % 2 ? "old" : "new";
    write_bundle(folder, colours({prefix, prefix + "2", prefix + "3"}));
    look_twice(models);
    EXPECT_EQ(models.find("")->labels()[0], prefix);
  }
  enough = true;
  clients.clear();
  EXPECT_GT(answered, 0);
  EXPECT_EQ(wrong, 0);
}

TEST_F(ModelsTest, ClientsLoadAndUnloadBelowTheRoot) {
  write("models/a/model", colours());
  write("elsewhere", colours());
  Models models({.root = folder_.path() / "models"});
  models.load("a-1", folder_.path() / "models/a/model");
  EXPECT_EQ(label_of(models.find("a-1"), kRed), "red");
  EXPECT_THAT(code_of([&] { models.load("a-1", folder_.path() / "models/a/model"); }), HasSubstr(kAlreadyLoaded));
  EXPECT_THAT(code_of([&] { models.load("b", folder_.path() / "elsewhere"); }), HasSubstr("below"));
  EXPECT_THAT(code_of([&] { models.load("b", folder_.path() / "models/../elsewhere"); }), HasSubstr("below"));
  EXPECT_THAT(code_of([&] { models.load("../b", folder_.path() / "models/a/model"); }), HasSubstr("name"));
  EXPECT_THAT(code_of([&] { models.load("b", folder_.path() / "models/none"); }), HasSubstr("not a bundle"));
  models.unload("a-1");
  EXPECT_EQ(models.size(), 0u);
  EXPECT_THAT(code_of([&] { models.unload("a-1"); }), HasSubstr(kNotLoaded));
}

TEST_F(ModelsTest, WhoIsServedWithoutARootLoadsNothing) {
  Models models({});
  models.serve(write("pets", colours()));
  EXPECT_THAT(code_of([&] { models.load("b", folder_.path() / "pets"); }), HasSubstr("--multi-model"));
  EXPECT_THAT(code_of([&] { models.unload("pets"); }), HasSubstr("started for"));
}

TEST_F(ModelsTest, AModelThatDoesNotFitIntoMemoryIsRefusedBeforeItIsRead) {
  const fs::path folder = write("models/large", colours());
  fs::resize_file(folder / "model.safetensors", std::uintmax_t{1} << 42);  // with a hole
  Models models({.root = folder_.path() / "models"});
  EXPECT_THAT(code_of([&] { models.load("large", folder); }), HasSubstr(kNoMemory));
}

TEST_F(ModelsTest, UnloadedMemoryGoesBack) {
  constexpr int kOutputs = 1024;
  Bundle large = colours();
  large.graph.nodes[0].operation = Input{3, 64, 64};
  large.graph.nodes[1].operation = Dropout{};
  large.graph.nodes[3].operation = Linear{.out_features = kOutputs};
  large.preprocess.width = large.preprocess.height = 64;
  large.weights = {
      {"fc.weight", make_tensor({kOutputs, 3 * 64 * 64}, std::vector<float>(kOutputs * 3 * 64 * 64, 0.1f))},
      {"fc.bias", make_tensor({kOutputs}, std::vector<float>(kOutputs))}};
  large.labels.clear();
  for (int i = 0; i < kOutputs; ++i) large.labels.push_back("label " + std::to_string(i));
  write("models/large", large);
  large = {};
  Models models({.root = folder_.path() / "models"});
  models.load("large", "large");  // libraries keep something after the first
  models.unload("large");
  constexpr std::size_t kWeights = std::size_t{4} * kOutputs * 3 * 64 * 64;
  const auto wait_for = [&](std::size_t most) {
    for (int i = 0; i < 200 && resident_bytes() > most; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  };
  wait_for(kWeights);
  const std::size_t before = resident_bytes();
  models.load("large", "large");
  EXPECT_GT(resident_bytes(), before + kWeights / 2);
  models.unload("large");
  wait_for(before + kWeights / 4);
  EXPECT_LT(resident_bytes(), before + kWeights / 4);
}

TEST_F(ModelsTest, HeadsShareOneTrunkAndFollowTheirFiles) {
  const Bundle backbone = colours();
  Head head = head_of(backbone), other = head;
  other.labels = {"x", "y", "z"};
  write("heads/one.safetensors", head);
  write("heads/two/head.safetensors", other);
  write("heads/not a name.safetensors", other);
  Models models({});
  models.serve_heads(write("backbone", backbone), folder_.path() / "heads");
  EXPECT_EQ(models.size(), 2u);
  EXPECT_EQ(label_of(models.find("one"), kBlue), "blue");
  EXPECT_EQ(label_of(models.find("two"), kBlue), "z");
  EXPECT_EQ(models.find("one")->trunk, models.find("two")->trunk);
  EXPECT_THAT(code_of([&] { models.find(""); }), HasSubstr("names no model"));

  head.labels = {"r", "g", "b"};
  write("heads/one.safetensors", head);
  write("heads/three.safetensors", head);
  fs::remove_all(folder_.path() / "heads/two");
  models.look();
  EXPECT_EQ(label_of(models.find("one"), kRed), "r");
  EXPECT_EQ(label_of(models.find("three"), kRed), "r");
  EXPECT_THAT(code_of([&] { models.find("two"); }), HasSubstr(kNotLoaded));
}

TEST_F(ModelsTest, AHeadOfAnotherBackboneIsRefusedWithBothDigests) {
  const Bundle backbone = colours();
  Head head = head_of(backbone);
  write("heads/one.safetensors", head);
  Models models({});
  models.serve_heads(write("backbone", backbone), folder_.path() / "heads");
  const std::shared_ptr<const Trunk> trunk = models.find("one")->trunk;
  head.backbone = std::string(64, 'f');
  const fs::path file = write("other.safetensors", head);
  const std::string sentence = code_of([&] { model_of_head("other", file, trunk); });
  EXPECT_THAT(sentence, HasSubstr("ffffffffffff"));
  EXPECT_THAT(sentence, HasSubstr(trunk->digest().substr(0, 12)));
  // What was there answers on when its file becomes such a one.
  write("heads/one.safetensors", head);
  models.look();
  EXPECT_EQ(label_of(models.find("one"), kRed), "red");
}

TEST_F(ModelsTest, PagesFollowNames) {
  write("models/m", colours());
  Models models({.root = folder_.path() / "models"});
  for (const char* name : {"c", "a", "b"}) models.load(name, "m");
  ASSERT_EQ(models.list("", 2).size(), 2u);
  EXPECT_EQ(models.list("", 2)[1]->name, "b");
  ASSERT_EQ(models.list("b", 2).size(), 1u);
  EXPECT_EQ(models.list("b", 2)[0]->name, "c");
}

}  // namespace
}  // namespace graft
