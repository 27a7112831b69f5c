// The processes that train together, and what they compute together.
//
// A process alone is a group of one: the same calls then do nothing, so that what trains does not ask how many there
// are. All members make the same calls in the same order. Calls on different lanes are independent of one another: a
// lane is used by one thread at a time.
//
// Every call throws MemberLost when a member of the group is lost and the job can go on without it (call regroup()),
// and Error, naming who is to blame, when the job is over. None waits for one that is lost for longer than
// Timing::silence and a few seconds.
#pragma once

#include <torch/types.h>

#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "membership/member.h"

namespace graft {

enum class Lane { main, gradients };

// Thrown where the members of a new group are about to do different things, so that all begin their job anew.
class NotAtOnePoint : public Error {
 public:
  NotAtOnePoint() : Error(Kind::unavailable, "", "the ranks of this job do not stand at one point of it") {}
};

class Group {
 public:
  // A process alone.
  Group();
  // Joins the group that forms now; where the others have begun, it stays alone, outside() until regroup(). `cuda`:
  // tensors are on the GPU, and NCCL carries them.
  Group(std::shared_ptr<Member> member, bool cuda);
  ~Group();
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  int rank() const { return roster_.rank; }
  int size() const { return static_cast<int>(roster_.peers.size()); }
  bool leads() const { return rank() == 0 && !outside_; }
  const Roster& roster() const { return roster_; }

  // Whether this process came when the others had begun.
  bool outside() const { return outside_; }
  // Whether such a one waits to get in.
  bool someone_waits() const { return member_ && member_->someone_waits(); }
  // Forms the next group: of those that are left, and those that wait. All members call it, each with a word for what
  // it is about to do; false where these differ.
  bool regroup(const std::string& next);
  // What others are told of this process when it is lost.
  void at(std::int64_t step, const std::string& phase) const;

  // The sum over all members, in place.
  void sum(torch::Tensor tensor, Lane lane = Lane::main);
  // The same of 32-bit floats, which travel rounded to bf16 and are added in 32 bits: half the bytes.
  void sum_as_bf16(torch::Tensor tensor, Lane lane);
  // The member `root`'s value for all.
  void broadcast(torch::Tensor tensor, int root = 0);
  void broadcast(std::string& text, int root = 0);
  // Everyone's text, by rank.
  std::vector<std::string> gather(const std::string& text);
  void wait_for_all();

  // Ends the job for all with the reason, as this process cannot go on.
  void fail_all(const std::string& why);
  // This process has done its part.
  void leave();

 private:
  struct Lanes;
  void connect();
  torch::Tensor near(const torch::Tensor& tensor) const;

  std::shared_ptr<Member> member_;
  bool cuda_ = false, outside_ = false;
  Roster roster_{.generation = 0, .rank = 0, .peers = {Peer{}}};
  std::unique_ptr<Lanes> lanes_;
};

}  // namespace graft
