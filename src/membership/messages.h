// What a coordinator and its members say to each other. Internal to membership/.
//
// A message is a JSON object with the field "say" and what belongs to it:
//
//   member                                              coordinator
//   hello   rank, host, process, token                  welcome  started
//   ready                                               group    generation, rank, members [{rank, host}]
//   beat    step, phase           (each second)         beat     waiting
//   set     key, value                                  lost     rank, host, step, phase, why
//   get     key                                         value    key, value
//   failed  why                                         end      why
//   leave
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace graft {

// Someone in a group.
struct Peer {
  int rank = 0;      // of the place it was started for; it keeps it for life
  std::string host;  // its name, for people
};

// A group that trains together from now on.
struct Roster {
  int generation = 0;       // 1 is the first
  int rank = 0;             // this process's index into peers
  std::vector<Peer> peers;  // in the order of their ranks
};

// A member that is gone, and where it was seen last.
struct Loss {
  Peer peer;
  std::int64_t step = 0;
  std::string phase;
  std::string why;  // "its connection closed", "it was silent for 8 s"
};

// One sentence that names it: rank, host, where it was and what was noticed.
std::string describe(const Loss& loss);

struct Timing {
  std::chrono::milliseconds beat{1000};
  std::chrono::milliseconds silence{8000};  // after which one counts as gone
  std::chrono::milliseconds gather{60000};  // to wait for ranks: at the start, and while too few are left
};

}  // namespace graft
