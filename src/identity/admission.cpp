#include "identity/admission.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>

#include "base/error.h"
#include "base/words.h"
#include "http/base64.h"
#include "http/url.h"
#include "identity/body.h"
#include "identity/canonical.h"
#include "identity/claim.h"
#include "identity/secret.h"

namespace graft {
namespace {

[[noreturn]] void deny(const char* code, const std::string& sentence) {
  throw Error(Kind::denied, code, sentence);
}

class Admitted : public SignedExchange {
 public:
  Admitted(std::shared_ptr<Exchange> exchange, Caller caller, Payload payload, std::optional<ChunkSigning> signing)
      : exchange_(std::move(exchange)),
        caller_(std::move(caller)),
        body_(*exchange_, std::move(payload), std::move(signing)) {}

  const Request& request() const override { return exchange_->request(); }
  std::optional<std::uint64_t> length() const override { return body_.length(); }
  std::size_t read(std::span<std::byte> room) override { return body_.read(room); }
  void answer(Response response) override { exchange_->answer(std::move(response)); }
  const Caller& caller() const override { return caller_; }
  const Headers& trailers() const override { return body_.trailers(); }

 private:
  std::shared_ptr<Exchange> exchange_;
  Caller caller_;
  CheckedBody body_;
};

// An exchange whose body was read to know its digest.
class Whole : public Exchange {
 public:
  Whole(std::shared_ptr<Exchange> exchange, Bytes body) : exchange_(std::move(exchange)), body_(std::move(body)) {}

  const Request& request() const override { return exchange_->request(); }
  std::optional<std::uint64_t> length() const override { return body_.size(); }
  std::size_t read(std::span<std::byte> room) override {
    const std::size_t size = std::min(room.size(), body_.size() - given_);
    if (size > 0) std::memcpy(room.data(), body_.data() + given_, size);
    given_ += size;
    return size;
  }
  void answer(Response response) override { exchange_->answer(std::move(response)); }

