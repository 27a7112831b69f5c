#include "s3/form.h"

#include <algorithm>

#include "base/words.h"
#include "http/media_type.h"
#include "s3/errors.h"

namespace graft::s3 {
namespace {

constexpr std::size_t kMostBeforeFile = 64 << 10, kPiece = 64 << 10, kMostFields = 100;

std::string boundary_of(std::string_view content_type) {
  const auto type = parse_media_type(content_type);
  demand(type && type->name == "multipart/form-data" && type->parameters.contains("boundary"), Code::malformed_post,
         "the body has to be multipart/form-data with a boundary");
  const std::string& boundary = type->parameters.at("boundary");
  demand(!boundary.empty() && boundary.size() <= 70, Code::malformed_post, "a boundary has 1 to 70 characters");
  return boundary;
}

// The value of a part's header, by its name in lower case.
std::string part_header(std::string_view head, std::string_view name) {
  while (!head.empty()) {
    const std::string_view line = head.substr(0, head.find("\r\n"));
    head.remove_prefix(std::min(head.size(), line.size() + 2));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !same_name(line.substr(0, colon), name)) continue;
    const std::size_t value = line.find_first_not_of(' ', colon + 1);
    return value == std::string_view::npos ? "" : std::string(line.substr(value));
  }
  return {};
}

}  // namespace

Form::Form(Exchange& exchange, std::string_view content_type)
    : exchange_(exchange), delimiter_("\r\n--" + boundary_of(content_type)), buffer_("\r\n") {
  take_until(delimiter_);
  while (read_field()) {
    demand(fields_.size() <= kMostFields, Code::malformed_post, "a form has at most 100 fields");
  }
}

bool Form::fill() {
  const std::size_t before = buffer_.size();
  buffer_.resize(before + kPiece);
  const std::size_t count = exchange_.read(std::as_writable_bytes(std::span(buffer_.data() + before, kPiece)));
  buffer_.resize(before + count);
  return count > 0;
}

std::string Form::take_until(std::string_view end) {
  std::size_t at;
  while ((at = buffer_.find(end)) == std::string::npos) {
    demand(buffer_.size() <= kMostBeforeFile, Code::malformed_post, "the form has more than 64 KiB before its file");
    demand(fill(), Code::malformed_post, "the form ends before its file, which has to be its last field");
  }
  std::string taken = buffer_.substr(0, at);
  buffer_.erase(0, at + end.size());
  return taken;
}

bool Form::read_field() {
  const std::string head = take_until("\r\n\r\n");
  demand(head.starts_with("\r\n"), Code::malformed_post,
         "the form ends before its file, which has to be its last field");
  const auto disposition = parse_disposition(part_header(head, "content-disposition"));
  demand(disposition && disposition->name == "form-data" && disposition->parameters.contains("name"),
         Code::malformed_post, "a part of the form has no Content-Disposition with a name");
  const std::string name = lower(disposition->parameters.at("name"));
  if (name == "file") {
    if (const auto found = disposition->parameters.find("filename"); found != disposition->parameters.end()) {
      file_name_ = found->second.substr(found->second.find_last_of("/\\") + 1);
    }
    file_type_ = part_header(head, "content-type");
    return false;
  }
  fields_[name] = take_until(delimiter_);
  return true;
}

std::size_t Form::read(std::span<std::byte> room) {
  while (!ended_) {
    const std::size_t end = buffer_.find(delimiter_);
    // A delimiter may have come in part.
    const std::size_t sure =
        end != std::string::npos ? end : buffer_.size() - std::min(buffer_.size(), delimiter_.size() - 1);
    const std::size_t count = std::min(sure, room.size());
    if (count > 0) {
      std::copy_n(std::as_bytes(std::span(buffer_)).begin(), count, room.begin());
      buffer_.erase(0, count);
      return count;
    }
    if (end == 0) {
      ended_ = true;
    } else {
      demand(fill(), Code::malformed_post, "the form ends within its file");
    }
  }
  return 0;
}

}  // namespace graft::s3
