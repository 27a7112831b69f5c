#include "identity/admission.h"

#include "base/file.h"
#include "identity/canonical.h"
#include "identity/identity_testing.h"
#include "identity/secret.h"
#include "identity/time_text.h"

namespace graft {
namespace {

using test::code_of;
using test::Given;
using test::request;

constexpr std::int64_t kNow = 1'800'000'000;

struct Admission : testing::Test {
  TemporaryFolder folder{};
  Identity identity{folder.path()};
  AccessKey key = identity.add_key("ann");
  std::int64_t now = kNow;
  AdmissionOptions options{.now = [this] { return now; }};

  Claim claim(const std::string& service, std::int64_t time) const {
    return {.access_key = key.access_key,
            .day = compact_time(time).substr(0, 8),
            .region = "eu-west-1",
            .service = service,
            .signed_headers = {"host", "x-amz-date"},
            .time_words = compact_time(time)};
  }

  Request sign(const std::string& method, const std::string& target, const std::string& service,
               const std::string& payload, Headers headers = {}, std::int64_t time = kNow) const {
    return test::sign(key, service, method, target, payload, std::move(headers), time);
  }

  Request presign(const std::string& method, const std::string& path, std::int64_t expires,
                  std::int64_t time = kNow) const {
    Claim claim = this->claim("s3", time);
    claim.signed_headers = {"host"};
    const std::string target = path + "?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" + key.access_key + "%2F" +
                               claim.day + "%2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Date=" + claim.time_words +
                               "&X-Amz-Expires=" + std::to_string(expires) + "&X-Amz-SignedHeaders=host";
    const Headers headers{{"Host", "127.0.0.1:9000"}};
    const std::string words =
        string_to_sign(claim, canonical_request(request(method, target, headers), claim, path, "UNSIGNED-PAYLOAD"));
    return request(method, target + "&X-Amz-Signature=" + hex(hmac_sha256(signing_key(key.secret_key, claim), words)),
                   headers);
  }

