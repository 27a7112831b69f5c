// Each pixel's ray walks towards an object by the distance that the object's function answers, until it is there or
// past (sphere tracing). The closest it comes, in pixels, gives the coverage of a silhouette's edge without a second
// ray.
#include "data/sample_scene.h"

#include <array>
#include <vector>

#include "data/sample_pattern.h"

namespace graft::sample {
namespace {

constexpr float kEye = 5;  // distance of the camera from the picture's plane, which spans -1 .. 1
constexpr int kMaxSteps = 40;
constexpr float kClose = 0.004f;  // a ray this near has arrived

struct Object {
  const Solid* solid = nullptr;
  Vec3 centre;
  float size = 1;
  std::array<Vec3, 3> axes;  // the rows of the rotation from the world to the object
  Vec3 stretch{1, 1, 1};     // what makes a slim bottle and a wide one
  Pattern pattern;
  float gloss = 0;
};

struct Light {
  Vec3 direction;
  float ambient = 0.4f;
};

Vec3 to_object(const Object& object, Vec3 v) {
  return {dot(object.axes[0], v), dot(object.axes[1], v), dot(object.axes[2], v)};
}
Vec3 to_world(const Object& object, Vec3 v) {
  return object.axes[0] * v.x + object.axes[1] * v.y + object.axes[2] * v.z;
}

float distance(const Object& object, Vec3 p) {
  const Vec3& s = object.stretch;
  return object.solid->distance({p.x / s.x, p.y / s.y, p.z / s.z}) * std::min({s.x, s.y, s.z});
}

struct Hit {
  float coverage = 0;  // of the pixel
  Vec3 at;             // in the object's space
};

// `origin` and `direction` in the object's space, where the solid fits the unit sphere; `pixel` is a pixel's width
// there.
Hit trace(const Object& object, Vec3 origin, Vec3 direction, float pixel) {
  constexpr float kReach = 1.2f;  // the unit sphere, stretched
  const float middle = -dot(origin, direction);
  const float chord = middle * middle - dot(origin, origin) + kReach * kReach;
  if (chord <= 0) return {};
  const float end = middle + std::sqrt(chord);
  float t = middle - std::sqrt(chord), nearest = 1e9f, nearest_t = t;
  for (int step = 0; step < kMaxSteps && t < end; ++step) {
    const float d = distance(object, origin + direction * t);
    if (d < nearest) nearest = d, nearest_t = t;
    if (d < kClose) break;
    t += d;
  }
  return {std::clamp(1 - (nearest - kClose) / pixel, 0.f, 1.f), origin + direction * nearest_t};
}

Vec3 normal_at(const Object& object, Vec3 p) {
  constexpr float e = 0.01f;
  constexpr Vec3 corners[] = {{e, -e, -e}, {-e, -e, e}, {-e, e, -e}, {e, e, e}};
  Vec3 gradient;
  for (const Vec3& corner : corners) gradient = gradient + corner * distance(object, p + corner);
  return normalize(gradient + Vec3{0, 1e-9f, 0});
}

Colour shade(const Object& object, const Light& light, Vec3 at, Vec3 view) {
  const Vec3 normal = to_world(object, normal_at(object, at));
  const float facing = dot(normal, light.direction);
  const float diffuse = light.ambient + (1 - light.ambient) * std::max(facing, 0.f);
  const Vec3 mirrored = normal * (2 * facing) - light.direction;
  const float highlight = std::max(-dot(mirrored, view), 0.f);
  const float shine = object.gloss * highlight * highlight * highlight * highlight;
  // Where a cavity or a joint is near, less light arrives.
  const Vec3 inward = to_object(object, normal);
  const float open = std::clamp(0.55f + 4 * distance(object, at + inward * 0.15f), 0.f, 1.f);
  return colour_at(object.pattern, at) * (diffuse * open) + Vec3{shine, shine, shine};
}

void paint(std::vector<Colour>& canvas, int size, const Object& object, const Light& light) {
  const float pixel = 2 / static_cast<float>(size);
  const float reach = 1.25f * object.size;
  const auto first = [&](float centre) { return std::max(0, static_cast<int>((centre - reach + 1) / pixel)); };
  const auto last = [&](float centre) { return std::min(size, static_cast<int>((centre + reach + 1) / pixel) + 1); };
  const Vec3 origin = to_object(object, Vec3{0, 0, kEye} - object.centre) * (1 / object.size);
  for (int y = first(-object.centre.y); y < last(-object.centre.y); ++y) {
    for (int x = first(object.centre.x); x < last(object.centre.x); ++x) {
      const Vec3 target{(static_cast<float>(x) + 0.5f) * pixel - 1, 1 - (static_cast<float>(y) + 0.5f) * pixel, 0};
      const Vec3 view = normalize(target - Vec3{0, 0, kEye});
      const Hit hit = trace(object, origin, to_object(object, view), pixel / object.size);
      if (hit.coverage <= 0) continue;
      Colour& here = canvas[static_cast<std::size_t>(y) * static_cast<std::size_t>(size) + static_cast<std::size_t>(x)];
      here = here * (1 - hit.coverage) + shade(object, light, hit.at, view) * hit.coverage;
    }
  }
}

// Rows of a rotation: about y by any angle, then tipped towards the camera, then rolled.
std::array<Vec3, 3> rotation(float yaw, float pitch, float roll) {
  const float cy = std::cos(yaw), sy = std::sin(yaw), cp = std::cos(pitch), sp = std::sin(pitch), cr = std::cos(roll),
              sr = std::sin(roll);
  const Vec3 x{cy, sp * sy, -cp * sy}, y{0, cp, sp}, z{sy, -sp * cy, cp * cy};
  const auto rolled = [&](Vec3 v) { return Vec3{cr * v.x - sr * v.y, sr * v.x + cr * v.y, v.z}; };
  return {rolled(x), rolled(y), rolled(z)};
}

Vec3 random_stretch(Random& random) {
  return {uniform(random, 0.85, 1.15), uniform(random, 0.85, 1.15), uniform(random, 0.85, 1.15)};
}

Object subject(const Solid& solid, Random& random, float dark, float bright) {
  Object object;
  object.solid = &solid;
  object.size = uniform(random, 0.6, 0.88);
  const double room = 0.95 - object.size;
  object.centre = {uniform(random, -room, room), uniform(random, -room, room), 0};
  object.axes = rotation(uniform(random, -1.2, 1.2), uniform(random, -0.2, 0.7), uniform(random, -0.7, 0.7));
  object.stretch = random_stretch(random);
  object.pattern = random_pattern(random, dark, bright);
  object.gloss = uniform(random, 0, 0.5);
  return object;
}

Object piece_of_clutter(Random& random) {
  Object object;
  object.solid = &clutter()[random.below(clutter().size())];
  object.size = uniform(random, 0.12, 0.4);
  object.centre = {uniform(random, -1, 1), uniform(random, -1, 1), 0};
  object.axes = rotation(uniform(random, -3, 3), uniform(random, -1.5, 1.5), uniform(random, -3, 3));
  object.stretch = random_stretch(random);
  object.pattern = random_pattern(random, 0.1f, 0.95f);
  return object;
}

std::vector<Colour> background(int size, const Pattern& pattern) {
  std::vector<Colour> canvas;
  canvas.reserve(static_cast<std::size_t>(size) * static_cast<std::size_t>(size));
  const float pixel = 2 / static_cast<float>(size);
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      canvas.push_back(colour_at(pattern, {static_cast<float>(x) * pixel - 1, static_cast<float>(y) * pixel - 1, 0}));
    }
  }
  return canvas;
}

