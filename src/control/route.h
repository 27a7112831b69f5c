// Which service a request is for. One port serves them all, and clients put no name of a service into the path.
#pragma once

#include <string>
#include <string_view>

#include "http/message.h"

namespace graft {

enum class Door {
  own,      // "/_/health": the platform's own pages, which no bucket can be called
  objects,  // S3
  json,     // X-Amz-Target names the operation: SageMaker, Logs, CloudWatch, ECR
  query,    // a form names it: STS, IAM, CloudWatch as older clients speak it
  runtime,  // "/endpoints/NAME/invocations"
};

struct Route {
  Door door = Door::objects;
  // Of the signature's scope ("s3", "sagemaker"), before it is believed; empty where there is none.
  std::string signing_name{};
};

// By the header alone, and whatever is wrong with its signature. A bucket that is named by Host may have keys that
// begin with "_/".
Route route(const Request& request, bool bucket_in_host);

}  // namespace graft
