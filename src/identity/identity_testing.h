// Requests as they come, signed by the rules of AWS's documents anew. Only for tests.
#pragma once

#include <gmock/gmock.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "base/error.h"
#include "http/exchange.h"
#include "http/url.h"
#include "identity/canonical.h"
#include "identity/identity.h"
#include "identity/secret.h"
#include "identity/time_text.h"

namespace graft::test {

// A request that is here as a whole, given in pieces.
class Given : public Exchange {
 public:
  Given(Request request, std::string body, std::size_t piece = 1000, bool says_length = true)
      : request_(std::move(request)), body_(std::move(body)), piece_(piece), says_length_(says_length) {}

  const Request& request() const override { return request_; }
  std::optional<std::uint64_t> length() const override {
    return says_length_ ? std::optional<std::uint64_t>(body_.size()) : std::nullopt;
  }
  std::size_t read(std::span<std::byte> room) override {
    const std::size_t size = std::min({room.size(), piece_, body_.size() - given_});
    if (size > 0) std::memcpy(room.data(), body_.data() + given_, size);
    given_ += size;
    return size;
  }
  void answer(Response response) override { answered = std::move(response); }

  Response answered{};

 private:
  Request request_;
  std::string body_;
  std::size_t piece_, given_ = 0;
  bool says_length_;
};

inline Request request(const std::string& method, const std::string& target, Headers headers) {
  Target parts = parse_target(target).value();
  return {.method = method,
          .target = target,
          .path = std::move(parts.path),
          .query = std::move(parts.query),
          .headers = std::move(headers),
          .client = "127.0.0.1"};
}

// As a client signs: all headers that are given, Host and X-Amz-Date. `payload` is the body's digest or what stands for
// it.
inline Request sign(const AccessKey& key, const std::string& service, const std::string& method,
                    const std::string& target, const std::string& payload, Headers headers, std::int64_t time) {
  Claim claim{.day = compact_time(time).substr(0, 8),
              .region = "eu-west-1",
              .service = service,
              .time_words = compact_time(time)};
  headers.emplace_back("host", "127.0.0.1:9000");
  headers.emplace_back("x-amz-date", claim.time_words);
  if (service == "s3") headers.emplace_back("x-amz-content-sha256", payload);
  std::ranges::sort(headers);
  std::string names;
  for (const auto& [name, value] : headers) {
    claim.signed_headers.push_back(name);
    names += (names.empty() ? "" : ";") + name;
  }
  Request sent = request(method, target, headers);
  const std::string_view plain = sent_target(target).path;
  const std::string path = service == "s3" ? std::string(plain) : twice_encoded_path(plain);
  const std::string words = string_to_sign(claim, canonical_request(sent, claim, path, payload));
  sent.headers.emplace_back("Authorization", "AWS4-HMAC-SHA256 Credential=" + key.access_key + '/' + claim.scope() +
                                                 ", SignedHeaders=" + names + ", Signature=" +
                                                 hex(hmac_sha256(signing_key(key.secret_key, claim), words)));
  return sent;
}

// The code of the error that `act` throws.
template <typename Act>
std::string code_of(Act act) {
  try {
    act();
  } catch (const Error& error) {
    return error.code();
  }
  return "";
}

}  // namespace graft::test
