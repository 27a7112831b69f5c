#include "membership/coordinator.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <future>
#include <list>
#include <map>
#include <set>
#include <thread>

#include "base/error.h"
#include "base/json.h"
#include "membership/channel.h"

namespace graft {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxName = 256;
constexpr std::size_t kMaxEntries = 1 << 20;  // of the shared table
constexpr std::size_t kMaxConnections = 1 << 17;
constexpr const char* kSource = "a member's message";
constexpr auto kLastWords = std::chrono::milliseconds(2000);  // to a member that does not read

std::string seconds_text(std::chrono::milliseconds time) {
  return text(time.count() / 1000, " s");
}

}  // namespace

// Everything but the constructor, the destructor and drain() runs on the one thread, so nothing needs a lock.
class Coordinator::Impl {
 public:
  explicit Impl(const CoordinatorOptions& options) : options_(options), acceptor_(io_), timer_(io_) {
    listen();
    thread_ = std::thread([this] {
      begun_ = Clock::now();
      accept();
      tick();
      io_.run();
    });
  }

  // Whoever learns first that the job has ended may be the process of this coordinator, which then goes: what the
  // others are to hear is still on its way out.
  ~Impl() {
    asio::post(io_, [this] {
      for (const SeatPtr& seat : seats_) seat->channel->finish();
    });
    wait_until(kLastWords,
               [this] { return std::ranges::all_of(seats_, [](auto& seat) { return seat->channel->closed(); }); });
    io_.stop();
    thread_.join();
    for (const SeatPtr& seat : seats_) seat->channel->close();
  }

  std::uint16_t port() const { return port_; }

  std::string end_reason() const {
    std::promise<std::string> reason;
    asio::post(io_, [&] { reason.set_value(ended_); });
    return reason.get_future().get();
  }

  void drain(std::chrono::milliseconds limit) {
    wait_until(limit, [this] { return seats_.empty(); });
  }

 private:
  struct Seat {
    std::shared_ptr<Channel> channel;
    Peer peer{};
    Clock::time_point heard{};
    std::int64_t step = 0;
    std::string phase{"start"};
    bool named = false;     // it has said hello
    bool ready = false;     // it waits for the next group
    bool in_group = false;  // of the group that runs
    std::set<std::string> wanted{};
  };
  using SeatPtr = std::shared_ptr<Seat>;

