#include "data/loader.h"

#include <gmock/gmock.h>

#include <atomic>
#include <numeric>

#include "base/error.h"

namespace graft {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Sample i holds the byte i and has the label i % 3. Sample `unreadable` cannot be read.
class Numbers final : public Dataset {
 public:
  explicit Numbers(std::size_t size, std::size_t unreadable = ~std::size_t{0}) : size_(size), unreadable_(unreadable) {}
  std::size_t size() const override { return size_; }
  Sample get(std::size_t i) const override {
    require(i != unreadable_, "cannot read ", name(i));
    return {name(i), label(i), {static_cast<std::byte>(i)}};
  }
  std::string name(std::size_t i) const override { return "number " + std::to_string(i); }
  int label(std::size_t i) const override { return static_cast<int>(i % 3); }
  const std::vector<std::string>& labels() const override { return labels_; }

 private:
  std::size_t size_, unreadable_;
  std::vector<std::string> labels_{"zero", "one", "two"};
};

std::vector<std::size_t> in_order(std::size_t count) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  return order;
}

void write_value(const Sample& sample, std::size_t index, std::span<float> out) {
  for (float& value : out) value = static_cast<float>(std::to_integer<int>(sample.content.at(0)));
  out.back() = -static_cast<float>(index);
}

LoaderOptions options_of(std::size_t batch, std::size_t threads, std::size_t ahead = 3) {
  return {.batch = batch, .floats_per_sample = 2, .threads = threads, .ahead = ahead};
}

TEST(Loader, TheLastBatchMayBeLonger) {
  LoaderOptions options = options_of(2, 3);
  options.last = 3;
  Loader loader(std::make_shared<Numbers>(10), {4, 1, 9, 0, 7}, options, write_value);
  Batch batch;
  ASSERT_TRUE(loader.next(batch));
  EXPECT_THAT(batch.indices, ElementsAre(4u, 1u));
  ASSERT_TRUE(loader.next(batch));
  EXPECT_THAT(batch.indices, ElementsAre(9u, 0u, 7u));
  EXPECT_THAT(batch.pixels, ElementsAre(9, -9, 0, 0, 7, -7));
  EXPECT_FALSE(loader.next(batch));
}

TEST(Loader, GivesBatchesInOrderAndAShortLastOne) {
  Loader loader(std::make_shared<Numbers>(10), {4, 1, 9, 0, 4}, options_of(2, 3), write_value);
  Batch batch;
  ASSERT_TRUE(loader.next(batch));
  EXPECT_THAT(batch.pixels, ElementsAre(4, -4, 1, -1));
  EXPECT_THAT(batch.labels, ElementsAre(1, 1));
  EXPECT_THAT(batch.indices, ElementsAre(4u, 1u));
  ASSERT_TRUE(loader.next(batch));
  ASSERT_TRUE(loader.next(batch));
  EXPECT_THAT(batch.pixels, ElementsAre(4, -4));
  EXPECT_THAT(batch.indices, ElementsAre(4u));
  EXPECT_FALSE(loader.next(batch));
  EXPECT_FALSE(loader.next(batch));
}

TEST(Loader, GivesTheSameOnAnyNumberOfThreads) {
  for (std::size_t threads : {1u, 2u, 8u}) {
    Loader loader(std::make_shared<Numbers>(250), in_order(250), options_of(7, threads), write_value);
    Batch batch;
    std::vector<std::size_t> seen;
    while (loader.next(batch)) {
      ASSERT_EQ(batch.pixels.size(), 2 * batch.indices.size());
      for (std::size_t i = 0; i < batch.indices.size(); ++i) {
        EXPECT_EQ(batch.pixels[2 * i], static_cast<float>(batch.indices[i]));
        EXPECT_EQ(batch.labels[i], static_cast<int>(batch.indices[i] % 3));
      }
      seen.insert(seen.end(), batch.indices.begin(), batch.indices.end());
    }
    EXPECT_EQ(seen, in_order(250));
  }
}

TEST(Loader, AnEmptyOrderHasNoBatches) {
  Batch batch;
  EXPECT_FALSE(Loader(std::make_shared<Numbers>(3), {}, options_of(2, 2), write_value).next(batch));
}

TEST(Loader, UsesTheCallersMemoryAgain) {
  Loader loader(std::make_shared<Numbers>(200), in_order(200), options_of(10, 2, 2), write_value);
  Batch batch;
  std::vector<const float*> blocks;
  while (loader.next(batch)) blocks.push_back(batch.pixels.data());
  std::sort(blocks.begin(), blocks.end());
  EXPECT_LE(std::unique(blocks.begin(), blocks.end()) - blocks.begin(), 3);
}

TEST(Loader, WorksNoFurtherAheadThanItIsTold) {
  std::atomic<std::size_t> made{0};
  Loader loader(std::make_shared<Numbers>(200), in_order(200), options_of(10, 4, 2),
                [&](const Sample&, std::size_t, std::span<float>) { ++made; });
  Batch batch;
  for (std::size_t taken = 1; loader.next(batch); ++taken) EXPECT_LE(made, (taken + 2) * 10);
  EXPECT_EQ(made, 200u);
}

TEST(Loader, AnErrorArrivesWithItsBatchAndNamesTheSample) {
  const auto fail_at_five = [](const Sample& sample, std::size_t index, std::span<float> out) {
    require(index != 5 && index != 4, "the JPEG is cut off");
    write_value(sample, index, out);
  };
  Loader loader(std::make_shared<Numbers>(10), in_order(10), options_of(2, 4), fail_at_five);
  Batch batch;
  EXPECT_TRUE(loader.next(batch));
  EXPECT_TRUE(loader.next(batch));
  for (int again = 0; again < 2; ++again) {
    try {
      loader.next(batch);
      FAIL() << "nothing was thrown";
    } catch (const Error& error) {
      EXPECT_STREQ(error.what(), "number 4: the JPEG is cut off");
    }
  }
}

TEST(Loader, AnUnreadableSampleIsNamedOnce) {
  Loader loader(std::make_shared<Numbers>(4, 0), in_order(4), options_of(2, 2), write_value);
  Batch batch;
  EXPECT_THAT([&] { loader.next(batch); }, testing::ThrowsMessage<Error>("cannot read number 0"));
}

TEST(Loader, ExceptionsOfTheStandardLibraryAreNamedToo) {
  Loader loader(std::make_shared<Numbers>(4), in_order(4), options_of(2, 2),
                [](const Sample& sample, std::size_t, std::span<float>) { (void)sample.content.at(7); });
  Batch batch;
  EXPECT_THAT([&] { loader.next(batch); }, testing::ThrowsMessage<Error>(HasSubstr("number 0: ")));
}

TEST(Loader, CanBeDroppedInTheMiddle) {
  for (std::size_t taken = 0; taken < 20; ++taken) {
    Loader loader(std::make_shared<Numbers>(200), in_order(200), options_of(3, 4), write_value);
    Batch batch;
    for (std::size_t i = 0; i < taken; ++i) ASSERT_TRUE(loader.next(batch));
  }
}

TEST(Loader, RefusesAnIndexThatIsNotThere) {
  EXPECT_THAT(
      [] {
        Loader(std::make_shared<Numbers>(4), {1, 4}, options_of(2, 1), write_value);
      },
      testing::ThrowsMessage<Error>("the dataset has 4 samples and none with index 4"));
}

}  // namespace
}  // namespace graft
