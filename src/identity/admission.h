// A request at the door: who sent it, and its body as it was meant. Signature V4 in the header and in the query, V2 in
// the query; payloads that are signed, unsigned, and in chunks that are signed or not, with checksums behind them.
//
// What a signature proves is the request as it was signed, so a client's headers X-Amz-.. must all be in it. A request
// with a signature in its header that changes something is refused when it comes again; replay.h has the rule.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "http/exchange.h"
#include "identity/identity.h"

namespace graft {

struct AdmissionOptions {
  std::chrono::seconds most_skew{900};
  std::size_t most_signed_body = 8 << 20;  // of services that sign the whole body; it is read before they are asked
  // The bucket that Host names, or nothing: V2 signs it. Empty: none ever does.
  std::function<std::string(const Request&)> bucket_in_host{};
  std::function<std::int64_t()> now{};  // seconds since 1970; the clock where it is empty
};

// The same exchange, with a body without the chunks of AWS's. read() throws Kind::denied (or invalid) with the code
// that AWS gives when what was read does not match its signature or digest: what was read before counts for nothing
// then.
class SignedExchange : public Exchange {
 public:
  virtual const Caller& caller() const = 0;
  // What came behind the body, once read() has returned 0: "x-amz-checksum-crc32".
  virtual const Headers& trailers() const = 0;
};

// Throws Error with AWS's code: SignatureDoesNotMatch, InvalidAccessKeyId, RequestTimeTooSkewed, AccessDenied,
// AuthorizationHeaderMalformed, ExpiredToken, ... Who gives no signature at all is anonymous.
std::shared_ptr<SignedExchange> admit(const Identity& identity, std::shared_ptr<Exchange> exchange,
                                      const AdmissionOptions& options = {});

}  // namespace graft
