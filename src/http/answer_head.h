// What comes before the body of an answer: its status line and headers.
#pragma once

#include <string>

#include "http/message.h"

namespace graft {

// False for 204, 304 and what is not final: a body would be taken for the next answer.
bool may_have_body(int status);

// Ends with the empty line. Control characters in what the handler gave are replaced by spaces. `to_head`: it answers
// HEAD.
std::string answer_head(const Response& response, bool keep_alive, bool to_head);

}  // namespace graft
