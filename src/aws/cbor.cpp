#include "aws/cbor.h"

#include <bit>
#include <cmath>

#include "base/error.h"
#include "base/json.h"

// An item begins with a byte of three bits, the major type, and five of its argument: a number up to 23, or 24 to 27
// where it follows in 1, 2, 4 or 8 bytes, big-endian, or 31 for a string, array or map that goes on until the byte
// 0xff.

namespace graft::aws {
namespace {

enum Major : std::uint8_t { kUnsigned, kNegative, kBytes, kText, kArray, kMap, kTag, kSimple };
constexpr int kMostDepth = 64;
constexpr std::uint8_t kBreak = 0xff, kUntilBreak = 31;

[[noreturn]] void refuse(std::string_view what) {
  throw Error(Kind::invalid, "SerializationException", text("the request's body is not valid CBOR: ", what));
}

class Reader {
 public:
  explicit Reader(ByteView bytes) : bytes_(bytes) {}

  Json item(int depth) {
    if (depth > kMostDepth) refuse("it is nested deeper than 64");
    const std::uint8_t head = byte(), major = head >> 5, info = head & 31;
    switch (major) {
      case kUnsigned:
        return argument(info);
      case kNegative:
        return negative(argument(info));
      case kText:
        return text_of(info);
      case kArray:
        return array(info, depth);
      case kMap:
        return map(info, depth);
      case kTag:
        argument(info);
        return item(depth + 1);
      case kSimple:
        return simple(info);
      default:
        refuse("it has a byte string");
    }
  }
  bool at_end() const { return at_ == bytes_.size(); }

 private:
  std::uint8_t byte() {
    if (at_end()) refuse("it ends too early");
    return static_cast<std::uint8_t>(bytes_[at_++]);
  }
  std::uint64_t number(int size) {
    std::uint64_t value = 0;
    for (int i = 0; i < size; ++i) value = value << 8 | byte();
    return value;
  }
  std::uint64_t argument(std::uint8_t info) {
    if (info < 24) return info;
    if (info > 27) refuse("a length is none");
    return number(1 << (info - 24));
  }
  static Json negative(std::uint64_t value) {
    if (value > INT64_MAX) refuse("a number is too large");
    return -1 - static_cast<std::int64_t>(value);
  }
  // Whether a sequence of `left` items, or until the break, has another one.
  bool more(std::uint8_t info, std::uint64_t& left) {
    if (info != kUntilBreak) return left-- > 0;
    if (at_end()) refuse("it ends too early");
    if (static_cast<std::uint8_t>(bytes_[at_]) != kBreak) return true;
    ++at_;
    return false;
  }
  std::string piece(std::uint64_t size) {
    if (size > bytes_.size() - at_) refuse("it ends too early");
    const std::string_view piece = as_text(bytes_.subspan(at_, size));
    at_ += size;
    return std::string(piece);
  }
  std::string text_of(std::uint8_t info) {
    if (info != kUntilBreak) return piece(argument(info));
    std::string whole;
    for (std::uint64_t left = 0; more(info, left);) {
      const std::uint8_t head = byte();
      if (head >> 5 != kText || (head & 31) == kUntilBreak) refuse("a piece of a text is none");
      whole += piece(argument(head & 31));
    }
    return whole;
  }
  Json array(std::uint8_t info, int depth) {
    Json list = Json::array();
    std::uint64_t left = info == kUntilBreak ? 0 : argument(info);
    while (more(info, left)) list.push_back(item(depth + 1));
    return list;
  }
  Json map(std::uint8_t info, int depth) {
    Json object = Json::object();
    std::uint64_t left = info == kUntilBreak ? 0 : argument(info);
    while (more(info, left)) {
      const std::uint8_t head = byte();
      if (head >> 5 != kText) refuse("a key is no text");
      const std::string key = text_of(head & 31);
      object[key] = item(depth + 1);
    }
    return object;
  }
  Json simple(std::uint8_t info) {
    switch (info) {
      case 20:
        return false;
      case 21:
        return true;
      case 22:
      case 23:
        return nullptr;
      case 25:
        return half(static_cast<std::uint16_t>(number(2)));
      case 26:
        return static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(number(4))));
      case 27:
        return std::bit_cast<double>(number(8));
      default:
        refuse("it has a simple value that JSON has not");
    }
  }
  static double half(std::uint16_t bits) {
    const int exponent = bits >> 10 & 31, mantissa = bits & 1023;
    const double value = exponent == 0    ? std::ldexp(mantissa, -24)
                         : exponent == 31 ? (mantissa ? NAN : INFINITY)
                                          : std::ldexp(mantissa + 1024, exponent - 25);
    return bits & 0x8000 ? -value : value;
  }

  ByteView bytes_;
  std::size_t at_ = 0;
};

void write_head(std::string& out, Major major, std::uint64_t argument) {
  const int size = argument < 24 ? 0 : argument < 1U << 8 ? 1 : argument < 1U << 16 ? 2 : argument < 1ULL << 32 ? 4 : 8;
  const auto info = size == 0 ? argument : 24U + static_cast<unsigned>(std::countr_zero(static_cast<unsigned>(size)));
  out += static_cast<char>(major << 5 | info);
  for (int i = size - 1; i >= 0; --i) out += static_cast<char>(argument >> 8 * i & 255);
}

void write(std::string& out, const Json& json, const IsTime& is_time, bool time) {
  if (time && json.is_number()) write_head(out, kTag, 1);
  switch (json.type()) {
    case Json::value_t::object:
      write_head(out, kMap, json.size());
      for (const auto& [key, member] : json.items()) {
        write_head(out, kText, key.size());
        out += key;
        write(out, member, is_time, is_time && is_time(key));
      }
      return;
    case Json::value_t::array:
      write_head(out, kArray, json.size());
      for (const Json& element : json) write(out, element, is_time, time);
      return;
    case Json::value_t::string: {
      const auto& content = json.get_ref<const std::string&>();
      write_head(out, kText, content.size());
      out += content;
      return;
    }
    case Json::value_t::boolean:
      return write_head(out, kSimple, json.get<bool>() ? 21 : 20);
    case Json::value_t::number_unsigned:
      return write_head(out, kUnsigned, json.get<std::uint64_t>());
    case Json::value_t::number_integer: {
      const auto number = json.get<std::int64_t>();
      return number >= 0 ? write_head(out, kUnsigned, static_cast<std::uint64_t>(number))
                         : write_head(out, kNegative, static_cast<std::uint64_t>(-1 - number));
    }
    case Json::value_t::number_float: {
      out += static_cast<char>(kSimple << 5 | 27);
      const auto bits = std::bit_cast<std::uint64_t>(json.get<double>());
      for (int i = 7; i >= 0; --i) out += static_cast<char>(bits >> 8 * i & 255);
      return;
    }
    default:
      return write_head(out, kSimple, 22);
  }
}

}  // namespace

Json parse_cbor(ByteView bytes) {
  Reader reader(bytes);
  Json json = reader.item(0);
  if (!reader.at_end()) refuse("something follows it");
  return json;
}

std::string to_cbor(const Json& json, const IsTime& is_time) {
  std::string out;
  write(out, json, is_time, false);
  return out;
}

}  // namespace graft::aws
