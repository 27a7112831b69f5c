// What comes before the body of an answer: its status line and headers.
#pragma once

#include <string>

#include "http/message.h"

namespace graft {

// Ends with the empty line. Control characters in what the handler gave are replaced by spaces.
std::string answer_head(const Response& response, bool keep_alive);

}  // namespace graft
