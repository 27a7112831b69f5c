#include "data/curate.h"

#include <gmock/gmock.h>

#include "archive/tar_testing.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"

namespace graft {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::ThrowsMessage;

class Curate : public testing::Test {
 protected:
  fs::path root() const { return folder_.path(); }

  // Images of these labels, as a folder and as a tar.
  void make(const std::vector<std::pair<std::string, int>>& labels) const {
    std::vector<TarEntry> entries;
    for (const auto& [label, count] : labels) {
      make_folder(root() / "data" / label);
      for (int i = 0; i < count; ++i) {
        entries.push_back({label + "/" + std::to_string(i) + ".jpg", label + std::to_string(i)});
        write_file(root() / "data" / entries.back().name, std::string_view(entries.back().content));
      }
    }
    write_tar(root() / "data.tar", entries);
  }
  // As after a scan that found no fault in any image.
  ScannedSet scanned(const std::string& data) const {
    ScannedSet set{open_dataset(root() / data), {}, {}};
    set.files.resize(set.dataset->size());
    return set;
  }
  Curation curation(SetLayout layout = SetLayout::links) const {
    return {root() / "general", root() / "domain", 3, layout};
  }
  std::vector<std::string> left() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(root())) names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
  }

  TemporaryFolder folder_;
};

std::vector<std::pair<std::string, std::size_t>> pairs(const std::vector<CuratedLabel>& labels) {
  std::vector<std::pair<std::string, std::size_t>> out;
  for (const CuratedLabel& each : labels) out.emplace_back(each.name, each.images);
  return out;
}

// "ants ants0", an image's label and content.
std::vector<std::string> samples(const fs::path& path, const std::vector<std::string>& labels) {
  const DatasetPtr dataset = open_dataset(path, labels);
  std::vector<std::string> out;
  for (std::size_t i = 0; i < dataset->size(); ++i)
    out.push_back(labels[static_cast<std::size_t>(dataset->label(i))] + " " +
                  std::string(as_text(dataset->get(i).content)));
  return out;
}

TEST_F(Curate, DividesLabelsByHowManyUsableImagesTheyHave) {
  make({{"ants", 3}, {"bees", 4}, {"crabs", 2}, {"dogs", 3}});
  ScannedSet whole = scanned("data");
  whole.files.back().problem = Problem::damaged;
  const Curated curated = curate(whole, curation(), "data");
  EXPECT_THAT(pairs(curated.general), ElementsAre(Pair("ants", 3u), Pair("bees", 4u)));
  EXPECT_THAT(pairs(curated.domain), ElementsAre(Pair("crabs", 2u), Pair("dogs", 2u)));
  EXPECT_EQ(curated.left_out, 1u);
  EXPECT_THAT(samples(root() / "domain", {"crabs", "dogs"}),
              ElementsAre("crabs crabs0", "crabs crabs1", "dogs dogs0", "dogs dogs1"));
  EXPECT_EQ(fs::hard_link_count(root() / "domain/dogs/0.jpg"), 2u);
  EXPECT_FALSE(fs::exists(root() / "domain/ants"));
}

TEST_F(Curate, WritesListsThatPointIntoATar) {
  make({{"ants", 3}, {"bees", 2}});
  curate(scanned("data.tar"), curation(SetLayout::lists), "data.tar");
  EXPECT_EQ(read_text(root() / "domain/images.csv"),
            "image,label\n../data.tar/bees/0.jpg,bees\n../data.tar/bees/1.jpg,bees\n");
  EXPECT_THAT(samples(root() / "general", {"ants"}), ElementsAre("ants ants0", "ants ants1", "ants ants2"));
  EXPECT_THAT(samples(root() / "domain", {"bees"}), ElementsAre("bees bees0", "bees bees1"));
}

TEST_F(Curate, UnpacksATarIntoFoldersWhenAsked) {
  make({{"ants", 3}, {"bees", 2}});
  curate(scanned("data.tar"), curation(SetLayout::links), "data.tar");
  EXPECT_EQ(read_text(root() / "domain/bees/1.jpg"), "bees1");
}

TEST_F(Curate, RefusesToWriteAnEmptySetAndSaysHowFarItIs) {
  make({{"ants", 3}, {"bees", 5}});
  Curation high = curation(), low = curation();
  high.min_images = 6;
  low.min_images = 2;
  EXPECT_THAT([&] { curate(scanned("data"), high, "data"); },
              ThrowsMessage<Error>(HasSubstr("data: no label has 6 usable images; \"bees\" has the most, 5")));
  EXPECT_THAT([&] { curate(scanned("data"), low, "data"); },
              ThrowsMessage<Error>(HasSubstr("every label has 2 usable images or more; \"ants\" has the fewest, 3")));
  EXPECT_THAT(left(), ElementsAre("data", "data.tar"));
}

TEST_F(Curate, RefusesFoldersThatAreInEachOthersWay) {
  make({{"ants", 3}, {"bees", 2}});
  for (const char* domain : {"general", "general/", "general/sub", "sub/../general"}) {
    Curation same = curation();
    same.domain = root() / domain;
    EXPECT_THAT([&] { curate(scanned("data"), same, "data"); },
                ThrowsMessage<Error>(HasSubstr("name two folders, neither in the other")));
  }
  EXPECT_THAT(left(), ElementsAre("data", "data.tar"));
}

TEST_F(Curate, LeavesAFolderAloneThatHoldsSomethingAndWritesNoOther) {
  make({{"ants", 3}, {"bees", 2}});
  make_folder(root() / "domain");
  write_file(root() / "domain/mine", std::string_view("mine"));
  EXPECT_THAT([&] { curate(scanned("data"), curation(), "data"); },
              ThrowsMessage<Error>(HasSubstr("domain: this is not an empty folder")));
  EXPECT_THAT(left(), ElementsAre("data", "data.tar", "domain"));
}

TEST_F(Curate, SaysWhatItMade) {
  const Curated curated{{{"ants", 500}}, {{"bees", 20}, {"crabs", 7}}, 4};
  const Curation curation{"g", "d"};
  EXPECT_EQ(to_text(curated, curation),
            "general  1 label with 500 images in g\n"
            "domain   2 labels with 27 images in d\n"
            "       20  bees\n"
            "        7  crabs\n");
  EXPECT_EQ(to_json(curated, curation).dump(),
            R"({"min_images":500,"general":{"path":"g","images":500,"labels":{"ants":500}},)"
            R"("domain":{"path":"d","images":27,"labels":{"bees":20,"crabs":7}},"left_out":4})");
}

}  // namespace
}  // namespace graft
