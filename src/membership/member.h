// A process's side of a job's membership: it says that this process lives, and hears who does not.
//
// Thread-safe. Every wait ends when the job ends or a member is lost, within Timing::silence and a beat or two.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/error.h"
#include "membership/messages.h"

namespace graft {

// Thrown where a group cannot go on together and the job can: form the next group with Member::join().
class MemberLost : public Error {
 public:
  explicit MemberLost(const Loss& loss) : Error(Kind::unavailable, "", describe(loss)) {}
};

struct MemberOptions {
  std::string coordinator_host;
  std::uint16_t coordinator_port = 0;
  int rank = 0;
  std::string token{};
  Timing timing{};
  // Called on another thread when the job has ended and no call of this process has thrown that for a while, as it is
  // busy with something else: reading images, say. To end the process.
  std::function<void(const std::string& why)> on_end{};
};

class Member {
 public:
  // Connects, and tries again until Timing::gather is over: ranks start in any order.
  explicit Member(const MemberOptions& options);
  ~Member();
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;

  // Whether the others had begun when this process came: it gets in with their next group.
  bool came_late() const;
  // The address of this host by which the coordinator is reached, so that peers of this job reach it too.
  std::string address() const;

  // Says that this process is ready for the next group, and waits for it. What was lost before is forgotten. Throws
  // when the job ends.
  Roster join();
  // Whether others wait to get in.
  bool someone_waits() const;
  // What the heartbeats say of this process.
  void report(std::int64_t step, const std::string& phase);

  // Throws MemberLost or, when the job cannot go on, Error; returns when neither is so.
  void check() const;
  // The same, after waiting up to `time` for such news: for one that saw a connection to a peer fail.
  void wait_for_news(std::chrono::milliseconds time) const;

  // A table that the members of a group share while it forms. get() waits until the key is there.
  void set(const std::string& key, const std::string& value);
  std::string get(const std::string& key);

  // Tells all others that this process cannot go on, so that they end with its reason.
  void fail_all(const std::string& why);
  // Says that this process has done its part.
  void leave();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace graft
