// What a batch transform is made of, as pure functions: the names of its outputs, and how an object becomes requests.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_forward.h"
#include "control/transform_filter.h"
#include "remote/store.h"

namespace graft {

// The endpoint that serves a transform job; no user's endpoint can have such a name.
std::string transform_endpoint(const std::string& job);
// The job of such an endpoint; empty for any other name.
std::string job_of_endpoint(const std::string& endpoint);

// The input's S3Uri in CreateTransformJob's request: a prefix, or a manifest.
std::string transform_uri(const Json& request);

struct TransformPlan {
  S3Path input{}, output{};
  bool manifest = false;  // the input is a list of objects
  bool gzip = false;      // they are packed
  std::string content_type{}, accept{};
  bool by_line = false;                // else an object is a request
  bool many_lines = true;              // as many lines in a request as its limit lets
  bool newline_after = false;          // AssembleWith Line
  std::size_t most_payload = 6 << 20;  // bytes
  std::optional<TransformFilter> filter{};
  std::optional<S3Path> capture{};  // where lists of the inputs and outputs are put
  bool inference_ids = false;       // each record of an output has one
  std::int64_t start = 0;           // of the job, seconds since 1970; the request does not say it
  int concurrent = 4;
  int retries = 3;
};
// REQUIRES: the request was checked.
TransformPlan transform_plan(const Json& request);

struct TransformInput {
  S3Path path{};
  std::string name{};                   // below the prefix, or in the manifest
  std::optional<std::uint64_t> size{};  // bytes; a manifest does not say it
};
// An object of the prefix.
TransformInput input_of(const TransformPlan& plan, const std::string& key, std::optional<std::uint64_t> size = {});

// Where the answers to an object go.
S3Path output_of(const TransformPlan& plan, const TransformInput& input);

// An object's requests, in order. Throws Kind::invalid when one would be larger than the plan lets.
std::vector<std::string_view> requests_of(const TransformPlan& plan, std::string_view content);

}  // namespace graft
