#include "serve/disposal.h"

#include <malloc.h>

#include <utility>

namespace graft {

void Disposal::State::end(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex);
    if (!stopping) works.push_back(std::exchange(work, {}));
  }
  changed.notify_one();
  if (work) work();
}

void Disposal::State::run() {
  std::unique_lock lock(mutex);
  while (true) {
    changed.wait(lock, [this] { return stopping || !works.empty(); });
    if (works.empty()) return;
    auto now = std::exchange(works, {});
    lock.unlock();
    for (auto& work : now) work();
    now.clear();
    ::malloc_trim(0);
    lock.lock();
  }
}

Disposal::Disposal() : state_(std::make_shared<State>()), thread_([state = state_] { state->run(); }) {}

Disposal::~Disposal() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->changed.notify_all();
}

}  // namespace graft
