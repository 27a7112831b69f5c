// Bytes of a FileBody. Only for the server.
#pragma once

#include <cstddef>
#include <span>

#include "http/message.h"

namespace graft {

// Puts a file that is not worth a call of its own into `response.body`: one write takes it with the head, and the
// disk is waited for by the thread that answers, not by the one that writes. A file that cannot be read makes it 500.
void load_small_file(Response& response);

// The next bytes of the file, which `file` then is without. Throws where it is shorter than was said.
std::size_t read_some(FileBody& file, std::span<char> room);

// The same by sendfile(2), from the file to a socket that does not block. 0 when the socket takes no more now.
std::size_t send_some(FileBody& file, int socket, std::size_t most);

}  // namespace graft
