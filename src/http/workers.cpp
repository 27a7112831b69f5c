#include "http/workers.h"

#include <system_error>
#include <thread>

#include "base/log.h"

namespace graft {

Workers::Workers(std::size_t most, std::chrono::milliseconds idle) : most_(most), idle_time_(idle) {}

Workers::~Workers() {
  std::unique_lock lock(mutex_);
  stopping_ = true;
  work_.notify_all();
  ended_.wait(lock, [this] { return threads_ == 0; });
}

bool Workers::start(std::function<void()> task) {
  std::unique_lock lock(mutex_);
  const bool enough = idle_ > queue_.size();
  if (stopping_ || (!enough && threads_ >= most_)) return false;
  if (!enough) {
    try {
      std::thread([this] { run(); }).detach();
    } catch (const std::system_error& error) {
      spdlog::warn("no thread for a request: {}", error.what());
      return false;
    }
    ++threads_;
    ++idle_;
  }
  queue_.push_back(std::move(task));
  lock.unlock();  // the thread that is woken wants it at once
  work_.notify_one();
  return true;
}

// A thread is counted as idle from its start, so that nobody takes its task for one too many.
void Workers::run() {
  std::unique_lock lock(mutex_);
  while (work_.wait_for(lock, idle_time_, [this] { return stopping_ || !queue_.empty(); }) && !queue_.empty()) {
    {
      const auto task = std::move(queue_.front());
      queue_.pop_front();
      --idle_;
      lock.unlock();
      try {
        task();
      } catch (const std::exception& error) {
        spdlog::error("a task failed: {}", error.what());
      }
    }
    lock.lock();
    ++idle_;
  }
  --idle_;
  if (--threads_ == 0) ended_.notify_all();
}

ExchangeHandler on_workers(Workers& workers, ExchangeHandler serve) {
  return [&workers, serve = std::move(serve)](const std::shared_ptr<Exchange>& exchange) {
    const auto task = [serve, exchange] {
      try {
        serve(exchange);
      } catch (const std::exception& error) {
        exchange->answer(error_response(error));
      }
    };
    if (workers.start(task)) return;
    Response busy = error_response(503, "SlowDown: the server works on all the requests it takes at once; try again");
    busy.headers = {{"Retry-After", "1"}, {"x-amzn-ErrorType", "SlowDown"}};
    exchange->answer(std::move(busy));
  };
}

}  // namespace graft
