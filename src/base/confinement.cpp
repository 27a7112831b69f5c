// Landlock allows and never forbids: the rules name everything beside the way from the root to the hidden folder. The
// kernel's interface is written down here, as the headers of many systems have less of it than their kernels.
#include "base/confinement.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cstdint>

#include "base/error.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kExecute = 1 << 0, kWriteFile = 1 << 1, kReadFile = 1 << 2, kTruncate = 1 << 14;
constexpr std::uint64_t kFirst = (1 << 13) - 1;  // the rights that the first version has
constexpr std::uint64_t kRefer = 1 << 13;        // since version 2: to move a file to another folder
constexpr std::uint64_t kScopeSignals = 1 << 1;  // since version 6
constexpr int kVersionQuestion = 1, kPathBeneath = 1;

struct Rights {
  std::uint64_t files = 0, network = 0, scoped = 0;
};

struct [[gnu::packed]] PathBeneath {
  std::uint64_t rights = 0;
  std::int32_t folder = -1;
};

// 0: the kernel has none, or it is switched off.
long version() {
  const long answer = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, kVersionQuestion);
  return answer > 0 ? answer : 0;
}

std::uint64_t rights_of(long version) {
  return kFirst | (version >= 2 ? kRefer : 0) | (version >= 3 ? kTruncate : 0);
}

int make_rules() {
  const long known = version();
  if (known == 0) return -1;
  const Rights rights{.files = rights_of(known), .scoped = known >= 6 ? kScopeSignals : 0};
  const int rules = static_cast<int>(::syscall(SYS_landlock_create_ruleset, &rights, sizeof rights, 0));
  if (rules < 0) fail(Kind::internal, "cannot make rules of Landlock: ", system_message());
  return rules;
}

// Nothing for what is gone meanwhile, and for links, whose targets count.
void allow(int rules, const fs::path& path) {
  const Descriptor file(::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (file.fd < 0 || ::fstat(file.fd, &status) != 0 || S_ISLNK(status.st_mode)) return;
  std::uint64_t rights = rights_of(version());
  if (!S_ISDIR(status.st_mode)) rights &= kExecute | kWriteFile | kReadFile | kTruncate;
  const PathBeneath rule{rights, file.fd};
  if (::syscall(SYS_landlock_add_rule, rules, kPathBeneath, &rule, 0) != 0) {
    fail(Kind::internal, "cannot add ", path.string(), " to rules of Landlock: ", system_message());
  }
}

}  // namespace

bool can_confine() {
  return version() > 0;
}

Confinement::Confinement(const fs::path& hidden, const std::vector<fs::path>& shown) : rules_(make_rules()) {
  if (rules_.fd < 0) return;
  const fs::path target = fs::canonical(hidden);
  fs::path way = target.root_path();
  for (const fs::path& next : target.relative_path()) {
    std::error_code unreadable;  // then there is nothing in it for us
    for (const auto& entry : fs::directory_iterator(way, unreadable)) {
      if (entry.path().filename() != next) allow(rules_.fd, entry.path());
    }
    way /= next;
  }
  for (const fs::path& each : shown) {
    std::error_code missing;
    const fs::path real = fs::canonical(each, missing);
    if (!missing) allow(rules_.fd, real);
  }
}

bool Confinement::enter() const {
  if (rules_.fd < 0) return true;
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::syscall(SYS_landlock_restrict_self, rules_.fd, 0) == 0;
}

}  // namespace graft
