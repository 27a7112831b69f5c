#include "hosting/forward.h"

#include <algorithm>
#include <array>

#include "base/error.h"

namespace graft {
namespace {

constexpr std::chrono::milliseconds kPingTime{2'000};
constexpr std::string_view kAuthorization = "authorization", kHost = "host", kAmazon = "x-amz-";

bool begins_with(std::string_view name, std::string_view lower) {
  const auto same = [](char a, char b) { return b == (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a); };
  return name.size() >= lower.size() &&
         std::equal(lower.begin(), lower.end(), name.begin(), [&](char b, char a) { return same(a, b); });
}

bool is(std::string_view name, std::string_view lower) {
  return name.size() == lower.size() && begins_with(name, lower);
}

// X-Amz-Date, X-Amz-Security-Token, ... are the signature's; X-Amzn-SageMaker-... are the model's.
bool is_for_the_model(std::string_view name) {
  return !begins_with(name, kAmazon) && !is(name, kAuthorization) && !is(name, kHost);
}

}  // namespace

Response forward(ClientPool& process, const ForwardedRequest& request, std::chrono::milliseconds patience) {
  Headers headers;
  if (request.headers) {
    headers.reserve(request.headers->size());
    for (const auto& header : *request.headers) {
      if (is_for_the_model(header.first)) headers.push_back(header);
    }
  }
  try {
    return passed_on(process.call(request.method, request.target, headers, request.body, patience));
  } catch (const Error& error) {
    if (error.code() == "Refused") throw Error(Kind::unavailable, kBroken, error.what());
    throw;
  }
}

bool ping(ClientPool& process) {
  try {
    return process.call("GET", "/ping", {}, {}, kPingTime).status == 200;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace graft
