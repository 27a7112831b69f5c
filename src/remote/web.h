// One HTTP exchange by libcurl, with bodies that stream both ways. Only for remote/.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "base/bytes.h"
#include "http/message.h"

namespace graft {

struct WebAnswer {
  long status = 0;  // 0: there is none, and `broken` says why
  Headers headers{};
  Bytes body{};          // of an answer that `sink` did not take
  std::string broken{};  // the connection did not come to be, or broke: it may be there again in a moment
};

// A body to send; it is asked for from its beginning again when a connection broke.
struct WebBody {
  std::uint64_t size = 0;
  std::function<std::size_t(std::uint64_t offset, std::span<std::byte> room)> read{};
};

struct WebRequest {
  // Signature Version 4 of the service S3, with the headers of the request.
  struct Signer {
    std::string region{}, access_key{}, secret_key{};
  };
  std::string method = "GET", url{};  // the query sorted, and encoded as signatures want it
  Headers headers{};
  std::optional<Signer> signer{};
  std::filesystem::path authorities{};  // PEM; empty: the system's
  std::optional<WebBody> body{};
  // Takes the body of an answer with 200 or 206 as it comes.
  std::function<void(const WebAnswer& head, ByteView bytes)> sink{};
  std::chrono::milliseconds connect{10'000}, stall{60'000};  // without a byte either way
  std::chrono::milliseconds whole{0};                        // 0: no limit
};

// Thread-safe; connections are kept for the next one. Throws what `sink` and `read` throw, Kind::invalid for what is no
// URL, Kind::denied where the server's certificate is not trusted.
WebAnswer exchange(const WebRequest& request);

}  // namespace graft
