// CloudWatch's API over Metrics and Alarms, in the three protocols that its clients speak.
#pragma once

#include "aws/operation.h"
#include "http/message.h"
#include "watch/alarms.h"
#include "watch/metrics.h"

namespace graft {

// Both must outlive it.
aws::Service metrics_service(Metrics& metrics, Alarms& alarms);

// Answers a request to CloudWatch, whose body is whole: awsJson where it has an X-Amz-Target, CBOR (smithy-rpc-v2-cbor)
// where its path is /service/GraniteServiceVersion20100801/operation/NAME, and a query form, answered in XML,
// otherwise. Answers errors too.
Response serve_metrics(const aws::Service& service, const Caller& caller, const Request& request);

}  // namespace graft
