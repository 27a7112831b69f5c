// What a request says of its signature, before anything of it is believed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "http/message.h"

namespace graft {

struct Claim {
  enum class Form { header, query, old_query };  // Signature V4 in a header, in the query, V2 in the query
  Form form = Form::header;
  std::string access_key{};
  std::string token{};  // of a session; empty: none
  std::string signature{};

  // Of Signature V4.
  std::string day{}, region{}, service{};     // its scope: "20130524", "us-east-1", "s3"
  std::vector<std::string> signed_headers{};  // in lower case
  std::string time_words{};                   // "20130524T000000Z"
  std::int64_t time = 0;                      // the same in seconds since 1970

  // A query's: V4 says for how many seconds it is good, V2 until when.
  std::int64_t expires = 0;

  std::string scope() const { return day + '/' + region + '/' + service + "/aws4_request"; }
};

// Nothing where the request gives no signature. Throws Kind::invalid with AWS's code where it gives one that cannot be
// read ("AuthorizationHeaderMalformed", "AuthorizationQueryParametersError"), or of a kind that is not built.
std::optional<Claim> read_claim(const Request& request);

}  // namespace graft
