// What /opt/ml/input/config says of a training job, as values.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "container/opt_ml.h"

namespace graft {

// By their names as they were sent, without quotes where they were sent as JSON. What SageMaker adds itself is left
// out.
using HyperParameters = std::map<std::string, std::string>;

struct Channel {
  std::string name;
  std::string content_type{};  // "application/x-image"; lower case, without parameters; may be empty
  bool pipe = false;           // its data come through FIFOs; otherwise they are files
  bool wrapped = false;        // each object or attribute is a RecordIO record
};

struct JobConfig {
  HyperParameters parameters;
  std::vector<Channel> channels;
  std::string host = "algo-1";
  int hosts = 1;
};

HyperParameters parse_hyper_parameters(std::string_view json, std::string_view source);
std::vector<Channel> parse_channels(std::string_view json, std::string_view source);

// A file that is not there says nothing: no hyper-parameters, one host, and the known channels whose folders are there.
JobConfig read_job(const OptMl& folders);

}  // namespace graft
