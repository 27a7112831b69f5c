#include "http/exchange.h"

#include <algorithm>

#include "base/error.h"

namespace graft {
namespace {

constexpr std::size_t kPiece = 64 << 10;

}  // namespace

Bytes read_all(Exchange& exchange, std::size_t most) {
  const auto check = [most](std::uint64_t size) {
    if (size > most) {
      throw Error(Kind::invalid, "EntityTooLarge", text("a body may have ", most, " bytes, and this one has more"));
    }
  };
  // Memory is not taken on a client's word for how much it will send.
  if (const auto length = exchange.length()) check(*length);
  Bytes body;
  for (;;) {
    const std::size_t before = body.size();
    body.resize(before + kPiece);
    const std::size_t got = exchange.read(std::span(body).subspan(before));
    body.resize(before + got);
    check(body.size());
    if (got == 0) return body;
  }
}

}  // namespace graft
