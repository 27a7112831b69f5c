#include "dist/group.h"

#include <algorithm>
#include <future>
#include <thread>

#include "base/error.h"
#include "dist/backend.h"

namespace graft {
namespace {

constexpr auto kLook = std::chrono::milliseconds(100);
// A connection that breaks is seen at once by its ends; who is lost is known when the coordinator says so.
constexpr auto kPatience = std::chrono::seconds(12);

// What blocks in a library that knows nothing of the membership is left behind when a member is lost: it ends when its
// peer's connection does, or with this process.
template <typename Make>
auto make_watched(const Member& member, Make make) {
  auto task = std::make_shared<std::packaged_task<decltype(make())()>>(std::move(make));
  auto result = task->get_future();
  std::thread([task] { (*task)(); }).detach();
  while (result.wait_for(kLook) != std::future_status::ready) member.check();
  try {
    return result.get();
  } catch (const MemberLost&) {
    throw;
  } catch (const std::exception& error) {
    member.wait_for_news(kPatience);
    fail(Kind::unavailable, "the ranks of this job cannot connect to one another: ", error.what());
  }
}

template <typename Work>
void wait_watched(const Member& member, const Work& work) {
  while (!work->isCompleted()) {
    try {
      work->wait(kLook);
    } catch (const std::exception&) {
      // It is not complete yet, or failed: that is asked below.
    }
    member.check();
  }
  if (!work->exception()) return work->synchronize();
  member.wait_for_news(kPatience);
  try {
    std::rethrow_exception(work->exception());
  } catch (const std::exception& error) {
    fail(Kind::unavailable, "a connection between ranks failed, though all of them live: ", error.what());
  }
}

torch::Tensor bytes_of(const std::string& text, std::int64_t length) {
  torch::Tensor bytes = torch::zeros({length}, torch::kUInt8);
  std::copy(text.begin(), text.end(), reinterpret_cast<char*>(bytes.data_ptr<std::uint8_t>()));
  return bytes;
}

std::string text_of(const torch::Tensor& bytes, std::int64_t length) {
  const torch::Tensor near = bytes.cpu();
  return {reinterpret_cast<const char*>(near.data_ptr<std::uint8_t>()), static_cast<std::size_t>(length)};
}

}  // namespace

struct Group::Lanes {
  Backend main, gradients;
  Backend& of(Lane lane) { return lane == Lane::main ? main : gradients; }
};

Group::Group() = default;

Group::Group(std::shared_ptr<Member> member, bool cuda)
    : member_(std::move(member)), cuda_(cuda), outside_(member_->came_late()) {
  if (!outside_) connect();
}

Group::~Group() = default;

bool Group::regroup(const std::string& next) {
  require(member_ != nullptr, "a process alone has no other group to join");
  // What waits for a lost member in these connections must not be waited for here.
  if (lanes_) static_cast<void>(lanes_.release());
  outside_ = false;
  connect();
  const std::vector<std::string> all = gather(next);
  return std::all_of(all.begin(), all.end(), [&](const std::string& word) { return word == next; });
}

void Group::connect() {
  for (;;) {
    try {
      roster_ = member_->join();
      if (size() == 1) return;
      const auto make = [member = member_, roster = roster_, cuda = cuda_](const char* name) {
        return cuda ? make_nccl(member, roster, name) : make_gloo(member, roster, name);
      };
      auto lanes = std::make_unique<Lanes>();
      lanes->main = make_watched(*member_, [make] { return make("main"); });
      lanes->gradients = make_watched(*member_, [make] { return make("gradients"); });
      lanes_ = std::move(lanes);
      return wait_for_all();
    } catch (const MemberLost&) {
      // One more is gone: the next group is without it.
      if (lanes_) static_cast<void>(lanes_.release());
    }
  }
}

void Group::at(std::int64_t step, const std::string& phase) const {
  if (member_) member_->report(step, phase);
}

// NCCL moves what is on the GPU: what is not goes there and back.
torch::Tensor Group::near(const torch::Tensor& tensor) const {
  return cuda_ && !tensor.is_cuda() ? tensor.cuda() : tensor;
}

void Group::sum(torch::Tensor own, Lane lane) {
  if (size() == 1) return;
  torch::Tensor tensor = near(own);
  std::vector<torch::Tensor> tensors{tensor};
  wait_watched(*member_, lanes_->of(lane)->allreduce(tensors));
  if (!tensor.is_same(own)) own.copy_(tensor);
}

// Each member adds up one part of the tensor for all (a reduce-scatter), and all gather the parts.
void Group::sum_as_bf16(torch::Tensor tensor, Lane lane) {
  if (size() == 1) return;
  const std::int64_t length = tensor.numel(), part = (length + size() - 1) / size();
  torch::Tensor sent = torch::zeros({size() * part}, tensor.options().dtype(torch::kBFloat16));
  sent.narrow(0, 0, length).copy_(tensor.view({length}));
  torch::Tensor received = torch::empty_like(sent);
  // As bytes: Gloo moves them, it need not know what they are.
  torch::Tensor out = received.view(torch::kUInt8), in = sent.view(torch::kUInt8);
  std::vector<std::int64_t> equal;
  wait_watched(*member_, lanes_->of(lane)->alltoall_base(out, in, equal, equal));
  torch::Tensor mine = received.view({size(), part}).to(torch::kFloat32).sum(0).to(torch::kBFloat16);
  std::vector<torch::Tensor> input{mine.view(torch::kUInt8)};
  std::vector<std::vector<torch::Tensor>> parts(1);
  for (int i = 0; i < size(); ++i) parts[0].push_back(received.narrow(0, i * part, part).view(torch::kUInt8));
  wait_watched(*member_, lanes_->of(lane)->allgather(parts, input));
  tensor.view({length}).copy_(received.narrow(0, 0, length));
}

void Group::broadcast(torch::Tensor own, int root) {
  if (size() == 1) return;
  torch::Tensor tensor = near(own);
  std::vector<torch::Tensor> tensors{tensor};
  c10d::BroadcastOptions options;
  options.rootRank = root;
  wait_watched(*member_, lanes_->main->broadcast(tensors, options));
  if (!tensor.is_same(own)) own.copy_(tensor);
}

void Group::broadcast(std::string& text, int root) {
  if (size() == 1) return;
  torch::Tensor length = torch::tensor({static_cast<std::int64_t>(text.size())}, torch::kInt64);
  broadcast(length, root);
  const auto bytes = length.item<std::int64_t>();
  if (bytes == 0) return text.clear();
  torch::Tensor content = rank() == root ? bytes_of(text, bytes) : torch::zeros({bytes}, torch::kUInt8);
  broadcast(content, root);
  text = text_of(content, bytes);
}

std::vector<std::string> Group::gather(const std::string& text) {
  if (size() == 1) return {text};
  torch::Tensor lengths = torch::zeros({size()}, torch::kInt64);
  lengths[rank()] = static_cast<std::int64_t>(text.size());
  sum(lengths);
  const auto longest = lengths.max().item<std::int64_t>();
  std::vector<torch::Tensor> input{near(bytes_of(text, longest))};
  std::vector<std::vector<torch::Tensor>> outputs(1);
  for (int i = 0; i < size(); ++i) outputs[0].push_back(torch::empty_like(input[0]));
  if (longest > 0) wait_watched(*member_, lanes_->main->allgather(outputs, input));
  std::vector<std::string> texts;
  for (int i = 0; i < size(); ++i) {
    texts.push_back(text_of(outputs[0][static_cast<std::size_t>(i)], lengths[i].item<std::int64_t>()));
  }
  return texts;
}

void Group::wait_for_all() {
  if (size() == 1) return;
  wait_watched(*member_, lanes_->main->barrier());
}

void Group::fail_all(const std::string& why) {
  if (member_) member_->fail_all(why);
  // As in regroup(): their destructors would wait for one that is stopped or cut off.
  if (lanes_) static_cast<void>(lanes_.release());
}

void Group::leave() {
  if (member_) member_->leave();
}

}  // namespace graft
