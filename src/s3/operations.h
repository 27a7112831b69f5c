// The operations of S3's API as a table: which request is which, and what becomes of each of its fields.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "s3/call.h"

namespace graft::s3 {

enum class Support { done, ignored, refused };

// "?prefix": a parameter of the query; "<Quiet>": an element of the body; all others are headers, where
// "x-amz-meta-*" stands for all that begin so.
struct Field {
  std::string_view name;
  Support support = Support::done;
  std::string_view note = "";
};

enum class Target { service, bucket, object };

struct Operation {
  std::string_view name;
  std::string_view method;
  Target target;
  // What a request has to have, as Field names it. Of those that fit, the first in the table is taken.
  std::vector<std::string_view> when;
  std::vector<Field> fields;
  // Null for what is not built.
  Response (*run)(Call&);
  std::string_view note = "";
};

const std::vector<Operation>& operations();

// Throws NotImplemented, by the name of what is not built, MethodNotAllowed.
const Operation& find_operation(const Call& call);

// The table as Markdown.
std::string describe_operations();

}  // namespace graft::s3
