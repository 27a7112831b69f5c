// One request to the object store, as the verbs see it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "identity/admission.h"
#include "s3/buckets.h"
#include "s3/store.h"

namespace graft::s3 {

// The headers of a request with those that its query has in their place, as presigned URLs do: "?x-amz-meta-a=b".
// Nothing where there are none of these. A header wins.
std::optional<Headers> with_query_headers(const Request& request);

struct Call {
  Store& store;
  SignedExchange& exchange;
  std::string bucket{}, key{};         // empty where the request names none
  const Identity* identity = nullptr;  // for forms, which sign themselves
  std::optional<Caller> signer{};      // of a form, as soon as he is known

  std::optional<Headers> merged = with_query_headers(exchange.request());

  const Request& request() const { return exchange.request(); }
  const Headers& headers() const { return merged ? *merged : request().headers; }
  const Caller& caller() const { return exchange.caller(); }
  std::optional<std::string_view> header(std::string_view name) const { return find_header(headers(), name); }
  std::optional<std::string> parameter(const std::string& name) const;
  // Between 0 and `most`; throws InvalidArgument.
  std::size_t number(const std::string& name, std::size_t otherwise, std::size_t most) const;
};

// What a request names: the path "/bucket/key", or "/key" where its Host names the bucket.
struct Address {
  std::string bucket{}, key{};
};
Address address_of(const Request& request, const std::string& domain);

enum class Access { list, own };

// The bucket, for who may: with Access::list everyone, where it says so; else its account alone. Throws NoSuchBucket,
// AccessDenied.
Bucket open_bucket(const Call& call, Access access);
// Whoever asks.
Bucket open_bucket_of(const Call& call);
bool is_owner(const Call& call, const Bucket& bucket);

// Throws InvalidBucketName, KeyTooLongError, InvalidURI.
void check_bucket_name(const std::string& name);
void check_key(const std::string& key);

}  // namespace graft::s3
