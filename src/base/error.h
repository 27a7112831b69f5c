// The one exception type of graft, and the check that throws it.
//
// Throw when an operation cannot do what its name says; return std::optional where absence is expected.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace graft {

enum class Kind { invalid, denied, not_found, conflict, unavailable, internal };

// A message names the thing, what is wrong with it, and the fix where there is one, in one sentence for people.
class Error : public std::runtime_error {
 public:
  // `code` is the stable, public name of the error, e.g. "NoSuchKey"; empty where no protocol names it.
  Error(Kind kind, std::string code, const std::string& message);

  Kind kind() const { return kind_; }
  const std::string& code() const { return code_; }

 private:
  Kind kind_;
  std::string code_;
};

// The parts, printed one after the other.
template <typename... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

template <typename... Parts>
[[noreturn]] void fail(Kind kind, const Parts&... parts) {
  throw Error(kind, "", text(parts...));
}

// Throws Kind::invalid unless `ok`. The message is only built when it is thrown.
template <typename... Parts>
void require(bool ok, const Parts&... parts) {
  if (!ok) fail(Kind::invalid, parts...);
}

// "2 x 3 x 5": a shape or a list of numbers in a message.
template <typename Numbers>
std::string join(const Numbers& numbers, std::string_view separator) {
  std::ostringstream out;
  std::string_view between;
  for (const auto& number : numbers) {
    out << between << number;
    between = separator;
  }
  return out.str();
}

// What the operating system says of the last failed call, e.g. "No space left on device".
std::string system_message();

}  // namespace graft
