// body      = [preamble CRLF] "--" boundary {CRLF headers CRLF CRLF content CRLF "--" boundary} "--" [CRLF epilogue]
// A boundary's line may end in spaces. Preamble and epilogue are skipped (RFC 2046 5.1.1).
#include "http/multipart.h"

#include <algorithm>

#include "base/error.h"
#include "base/words.h"
#include "http/message.h"

namespace graft {
namespace {

constexpr std::size_t kMostPartHeader = 8 << 10;

std::string boundary_of(const MediaType& type) {
  require(type.name == "multipart/form-data", "the body is ", type.name, ", not multipart/form-data");
  const auto found = type.parameters.find("boundary");
  require(found != type.parameters.end(), "the Content-Type multipart/form-data has no boundary");
  require(!found->second.empty() && found->second.size() <= 70, "the boundary of a form has 1 to 70 characters");
  return found->second;
}

// A boundary's line in the body: where it begins, its line break included, and where what follows begins.
struct Line {
  std::size_t begin = 0, end = 0;
  bool last = false;
};

// The first boundary at or after `from`; its dashes follow a line break or the body's beginning.
Line find_line(std::string_view body, std::size_t from, const std::string& delimiter) {
  const std::string_view dashes = std::string_view(delimiter).substr(2);
  for (std::size_t at = from;;) {
    Line line;
    if (at == 0 && body.starts_with(dashes)) {
      line = {0, dashes.size()};
    } else {
      line.begin = body.find(delimiter, at);
      require(line.begin != std::string_view::npos, "the form ends without its last boundary");
      line.end = line.begin + delimiter.size();
    }
    const std::string_view rest = body.substr(line.end);
    line.last = rest.starts_with("--");
    if (line.last) return line;
    const std::size_t padding = std::min(rest.find_first_not_of(" \t"), rest.size());
    if (rest.substr(padding).starts_with("\r\n")) {
      line.end += padding;  // the line break begins the headers, so that none is also an empty line
      return line;
    }
    at = line.begin + 1;  // a longer line that begins alike
  }
}

void read_disposition(std::string_view value, Part& part) {
  const auto disposition = parse_disposition(value);
  require(disposition && disposition->name == "form-data", "a part of the form has no Content-Disposition form-data");
  const auto& parameters = disposition->parameters;
  const auto name = parameters.find("name"), file_name = parameters.find("filename");
  require(name != parameters.end(), "a part of the form has no name");
  part.name = name->second;
  if (file_name != parameters.end()) part.file_name = file_name->second;
}

// `header`: lines, each with a line break before it.
Part read_header(std::string_view header) {
  Part part;
  Headers fields;
  while (!header.empty()) {
    header.remove_prefix(2);
    const std::string_view line = header.substr(0, header.find("\r\n"));
    header.remove_prefix(line.size());
    const std::size_t colon = line.find(':');
    require(colon != std::string_view::npos, "a header of a part of the form has no colon");
    fields.emplace_back(trimmed(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
  }
  read_disposition(find_header(fields, "Content-Disposition").value_or(""), part);
  part.content_type = std::string(find_header(fields, "Content-Type").value_or(""));
  const std::string_view encoding = find_header(fields, "Content-Transfer-Encoding").value_or("binary");
  require(encoding == "binary" || encoding == "8bit" || encoding == "7bit", "the part \"", part.name,
          "\" of the form is encoded as ", encoding, ", which HTTP does not need: send the bytes themselves");
  return part;
}

}  // namespace

std::vector<Part> parse_multipart(ByteView bytes, const MediaType& type, std::size_t most_parts) {
  const std::string delimiter = "\r\n--" + boundary_of(type);
  const std::string_view body = as_text(bytes);
  std::vector<Part> parts;
  for (Line line = find_line(body, 0, delimiter); !line.last;) {
    require(parts.size() < most_parts, "a form may have ", most_parts, " parts, and this one has more");
    const std::size_t length = body.substr(line.end, kMostPartHeader).find("\r\n\r\n");
    require(length != std::string_view::npos, "the headers of a part of the form do not end within ", kMostPartHeader,
            " bytes");
    Part part = read_header(body.substr(line.end, length));
    // The empty line's break may be that of the boundary: a part without content.
    const std::size_t content = line.end + length + 4;
    line = find_line(body, content - 2, delimiter);
    part.bytes = bytes.subspan(content, std::max(line.begin, content) - content);
    parts.push_back(std::move(part));
  }
  return parts;
}

}  // namespace graft
