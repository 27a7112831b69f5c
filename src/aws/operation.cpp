#include "aws/operation.h"

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"

namespace graft::aws {
namespace {

// Of what a client sent, in a sentence.
std::string shortened(std::string_view name) {
  static constexpr std::size_t kMost = 200;
  return text('"', name.substr(0, kMost), name.size() > kMost ? "..." : "", '"');
}

[[noreturn]] void refuse(const std::string& sentence) {
  throw Error(Kind::invalid, "ValidationException", sentence);
}

bool asks_for_nothing(const Json& value) {
  if (value.is_boolean()) return !value.get<bool>();
  if (value.is_string()) return value.get_ref<const std::string&>().empty();
  return value.is_structured() && value.empty();
}

// Goes through an input beside the table of its operation.
class FieldCheck {
 public:
  explicit FieldCheck(const Operation& operation) : operation_(operation) {}

  // What is below `path_`. covered: a line of the table stands for all of it.
  void members(Json& value, bool covered) {
    if (value.is_object()) {
      for (auto member = value.begin(); member != value.end();) {
        if (member->is_null()) {
          member = value.erase(member);
          continue;
        }
        below((path_.empty() ? "" : ".") + member.key(), member.key(), *member, covered);
        ++member;
      }
    } else if (value.is_array()) {
      for (Json& element : value) below("[]", "", element, covered);
    }
  }

 private:
  void below(const std::string& step, std::string_view key, Json& value, bool covered) {
    const std::size_t size = path_.size();
    path_ += step;
    // A name with a dot must not pass for the path that it looks like.
    const bool plain = key.find_first_of(".[") == std::string_view::npos;
    if (const Field* line = plain ? find() : nullptr) {
      if (line->support == Support::refused && !asks_for_nothing(value)) {
        refuse(
            text(operation_.name, " refuses the field ", shortened(path_), line->note.empty() ? "" : ": ", line->note));
      }
      covered = true;
    }
    if (!covered && !(plain && leads_to_fields())) {
      refuse(text(operation_.name, " does not know the field ", shortened(path_)));
    }
    members(value, covered);
    path_.resize(size);
  }

  const Field* find() const {
    const auto found = std::find_if(operation_.fields.begin(), operation_.fields.end(),
                                    [&](const Field& field) { return field.path == path_; });
    return found == operation_.fields.end() ? nullptr : &*found;
  }

  bool leads_to_fields() const {
    return std::any_of(operation_.fields.begin(), operation_.fields.end(), [&](const Field& field) {
      return field.path.size() > path_.size() && field.path.starts_with(path_) &&
             (field.path[path_.size()] == '.' || field.path[path_.size()] == '[');
    });
  }

  const Operation& operation_;
  std::string path_{};
};

}  // namespace

Json call(const Service& service, const Caller& caller, std::string_view operation, Json input) {
  const auto found = std::find_if(service.operations.begin(), service.operations.end(),
                                  [&](const Operation& candidate) { return candidate.name == operation; });
  if (found == service.operations.end()) {
    throw Error(Kind::invalid, "UnknownOperationException",
                text("graft does not have the operation ", shortened(operation), " of ", service.name));
  }
  if (!input.is_object()) {
    throw Error(Kind::invalid, "SerializationException", text("the input of ", operation, " is not a JSON object"));
  }
  FieldCheck(*found).members(input, false);
  try {
    return found->run(caller, input);
  } catch (const Json::exception& error) {
    // Operations read fields of the type that they need; the library says so when a client sent another one.
    spdlog::debug("{}: {}", operation, error.what());
    throw Error(Kind::invalid, "SerializationException", text("a field of ", operation, " has the wrong type"));
  }
}

}  // namespace graft::aws
