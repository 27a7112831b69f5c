// Tags of everything that has an ARN: AddTags, ListTags, DeleteTags. They are kept in the record of what they are on.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "aws/operation.h"
#include "control/control.h"

namespace graft {

std::vector<aws::Operation> tag_operations(const Control& control);

// Of an endpoint, "true": everybody may invoke it.
inline constexpr const char* kPublicTag = "graft:public";

// A request's Tags for something of this kind, as they are kept. Throws for values that graft:public cannot have.
Json tags_of(const Json& input, std::string_view kind);

// The value of a record's tag.
std::optional<std::string> tag_of(const Record& record, const std::string& key);

}  // namespace graft
