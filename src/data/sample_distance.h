// Signed distances of solids: negative inside, positive outside, never more than the true distance, so that a ray may
// go that far without missing anything (Hart, "Sphere tracing", 1996). The formulas of the primitives are Inigo
// Quilez's.
//
// A solid stands along y and fits the unit sphere.
#pragma once

#include <algorithm>
#include <cmath>

namespace graft::sample {

struct Vec2 {
  float x = 0, y = 0;
};

struct Vec3 {
  float x = 0, y = 0, z = 0;
};

inline Vec2 operator-(Vec2 a, Vec2 b) {
  return {a.x - b.x, a.y - b.y};
}
inline float dot(Vec2 a, Vec2 b) {
  return a.x * b.x + a.y * b.y;
}
inline float length(Vec2 a) {
  return std::sqrt(dot(a, a));
}
inline Vec3 operator+(Vec3 a, Vec3 b) {
  return {a.x + b.x, a.y + b.y, a.z + b.z};
}
inline Vec3 operator-(Vec3 a, Vec3 b) {
  return {a.x - b.x, a.y - b.y, a.z - b.z};
}
inline Vec3 operator*(Vec3 a, Vec3 b) {
  return {a.x * b.x, a.y * b.y, a.z * b.z};
}
inline Vec3 operator*(Vec3 a, float s) {
  return {a.x * s, a.y * s, a.z * s};
}
inline float dot(Vec3 a, Vec3 b) {
  return a.x * b.x + a.y * b.y + a.z * b.z;
}
inline float length(Vec3 a) {
  return std::sqrt(dot(a, a));
}
inline Vec3 normalize(Vec3 a) {
  return a * (1 / length(a));
}
inline Vec3 cross(Vec3 a, Vec3 b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}

// The same solid along x or along z instead of y.
inline Vec3 along_x(Vec3 p) {
  return {p.y, p.x, p.z};
}
inline Vec3 along_z(Vec3 p) {
  return {p.x, p.z, p.y};
}
// Turned counter-clockwise in the plane of x and y.
inline Vec3 turn(Vec3 p, float angle) {
  const float c = std::cos(angle), s = std::sin(angle);
  return {c * p.x + s * p.y, c * p.y - s * p.x, p.z};
}
// `count` copies around z, the first along +y.
inline Vec3 around_z(Vec3 p, int count) {
  const float step = 2 * static_cast<float>(M_PI) / static_cast<float>(count);
  return turn(p, -std::round(std::atan2(p.x, p.y) / step) * step);
}

inline float sphere(Vec3 p, float radius) {
  return length(p) - radius;
}

inline float box(Vec3 p, Vec3 half, float round = 0.02f) {
  const Vec3 q{std::abs(p.x) - half.x + round, std::abs(p.y) - half.y + round, std::abs(p.z) - half.z + round};
  const Vec3 outside{std::max(q.x, 0.f), std::max(q.y, 0.f), std::max(q.z, 0.f)};
  return length(outside) + std::min(std::max({q.x, q.y, q.z}), 0.f) - round;
}

// What has the distance `flat` in the plane, made `half` thick on either side of it.
inline float extrude(float flat, float offset, float half) {
  const float depth = std::abs(offset) - half;
  return std::min(std::max(flat, depth), 0.f) + length(Vec2{std::max(flat, 0.f), std::max(depth, 0.f)});
}

inline float cylinder(Vec3 p, float radius, float half) {
  return extrude(length(Vec2{p.x, p.z}) - radius, p.y, half);
}

inline float capped_cone(Vec3 p, float half, float bottom, float top) {
  const Vec2 q{length(Vec2{p.x, p.z}), p.y};
  const Vec2 slope{top - bottom, 2 * half};
  const Vec2 cap{q.x - std::min(q.x, q.y < 0 ? bottom : top), std::abs(q.y) - half};
  const Vec2 to_top{top - q.x, half - q.y};
  const float along = std::clamp(dot(to_top, slope) / dot(slope, slope), 0.f, 1.f);
  const Vec2 side{q.x - top + slope.x * along, q.y - half + slope.y * along};
  const float sign = side.x < 0 && cap.y < 0 ? -1.f : 1.f;
  return sign * std::sqrt(std::min(dot(cap, cap), dot(side, side)));
}

inline float torus(Vec3 p, float radius, float thickness) {
  return length(Vec2{length(Vec2{p.x, p.z}) - radius, p.y}) - thickness;
}

inline float capsule(Vec3 p, Vec3 from, Vec3 to, float radius) {
  const Vec3 axis = to - from, offset = p - from;
  const float along = std::clamp(dot(offset, axis) / dot(axis, axis), 0.f, 1.f);
  return length(offset - axis * along) - radius;
}

inline float ellipsoid(Vec3 p, Vec3 radii) {
  const Vec3 q{p.x / radii.x, p.y / radii.y, p.z / radii.z};
  return (length(q) - 1) * std::min({radii.x, radii.y, radii.z});
}

// A triangle in the plane with its base on y = 0.
inline float triangle(Vec2 p, float half_base, float height) {
  const Vec2 q{std::abs(p.x), p.y};
  const float side = (height * q.x + half_base * (q.y - height)) / std::hypot(height, half_base);
  return std::max(side, -q.y);
}

inline float unite(float a, float b) {
  return std::min(a, b);
}
template <typename... More>
float unite(float a, float b, More... more) {
  return unite(std::min(a, b), more...);
}
inline float cut(float from, float what) {
  return std::max(from, -what);
}
// Joined with a fillet of about `radius`.
inline float blend(float a, float b, float radius) {
  const float h = std::max(radius - std::abs(a - b), 0.f) / radius;
  return std::min(a, b) - h * h * radius / 4;
}

}  // namespace graft::sample