// Each pixel and its eight neighbours; `amount` 0 leaves the canvas as it is, 1 is a lens out of focus.
std::vector<Colour> blur(const std::vector<Colour>& canvas, int size, float amount) {
  const float side = amount / (1 + 2 * amount), centre = 1 - 2 * side;
  std::vector<Colour> rows(canvas.size()), blurred(canvas.size());
  const auto index = [&](int y, int x) {
    return static_cast<std::size_t>(std::clamp(y, 0, size - 1) * size + std::clamp(x, 0, size - 1));
  };
  for (int y = 0; y < size; ++y)
    for (int x = 0; x < size; ++x)
      rows[index(y, x)] = canvas[index(y, x)] * centre + (canvas[index(y, x - 1)] + canvas[index(y, x + 1)]) * side;
  for (int y = 0; y < size; ++y)
    for (int x = 0; x < size; ++x)
      blurred[index(y, x)] = rows[index(y, x)] * centre + (rows[index(y - 1, x)] + rows[index(y + 1, x)]) * side;
  return blurred;
}

// What a sensor makes of the light: 8 bits, with noise.
Image develop(const std::vector<Colour>& canvas, int size, float noise, Random& random) {
  Image image{size, size, {}};
  image.pixels.reserve(canvas.size() * 3);
  for (const Colour& colour : canvas) {
    for (const float value : {colour.x, colour.y, colour.z}) {
      const float noisy = value + noise * uniform(random, -1, 1);
      image.pixels.push_back(static_cast<std::uint8_t>(std::clamp(noisy, 0.f, 1.f) * 255 + 0.5f));
    }
  }
  return image;
}

}  // namespace

Image draw(const Solid& solid, int size, Key key) {
  Random random(key);
  // A bright object before a dark background or the reverse, so that a person can find it.
  const bool bright_object = random.below(2) == 0;
  const auto range = [&](bool bright) { return bright ? std::pair(0.55f, 1.f) : std::pair(0.1f, 0.5f); };
  const auto [behind_dark, behind_bright] = range(!bright_object);
  const auto [dark, bright] = range(bright_object);

  std::vector<Colour> canvas = background(size, random_pattern(random, behind_dark, behind_bright));
  Light light{random_direction(random), uniform(random, 0.4, 0.65)};
  light.direction = normalize(light.direction + Vec3{0, 0.6f, 1.2f});
  for (std::uint64_t pieces = 1 + random.below(4); pieces > 0; --pieces)
    paint(canvas, size, piece_of_clutter(random), light);
  canvas = blur(canvas, size, uniform(random, 0.3, 1));
  paint(canvas, size, subject(solid, random, dark, bright), light);
  canvas = blur(canvas, size, uniform(random, 0, 0.4));
  return develop(canvas, size, uniform(random, 0.01, 0.08), random);
}

}  // namespace graft::sample
