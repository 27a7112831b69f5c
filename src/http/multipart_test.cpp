#include "http/multipart.h"

#include <gmock/gmock.h>

#include "base/error.h"

namespace graft {
namespace {

using testing::HasSubstr;

std::vector<Part> parse(std::string_view body, std::size_t most = 10,
                        const char* type = "multipart/form-data; boundary=edge") {
  return parse_multipart(as_bytes(body), *parse_media_type(type), most);
}

std::string problem(std::string_view body, const char* type = "multipart/form-data; boundary=edge") {
  try {
    parse(body, 2, type);
    return "none";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Kind::invalid);
    return error.what();
  }
}

const std::string kField = "--edge\r\nContent-Disposition: form-data; name=a\r\n\r\n";

TEST(Multipart, FindsPartsWithTheirNamesAndBytes) {
  const std::string body =
      "preamble\r\n--edge  \r\n"
      "content-disposition: form-data; name=\"image\"; filename=\"a \\\"b\\\".jpg\"\r\nContent-Type:image/jpeg\r\n\r\n"
      "\r\n--edg\r\n--edgeX\r\n-\r\n--edge\r\n"
      "Content-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n--edge\r\n"
      "Content-Disposition: form-data; name=field\r\n\r\nvalue\r\n--edge--\r\nepilogue --edge";
  const std::vector<Part> parts = parse(body);
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(parts[0].name, "image");
  EXPECT_EQ(parts[0].file_name, "a \"b\".jpg");
  EXPECT_EQ(parts[0].content_type, "image/jpeg");
  EXPECT_EQ(as_text(parts[0].bytes), "\r\n--edg\r\n--edgeX\r\n-");
  EXPECT_EQ(parts[1].name, "empty");
  EXPECT_EQ(as_text(parts[1].bytes), "");
  EXPECT_EQ(parts[2].name, "field");
  EXPECT_EQ(as_text(parts[2].bytes), "value");
  EXPECT_EQ(parse("--edge--").size(), 0u);
}

TEST(Multipart, TakesAnEmptyPartWithoutALineOfItsOwn) {
  const std::string body = kField + "--edge--";
  EXPECT_EQ(as_text(parse(body).at(0).bytes), "");
}

TEST(Multipart, SaysWhatIsWrong) {
  EXPECT_EQ(problem(kField + "x\r\n--edge--"), "none");
  EXPECT_THAT(problem(""), HasSubstr("without its last boundary"));
  EXPECT_THAT(problem(kField + "x"), HasSubstr("without its last boundary"));
  EXPECT_THAT(problem("--edge\r\n"), HasSubstr("headers of a part"));
  EXPECT_THAT(problem("--edge\r\nX: " + std::string(10'000, 'x') + "\r\n\r\n\r\n--edge--"),
              HasSubstr("within 8192 bytes"));
  EXPECT_THAT(problem("--edge\r\n\r\nx\r\n--edge--"), HasSubstr("no Content-Disposition"));
  EXPECT_THAT(problem("--edge\r\nno colon\r\n\r\nx\r\n--edge--"), HasSubstr("no colon"));
  EXPECT_THAT(problem("--edge\r\nContent-Disposition: form-data\r\n\r\nx\r\n--edge--"), HasSubstr("no name"));
  EXPECT_THAT(
      problem("--edge\r\nContent-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64\r\n\r\n\r\n"
              "--edge--"),
      HasSubstr("\"a\" of the form is encoded as base64"));
  const std::string part = kField + "x\r\n";
  EXPECT_THAT(problem(part + part + part + "--edge--"), HasSubstr("may have 2 parts"));
  EXPECT_THAT(problem("", "image/jpeg"), HasSubstr("the body is image/jpeg"));
  EXPECT_THAT(problem("", "multipart/form-data"), HasSubstr("has no boundary"));
  EXPECT_THAT(problem("", "multipart/form-data; boundary=\"\""), HasSubstr("1 to 70 characters"));
}

}  // namespace
}  // namespace graft