  std::shared_ptr<SignedExchange> let_in(Request sent, const std::string& body = "", std::size_t piece = 3,
                                         bool says_length = true) const {
    return admit(identity, std::make_shared<Given>(std::move(sent), body, piece, says_length), options);
  }
  std::string refusal(Request sent, const std::string& body = "") const {
    return code_of([&] { read_all(*let_in(std::move(sent), body), 1000); });
  }
  static std::string body_of(SignedExchange& exchange) { return std::string(as_text(read_all(exchange, 1000))); }
};

std::string digest(std::string_view body) {
  return hex(sha256(as_bytes(body)));
}

TEST_F(Admission, KnowsWhoSigned) {
  const auto exchange = let_in(sign("PUT", "/b/a%20b", "s3", digest("hello")), "hello");
  EXPECT_EQ(body_of(*exchange), "hello");
  const Caller& caller = exchange->caller();
  EXPECT_EQ(caller.account, key.account);
  EXPECT_EQ(caller.user, "ann");
  EXPECT_EQ(caller.access_key, key.access_key);
  EXPECT_EQ(caller.region, "eu-west-1");
  EXPECT_EQ(caller.service, "s3");
}

TEST_F(Admission, LetsInWhoDoesNotSignAsNobody) {
  const auto exchange = let_in(request("GET", "/b/k", {{"Host", "127.0.0.1"}}));
  EXPECT_TRUE(exchange->caller().anonymous());
}

TEST_F(Admission, RefusesWhatIsNotWhatWasSigned) {
  const Request good = sign("PUT", "/b/k?uploads", "s3", digest(""), {{"x-amz-meta-a", "1"}});
  EXPECT_EQ(refusal(good), "");
  Request other = good;
  other.method = "DELETE";
  EXPECT_EQ(refusal(other), "SignatureDoesNotMatch");
  other = good;
  other.target = "/b/l?uploads";
  EXPECT_EQ(refusal(other), "SignatureDoesNotMatch");
  other = good;
  other.target = "/b/k?uploads&acl";
  EXPECT_EQ(refusal(other), "SignatureDoesNotMatch");
  other = good;
  for (auto& [name, value] : other.headers) {
    if (name == "x-amz-meta-a") value = "2";
  }
  EXPECT_EQ(refusal(other), "SignatureDoesNotMatch");
  other = good;
  other.headers.emplace_back("X-Amz-Copy-Source", "/other/key");
  EXPECT_EQ(refusal(other), "AccessDenied");
  other = good;
  other.headers.emplace_back("User-Agent", "a proxy's");
  EXPECT_EQ(refusal(other), "");
}

TEST_F(Admission, RefusesAnotherSecretAndAnotherKey) {
  AccessKey right = key;
  key.secret_key[3] = key.secret_key[3] == 'a' ? 'b' : 'a';
  EXPECT_EQ(refusal(sign("GET", "/", "s3", digest(""))), "SignatureDoesNotMatch");
  key = right;
  key.access_key = "AKIAAAAAAAAAAAAAAAAA";
  EXPECT_EQ(refusal(sign("GET", "/", "s3", digest(""))), "InvalidAccessKeyId");
  key = right;
  identity.revoke(key.access_key);
  EXPECT_EQ(refusal(sign("GET", "/", "s3", digest(""))), "InvalidAccessKeyId");
}

TEST_F(Admission, RefusesAClockThatIsWrong) {
  EXPECT_EQ(refusal(sign("GET", "/", "s3", digest(""), {}, kNow - 899)), "");
  EXPECT_EQ(refusal(sign("GET", "/", "s3", digest(""), {}, kNow - 901)), "RequestTimeTooSkewed");
  EXPECT_EQ(refusal(sign("GET", "/", "s3", digest(""), {}, kNow + 901)), "RequestTimeTooSkewed");
}

TEST_F(Admission, ComparesABodyWithItsDigestBeforeItsLastByteIsGiven) {
  EXPECT_EQ(refusal(sign("PUT", "/b/k", "s3", digest("hello")), "hellO"), "XAmzContentSHA256Mismatch");
  const auto exchange = let_in(sign("PUT", "/b/k", "s3", digest("hello")), "jello", 5);
  Bytes room(5);  // no more than the length: read() is not called again
  EXPECT_EQ(code_of([&] { exchange->read(room); }), "XAmzContentSHA256Mismatch");
  const auto chunked = let_in(sign("PUT", "/b/l", "s3", digest("hello")), "hello!", 3, false);
  EXPECT_EQ(code_of([&] { read_all(*chunked, 100); }), "XAmzContentSHA256Mismatch");
}

TEST_F(Admission, TakesAnUnsignedBodyAsItComes) {
  EXPECT_EQ(body_of(*let_in(sign("PUT", "/b/k", "s3", "UNSIGNED-PAYLOAD"), "anything")), "anything");
}

TEST_F(Admission, UnwrapsUnsignedChunks) {
  const std::string form = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
  const Headers headers{{"x-amz-decoded-content-length", "5"}, {"x-amz-trailer", "x-amz-checksum-crc32"}};
  const auto exchange = let_in(sign("PUT", "/b/k", "s3", form, headers),
                               "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n", 3, false);
  EXPECT_EQ(exchange->length(), 5);
  EXPECT_EQ(body_of(*exchange), "hello");
  EXPECT_EQ(exchange->trailers(), (Headers{{"x-amz-checksum-crc32", "NhCmhg=="}}));
  EXPECT_EQ(refusal(sign("PUT", "/b/k", "s3", form), "0\r\n\r\n"), "MissingContentLength");
  EXPECT_EQ(refusal(sign("PUT", "/b/k", "s3", form, headers), "5\r\nhello\r\n"), "IncompleteBody");
}

TEST_F(Admission, ChecksSignedChunksAgainstTheRequestsOwnSignature) {
  const Request sent =
      sign("PUT", "/b/k", "s3", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", {{"x-amz-decoded-content-length", "5"}});
  const std::string_view authorization = *find_header(sent.headers, "authorization");
  std::string previous(authorization.substr(authorization.size() - 64));
  const Claim signer = claim("s3", kNow);
  const Digest signing = signing_key(key.secret_key, signer);
  const auto chunk = [&](std::string_view data) {
    previous = hex(hmac_sha256(signing, "AWS4-HMAC-SHA256-PAYLOAD\n" + signer.time_words + '\n' + signer.scope() +
                                            '\n' + previous + '\n' + digest("") + '\n' + digest(data)));
    return text(data.size(), ";chunk-signature=", previous, "\r\n", data, data.empty() ? "" : "\r\n");
  };
  std::string body;
  for (const char* data : {"hel", "lo", ""}) body += chunk(data);
  body += "\r\n";
  EXPECT_EQ(body_of(*let_in(sent, body)), "hello");
  std::string changed = body;
  changed[changed.find("lo\r\n")] = 'L';
  EXPECT_EQ(refusal(sent, changed), "SignatureDoesNotMatch");
  EXPECT_EQ(refusal(request("PUT", "/b/k",
                            {{"x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"},
                             {"x-amz-decoded-content-length", "5"}})),
            "AccessDenied");
}

TEST_F(Admission, DigestsTheBodiesOfServicesThatDoNot) {
  const std::string body = R"({"MaxResults": 5})";
  const auto exchange =
      let_in(sign("POST", "/", "sagemaker", digest(body), {{"x-amz-target", "SageMaker.ListModels"}}), body);
  EXPECT_EQ(exchange->caller().service, "sagemaker");
  EXPECT_EQ(exchange->length(), body.size());
  EXPECT_EQ(body_of(*exchange), body);
  EXPECT_EQ(refusal(sign("POST", "/", "sagemaker", digest(body)), body + " "), "SignatureDoesNotMatch");
  options.most_signed_body = 10;
  EXPECT_EQ(refusal(sign("POST", "/", "sagemaker", digest(body)), body), "EntityTooLarge");
}

TEST_F(Admission, SignsOtherServicesPathsTwiceEncoded) {
  EXPECT_EQ(refusal(sign("POST", "/endpoints/a%20b/invocations", "sagemaker", digest(""))), "");
}

TEST_F(Admission, TakesPathsThatAreSentAsTheyAreAndSignedEscaped) {
  Request sent = sign("GET", "/b/a%28b%29", "s3", digest(""));
  sent.target = "/b/a(b)";
  EXPECT_EQ(refusal(sent), "");
}

TEST_F(Admission, LetsAPresignedAddressInUntilItExpires) {
  EXPECT_EQ(let_in(presign("GET", "/b/k", 60))->caller().account, key.account);
  now = kNow + 60;
  EXPECT_EQ(refusal(presign("GET", "/b/k", 60)), "");
  now = kNow + 61;
  EXPECT_EQ(refusal(presign("GET", "/b/k", 60)), "AccessDenied");
  EXPECT_EQ(refusal(presign("GET", "/b/k", 604'800)), "");
  EXPECT_EQ(refusal(presign("GET", "/b/k", 604'801)), "AuthorizationQueryParametersError");
  EXPECT_EQ(refusal(presign("GET", "/b/k", 60, kNow + 2000)), "AccessDenied");
}

TEST_F(Admission, AddsNothingToAPresignedAddress) {
  Request sent = presign("PUT", "/b/k", 60);
  EXPECT_EQ(body_of(*let_in(sent, "hello")), "hello");
  sent.headers.emplace_back("x-amz-copy-source", "/secret/key");
  EXPECT_EQ(refusal(sent), "AccessDenied");
  sent = presign("PUT", "/b/k", 60);
  sent.target += "&versionId=1";
  EXPECT_EQ(refusal(sent), "SignatureDoesNotMatch");
  sent = presign("PUT", "/b/k", 60);
  sent.query["X-Amz-Expires"] = "61";
  sent.target.replace(sent.target.find("Expires=60"), 10, "Expires=61");
  EXPECT_EQ(refusal(sent), "SignatureDoesNotMatch");
}

struct OldAdmission : Admission {
  Request presign_old(const std::string& resource, const std::string& path, const std::string& host,
                      std::int64_t expires) const {
    const auto code = hmac_sha1(key.secret_key, "GET\n\n\n" + std::to_string(expires) + '\n' + resource);
    std::string signature;
    for (const char c : encode_base64(std::as_bytes(std::span(code)))) {
      signature += c == '+' ? "%2B" : c == '/' ? "%2F" : c == '=' ? "%3D" : std::string(1, c);
    }
    return request(
        "GET",
        path + "?AWSAccessKeyId=" + key.access_key + "&Signature=" + signature + "&Expires=" + std::to_string(expires),
        {{"Host", host}});
  }
};

TEST_F(OldAdmission, LetsAnAddressOfSignatureV2InUntilItExpires) {
  const auto sent = presign_old("/b/k", "/b/k", "127.0.0.1:9000", kNow + 10);
  EXPECT_EQ(let_in(sent)->caller().user, "ann");
  EXPECT_EQ(let_in(sent)->caller().service, "s3");
  EXPECT_EQ(refusal(presign_old("/b/l", "/b/k", "127.0.0.1:9000", kNow + 10)), "SignatureDoesNotMatch");
  now = kNow + 11;
  EXPECT_EQ(refusal(sent), "AccessDenied");
}

TEST_F(OldAdmission, KnowsTheBucketInAHostsName) {
  options.bucket_in_host = [](const Request& sent) {
    return find_header(sent.headers, "host") == "b.s3.example.org:9000" ? "b" : "";
  };
  EXPECT_EQ(refusal(presign_old("/b/k", "/k", "b.s3.example.org:9000", kNow + 10)), "");
  EXPECT_EQ(refusal(presign_old("/c/k", "/k", "b.s3.example.org:9000", kNow + 10)), "SignatureDoesNotMatch");
  EXPECT_EQ(refusal(presign_old("/b/k", "/k", "b.example.org:9000", kNow + 10)), "SignatureDoesNotMatch");
}

TEST_F(Admission, AsksSessionsForTheirToken) {
  const Caller ann{.account = key.account, .user = "ann", .access_key = key.access_key};
  const std::string root = key.access_key;
  const Identity::Session session = identity.add_session(ann, "", 100);
  now = session.expires - 1;
  key = session.key;
  const auto call = [&](const std::string& token) {
    return refusal(sign("GET", "/", "s3", digest(""), {{"x-amz-security-token", token}}, now));
  };
  EXPECT_EQ(call(session.token), "");
  EXPECT_EQ(call(session.token + "x"), "InvalidToken");
  EXPECT_EQ(refusal(sign("GET", "/", "s3", digest(""), {}, now)), "InvalidToken");
  now = session.expires;
  EXPECT_EQ(call(session.token), "ExpiredToken");
  now = session.expires - 1;
  identity.revoke(root);
  EXPECT_EQ(call(session.token), "InvalidAccessKeyId");
}

TEST_F(Admission, RefusesAReplayButNotAnHonestRepetition) {
  const Request put = sign("PUT", "/b/k", "s3", "UNSIGNED-PAYLOAD");
  const Request get = sign("GET", "/b/k", "s3", "UNSIGNED-PAYLOAD");
  EXPECT_EQ(refusal(put), "");
  EXPECT_EQ(refusal(get), "");
  now = kNow + 30;
  EXPECT_EQ(refusal(put), "");
  now = kNow + 31;
  EXPECT_EQ(refusal(put), "AccessDenied");
  EXPECT_EQ(refusal(get), "");
  EXPECT_EQ(refusal(sign("PUT", "/b/k", "s3", "UNSIGNED-PAYLOAD", {}, kNow + 1)), "");
}

TEST_F(Admission, RefusesASignatureThatIsNotWhole) {
  Request sent = sign("GET", "/", "s3", digest(""));
  auto& authorization = sent.headers.back().second;
  const std::string good = authorization;
  const auto with = [&](std::string_view from, const std::string& to) {
    authorization = good;
    authorization.replace(authorization.find(from), from.size(), to);
    return refusal(sent);
  };
  EXPECT_EQ(with("eu-west-1/", ""), "AuthorizationHeaderMalformed");
  EXPECT_EQ(with("eu-west-1", "eu west"), "AuthorizationHeaderMalformed");
  EXPECT_EQ(with("aws4_request", "aws4"), "AuthorizationHeaderMalformed");
  EXPECT_EQ(with("Signature=", "Signature=x"), "AuthorizationHeaderMalformed");
  EXPECT_EQ(with("host;", ""), "AuthorizationHeaderMalformed");
  EXPECT_EQ(with(", Signature=", ", Sign="), "AuthorizationHeaderMalformed");
  EXPECT_EQ(with(compact_time(kNow).substr(0, 8), "20130524"), "AuthorizationHeaderMalformed");
  EXPECT_EQ(with("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"), "InvalidArgument");
  EXPECT_EQ(with("AWS4-HMAC-SHA256 Credential=", "AWS "), "InvalidRequest");
  authorization = good;
  sent.query["X-Amz-Algorithm"] = "AWS4-HMAC-SHA256";
  EXPECT_EQ(refusal(sent), "InvalidArgument");
}

}  // namespace
}  // namespace graft
