#include "data/sample_solids.h"

namespace graft::sample {
namespace {

float anchor(Vec3 p) {
  const Vec3 q{std::abs(p.x), p.y, p.z};
  const float arms = cut(torus(along_z(p - Vec3{0, -0.12f, 0}), 0.62f, 0.09f), box(p - Vec3{0, 0.75f, 0}, {1, 1, 1}));
  const float fluke = box(turn(q - Vec3{0.62f, -0.22f, 0}, 0.3f), {0.17f, 0.17f, 0.06f});
  return unite(capsule(p, {0, -0.75f, 0}, {0, 0.62f, 0}, 0.09f), arms, fluke,
               torus(along_z(p - Vec3{0, 0.78f, 0}), 0.14f, 0.06f),
               capsule(p, {-0.35f, 0.45f, 0}, {0.35f, 0.45f, 0}, 0.07f));
}

float fish(Vec3 p) {
  const float body = ellipsoid(p - Vec3{0.15f, 0, 0}, {0.7f, 0.42f, 0.24f});
  const float tail = extrude(triangle(Vec2{p.y, p.x + 0.92f}, 0.42f, 0.6f), p.z, 0.05f);
  const float fin = extrude(triangle(Vec2{p.x - 0.05f, p.y - 0.3f}, 0.35f, 0.38f), p.z, 0.04f);
  return unite(blend(body, tail, 0.1f), fin);
}

float goblet(Vec3 p) {
  const float cup = cut(std::max(ellipsoid(p - Vec3{0, 0.55f, 0}, {0.5f, 0.65f, 0.5f}), p.y - 0.85f),
                        ellipsoid(p - Vec3{0, 0.62f, 0}, {0.43f, 0.58f, 0.43f}));
  return blend(unite(cup, capped_cone(p - Vec3{0, -0.85f, 0}, 0.05f, 0.45f, 0.4f)),
               cylinder(p - Vec3{0, -0.45f, 0}, 0.08f, 0.42f), 0.15f);
}

float guitar(Vec3 p) {
  const float lower = length(Vec2{p.x, p.y + 0.52f}) - 0.4f, upper = length(Vec2{p.x, p.y + 0.02f}) - 0.28f;
  const float body =
      cut(extrude(blend(lower, upper, 0.2f), p.z, 0.12f), cylinder(along_z(p - Vec3{0, -0.2f, 0.2f}), 0.13f, 0.2f));
  return unite(body, box(p - Vec3{0, 0.4f, 0.1f}, {0.07f, 0.5f, 0.05f}),
               box(p - Vec3{0, 0.86f, 0.08f}, {0.13f, 0.1f, 0.05f}));
}

float padlock(Vec3 p) {
  const Vec3 q = p - Vec3{0, 0.12f, 0};
  const float bow = std::max(torus(along_z(q), 0.38f, 0.1f), -q.y);
  const float legs = capsule({std::abs(p.x), p.y, p.z}, {0.38f, -0.1f, 0}, {0.38f, 0.12f, 0}, 0.1f);
  const float body = box(p - Vec3{0, -0.38f, 0}, {0.6f, 0.42f, 0.24f}, 0.08f);
  return unite(cut(body, cylinder(along_z(p - Vec3{0, -0.36f, 0.3f}), 0.12f, 0.2f)), bow, legs);
}

float rocket(Vec3 p) {
  const float body = ellipsoid(p - Vec3{0, 0.15f, 0}, {0.33f, 0.84f, 0.33f});
  const Vec3 q = along_z(around_z(along_z(p), 3));
  const float fin = extrude(triangle(Vec2{q.y + 0.65f, q.z - 0.1f}, 0.32f, 0.5f), q.x, 0.05f);
  return unite(std::max(body, -0.6f - p.y), fin, capped_cone(p - Vec3{0, -0.62f, 0}, 0.1f, 0.25f, 0.18f));
}

constexpr Solid kSolids[] = {
    {"anchor", anchor}, {"fish", fish},       {"goblet", goblet},
    {"guitar", guitar}, {"padlock", padlock}, {"rocket", rocket},
};

}  // namespace

std::span<const Solid> domain_solids() {
  return kSolids;
}

}  // namespace graft::sample
