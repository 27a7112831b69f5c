// A file descriptor that is closed when it goes out of scope.
#pragma once

#include <unistd.h>

namespace graft {

struct Descriptor {
  explicit Descriptor(int value) : fd(value) {}  // below 0: none
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int fd;
};

}  // namespace graft
