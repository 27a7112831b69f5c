// The kinds of things SageMaker's API makes: their ARNs, and what it says when one is missing or there already. Nothing
// else in control/ spells these sentences: clients compare them.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "control/records.h"
#include "identity/caller.h"

namespace graft {

inline constexpr const char* kTrainingJob = "training-job";
inline constexpr const char* kModel = "model";
inline constexpr const char* kEndpointConfig = "endpoint-config";
inline constexpr const char* kEndpoint = "endpoint";
inline constexpr const char* kTransformJob = "transform-job";
inline constexpr const char* kTuningJob = "hyper-parameter-tuning-job";

// "arn:aws:sagemaker:us-west-2:123456789012:training-job/j"
std::string arn_of(const Caller& caller, std::string_view kind, std::string_view name);

struct Arn {
  std::string region{}, account{}, kind{}, name{};
};
// Nothing unless it is one of SageMaker's.
std::optional<Arn> parse_arn(std::string_view arn);

// Who made a record, in the region it was made in: for work that goes on later in their name.
Caller maker_of(const Record& record, std::string_view arn);

Error validation_error(const std::string& sentence);
Error missing(const Caller& caller, std::string_view kind, std::string_view name);
Error there_already(const Caller& caller, std::string_view kind, std::string_view name);

// Of a training, transform or tuning job: whether its status is the end. require_going_on() throws where it is,
// require_ended(), for what deletes it, where it is not.
bool has_ended(const Record& job);
void require_going_on(const Record& job);
void require_ended(const Record& job);

// What a List operation answers: a page of the kind, as `input` asks for it, each record as `summary` says, in the
// field `name`.
Json list_records(const Records& records, const Caller& caller, const std::string& kind, const Json& input,
                  const std::string& name, const std::function<Json(const Record&)>& summary);

// What a Describe operation answers: the document and its times; where the kind has a status, under this name.
Json described(const Record& record, const char* status = nullptr);
// The same with these fields of the document, as List operations answer.
Json summary_of(const Record& record, std::initializer_list<const char*> fields, const char* status = nullptr);

// What a request makes, new now: its document is the request without the tags, which are kept beside it.
Record new_record(const Caller& caller, const char* kind, const std::string& name, const Json& request);

// Throws missing().
Record find_or_fail(const Records& records, const Caller& caller, const std::string& kind, const std::string& name);
// Throws missing().
void erase_or_fail(Records& records, const Caller& caller, const std::string& kind, const std::string& name);
// Throws there_already().
void create_or_fail(Records& records, const Caller& caller, const Record& record);

}  // namespace graft
