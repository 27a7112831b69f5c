#include "data/sample_pattern.h"

namespace graft::sample {
namespace {

// In 0 .. 1, one value per cell of the integer grid.
float cell_value(int x, int y, int z) {
  auto h = static_cast<std::uint32_t>(x) * 0x8da6b343u ^ static_cast<std::uint32_t>(y) * 0xd8163841u ^
           static_cast<std::uint32_t>(z) * 0xcb1ab31fu;
  h = (h ^ (h >> 15)) * 0x2c1b3c6du;
  h = (h ^ (h >> 12)) * 0x297a2d39u;
  return static_cast<float>(h >> 8) * 0x1p-24f;
}

float between(float a, float b, float t) {
  return a + (b - a) * t;
}

float value_noise(Vec3 p) {
  const int x = static_cast<int>(std::floor(p.x)), y = static_cast<int>(std::floor(p.y)),
            z = static_cast<int>(std::floor(p.z));
  const auto smooth = [](float t) { return t * t * (3 - 2 * t); };
  const float u = smooth(p.x - static_cast<float>(x)), v = smooth(p.y - static_cast<float>(y)),
              w = smooth(p.z - static_cast<float>(z));
  const auto row = [&](int j, int k) {
    return between(cell_value(x, y + j, z + k), cell_value(x + 1, y + j, z + k), u);
  };
  return between(between(row(0, 0), row(1, 0), v), between(row(0, 1), row(1, 1), v), w);
}

// Octaves of noise: coarse shapes with fine detail on them.
float cloud(Vec3 p) {
  const Vec3 shift{17.1f, 5.3f, 9.7f};
  return 0.55f * value_noise(p) + 0.3f * value_noise(p * 2.1f + shift) + 0.15f * value_noise(p * 4.3f + shift);
}

float soft_step(float t) {
  return std::clamp(0.5f + 4 * t, 0.f, 1.f);
}

// The share of the second colour.
float mixture(const Pattern& pattern, Vec3 p) {
  const Vec3 q = p * pattern.frequency + pattern.offset;
  const auto cell = [](float t) { return t - std::floor(t) - 0.5f; };
  switch (pattern.motif) {
    case Motif::plain:
      return 0;
    case Motif::gradient:
      return std::clamp(0.5f + 0.6f * dot(p, pattern.direction), 0.f, 1.f);
    case Motif::stripes:
      return soft_step(std::abs(cell(dot(q, pattern.direction))) - 0.25f);
    case Motif::checker:
      return cell(q.x) * cell(q.y) * cell(q.z + 0.25f) > 0 ? 1 : 0;
    case Motif::spots:
      return soft_step(length(Vec3{cell(q.x), cell(q.y), cell(q.z)}) - 0.42f);
    case Motif::noise:
      return std::clamp(2 * cloud(q) - 0.5f, 0.f, 1.f);
  }
  return 0;
}

Colour from_hue(float hue, float saturation, float value) {
  const auto channel = [&](float shift) {
    const float k = std::fmod(shift + hue * 6, 6.f);
    return value * (1 - saturation * std::clamp(std::min(k, 4 - k), 0.f, 1.f));
  };
  return {channel(5), channel(3), channel(1)};
}

Colour random_colour(Random& random, float dark, float bright) {
  return from_hue(uniform(random, 0, 1), uniform(random, 0, 0.8), uniform(random, dark, bright));
}

}  // namespace

float uniform(Random& random, double low, double high) {
  return static_cast<float>(random.uniform(low, high));
}

Vec3 random_direction(Random& random) {
  const float z = uniform(random, -1, 1), angle = uniform(random, 0, 2 * M_PI), radius = std::sqrt(1 - z * z);
  return {radius * std::cos(angle), radius * std::sin(angle), z};
}

Pattern random_pattern(Random& random, float dark, float bright) {
  Pattern pattern;
  pattern.motif = static_cast<Motif>(random.below(6));
  pattern.one = random_colour(random, dark, bright);
  pattern.other = random_colour(random, dark, bright);
  pattern.direction = random_direction(random);
  pattern.frequency = uniform(random, 1.2, 4);
  pattern.offset = {uniform(random, 0, 50), uniform(random, 0, 50), uniform(random, 0, 50)};
  return pattern;
}

Colour colour_at(const Pattern& pattern, Vec3 p) {
  const float share = mixture(pattern, p);
  return pattern.one * (1 - share) + pattern.other * share;
}

}  // namespace graft::sample
