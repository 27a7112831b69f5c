#include "serve/pictures.h"

#include <gmock/gmock.h>

#include "base/error.h"
#include "image/image.h"

namespace graft {
namespace {

using testing::HasSubstr;

Pictures of(std::string_view content_type, std::string_view body) {
  return pictures_of(content_type, as_bytes(body));
}

std::string refusal(std::string_view content_type, std::string_view body) {
  try {
    of(content_type, body);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(Pictures, AnImagesTypeIsOnePictureTheBodyItself) {
  for (const char* type : {"image/jpeg", "image/png", "IMAGE/WEBP", "image/gif", "image/bmp", "application/x-image",
                           "application/octet-stream", "image/jpeg; quality=high"}) {
    const Pictures found = of(type, "bytes");
    ASSERT_EQ(found.pictures.size(), 1u) << type;
    EXPECT_EQ(as_text(found.pictures[0].bytes), "bytes");
  }
  EXPECT_THAT(refusal("image/png", ""), HasSubstr("no body"));
}

TEST(Pictures, OtherTypesAreRefusedWithTheListOfThoseThatAreTaken) {
  for (const char* type : {"image/tiff", "text/html", "nonsense", ""}) {
    try {
      of(type, "bytes");
      FAIL() << type;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), kWrongType) << type;
      EXPECT_THAT(error.what(), HasSubstr("multipart/form-data, application/json"));
    }
  }
}

TEST(Pictures, APictureWithoutATypeIsRecognised) {
  const Bytes png = encode_png({1, 1, {1, 2, 3}});
  EXPECT_EQ(pictures_of("", png).pictures.size(), 1u);
  EXPECT_EQ(pictures_of("application/x-www-form-urlencoded", png).pictures.size(), 1u);  // what curl says
}

TEST(Pictures, AFormsFilesArePicturesAndItsOtherFieldsAreNot) {
  const Pictures found = of("multipart/form-data; boundary=b",
                            "--b\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n"
                            "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"1.jpg\"\r\n"
                            "Content-Type: image/jpeg\r\n\r\nfirst\r\n"
                            "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"2.jpg\"\r\n\r\nsecond\r\n"
                            "--b--\r\n");
  ASSERT_EQ(found.pictures.size(), 2u);
  EXPECT_EQ(found.pictures[0].name, "1.jpg");
  EXPECT_EQ(as_text(found.pictures[0].bytes), "first");
  EXPECT_EQ(as_text(found.pictures[1].bytes), "second");
}

TEST(Pictures, InstancesOfJsonAreBase64OrUrls) {
  const Pictures found = of("application/json; charset=utf-8",
                            R"({"instances": [{"b64": "aGVsbG8="}, {"url": " https://x/y.jpg "}, {"s3": "s3://b/k"}],
                                "top_k": 3})");
  ASSERT_EQ(found.pictures.size(), 3u);
  EXPECT_EQ(as_text(found.pictures[0].bytes), "hello");
  EXPECT_EQ(found.pictures[1].url, "https://x/y.jpg");
  EXPECT_EQ(found.pictures[2].url, "s3://b/k");
  EXPECT_EQ(found.top, 3);
}

TEST(Pictures, OneWrongInstanceIsItsOwnProblem) {
  const Pictures found = of("application/json", R"({"instances": [{"b64": "a*="}, 7, {"b64": 1}, {"b64": ""}]})");
  EXPECT_FALSE(found.pictures[0].problem.empty());
  EXPECT_THAT(found.pictures[1].problem, HasSubstr("an object with"));
  EXPECT_THAT(found.pictures[2].problem, HasSubstr("not a string"));
  EXPECT_EQ(found.pictures[3].problem, "");
}

TEST(Pictures, AWrongBodyOfJsonIsRefusedWhole) {
  EXPECT_THAT(refusal("application/json", "{"), HasSubstr("not valid JSON"));
  EXPECT_THAT(refusal("application/json", "[]"), HasSubstr("\"instances\""));
  EXPECT_THAT(refusal("application/json", R"({"instances": 3})"), HasSubstr("\"instances\""));
  EXPECT_THAT(refusal("application/json", R"({"instances": []})"), HasSubstr("no instance"));
  EXPECT_THAT(refusal("application/json", R"({"instances": [{}], "top_k": 0})"), HasSubstr("top_k"));
  EXPECT_THAT(refusal("application/json", R"({"instances": [{}], "top_k": 1e300})"), HasSubstr("top_k"));
  EXPECT_THAT(refusal("application/json", std::string(1000, '[')), HasSubstr("deeper"));
}

TEST(Pictures, ThereIsALimitOfPictures) {
  std::string lines;
  for (std::size_t i = 0; i < kMostPictures; ++i) lines += "{\"url\": \"http://x\"}\n";
  EXPECT_EQ(of("application/jsonlines", lines).pictures.size(), kMostPictures);
  EXPECT_THAT(refusal("application/jsonlines", lines + lines), HasSubstr("takes 64"));
}

TEST(Pictures, LinesAreInstancesAndEmptyOnesAreNone) {
  const Pictures found =
      of("application/jsonlines", "{\"b64\": \"aGVsbG8=\"}\r\n\n  \n{\"url\"\n{\"url\": \"http://x\"}");
  ASSERT_EQ(found.pictures.size(), 3u);
  EXPECT_EQ(as_text(found.pictures[0].bytes), "hello");
  EXPECT_THAT(found.pictures[1].problem, HasSubstr("line 4"));
  EXPECT_EQ(found.pictures[2].url, "http://x");
}

TEST(Pictures, TextIsAUrlWithoutTheBlanksAroundIt) {
  EXPECT_EQ(of("text/plain", " https://x/y.jpg\n").pictures[0].url, "https://x/y.jpg");
  EXPECT_EQ(of("text/plain; charset=utf-8", "s3://b/k").pictures[0].url, "s3://b/k");
  EXPECT_THAT(refusal("text/plain", " \n"), HasSubstr("empty"));
  EXPECT_THAT(refusal("text/plain", "two words"), HasSubstr("not the URL"));
}

}  // namespace
}  // namespace graft