 private:
  std::shared_ptr<Exchange> exchange_;
  Bytes body_;
  std::size_t given_ = 0;
};

struct Holder {
  std::string secret_key{};
  Caller caller{};
};

Holder find_holder(const Identity& identity, const Claim& claim, std::int64_t now) {
  const auto holder = [&claim](const AccessKey& key) {
    return Holder{key.secret_key,
                  {.account = key.account,
                   .user = key.user,
                   .access_key = key.access_key,
                   .region = claim.region,
                   .service = claim.service}};
  };
  if (const auto key = identity.find_key(claim.access_key)) {
    if (key->revoked) deny("InvalidAccessKeyId", text("the access key ", key->access_key, " was revoked"));
    if (!claim.token.empty()) throw Error(Kind::invalid, "InvalidToken", "this access key has no session token");
    return holder(*key);
  }
  const auto session = identity.find_session(claim.access_key);
  if (!session) deny("InvalidAccessKeyId", text("there is no access key ", claim.access_key));
  if (!same_secret(session->token, claim.token)) {
    throw Error(Kind::invalid, "InvalidToken", "the session token is not the one of this access key");
  }
  if (session->expires <= now) throw Error(Kind::invalid, "ExpiredToken", "the session of this access key has expired");
  return holder(session->key);
}

void check_time(const Claim& claim, std::int64_t now, std::int64_t most_skew) {
  switch (claim.form) {
    case Claim::Form::header:
      if (claim.time - now > most_skew || now - claim.time > most_skew) {
        deny("RequestTimeTooSkewed", text("the request says that it is ", claim.time_words, ", but here it is ", now,
                                          " seconds since 1970: set the clock"));
      }
      return;
    case Claim::Form::query:
      if (claim.time - now > most_skew) deny("AccessDenied", "Request is not valid yet");
      if (claim.time + claim.expires < now) deny("AccessDenied", "Request has expired");
      return;
    case Claim::Form::old_query:
      if (claim.expires < now) deny("AccessDenied", "Request has expired");
  }
}

// What X-Amz-.. headers say changes what a request means, so none may be added to what was signed.
void check_headers_are_signed(const Request& request, const Claim& claim) {
  for (const auto& [header, value] : request.headers) {
    const std::string name = lower(header);
    // This one is in the signature by itself.
    if (!name.starts_with("x-amz-") || name == "x-amz-content-sha256") continue;
    if (!std::ranges::binary_search(claim.signed_headers, name)) {
      deny("AccessDenied", text("There were headers present in the request which were not signed: ", name));
    }
  }
}

// The payload's line in what is signed.
std::string payload_line(const Request& request, const Claim& claim, const std::string& digest_of_whole) {
  if (!digest_of_whole.empty()) return digest_of_whole;
  const std::string words = payload_words(request).value_or("UNSIGNED-PAYLOAD");
  // What a header says that is not signed may choose how a body is read, and proves nothing.
  const bool is_signed = claim.form == Claim::Form::header || request.query.contains("X-Amz-Content-Sha256") ||
                         std::ranges::binary_search(claim.signed_headers, "x-amz-content-sha256");
  return is_signed ? words : "UNSIGNED-PAYLOAD";
}

// S3 signs the path as it is sent. Clients that send a character as it is, and sign it escaped, mean the same.
std::vector<std::string> signed_paths(std::string_view sent, const Claim& claim) {
  if (claim.service != "s3") return {twice_encoded_path(sent)};
  std::vector<std::string> paths{std::string(sent)};
  if (const auto plain = percent_decode(sent)) {
    if (std::string encoded = percent_encode_path(*plain); encoded != sent) paths.push_back(std::move(encoded));
  }
  return paths;
}

void check_signature(const Request& request, const Claim& claim, const Digest& key, const std::string& payload) {
  const SentTarget target = sent_target(request.target);
  for (const std::string& path : signed_paths(target.path, claim)) {
    const std::string words = string_to_sign(claim, canonical_request(request, claim, path, payload));
    if (same_secret(hex(hmac_sha256(key, words)), claim.signature)) return;
  }
  deny("SignatureDoesNotMatch",
       "the signature is not of this request: check the secret key, and that no proxy changes Host, path or headers");
}

void check_old_signature(const Request& request, const Claim& claim, const std::string& secret,
                         const std::string& bucket_in_host) {
  const std::string path(sent_target(request.target).path);
  const std::string resource = bucket_in_host.empty() ? path : '/' + bucket_in_host + path;
  const auto expected = hmac_sha1(secret, old_string_to_sign(request, claim, resource));
  Bytes sent;
  try {
    sent = decode_base64(claim.signature);
  } catch (const Error&) {
    // Compared below, with nothing.
  }
  if (!same_secret(std::as_bytes(std::span(expected)), ByteView(sent))) {
    deny("SignatureDoesNotMatch", "the signature is not of this request: check the secret key and the address");
  }
}

// Of services that do not say the digest: it is computed here, which needs the whole body.
std::string read_whole(std::shared_ptr<Exchange>& exchange, const Claim& claim, const AdmissionOptions& options) {
  const bool said = payload_words(exchange->request()).has_value();
  if (said || claim.form == Claim::Form::old_query) return "";
  if (claim.service == "s3") {
    if (claim.form == Claim::Form::query) return "";
    throw Error(Kind::invalid, "InvalidRequest", "Missing required header for this request: x-amz-content-sha256");
  }
  Bytes body = read_all(*exchange, options.most_signed_body);
  std::string digest = hex(sha256(body));
  exchange = std::make_shared<Whole>(std::move(exchange), std::move(body));
  return digest;
}

void check_replay(const Identity& identity, const Request& request, const Claim& claim, std::int64_t now) {
  if (claim.form != Claim::Form::header || request.method == "GET" || request.method == "HEAD") return;
  if (identity.is_replay(claim.signature, now)) {
    deny("AccessDenied", "this very request came before: sign each one anew, with the time of its own");
  }
}

std::shared_ptr<SignedExchange> admit_unsigned(std::shared_ptr<Exchange> exchange, Payload payload) {
  if (payload.form == Payload::Form::signed_chunks) {
    deny("AccessDenied", "the chunks of the body are signed, but the request is not");
  }
  return std::make_shared<Admitted>(std::move(exchange), Caller{.region = "us-east-1"}, std::move(payload),
                                    std::nullopt);
}

}  // namespace

std::shared_ptr<SignedExchange> admit(const Identity& identity, std::shared_ptr<Exchange> exchange,
                                      const AdmissionOptions& options) {
  const Request& request = exchange->request();  // of the first exchange, which all others refer to
  const std::optional<Claim> claim = read_claim(request);
  Payload payload = read_payload(request);
  if (!claim) return admit_unsigned(std::move(exchange), std::move(payload));
  const std::int64_t now = options.now ? options.now() : std::time(nullptr);
  const Holder holder = find_holder(identity, *claim, now);
  check_time(*claim, now, options.most_skew.count());
  std::optional<ChunkSigning> signing;
  if (claim->form == Claim::Form::old_query) {
    const std::string bucket = options.bucket_in_host ? options.bucket_in_host(request) : "";
    check_old_signature(request, *claim, holder.secret_key, bucket);
  } else {
    check_headers_are_signed(request, *claim);
    const Digest key = signing_key(holder.secret_key, *claim);
    const std::string digest = read_whole(exchange, *claim, options);
    check_signature(request, *claim, key, payload_line(request, *claim, digest));
    if (payload.form == Payload::Form::signed_chunks)
      signing = ChunkSigning{key, claim->time_words, claim->scope(), claim->signature};
  }
  check_replay(identity, request, *claim, now);
  if (payload.form == Payload::Form::signed_chunks && claim->form != Claim::Form::header) {
    throw Error(Kind::invalid, "InvalidRequest", "signed chunks need a signature in the header Authorization");
  }
  return std::make_shared<Admitted>(std::move(exchange), holder.caller, std::move(payload), std::move(signing));
}

}  // namespace graft
