#include "http/exchange.h"

#include <algorithm>

#include "base/error.h"

namespace graft {
namespace {

constexpr std::size_t kPiece = 64 << 10;
// Memory that is taken on a client's word for how much it will send.
constexpr std::size_t kOnItsWord = 1 << 20;

}  // namespace

Bytes read_all(Exchange& exchange, std::size_t most) {
  const auto check = [most](std::uint64_t size) {
    if (size > most) {
      throw Error(Kind::invalid, "EntityTooLarge", text("a body may have ", most, " bytes, and this one has more"));
    }
  };
  const auto length = exchange.length();
  if (length) check(*length);
  // With a byte more, into which the end is read.
  const std::size_t expected = length ? static_cast<std::size_t>(*length) + 1 : SIZE_MAX;
  Bytes body;
  if (length) body.reserve(std::min(expected, kOnItsWord));
  for (;;) {
    const std::size_t before = body.size();
    body.resize(before + std::min(kPiece, expected - before));
    const std::size_t got = exchange.read(std::span(body).subspan(before));
    body.resize(before + got);
    check(body.size());
    if (got == 0) return body;
  }
}

}  // namespace graft
