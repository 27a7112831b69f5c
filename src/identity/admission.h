// A request at the door: who sent it, and its body as it was meant. Signature V4 in the header and in the query, V2 in
// the query; payloads that are signed, unsigned, and in chunks that are signed or not, with checksums behind them.
#pragma once

#include <chrono>
#include <memory>

#include "http/exchange.h"
#include "identity/identity.h"

namespace graft {

struct AdmissionOptions {
  std::chrono::seconds most_skew{900};
  std::size_t most_signed_body = 8 << 20;  // of services that sign the whole body; it is read before they are asked
};

// The same exchange, with a body without the chunks of AWS's. read() throws Kind::denied (or invalid) with the code that
// AWS gives when what was read does not match its signature or digest: what was read before counts for nothing then.
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
