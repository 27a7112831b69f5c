#include "base/json.h"

namespace graft {

Json parse_json(std::string_view content, std::string_view source) {
  static constexpr int kMaxDepth = 64;
  bool too_deep = false;
  const auto limit_depth = [&](int depth, Json::parse_event_t, Json&) {
    too_deep = too_deep || depth > kMaxDepth;
    if (too_deep) fail(Kind::invalid, source, ": JSON nested deeper than ", kMaxDepth);
    return true;
  };
  try {
    return Json::parse(content, limit_depth);
  } catch (const Json::parse_error& error) {
    fail(Kind::invalid, source, ": not valid JSON at byte ", error.byte);
  } catch (const Json::out_of_range&) {
    fail(Kind::invalid, source, ": a number is too large");
  }
}

}  // namespace graft