  // Asks on the one thread, for at most so long.
  void wait_until(std::chrono::milliseconds limit, const std::function<bool()>& holds) {
    const auto deadline = Clock::now() + limit;
    while (Clock::now() < deadline) {
      std::promise<bool> answer;
      asio::post(io_, [&] { answer.set_value(holds()); });
      if (answer.get_future().get()) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  void listen() {
    boost::system::error_code error;
    const asio::ip::tcp::endpoint endpoint(asio::ip::make_address(options_.address), options_.port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(asio::ip::tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    require(!error, "cannot listen on port ", options_.port, " for the ranks of this job: ", error.message(),
            "; set MASTER_PORT to another one");
    port_ = acceptor_.local_endpoint().port();
  }

  void accept() {
    acceptor_.async_accept([this](boost::system::error_code error, asio::ip::tcp::socket socket) {
      if (!error && seats_.size() < kMaxConnections) welcome(std::move(socket));
      accept();
    });
  }

  void welcome(asio::ip::tcp::socket socket) {
    const auto seat = std::make_shared<Seat>();
    seat->channel = std::make_shared<Channel>(std::move(socket));
    seat->heard = Clock::now();
    seats_.push_back(seat);
    // The channel does not own its seat: the list does, which is where a seat ends.
    seat->channel->start(
        [this, weak = std::weak_ptr(seat)](const Json& message) {
          if (const SeatPtr live = weak.lock()) take(live, message);
        },
        [this, weak = std::weak_ptr(seat)](const std::string& reason) {
          if (const SeatPtr live = weak.lock()) lose(live, reason);
        });
  }

  // Each beat: says that this one lives, and looks for those that no longer do.
  void tick() {
    const auto now = Clock::now();
    int waiting = 0;
    for (const SeatPtr& seat : seats_) waiting += seat->ready && !seat->in_group;
    for (const SeatPtr& seat : std::list<SeatPtr>(seats_)) {
      seat->channel->send({{"say", "beat"}, {"waiting", waiting}});
      if (now - seat->heard > options_.timing.silence) {
        seat->channel->close();
        lose(seat, text("it was silent for ", seconds_text(options_.timing.silence)));
      }
    }
    look_at_the_time(now);
    timer_.expires_after(options_.timing.beat);
    timer_.async_wait([this](boost::system::error_code error) {
      if (!error) tick();
    });
  }

  void take(const SeatPtr& seat, const Json& message) {
    seat->heard = Clock::now();
    const auto say = field<std::string>(message, "say", kSource);
    if (say == "hello") return hello(seat, message);
    require(seat->named, "the first message of a member is not hello");
    if (say == "beat") {
      seat->step = field<std::int64_t>(message, "step", kSource);
      seat->phase = field<std::string>(message, "phase", kSource).substr(0, kMaxName);
    } else if (say == "ready") {
      seat->ready = true;
      seat->in_group = false;
      form();
    } else if (say == "set") {
      set(field<std::string>(message, "key", kSource), field<std::string>(message, "value", kSource));
    } else if (say == "get") {
      get(seat, field<std::string>(message, "key", kSource));
    } else if (say == "failed") {
      seats_.remove(seat);
      end(text("rank ", seat->peer.rank, " on ", seat->peer.host, ": ", field<std::string>(message, "why", kSource)));
    } else if (say == "leave") {
      seat->channel->close();
      seats_.remove(seat);
      left_ = true;
    } else {
      fail(Kind::invalid, "members say no ", say.substr(0, 40));
    }
  }

  void hello(const SeatPtr& seat, const Json& message) {
    const auto rank = field<int>(message, "rank", kSource);
    require(rank >= 0 && rank < options_.ranks, "there is no rank ", rank, " among ", options_.ranks);
    require(field<std::string>(message, "token", kSource) == options_.token, "it belongs to another job");
    // One that was started again before it was missed: the old one is gone.
    for (const SeatPtr& other : std::list<SeatPtr>(seats_)) {
      if (other == seat || !other->named || other->peer.rank != rank) continue;
      other->channel->close();
      lose(other, "it was started again");
    }
    seat->named = true;
    seat->peer = {rank, field<std::string>(message, "host", kSource).substr(0, kMaxName)};
    if (!ended_.empty()) return tell_end(*seat);
    seat->channel->send({{"say", "welcome"}, {"started", generation_ > 0}});
  }

  void set(const std::string& key, const std::string& value) {
    require(table_.size() < kMaxEntries, "there are too many keys");
    table_[key] = value;
    for (const SeatPtr& seat : seats_) {
      if (seat->wanted.erase(key) > 0) answer(*seat, key);
    }
  }

  void get(const SeatPtr& seat, const std::string& key) {
    if (table_.contains(key)) {
      answer(*seat, key);
    } else {
      seat->wanted.insert(key);
    }
  }

  void answer(Seat& seat, const std::string& key) {
    seat.channel->send({{"say", "value"}, {"key", key}, {"value", table_.at(key)}});
  }

  std::vector<SeatPtr> ready_seats() const {
    std::map<int, SeatPtr> by_rank;
    for (const SeatPtr& seat : seats_) {
      if (seat->ready) by_rank[seat->peer.rank] = seat;
    }
    std::vector<SeatPtr> out;
    for (const auto& [rank, seat] : by_rank) out.push_back(seat);
    return out;
  }

  // Forms the next group when no one is busy in the last one and there are enough.
  void form() {
    if (!ended_.empty()) return;
    for (const SeatPtr& seat : seats_) {
      if (seat->in_group) return;
    }
    const std::vector<SeatPtr> members = ready_seats();
    const auto count = static_cast<int>(members.size());
    const bool first = generation_ == 0;
    const bool enough = first && !late_ ? count == options_.ranks : count >= options_.least;
    if (count == 0 || !enough) return;
    ++generation_;
    short_since_.reset();
    table_.clear();
    Json peers = Json::array();
    for (const SeatPtr& seat : members) peers.push_back({{"rank", seat->peer.rank}, {"host", seat->peer.host}});
    for (std::size_t i = 0; i < members.size(); ++i) {
      members[i]->ready = false;
      members[i]->in_group = true;
      members[i]->channel->send({{"say", "group"}, {"generation", generation_}, {"rank", i}, {"members", peers}});
    }
  }

  // After a time of waiting for ranks: goes on with fewer, or says why that is not possible.
  void look_at_the_time(Clock::time_point now) {
    if (!ended_.empty()) return;
    if (generation_ == 0 && !late_ && now - begun_ > options_.timing.gather) {
      late_ = true;
      form();
      if (generation_ == 0) {
        end(text(missing(), " within ", seconds_text(options_.timing.gather), ": look whether ",
                 "they were started and reach port ", port_, " of this host"));
      }
    }
    if (short_since_ && now - *short_since_ > options_.timing.gather) {
      end(text(last_loss_, "; fewer than the ", options_.least,
               " ranks of --min-ranks are left, and none came back within ", seconds_text(options_.timing.gather)));
    }
  }

  std::string missing() const {
    std::set<int> absent;
    for (int rank = 0; rank < options_.ranks; ++rank) absent.insert(rank);
    for (const SeatPtr& seat : seats_) {
      if (seat->named) absent.erase(seat->peer.rank);
    }
    if (absent.empty()) return "not all ranks got ready";
    constexpr std::size_t kNamed = 8;
    std::vector<int> named(absent.begin(), absent.end());
    const std::size_t more = named.size() - std::min(named.size(), kNamed);
    named.resize(std::min(named.size(), kNamed));
    return text(absent.size() == 1 ? "rank " : "ranks ", join(named, ", "),
                more > 0 ? text(" and ", more, " more") : "", " of ", options_.ranks, " did not come");
  }

  void lose(const SeatPtr& seat, const std::string& reason) {
    const auto found = std::find(seats_.begin(), seats_.end(), seat);
    if (found == seats_.end()) return;
    seats_.erase(found);
    if (!seat->named || !ended_.empty() || left_) return;
    const Loss loss{seat->peer, seat->step, seat->phase, reason};
    last_loss_ = describe(loss);
    if (options_.least == options_.ranks) return end(last_loss_ + "; start the job again with --resume");
    if (seat->in_group) {
      for (const SeatPtr& other : seats_) {
        other->channel->send({{"say", "lost"},
                              {"rank", loss.peer.rank},
                              {"host", loss.peer.host},
                              {"step", loss.step},
                              {"phase", loss.phase},
                              {"why", loss.why}});
      }
    }
    int named = 0;
    for (const SeatPtr& other : seats_) named += other->named;
    if (generation_ > 0 && named < options_.least && !short_since_) short_since_ = Clock::now();
    form();
  }

  void end(const std::string& why) {
    if (!ended_.empty()) return;
    ended_ = why;
    for (const SeatPtr& seat : seats_) tell_end(*seat);
  }

  void tell_end(Seat& seat) { seat.channel->send({{"say", "end"}, {"why", ended_}}); }

  const CoordinatorOptions options_;
  mutable asio::io_context io_;
  asio::ip::tcp::acceptor acceptor_;
  asio::steady_timer timer_;
  std::thread thread_;
  std::uint16_t port_ = 0;

  std::list<SeatPtr> seats_;
  std::map<std::string, std::string> table_;  // what members tell each other while a group is formed
  int generation_ = 0;
  bool late_ = false;  // the time to wait for all ranks is over
  bool left_ = false;  // a member has done its work: the job is at its end, and going is no loss
  Clock::time_point begun_{};
  std::optional<Clock::time_point> short_since_;
  std::string last_loss_, ended_;
};

std::string describe(const Loss& loss) {
  return text("rank ", loss.peer.rank, " on ", loss.peer.host, " is lost after step ", loss.step, " (", loss.phase,
              "): ", loss.why);
}

Coordinator::Coordinator(const CoordinatorOptions& options) : impl_(std::make_unique<Impl>(options)) {}
Coordinator::~Coordinator() = default;
std::uint16_t Coordinator::port() const {
  return impl_->port();
}
std::string Coordinator::end_reason() const {
  return impl_->end_reason();
}
void Coordinator::drain(std::chrono::milliseconds limit) {
  impl_->drain(limit);
}

}  // namespace graft
