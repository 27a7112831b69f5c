#include "membership/member.h"

#include <unistd.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "base/json.h"
#include "membership/channel.h"

namespace graft {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

constexpr const char* kSource = "the coordinator's message";
constexpr auto kRetry = std::chrono::milliseconds(200), kConnect = std::chrono::milliseconds(3000),
               kToNotice = std::chrono::milliseconds(1000);

std::string host_name() {
  char name[256] = "?";
  ::gethostname(name, sizeof name - 1);
  return name;
}

Roster roster_from(const Json& message) {
  Roster roster{.generation = field<int>(message, "generation", kSource),
                .rank = field<int>(message, "rank", kSource),
                .peers = {}};
  for (const Json& peer : field<Json>(message, "members", kSource)) {
    roster.peers.push_back({field<int>(peer, "rank", kSource), field<std::string>(peer, "host", kSource)});
  }
  return roster;
}

Loss loss_from(const Json& message) {
  return {{field<int>(message, "rank", kSource), field<std::string>(message, "host", kSource)},
          field<std::int64_t>(message, "step", kSource),
          field<std::string>(message, "phase", kSource),
          field<std::string>(message, "why", kSource)};
}

}  // namespace

class Member::Impl {
 public:
  explicit Impl(const MemberOptions& options) : options_(options), timer_(io_), end_timer_(io_) {
    channel_ = std::make_shared<Channel>(connect());
    address_ = channel_->local_address();
    heard_ = Clock::now();
    channel_->start([this](const Json& message) { take(message); },
                    [this](const std::string& reason) { lose_coordinator(reason); });
    channel_->send({{"say", "hello"},
                    {"rank", options.rank},
                    {"host", host_name()},
                    {"process", ::getpid()},
                    {"token", options.token}});
    thread_ = std::thread([this] {
      tick();
      io_.run();
    });
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return welcomed_ || !ended_.empty(); });
    if (ended_.empty()) return;
    noticed_ = true;
    lock.unlock();
    stop();
    fail(Kind::unavailable, ended_);
  }

  ~Impl() { stop(); }

  bool came_late() const { return came_late_; }
  std::string address() const { return address_; }

  Roster join() {
    std::unique_lock lock(mutex_);
    roster_.reset();
    lost_.reset();
    values_.clear();
    phase_ = "rendezvous";
    say({{"say", "ready"}});
    changed_.wait(lock, [&] { return roster_ || !ended_.empty(); });
    require_going();
    return *roster_;
  }

  bool someone_waits() const {
    const std::lock_guard lock(mutex_);
    return waiting_ > 0;
  }

  void report(std::int64_t step, const std::string& phase) {
    const std::lock_guard lock(mutex_);
    step_ = step;
    if (phase == phase_) return;
    phase_ = phase;
    // At once: a member may be lost before its next beat, and the phase says where.
    say({{"say", "beat"}, {"step", step}, {"phase", phase}});
  }

  void check() const {
    const std::lock_guard lock(mutex_);
    throw_news();
  }

  void wait_for_news(std::chrono::milliseconds time) const {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, time, [&] { return lost_ || !ended_.empty(); });
    throw_news();
  }

  void set(const std::string& key, const std::string& value) { say({{"say", "set"}, {"key", key}, {"value", value}}); }

  std::string get(const std::string& key) {
    say({{"say", "get"}, {"key", key}});
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return values_.contains(key) || lost_ || !ended_.empty(); });
    throw_news();
    return values_.at(key);
  }

  void say(Json message) {
    asio::post(io_, [this, message = std::move(message)] { channel_->send(message); });
  }

  // What was said before is on its way out; then the line is closed.
  void say_last(Json message) {
    say(std::move(message));
    asio::post(io_, [this] {
      leaving_ = true;
      channel_->finish();
      timer_.cancel();
      end_timer_.cancel();
    });
    if (thread_.joinable()) thread_.join();
  }

 private:
  void stop() {
    io_.stop();
    if (thread_.joinable()) thread_.join();
  }

  asio::ip::tcp::socket connect() {
    const auto deadline = Clock::now() + options_.timing.gather;
    for (;;) {
      boost::system::error_code error;
      asio::ip::tcp::socket socket = try_connect(error);
      if (!error) return socket;
      require(Clock::now() < deadline, "rank ", options_.rank, " on ", host_name(), " does not reach rank 0 at ",
              options_.coordinator_host, ":", options_.coordinator_port, " (", error.message(),
              "): look whether it was started and whether MASTER_ADDR and MASTER_PORT are right");
      std::this_thread::sleep_for(kRetry);
    }
  }

  // The system's own patience with a host that does not answer is minutes.
  asio::ip::tcp::socket try_connect(boost::system::error_code& error) {
    asio::ip::tcp::resolver resolver(io_);
    asio::ip::tcp::socket socket(io_);
    const auto endpoints =
        resolver.resolve(options_.coordinator_host, std::to_string(options_.coordinator_port), error);
    if (error) return socket;
    error = asio::error::timed_out;
    asio::async_connect(socket, endpoints,
                        [&error](boost::system::error_code result, const asio::ip::tcp::endpoint&) { error = result; });
    io_.restart();
    io_.run_for(kConnect);
    if (!io_.stopped()) {
      boost::system::error_code ignored;
      socket.close(ignored);
      io_.run();
      error = asio::error::timed_out;
    }
    io_.restart();
    return socket;
  }

  void tick() {
    if (leaving_) return;
    {
      const std::lock_guard lock(mutex_);
      channel_->send({{"say", "beat"}, {"step", step_}, {"phase", phase_}});
    }
    if (Clock::now() - heard_ > options_.timing.silence) {
      channel_->close();
      return lose_coordinator(text("it was silent for ", options_.timing.silence.count() / 1000, " s"));
    }
    timer_.expires_after(options_.timing.beat);
    timer_.async_wait([this](boost::system::error_code error) {
      if (!error) tick();
    });
  }

  void take(const Json& message) {
    heard_ = Clock::now();
    const auto say = field<std::string>(message, "say", kSource);
    const std::lock_guard lock(mutex_);
    if (say == "beat") {
      waiting_ = field<int>(message, "waiting", kSource);
    } else if (say == "welcome") {
      welcomed_ = true;
      came_late_ = field<bool>(message, "started", kSource);
    } else if (say == "group") {
      roster_ = roster_from(message);
      waiting_ = 0;
    } else if (say == "value") {
      values_[field<std::string>(message, "key", kSource)] = field<std::string>(message, "value", kSource);
    } else if (say == "lost") {
      lost_ = loss_from(message);
    } else if (say == "end") {
      end(field<std::string>(message, "why", kSource));
    }
    changed_.notify_all();
  }

  void lose_coordinator(const std::string& reason) {
    const std::lock_guard lock(mutex_);
    if (leaving_ || !ended_.empty()) return;
    const bool own = options_.rank == 0;
    end(text(own ? "the coordinator of the job" : "rank 0, which coordinates the job at " + options_.coordinator_host,
             " is lost after step ", step_, " (", phase_, "): ", reason, "; start the job again with --resume"));
    changed_.notify_all();
  }

  // With mutex_ held, on the thread of the connection.
  void end(const std::string& why) {
    ended_ = why;
    if (!options_.on_end) return;
    end_timer_.expires_after(kToNotice);
    end_timer_.async_wait([this](boost::system::error_code error) {
      if (error) return;
      const std::lock_guard lock(mutex_);
      if (!noticed_) options_.on_end(ended_);
    });
  }

  void require_going() const {
    if (ended_.empty()) return;
    noticed_ = true;
    fail(Kind::unavailable, ended_);
  }

  void throw_news() const {
    require_going();
    if (lost_) throw MemberLost(*lost_);
  }

  const MemberOptions options_;
  asio::io_context io_;
  asio::steady_timer timer_, end_timer_;
  std::shared_ptr<Channel> channel_;
  std::string address_;
  std::thread thread_;
  Clock::time_point heard_;  // of the thread
  bool leaving_ = false;     // of the thread

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  // Guarded by mutex_.
  bool welcomed_ = false, came_late_ = false;
  int waiting_ = 0;
  std::int64_t step_ = 0;
  std::string phase_{"start"};
  std::optional<Roster> roster_;
  std::optional<Loss> lost_;
  std::map<std::string, std::string> values_;
  std::string ended_;
  mutable bool noticed_ = false;  // a call of this process has thrown that
};

Member::Member(const MemberOptions& options) : impl_(std::make_unique<Impl>(options)) {}
Member::~Member() = default;
bool Member::came_late() const {
  return impl_->came_late();
}
std::string Member::address() const {
  return impl_->address();
}
Roster Member::join() {
  return impl_->join();
}
bool Member::someone_waits() const {
  return impl_->someone_waits();
}
void Member::report(std::int64_t step, const std::string& phase) {
  impl_->report(step, phase);
}
void Member::check() const {
  impl_->check();
}
void Member::wait_for_news(std::chrono::milliseconds time) const {
  impl_->wait_for_news(time);
}
void Member::set(const std::string& key, const std::string& value) {
  impl_->set(key, value);
}
std::string Member::get(const std::string& key) {
  return impl_->get(key);
}
void Member::fail_all(const std::string& why) {
  impl_->say_last({{"say", "failed"}, {"why", why}});
}
void Member::leave() {
  impl_->say_last({{"say", "leave"}});
}

}  // namespace graft
