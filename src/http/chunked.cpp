#include "http/chunked.h"

#include <algorithm>

#include "http/url.h"

namespace graft {
namespace {

constexpr std::size_t kMostDigits = 15, kMostOverhead = 4096;

bool is_control(char c) {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
}

}  // namespace

std::size_t ChunkedDecoder::take(std::string_view bytes, Bytes& body) {
  std::size_t taken = 0;
  while (state_ == State::more && taken < bytes.size()) {
    if (part_ != Part::data) {
      step(bytes[taken++]);
      continue;
    }
    const auto piece = as_bytes(bytes.substr(taken, std::min<std::uint64_t>(left_, bytes.size() - taken)));
    body.insert(body.end(), piece.begin(), piece.end());
    taken += piece.size();
    left_ -= piece.size();
    if (left_ == 0) part_ = Part::data_end;
  }
  return taken;
}

// The byte after the digits of a size.
void ChunkedDecoder::size_done(char c) {
  if (digits_ == 0) {
    state_ = State::bad;
  } else if (c == '\r') {
    part_ = Part::size_end;
  } else if (c == ';' || c == ' ' || c == '\t') {
    part_ = Part::extension;
  } else {
    state_ = State::bad;
  }
}

void ChunkedDecoder::step(char c) {
  if (++overhead_ > kMostOverhead) state_ = State::bad;
  const auto expect = [&](char wanted, Part next) {
    if (c != wanted) state_ = State::bad;
    part_ = next;
  };
  switch (part_) {
    case Part::size: {
      const int digit = hex_digit(c);
      if (digit < 0) return size_done(c);
      left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
      if (++digits_ > kMostDigits) state_ = State::too_large;
      return;
    }
    case Part::extension:
      if (c == '\r') {
        part_ = Part::size_end;
      } else if (is_control(c)) {
        state_ = State::bad;
      }
      return;
    case Part::size_end:
      last_ = left_ == 0;
      expect('\n', last_ ? Part::trailer : Part::data);
      if (state_ == State::more && left_ > most_) state_ = State::too_large;
      most_ -= std::min<std::uint64_t>(left_, most_);
      digits_ = overhead_ = 0;
      return;
    case Part::data_end:
      return expect('\r', Part::data_line_feed);
    case Part::data_line_feed:
      expect('\n', Part::size);
      overhead_ = 0;
      return;
    case Part::trailer:
      if (c == '\r') {
        part_ = Part::trailer_end;
      } else if (is_control(c)) {
        state_ = State::bad;
      } else {
        ++line_;
      }
      return;
    case Part::trailer_end:
      expect('\n', Part::trailer);
      if (state_ == State::more && line_ == 0) state_ = State::done;
      line_ = 0;
      return;
    case Part::data:
      return;
  }
}

}  // namespace graft
