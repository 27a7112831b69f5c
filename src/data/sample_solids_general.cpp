#include "data/sample_solids.h"

namespace graft::sample {
namespace {

// Four copies, one in each quarter around y.
Vec3 quarters(Vec3 p) {
  return {std::abs(p.x), p.y, std::abs(p.z)};
}

float arch(Vec3 p) {
  const float gate =
      unite(cylinder(along_z(p - Vec3{0, -0.05f, 0}), 0.4f, 1), box(p - Vec3{0, -0.6f, 0}, {0.4f, 0.55f, 1}));
  return cut(box(p, {0.75f, 0.62f, 0.24f}), gate);
}

float arrow(Vec3 p) {
  const float head = triangle(Vec2{p.x, p.y - 0.1f}, 0.55f, 0.85f);
  return unite(extrude(head, p.z, 0.14f), box(p - Vec3{0, -0.4f, 0}, {0.2f, 0.52f, 0.14f}));
}

float boat(Vec3 p) {
  const float hull = cut(std::max(ellipsoid(p - Vec3{0, -0.3f, 0}, {0.8f, 0.6f, 0.36f}), p.y + 0.3f),
                         ellipsoid(p - Vec3{0, -0.25f, 0}, {0.7f, 0.5f, 0.27f}));
  const float sail = extrude(triangle(Vec2{p.x - 0.05f, p.y + 0.15f}, 0.5f, 1.f), p.z, 0.03f);
  return unite(hull, std::max(sail, -p.x - 0.03f), capsule(p, {0, -0.6f, 0}, {0, 0.9f, 0}, 0.05f));
}

float bottle(Vec3 p) {
  const float body = cylinder(p - Vec3{0, -0.38f, 0}, 0.34f, 0.5f) - 0.04f;
  return unite(blend(body, cylinder(p - Vec3{0, 0.45f, 0}, 0.12f, 0.45f), 0.3f),
               cylinder(p - Vec3{0, 0.86f, 0}, 0.17f, 0.07f));
}

float bowl(Vec3 p) {
  const Vec3 q = p - Vec3{0, 0.3f, 0};
  return unite(cut(std::max(sphere(q, 0.85f), q.y), sphere(q, 0.75f)), cylinder(p - Vec3{0, -0.54f, 0}, 0.35f, 0.07f));
}

float cactus(Vec3 p) {
  const float left = unite(capsule(p, {0, -0.15f, 0}, {-0.5f, -0.15f, 0}, 0.13f),
                           capsule(p, {-0.5f, -0.15f, 0}, {-0.5f, 0.3f, 0}, 0.13f));
  const float right = unite(capsule(p, {0, 0.15f, 0}, {0.45f, 0.15f, 0}, 0.12f),
                            capsule(p, {0.45f, 0.15f, 0}, {0.45f, 0.6f, 0}, 0.12f));
  return blend(capsule(p, {0, -0.75f, 0}, {0, 0.75f, 0}, 0.2f), unite(left, right), 0.1f);
}

float car(Vec3 p) {
  const Vec3 wheel = quarters(p) - Vec3{0.52f, -0.22f, 0.36f};
  const float cabin = extrude(std::max(triangle(Vec2{p.x + 0.08f, p.y - 0.05f}, 0.6f, 1.f), p.y - 0.42f), p.z, 0.32f);
  return unite(box(p - Vec3{0, -0.05f, 0}, {0.9f, 0.2f, 0.38f}, 0.08f), cabin, cylinder(along_z(wheel), 0.2f, 0.08f));
}

float chain(Vec3 p) {
  const auto link = [](Vec3 q) {
    return length(Vec2{length(Vec2{q.x - std::clamp(q.x, -0.18f, 0.18f), q.y}) - 0.27f, q.z}) - 0.09f;
  };
  return unite(link(p - Vec3{-0.46f, 0, 0}), link(along_z(p - Vec3{0.36f, 0, 0})));
}

float chair(Vec3 p) {
  const float legs = box(quarters(p) - Vec3{0.35f, -0.47f, 0.35f}, {0.06f, 0.38f, 0.06f});
  return unite(box(p - Vec3{0, -0.1f, 0}, {0.43f, 0.06f, 0.43f}), legs,
               box(p - Vec3{0, 0.38f, -0.37f}, {0.43f, 0.5f, 0.06f}));
}

float cone(Vec3 p) {
  return unite(capped_cone(p - Vec3{0, 0.1f, 0}, 0.78f, 0.45f, 0.08f), box(p - Vec3{0, -0.7f, 0}, {0.5f, 0.06f, 0.5f}));
}

float crescent(Vec3 p) {
  return extrude(cut(length(Vec2{p.x, p.y}) - 0.85f, length(Vec2{p.x - 0.4f, p.y}) - 0.66f), p.z, 0.16f);
}

float cross(Vec3 p) {
  return unite(box(p, {0.22f, 0.92f, 0.2f}), box(p - Vec3{0, 0.25f, 0}, {0.6f, 0.22f, 0.2f}));
}

float dumbbell(Vec3 p) {
  const Vec3 side = along_x({std::abs(p.x) - 0.62f, p.y, p.z});
  return unite(cylinder(along_x(p), 0.1f, 0.65f), cylinder(side, 0.46f, 0.15f),
               cylinder(side - Vec3{0, 0.2f, 0}, 0.28f, 0.08f));
}

float fan(Vec3 p) {
  float blades = cylinder(along_z(p), 0.2f, 0.15f);
  Vec3 q = p;
  for (int i = 0; i < 4; ++i) {
    blades = unite(blades, box({q.x, q.y - 0.5f, q.z - 0.4f * q.x}, {0.2f, 0.4f, 0.06f}) * 0.8f);
    q = {q.y, -q.x, q.z};
  }
  return blades;
}

float fir(Vec3 p) {
  return unite(cylinder(p - Vec3{0, -0.75f, 0}, 0.12f, 0.2f), capped_cone(p - Vec3{0, -0.35f, 0}, 0.25f, 0.62f, 0.25f),
               capped_cone(p - Vec3{0, 0.1f, 0}, 0.23f, 0.5f, 0.18f),
               capped_cone(p - Vec3{0, 0.6f, 0}, 0.32f, 0.38f, 0.02f));
}

float gear(Vec3 p) {
  const float teeth = box(around_z(p, 9) - Vec3{0, 0.72f, 0}, {0.13f, 0.2f, 0.18f});
  return cut(unite(cylinder(along_z(p), 0.68f, 0.18f), teeth), cylinder(along_z(p), 0.28f, 0.5f));
}

float hammer(Vec3 p) {
  const Vec3 head = p - Vec3{0, 0.6f, 0};
  const float claw = extrude(triangle(Vec2{head.y, -head.x}, 0.17f, 0.55f), head.z, 0.13f);
  return unite(capsule(p, {0, -0.88f, 0}, {0, 0.6f, 0}, 0.1f),
               cylinder(along_x(head - Vec3{0.28f, 0, 0}), 0.22f, 0.26f), claw);
}

// A square on its corner, and a circle on each of its upper sides.
float heart(Vec3 p) {
  const Vec2 q{std::abs(p.x), p.y + 0.78f};
  const Vec2 turned{(q.x + q.y) * 0.7071f, (q.y - q.x) * 0.7071f};
  const float square = std::max(std::abs(turned.x - 0.5f), std::abs(turned.y - 0.5f)) - 0.5f;
  return extrude(unite(square, length(turned - Vec2{1, 0.5f}) - 0.5f), p.z, 0.2f);
}

float hourglass(Vec3 p) {
  const Vec3 half{p.x, std::abs(p.y), p.z};
  return unite(capped_cone(half - Vec3{0, 0.38f, 0}, 0.36f, 0.08f, 0.48f),
               cylinder(half - Vec3{0, 0.78f, 0}, 0.56f, 0.06f));
}

float house(Vec3 p) {
  const float roof = extrude(triangle(Vec2{p.x, p.y - 0.05f}, 0.72f, 0.6f), p.z, 0.58f);
  const float walls =
      cut(box(p - Vec3{0, -0.3f, 0}, {0.56f, 0.38f, 0.5f}), box(p - Vec3{0, -0.45f, 0.5f}, {0.14f, 0.24f, 0.1f}));
  return unite(walls, roof, box(p - Vec3{0.34f, 0.5f, 0.15f}, {0.1f, 0.25f, 0.1f}));
}

float key(Vec3 p) {
  const float teeth = unite(box(p - Vec3{0.16f, -0.8f, 0}, {0.16f, 0.07f, 0.06f}),
                            box(p - Vec3{0.13f, -0.55f, 0}, {0.13f, 0.07f, 0.06f}));
  return unite(torus(along_z(p - Vec3{0, 0.55f, 0}), 0.3f, 0.1f), capsule(p, {0, 0.25f, 0}, {0, -0.85f, 0}, 0.09f),
               teeth);
}

float ladder(Vec3 p) {
  const float rung = p.y - 0.36f * std::clamp(std::round(p.y / 0.36f), -2.f, 2.f);
  return unite(box({std::abs(p.x) - 0.36f, p.y, p.z}, {0.07f, 0.92f, 0.07f}),
               cylinder(along_x({p.x, rung, p.z}), 0.06f, 0.36f));
}

float lamp(Vec3 p) {
  const Vec3 q = p - Vec3{0, 0.5f, 0};
  const float shade = cut(capped_cone(q, 0.36f, 0.6f, 0.3f), capped_cone(q - Vec3{0, -0.06f, 0}, 0.38f, 0.55f, 0.24f));
  return unite(shade, cylinder(p - Vec3{0, -0.15f, 0}, 0.07f, 0.7f), cylinder(p - Vec3{0, -0.84f, 0}, 0.4f, 0.06f));
}

float mug(Vec3 p) {
  const Vec3 q = p - Vec3{-0.15f, 0, 0};
  const float handle = torus(along_z(p - Vec3{0.45f, 0, 0}), 0.32f, 0.09f);
  return cut(unite(cylinder(q, 0.55f, 0.62f), handle), cylinder(q - Vec3{0, 0.12f, 0}, 0.46f, 0.62f));
}

float mushroom(Vec3 p) {
  const float cap = std::max(ellipsoid(p - Vec3{0, 0.12f, 0}, {0.8f, 0.68f, 0.8f}), 0.12f - p.y);
  return unite(cap, capped_cone(p - Vec3{0, -0.35f, 0}, 0.5f, 0.3f, 0.2f));
}

float plane(Vec3 p) {
  const Vec3 q{p.x, p.y, std::abs(p.z)};
  const float wing = extrude(std::max(std::abs(q.x - 0.1f + 0.25f * q.z) - 0.2f, q.z - 0.92f), q.y, 0.04f) * 0.95f;
  const float tail = extrude(std::max(std::abs(q.x + 0.75f + 0.3f * q.z) - 0.12f, q.z - 0.4f), q.y, 0.04f) * 0.95f;
  return unite(capsule(p, {-0.78f, 0, 0}, {0.72f, 0, 0}, 0.17f), wing, tail,
               box(p - Vec3{-0.78f, 0.25f, 0}, {0.13f, 0.25f, 0.04f}));
}

float ring(Vec3 p) {
  return torus(p, 0.66f, 0.24f);
}

float scissors(Vec3 p) {
  const auto half = [](Vec3 q) {
    return unite(capsule(q, {0, -0.3f, 0}, {0, 0.9f, 0}, 0.08f), torus(along_z(q - Vec3{0, -0.58f, 0}), 0.24f, 0.08f));
  };
  return unite(half(turn(p - Vec3{0, 0, 0.06f}, 0.42f)), half(turn(p - Vec3{0, 0, -0.06f}, -0.42f)));
}

float snowman(Vec3 p) {
  const float body = unite(sphere(p - Vec3{0, -0.48f, 0}, 0.48f), sphere(p - Vec3{0, 0.18f, 0}, 0.35f));
  return unite(body, sphere(p - Vec3{0, 0.64f, 0}, 0.25f), cylinder(p - Vec3{0, 0.88f, 0}, 0.19f, 0.1f));
}

float spoon(Vec3 p) {
  const Vec3 q = p - Vec3{0, 0.55f, 0};
  const float scoop = cut(ellipsoid(q, {0.32f, 0.42f, 0.16f}), ellipsoid(q - Vec3{0, 0, 0.08f}, {0.27f, 0.37f, 0.14f}));
  return unite(scoop, capsule(p, {0, 0.15f, 0}, {0, -0.88f, 0}, 0.08f));
}

float stairs(Vec3 p) {
  float steps = box(p - Vec3{-0.54f, -0.46f, 0}, {0.18f, 0.14f, 0.45f});
  for (int i = 1; i < 4; ++i) {
    const float height = 0.14f * static_cast<float>(i + 1);
    const Vec3 centre{-0.54f + 0.36f * static_cast<float>(i), -0.6f + height, 0};
    steps = unite(steps, box(p - centre, {0.18f, height, 0.45f}));
  }
  return steps;
}

float star(Vec3 p) {
  const Vec3 q = around_z(p, 5);
  return extrude(triangle(Vec2{q.x, q.y - 0.3f}, 0.235f, 0.65f), p.z, 0.17f);
}

float table(Vec3 p) {
  const float legs = box(quarters(p) - Vec3{0.62f, -0.15f, 0.4f}, {0.07f, 0.42f, 0.07f});
  return unite(box(p - Vec3{0, 0.3f, 0}, {0.76f, 0.07f, 0.52f}), legs);
}

float umbrella(Vec3 p) {
  const float dome = cut(std::max(sphere(p, 0.9f), 0.2f - p.y), sphere(p - Vec3{0, -0.06f, 0}, 0.87f));
  const Vec3 grip = p - Vec3{0.16f, -0.72f, 0};
  const float hook = std::max(torus(along_z(grip), 0.16f, 0.06f), grip.y);
  return unite(dome, capsule(p, {0, -0.72f, 0}, {0, 0.88f, 0}, 0.06f), hook);
}

constexpr Solid kSolids[] = {
    {"arch", arch},
    {"arrow", arrow},
    {"boat", boat},
    {"bottle", bottle},
    {"bowl", bowl},
    {"cactus", cactus},
    {"car", car},
    {"chain", chain},
    {"chair", chair},
    {"cone", cone},
    {"crescent", crescent},
    {"cross", cross},
    {"dumbbell", dumbbell},
    {"fan", fan},
    {"fir", fir},
    {"gear", gear},
    {"hammer", hammer},
    {"heart", heart},
    {"hourglass", hourglass},
    {"house", house},
    {"key", key},
    {"ladder", ladder},
    {"lamp", lamp},
    {"mug", mug},
    {"mushroom", mushroom},
    {"plane", plane},
    {"ring", ring},
    {"scissors", scissors},
    {"snowman", snowman},
    {"spoon", spoon},
    {"stairs", stairs},
    {"star", star},
    {"table", table},
    {"umbrella", umbrella},
};

float pebble(Vec3 p) {
  return ellipsoid(p, {0.9f, 0.6f, 0.75f});
}
float rod(Vec3 p) {
  return capsule(p, {0, -0.8f, 0}, {0, 0.8f, 0}, 0.16f);
}
float slab(Vec3 p) {
  return box(p, {0.75f, 0.2f, 0.5f}, 0.06f);
}

constexpr Solid kClutter[] = {{"pebble", pebble}, {"rod", rod}, {"slab", slab}};

}  // namespace

std::span<const Solid> general_solids() {
  return kSolids;
}
std::span<const Solid> clutter() {
  return kClutter;
}

}  // namespace graft::sample
