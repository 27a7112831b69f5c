// Fields that several of SageMaker's operations have, and their limits (SageMaker's API reference).
#pragma once

#include <map>
#include <string>

#include "aws/check.h"
#include "base/json_forward.h"
#include "control/records.h"

namespace graft::fields {

aws::TextRule job_name();
aws::TextRule tuning_job_name();
aws::TextRule model_name();
aws::TextRule s3_uri();
aws::TextRule role_arn();
aws::TextRule image();
aws::TextRule instance_type();
aws::TextRule short_text();  // 256 bytes
aws::TextRule variable();    // an environment variable's name

// The path of an S3 URI that must be there, checked. Throws for the form "https://", which graft does not resolve.
std::string s3_uri_of(const Json& object, std::string_view name, std::string_view at = "");

// "InputDataConfig.1.member": the place of a list's element, for errors.
std::string member(std::string_view list, std::size_t index);

// As the List operations of all kinds have them.
RecordQuery query_of(const Json& input);

// {"A": .., "B": ..}: those of the names that the object has.
Json part_of(const Json& object, std::initializer_list<const char*> names);

}  // namespace graft::fields
