#include "http/fetch.h"

#include "base/error.h"
#include "http/transfer.h"

namespace graft {

Bytes fetch(const std::string& url, const FetchLimits& limits) {
  Transfer result = transfer(url, limits);
  if (result.status >= 300 || result.status < 200) fail(Kind::unavailable, url, ": its server answers ", result.status);
  return std::move(result.body);
}

}  // namespace graft
