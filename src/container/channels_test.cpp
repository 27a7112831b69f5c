#include "container/channels.h"

#include <gmock/gmock.h>

#include "base/error.h"
#include "base/file.h"
#include "data/open.h"
#include "data/recordio_testing.h"

namespace graft {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

class Channels : public testing::Test {
 protected:
  void add(const std::string& name, const std::string& content = "x") const {
    make_folder(folders_.channel(name).parent_path());
    write_file(folders_.channel(name), content);
  }
  Inputs prepared(const std::vector<Channel>& channels) const {
    return prepare(known_channels(channels), folders_, scratch_.path());
  }
  void refuse(const std::vector<Channel>& channels, const std::string& message) const {
    EXPECT_THAT([&] { prepared(channels); }, ThrowsMessage<Error>(HasSubstr(message)));
  }

  TemporaryFolder folder_, scratch_;
  OptMl folders_{folder_.path()};
};

TEST_F(Channels, FoldersAreTakenAsTheyAre) {
  for (const char* name : {"training/a/1.jpg", "training/b/2.jpg", "test/a/1.jpg"}) add(name);
  add("training-manifest");
  const Inputs inputs = prepared({{.name = "training", .content_type = "application/x-image"}, {.name = "test"}});
  EXPECT_EQ(inputs.train, folders_.channel("training"));
  EXPECT_EQ(inputs.validation, "");
  EXPECT_EQ(inputs.test, folders_.channel("test"));
}

TEST_F(Channels, AListsPathsAreRelativeToTheImagesChannel) {
  for (const char* name : {"train/1.jpg", "train/more/2.jpg"}) add(name);
  add("train_lst/train.lst", "0\t1\t1.jpg\n1\t0\tmore/2.jpg\n");
  const DatasetPtr images = open_dataset(prepared({{.name = "train"}, {.name = "train_lst"}}).train);
  EXPECT_THAT(images->labels(), ElementsAre("0", "1"));
  EXPECT_EQ(images->path(0), folders_.channel("train/1.jpg"));
  EXPECT_EQ(images->label(0), 1);
}

TEST_F(Channels, RecordsAreTheOneFileOfAChannel) {
  add("train/deep/a.rec", record_part(image_record(0, "x")) + record_part(image_record(1, "y")));
  const Channel train{.name = "train", .content_type = "application/x-recordio"};
  EXPECT_EQ(prepared({train}).train, folders_.channel("train/deep/a.rec"));
  add("train/b.rec");
  refuse({train}, "the channel train holds 2 files that end in .rec, and exactly one is wanted");
}

TEST_F(Channels, RefusesWhatItDoesNotKnow) {
  add("train/a/1.jpg");
  refuse({{.name = "train"}, {.name = "code"}}, "there is no channel code; there are train,");
  refuse({{.name = "validation"}}, "there is no channel train");
  refuse({{.name = "train"}, {.name = "training"}}, "are the same to graft");
  refuse({{.name = "train", .content_type = "application/x-parquet"}}, "content type application/x-parquet");
  refuse({{.name = "train", .content_type = "application/x-image", .pipe = true}}, "Pipe mode, where images have no");
  refuse({{.name = "train"}, {.name = "validation_lst"}}, "validation_lst and no channel validation");
}

TEST_F(Channels, AModelIsABundleAnArchiveOrWeights) {
  add("bundle/graft.json");
  add("bundle/model.safetensors");
  EXPECT_EQ(find_model(folders_.channel("bundle"), scratch_.path()), folders_.channel("bundle"));
  add("weights/imagenet.pth");
  add("weights/labels.txt");
  EXPECT_EQ(find_model(folders_.channel("weights"), scratch_.path()), folders_.channel("weights/imagenet.pth"));
  add("many/a.pth");
  add("many/b.h5");
  EXPECT_THAT([&] { find_model(folders_.channel("many"), scratch_.path()); },
              ThrowsMessage<Error>(HasSubstr("holds 2 files to transfer from, and one is wanted")));
}

}  // namespace
}  // namespace graft
