// The index of a bucket with 1,000 objects beside one with 1,000,000, without HTTP: bench/million.py has what is seen.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <map>
#include <memory>

#include "base/crc.h"
#include "base/error.h"
#include "base/file.h"
#include "base/random.h"
#include "s3/buckets.h"
#include "s3/checksum.h"
#include "s3/listing.h"
#include "s3/objects.h"

namespace graft::s3 {
namespace {

// Keys as of a folder of pictures, in no order of their bytes.
std::string key_of(std::uint64_t number) {
  return text("images/", mix(number) % 1000, "/", number, ".jpg");
}

Object object_of(std::uint64_t number) {
  Object object{.key = key_of(number), .size = 4096, .modified = now(), .bytes = std::string(4096, 'x')};
  object.etag = to_hex(digest_of(Algorithm::md5, as_bytes(object.bytes)));
  object.crc32c = crc32c(0, as_bytes(object.bytes));
  object.headers = {{"content-type", "image/jpeg"}};
  return object;
}

struct Filled {
  TemporaryFolder folder{};
  Store store{folder.path()};
  std::int64_t bucket = 0;
  std::uint64_t objects;

  explicit Filled(std::uint64_t count) : objects(count) {
    add_bucket(store, {.name = "bucket", .account = "000000000001", .region = "us-east-1", .created = now()});
    bucket = find_bucket(store, "bucket")->id;
    constexpr std::uint64_t kBatch = 10'000;
    for (std::uint64_t first = 0; first < count; first += kBatch) {
      store.index.write([&](Database& database) {
        for (std::uint64_t i = first; i < std::min(count, first + kBatch); ++i) {
          put_object(database, bucket, object_of(i), {});
        }
      });
    }
  }
};

Filled& filled(std::int64_t count) {
  static std::map<std::int64_t, std::unique_ptr<Filled>> all;
  auto& one = all[count];
  if (!one) one = std::make_unique<Filled>(static_cast<std::uint64_t>(count));
  return *one;
}

void put(benchmark::State& state) {
  Filled& there = filled(state.range(0));
  Random random(Key{1});
  for (auto _ : state) put_object(there.store, there.bucket, object_of(random.below(there.objects * 2)));
}

void get(benchmark::State& state) {
  Filled& there = filled(state.range(0));
  Random random(Key{2});
  for (auto _ : state) {
    auto object = find_object(there.store, there.bucket, key_of(random.below(there.objects)), true);
    benchmark::DoNotOptimize(object);
  }
}

void list(benchmark::State& state) {
  Filled& there = filled(state.range(0));
  Random random(Key{3});
  for (auto _ : state) {
    const auto listed =
        list_objects(there.store, there.bucket, {.after = key_of(random.below(there.objects)), .most = 500});
    benchmark::DoNotOptimize(listed.entries.size());
  }
}

void list_folders(benchmark::State& state) {
  Filled& there = filled(state.range(0));
  for (auto _ : state) {
    const auto listed = list_objects(there.store, there.bucket, {.prefix = "images/", .delimiter = "/", .most = 500});
    benchmark::DoNotOptimize(listed.entries.size());
  }
}

BENCHMARK(put)->Arg(1000)->Arg(1'000'000)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(get)->Arg(1000)->Arg(1'000'000)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(list)->Arg(1000)->Arg(1'000'000)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(list_folders)->Arg(1000)->Arg(1'000'000)->UseRealTime()->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace graft::s3
