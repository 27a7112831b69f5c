#include "infer/streams.h"

#include <pthread.h>
#include <sched.h>

#include "base/machine.h"
#include "base/thread_pool.h"
#include "infer/thread_limit.h"

namespace graft {
namespace {

constexpr int kAnyCore = -1;

void pin_to(int core) {
  if (core == kAnyCore) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  (void)::pthread_setaffinity_np(::pthread_self(), sizeof set, &set);  // without it, it is only slower
}

}  // namespace

Streams::Streams(int count) {
  const std::vector<int> available = cores_of_process();
  const bool pinned =
      count > 1 && static_cast<std::size_t>(count) == available.size() && available_cores() == available.size();
  for (int i = 0; i < count; ++i) {
    const auto stream = static_cast<std::size_t>(i);
    threads_.emplace_back([this, stream, core = pinned ? available[stream] : kAnyCore] { serve(stream, core); });
  }
}

Streams::~Streams() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  begin_.notify_all();
}

void Streams::run(std::size_t count, const std::function<void(std::size_t, std::size_t)>& body) {
  if (count == 0) return;
  Job job{.count = count, .body = body};
  std::unique_lock lock(mutex_);
  jobs_.push_back(&job);
  begin_.notify_all();
  end_.wait(lock, [&job] { return job.begun == job.count && job.done == job.begun; });
  if (job.error) std::rethrow_exception(job.error);
}

void Streams::serve(std::size_t stream, int core) {
  pin_to(core);
  const ThreadLimit limit(1);
  std::unique_lock lock(mutex_);
  while (true) {
    begin_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    Job& job = *jobs_.front();
    const std::size_t part = job.begun++;
    if (job.begun == job.count) jobs_.pop_front();
    lock.unlock();
    std::exception_ptr error;
    try {
      job.body(stream, part);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    ++job.done;
    if (error && !job.error) {
      job.error = error;
      if (job.begun < job.count) std::erase(jobs_, &job);
      job.count = job.begun;
    }
    if (job.done == job.begun && job.begun == job.count) end_.notify_all();
  }
}

}  // namespace graft
