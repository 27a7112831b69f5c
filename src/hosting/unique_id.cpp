#include "hosting/unique_id.h"

#include <sys/random.h>

#include <array>
#include <chrono>
#include <cstdio>

#include "base/random.h"

namespace graft {
namespace {

std::uint64_t seed() {
  std::uint64_t value = 0;
  if (::getrandom(&value, sizeof value, 0) == sizeof value) return value;
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

}  // namespace

std::uint64_t random_number() {
  thread_local Random random(Key{seed()});
  return random();
}

std::string unique_id() {
  const std::uint64_t high = random_number(), low = random_number();
  std::array<char, 37> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%08llx-%04llx-4%03llx-%04llx-%012llx",
                static_cast<unsigned long long>(high >> 32), static_cast<unsigned long long>(high >> 16 & 0xffff),
                static_cast<unsigned long long>(high & 0xfff),
                static_cast<unsigned long long>((low >> 48 & 0x3fff) | 0x8000),
                static_cast<unsigned long long>(low & 0xffffffffffff));
  return buffer.data();
}

std::string instance_id() {
  std::array<char, 20> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "i-0%016llx", static_cast<unsigned long long>(random_number()));
  return buffer.data();
}

}  // namespace graft
