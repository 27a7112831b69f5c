// Random numbers as pure functions of a key.
//
// A Key names a stream; derive() names another one from it and a number. What an image's augmentation draws depends on
// (seed, epoch, image) alone, so a run is the same on any number of threads and ranks. The stream is SplitMix64
// (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014): the state is a counter, the output
// its mix.
#pragma once

#include <cstdint>
#include <numeric>
#include <vector>

namespace graft {

struct Key {
  std::uint64_t value = 0;
};

constexpr std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

// Another key, independent of `key` and of every derive(key, other number).
constexpr Key derive(Key key, std::uint64_t number) {
  return {mix(key.value ^ mix(number + 0x9e3779b97f4a7c15ULL))};
}

// The numbers of one key, in order. Cheap to make: make one where it is needed.
class Random {
 public:
  using result_type = std::uint64_t;  // a UniformRandomBitGenerator, so <random> takes it
  explicit Random(Key key) : state_(key.value) {}

  std::uint64_t operator()() { return mix(state_ += 0x9e3779b97f4a7c15ULL); }
  static constexpr std::uint64_t min() { return 0; }
  static constexpr std::uint64_t max() { return ~std::uint64_t{0}; }

  // In [0, 1).
  double uniform() { return static_cast<double>((*this)() >> 11) * 0x1.0p-53; }
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  // In [0, count). REQUIRES: count > 0.
  std::uint64_t below(std::uint64_t count) {
    return static_cast<std::uint64_t>((static_cast<unsigned __int128>((*this)()) * count) >> 64);
  }
  // Mean 0, variance 1 (Box and Muller, 1958).
  double normal();

 private:
  std::uint64_t state_;
};

// The numbers 0 to count - 1 in a random order (Fisher and Yates).
std::vector<std::size_t> permutation(std::size_t count, Key key);

}  // namespace graft
