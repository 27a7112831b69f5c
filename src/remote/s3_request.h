// One call of S3's API: its URL, its signature, and again when it fails for a passing reason. Only for remote/.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "remote/store.h"
#include "remote/web.h"

namespace graft {

using Deadline = std::optional<std::chrono::steady_clock::time_point>;

struct S3Request {
  std::string method = "GET";
  S3Path path{};
  std::vector<std::pair<std::string, std::string>> query{};  // neither sorted nor encoded
  Headers headers{};                                         // all of them are signed
  std::optional<WebBody> body{};
  std::function<void(const WebAnswer& head, ByteView bytes)> sink{};
  std::chrono::milliseconds stall{60'000};
  Deadline deadline{};
};

WebBody body_of(ByteView content);
// `size` bytes of an open file from `offset`; `name` is what errors call it.
WebBody body_of(int file, std::uint64_t offset, std::uint64_t size, const std::string& name);

// What the store answered, whatever that is, but for passing failures: these are tried again, at growing intervals, and
// thrown as Kind::unavailable in the end. `make` makes each attempt, so that it can go on where the last one ended; it
// begins a new count of attempts when one brought `progress` on by a MiB.
WebAnswer send(const S3Settings& settings, const std::function<S3Request()>& make,
               const std::uint64_t* progress = nullptr);
WebAnswer send(const S3Settings& settings, const S3Request& request);

// The same; throws unless the store did it (200 to 206).
WebAnswer call(const S3Settings& settings, const S3Request& request);

// Throws what the answer says is wrong; the store's code is the error's.
[[noreturn]] void refuse(const S3Path& path, const WebAnswer& answer);

}  // namespace graft
