#include "serve/pictures.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/json.h"
#include "http/base64.h"
#include "http/media_type.h"
#include "http/multipart.h"
#include "image/image.h"

namespace graft {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

constexpr std::array<std::string_view, 9> kOnePicture{
    "image/jpeg",     "image/jpg",           "image/png",
    "image/webp",     "image/gif",           "image/bmp",
    "image/x-ms-bmp", "application/x-image", "application/octet-stream"};

std::string_view stripped(std::string_view text) {
  const auto begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

Picture with_bytes(Bytes bytes) {
  Picture picture;
  picture.owned = std::move(bytes);
  picture.bytes = picture.owned;
  return picture;
}

Picture instance_of(const Json& json) {
  static constexpr std::array kWays{"b64", "url", "s3"};
  const auto way =
      json.is_object() ? std::ranges::find_if(kWays, [&](const char* key) { return json.contains(key); }) : kWays.end();
  require(way != kWays.end(), "an instance is an object with \"b64\", \"url\" or \"s3\"");
  const std::string* value = json.at(*way).get_ptr<const std::string*>();
  require(value != nullptr, "\"", *way, "\" is not a string");
  if (way != kWays.begin()) return {.url = std::string(stripped(*value))};
  return with_bytes(decode_base64(*value));
}

// What is wrong with one instance is its own problem where there are others.
Picture tolerant(const auto& read) {
  try {
    return read();
  } catch (const Error& error) {
    return {.problem = error.what()};
  }
}

void check_count(std::size_t count, std::string_view what) {
  require(count > 0, "the body has no ", what);
  require(count <= kMostPictures, "the body has ", count, " ", what, "s; a request takes ", kMostPictures);
}

std::optional<int> top_of(const Json& json) {
  if (!json.contains("top_k")) return std::nullopt;
  const Json& top = json.at("top_k");
  require(top.is_number_unsigned() && top.get<std::uint64_t>() > 0 && top.get<std::uint64_t>() <= 100'000,
          "the body: \"top_k\" is not a whole number from 1 to 100000");
  return top.get<int>();
}

Pictures from_json(ByteView body) {
  const Json json = parse_json(as_text(body), "the body");
  require(json.is_object() && json.contains("instances") && json.at("instances").is_array(),
          "the body has no list \"instances\"");
  const Json& instances = json.at("instances");
  check_count(instances.size(), "instance");
  Pictures result{.top = top_of(json)};
  for (const Json& instance : instances) {
    result.pictures.push_back(tolerant([&] { return instance_of(instance); }));
  }
  return result;
}

Pictures from_lines(ByteView body) {
  Pictures result;
  std::string_view rest = as_text(body);
  for (int number = 1; !rest.empty(); ++number) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (stripped(line).empty()) continue;
    check_count(result.pictures.size() + 1, "line");
    result.pictures.push_back(tolerant([&] { return instance_of(parse_json(line, text("line ", number))); }));
  }
  check_count(result.pictures.size(), "line");
  return result;
}

// Parts without a file's name are the form's other fields; where there are only those, they are the pictures.
Pictures from_form(const MediaType& type, ByteView body) {
  constexpr std::size_t kMostParts = 2 * kMostPictures;
  const std::vector<Part> parts = parse_multipart(body, type, kMostParts);
  const bool files = std::ranges::any_of(parts, [](const Part& part) { return !part.file_name.empty(); });
  Pictures result;
  for (const Part& part : parts) {
    if (files && part.file_name.empty()) continue;
    result.pictures.push_back({.name = part.file_name.empty() ? part.name : part.file_name, .bytes = part.bytes});
  }
  check_count(result.pictures.size(), "file");
  return result;
}

Pictures from_url(ByteView body) {
  const std::string_view url = stripped(as_text(body));
  require(!url.empty(), "the body is empty where the URL of a picture should be");
  require(url.size() <= 8192 && url.find_first_of(kBlanks) == std::string_view::npos,
          "the body is not the URL of a picture: it is text of ", url.size(), " characters");
  Pictures result;
  result.pictures.push_back({.url = std::string(url)});
  return result;
}

Pictures one(ByteView body) {
  require(!body.empty(), "the request has no body: send a picture");
  Pictures result;
  result.pictures.push_back({.bytes = body});
  return result;
}

}  // namespace

std::string_view taken_types() {
  return "image/jpeg, image/png, image/webp, image/gif, image/bmp, application/x-image, application/octet-stream, "
         "multipart/form-data, application/json, application/jsonlines, text/plain";
}

Pictures pictures_of(std::string_view content_type, ByteView body) {
  const MediaType type = parse_media_type(content_type).value_or(MediaType{});
  if (type.name == "multipart/form-data") return from_form(type, body);
  if (type.name == "application/json") return from_json(body);
  if (type.name == "application/jsonlines") return from_lines(body);
  if (type.name == "text/plain") return from_url(body);
  // Also what curl says of a file that it was told nothing of.
  const bool untold = content_type.empty() || type.name == "application/x-www-form-urlencoded";
  if (std::ranges::count(kOnePicture, type.name) > 0 || (untold && sniff(body))) return one(body);
  throw Error(Kind::invalid, kWrongType,
              text("the Content-Type ", content_type.empty() ? "is missing" : content_type.substr(0, 80),
                   content_type.empty() ? "" : " is not taken", "; send one of ", taken_types()));
}

}  // namespace graft
