// docs/cloudwatch.md: what graft does of CloudWatch and CloudWatch Logs. A test compares the file with it.
#pragma once

#include <string>

namespace graft {

std::string watch_document();

}  // namespace graft
