// What a request's body holds: one picture, or many, as bytes or as where to get them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "http/message.h"

namespace graft {

// One of a request's pictures. It has bytes, or a URL (http, https, s3) to fetch them from, or a problem.
struct Picture {
  std::string name{};  // its file's, where the body says it
  ByteView bytes{};    // of the request's body, or of `owned`
  Bytes owned{};
  std::string url{};
  std::string problem{};  // what is wrong with this one among many
};

struct Pictures {
  std::vector<Picture> pictures{};
  std::optional<int> top{};  // how many labels the body asks for
};

constexpr std::size_t kMostPictures = 64;  // of one request

// What a body may be, for answers to those that are not.
std::string_view taken_types();

// By Content-Type: an image's type, application/x-image or application/octet-stream is one picture;
// multipart/form-data a picture a file; application/json {"instances": [{"b64": ...}, {"url": ...}, {"s3": ...}],
// "top_k": n}; application/jsonlines such an instance a line; text/plain a URL. Views are of `body`, which has to live
// as long. Throws Kind::invalid where the body as a whole is wrong; with the code kWrongType where its type is not
// taken.
Pictures pictures_of(std::string_view content_type, ByteView body);
constexpr char kWrongType[] = "UnsupportedMediaType";

}  // namespace graft
