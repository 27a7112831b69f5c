// The operations of a service that speaks AWS's JSON protocols, as a table: what runs, and what the documents say of
// each field.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_forward.h"
#include "identity/caller.h"

namespace graft::aws {

// What graft does with a field of a request. ignored: it is kept and given back, and changes nothing.
enum class Support { done, ignored, refused };

// A field by its path: "ResourceConfig.InstanceCount"; "Channels[].ChannelName" in lists. A path stands for all below
// it that have no line of their own; where only paths below have lines, everything else beside those is unknown.
struct Field {
  std::string_view path;
  Support support;
  std::string_view note = "";  // for the document: why refused, what is different
};

struct Operation {
  std::string_view name;  // "CreateTrainingJob"
  std::vector<Field> fields;
  // Input and output as in the service's API; null for no output. No member of an object in it is null. Throws Error
  // whose code is the API's ("ValidationException").
  std::function<Json(const Caller&, const Json& input)> run;
};

struct Service {
  std::string_view name;           // "SageMaker", for documents
  std::string_view target_prefix;  // "SageMaker": X-Amz-Target is "SageMaker.CreateTrainingJob"
  std::string_view signing_name;   // "sagemaker"
  std::vector<Operation> operations;
};

// Runs the operation of this name, whatever protocol the input came in. Members that are null are as if they were not
// there. Throws UnknownOperationException, or ValidationException with the name of a field that the operation does not
// know or refuses; a refused field that asks for nothing (false, "", [], {}) is let through.
Json call(const Service& service, const Caller& caller, std::string_view operation, Json input);

}  // namespace graft::aws
