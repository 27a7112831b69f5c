#include "cli/start_training.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <functional>
#include <iostream>
#include <thread>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/log.h"
#include "cli/commands.h"
#include "membership/place.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

constexpr int kNotStarted = 127;  // the exit code of a child that could not become another program

// Gives `option` another value where it has this one.
void replace(std::vector<std::string>& words, const std::string& option, const fs::path& old, const fs::path& value) {
  if (old == value) return;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == option && i + 1 < words.size() && words[i + 1] == old) words[i + 1] = value;
    if (words[i] == option + "=" + old.string()) words[i] = option + "=" + value.string();
  }
}

// Takes an option away that graft-learn does not have.
void remove(std::vector<std::string>& words, const std::string& option) {
  for (std::size_t i = 0; i < words.size();) {
    const bool alone = words[i] == option, joined = words[i].starts_with(option + "=");
    const auto at = words.begin() + static_cast<std::ptrdiff_t>(i);
    if (alone) words.erase(at, at + std::min<std::ptrdiff_t>(2, words.end() - at));
    if (joined) words.erase(at);
    if (!alone && !joined) ++i;
  }
}

std::vector<char*> arguments_of(std::vector<std::string>& words) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  return arguments;
}

// Copies lines to this process's output until there are no more.
void pass_on(int from, const std::function<std::string(std::string)>& shown) {
  std::string pending;
  std::array<char, 4096> room;
  while (true) {
    const ssize_t count = ::read(from, room.data(), room.size());
    if (count < 0 && errno == EINTR) continue;
    if (count > 0) pending.append(room.data(), static_cast<std::size_t>(count));
    const std::size_t whole = count > 0 ? pending.rfind('\n') + 1 : pending.size();
    if (whole > 0) std::cout << shown(pending.substr(0, whole)) << std::flush;
    pending.erase(0, whole);
    if (count <= 0) return;
  }
}

// Waits for the child and tells it what this process is asked. A terminal's Ctrl-C reaches it without that.
int wait_for(pid_t child, const sigset_t& signals) {
  while (true) {
    siginfo_t info{};
    const int signal = ::sigwaitinfo(&signals, &info);
    int status = 0;
    if (signal > 0 && signal != SIGCHLD && info.si_code != SI_KERNEL) ::kill(child, signal);
    if (::waitpid(child, &status, WNOHANG) != child) continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
}

int run(const std::string& program, std::vector<std::string>& words,
        const std::function<std::string(std::string)>& shown) {
  std::array<int, 2> ends{};
  require(::pipe2(ends.data(), O_CLOEXEC) == 0, "cannot make a pipe: ", system_message());
  const Descriptor reading(ends[0]);
  sigset_t signals;
  ::sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) ::sigaddset(&signals, signal);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  const std::vector<char*> arguments = arguments_of(words);
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    ::pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
    ::dup2(ends[1], 1);
    ::execv(program.c_str(), arguments.data());
    ::_exit(kNotStarted);
  }
  ::close(ends[1]);
  require(child > 0, "cannot start ", program, ": ", system_message());
  std::thread copier([&] { pass_on(reading.fd, shown); });
  const int code = wait_for(child, signals);
  copier.join();
  if (code == kNotStarted) fail(Kind::not_found, "cannot start ", program, "; it is installed beside graft");
  ::pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  return code;
}

}  // namespace

void become(const std::string& program, std::vector<std::string> words) {
  ::execv(program.c_str(), arguments_of(words).data());
  fail(Kind::not_found, "cannot start ", program, ": ", system_message(), "; it is installed beside graft");
}

void start_training(const std::string& learn, std::vector<std::string> words, const TrainOptions& options,
                    RemotePaths& remote) {
  refuse_remote(options.checkpoints, "--checkpoints");
  refuse_remote(options.cache, "--cache");
  const bool far = is_s3(options.out.string());
  require(!far || !find_place(),
          "ranks that something else has started have no --out at an s3:// path: write to a folder, and push it");
  remove(words, "--s3-endpoint");
  replace(words, "--train", options.train, remote.images(options.train));
  replace(words, "--validation", options.validation, remote.images(options.validation));
  replace(words, "--test", options.test, remote.images(options.test));
  replace(words, "--from", options.from, remote.model(options.from));
  if (!far) become(learn, words);
  const fs::path out = remote.output(options.out, options.resume);
  replace(words, "--out", options.out, out);
  const int code = run(learn, words, [&](std::string line) { return remote.shown(std::move(line)); });
  if (code != 0) {
    if (fs::exists(out)) spdlog::info("what it wrote is in {}, and --resume goes on with it", out.string());
    throw Exit{code};
  }
  remote.send();
  throw Exit{0};
}

}  // namespace graft
