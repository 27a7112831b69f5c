// The expected signatures are those of S3's documents on chunked uploads.
#include "identity/aws_chunks.h"

#include "identity/canonical.h"
#include "identity/identity_testing.h"

namespace graft {
namespace {

using test::code_of;

ChunkSigning signing(std::string previous) {
  const Claim claim{.day = "20130524", .region = "us-east-1", .service = "s3"};
  return {.key = signing_key("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", claim),
          .time = "20130524T000000Z",
          .scope = claim.scope(),
          .previous = std::move(previous)};
}

std::string chunk(std::size_t size, const std::string& signature) {
  return text(std::hex, size, ";chunk-signature=", signature, "\r\n") + std::string(size, 'a') + (size ? "\r\n" : "");
}

// The decoded body, from pieces of so many bytes into a room of so many.
std::string decode(AwsChunks& chunks, std::string_view bytes, std::size_t piece = 100'000, std::size_t room = 100'000) {
  std::string body;
  while (!bytes.empty()) {
    Bytes space(room);
    const auto step = chunks.take(as_bytes(bytes.substr(0, piece)), space);
    body += as_text(ByteView(space).first(step.given));
    bytes.remove_prefix(step.taken);
  }
  chunks.finish();
  return body;
}

constexpr const char* kSeed = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";

std::string documented() {
  return chunk(65536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648") +
         chunk(1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497") +
         chunk(0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9") + "\r\n";
}

TEST(AwsChunks, AcceptsTheSignaturesOfS3sDocuments) {
  AwsChunks chunks(signing(kSeed), 66560, false);
  EXPECT_EQ(decode(chunks, documented()), std::string(66560, 'a'));
}

TEST(AwsChunks, AcceptsASignedTrailerOfS3sDocuments) {
  const std::string body = chunk(65536, "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2") +
                           chunk(1024, "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7") +
                           chunk(0, "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992");
  const std::string seed = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e";
  const std::string signature = "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435";
  for (const char* between : {"\r\n", "\n\r\n"}) {
    AwsChunks chunks(signing(seed), 66560, true);
    decode(chunks,
           body + "x-amz-checksum-crc32c:sOO8/Q==" + between + "x-amz-trailer-signature:" + signature + "\r\n\r\n");
    EXPECT_EQ(chunks.trailers(), (Headers{{"x-amz-checksum-crc32c", "sOO8/Q=="}}));
  }
  AwsChunks changed(signing(seed), 66560, true);
  EXPECT_EQ(code_of([&] {
              decode(changed,
                     body + "x-amz-checksum-crc32c:aaaaaa==\r\nx-amz-trailer-signature:" + signature + "\r\n\r\n");
            }),
            "SignatureDoesNotMatch");
  AwsChunks missing(signing(seed), 66560, true);
  EXPECT_EQ(code_of([&] { decode(missing, body + "x-amz-checksum-crc32c:sOO8/Q==\r\n\r\n"); }), "IncompleteBody");
}

TEST(AwsChunks, DecodesTheSameWhereverItIsCut) {
  for (const std::size_t piece : {1, 7, 1000}) {
    for (const std::size_t room : {1, 13, 70'000}) {
      AwsChunks chunks(signing(kSeed), 66560, false);
      EXPECT_EQ(decode(chunks, documented(), piece, room).size(), 66560) << piece << ' ' << room;
    }
  }
}

TEST(AwsChunks, RefusesWhatWasNotSigned) {
  const std::string good = documented();
  std::string changed = good, swapped = good, seed = kSeed;
  changed[5000] = 'b';
  EXPECT_EQ(code_of([&] {
              AwsChunks chunks(signing(kSeed), 66560, false);
              decode(chunks, changed);
            }),
            "SignatureDoesNotMatch");
  seed[0] = '5';
  EXPECT_EQ(code_of([&] {
              AwsChunks chunks(signing(seed), 66560, false);
              decode(chunks, good);
            }),
            "SignatureDoesNotMatch");
}

TEST(AwsChunks, DecodesUnsignedChunksWithATrailer) {
  AwsChunks chunks(std::nullopt, 5, true);
  EXPECT_EQ(decode(chunks, "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n"), "hello");
  EXPECT_EQ(chunks.trailers(), (Headers{{"x-amz-checksum-crc32", "NhCmhg=="}}));
}

TEST(AwsChunks, RefusesWhatAreNoSuchChunks) {
  const auto refusal = [](std::string_view bytes, std::uint64_t length, bool trailers) {
    return code_of([&] {
      AwsChunks chunks(std::nullopt, length, trailers);
      decode(chunks, bytes);
    });
  };
  EXPECT_EQ(refusal("0\r\n\r\n", 0, false), "");
  EXPECT_EQ(refusal("5\r\nhello\r\n0\r\n\r\n", 4, true), "InvalidRequest");   // more than was said
  EXPECT_EQ(refusal("5\r\nhello\r\n0\r\n\r\n", 6, true), "InvalidRequest");   // less
  EXPECT_EQ(refusal("5\r\nhello!\r\n0\r\n\r\n", 5, true), "InvalidRequest");  // longer than its size
  EXPECT_EQ(refusal("5\nhello\n0\n\n", 5, true), "InvalidRequest");           // bare line feeds
  EXPECT_EQ(refusal("x\r\n", 5, true), "InvalidRequest");
  EXPECT_EQ(refusal("\r\n", 5, true), "InvalidRequest");
  EXPECT_EQ(refusal("ffffffffffffffffff\r\n", 5, true), "InvalidRequest");
  EXPECT_EQ(refusal("5;chunk-signature=0\r\n", 5, true), "InvalidRequest");  // signed after all
  EXPECT_EQ(refusal("0\r\na:b\r\n\r\n", 0, false), "InvalidRequest");        // trailers after all
  EXPECT_EQ(refusal("0\r\nab\r\n\r\n", 0, true), "InvalidRequest");
  EXPECT_EQ(refusal("0\r\n\r\nx", 0, true), "InvalidRequest");  // something behind
  EXPECT_EQ(refusal("0\r\n", 0, true), "IncompleteBody");
  EXPECT_EQ(refusal("5\r\nhel", 5, true), "IncompleteBody");
  EXPECT_EQ(refusal(std::string(2000, '0'), 0, true), "InvalidRequest");  // a line without an end
  std::string trailers;
  for (int i = 0; i < 100; ++i) trailers += "name:" + std::string(50, 'v') + "\r\n";
  EXPECT_EQ(refusal("0\r\n" + trailers + "\r\n", 0, true), "InvalidRequest");
}

}  // namespace
}  // namespace graft
