#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "base/file.h"
#include "image/preprocess.h"
#include "image/transform.h"

namespace graft {
namespace {

// As much detail as a photograph of quality 90: soft shapes, and noise that a JPEG of this size spends about 60 KB on.
Image photograph(int width, int height) {
  Image image{width, height, {}};
  Random random(Key{1});
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const double shape = 128 + 60 * std::sin(x * 0.05) * std::cos(y * 0.07) + 40 * std::sin((x + y) * 0.3);
      for (int c = 0; c < 3; ++c) {
        const double value = shape + 15 * c + 7 * random.normal();
        image.pixels.push_back(static_cast<std::uint8_t>(std::fmin(std::fmax(value, 0), 255)));
      }
    }
  }
  return image;
}

// The files of bench/pillow_preprocess.py, or a synthetic one.
std::vector<Bytes> files() {
  std::vector<Bytes> result;
  if (const char* folder = std::getenv("GRAFT_BENCH_IMAGES")) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) result.push_back(read_file(entry.path()));
  } else {
    result.push_back(encode_jpeg(photograph(500, 375)));
  }
  return result;
}

void decode_and_preprocess(benchmark::State& state) {
  const std::vector<Bytes> inputs = files();
  const Preprocess preprocess;
  std::vector<float> out(3 * 224 * 224);
  std::size_t next = 0;
  for (auto _ : state) preprocess_file(inputs[next++ % inputs.size()], preprocess, out);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(decode_and_preprocess)->Unit(benchmark::kMicrosecond);

void decode_whole(benchmark::State& state) {
  const Bytes bytes = encode_jpeg(photograph(500, 375));
  for (auto _ : state) benchmark::DoNotOptimize(decode(bytes));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(decode_whole)->Unit(benchmark::kMicrosecond);

void resize_to_224(benchmark::State& state) {
  const Image image = photograph(500, 375);
  const Preprocess preprocess;
  for (auto _ : state) benchmark::DoNotOptimize(resize_and_crop(image, preprocess));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(resize_to_224)->Unit(benchmark::kMicrosecond);

void augment_fully(benchmark::State& state) {
  const Image image = photograph(500, 375);
  Augmentation augmentation;
  augmentation.brightness = augmentation.contrast = augmentation.saturation = 0.4;
  augmentation.hue = 0.1;
  augmentation.rotate_degrees = 15;
  std::uint64_t key = 0;
  for (auto _ : state) benchmark::DoNotOptimize(augment(image, augmentation, Preprocess{}, Key{key++}));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(augment_fully)->Unit(benchmark::kMicrosecond);

void augment_by_default(benchmark::State& state) {
  const Image image = photograph(500, 375);
  std::uint64_t key = 0;
  for (auto _ : state) benchmark::DoNotOptimize(augment(image, Augmentation{}, Preprocess{}, Key{key++}));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(augment_by_default)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace graft
