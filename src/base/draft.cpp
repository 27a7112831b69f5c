#include "base/draft.h"

#include <cstdio>
#include <cstdlib>

#include "base/error.h"
#include "base/file.h"

namespace graft {

namespace fs = std::filesystem;

Draft::Draft(const fs::path& out) : out_(fs::absolute(out).lexically_normal()) {
  if (!out_.has_filename()) out_ = out_.parent_path();
  require(!fs::exists(out_) || (fs::is_directory(out_) && fs::is_empty(out_)), out.string(),
          ": this is not an empty folder; name one that is not there yet");
  make_folder(out_.parent_path());
  std::string pattern = out_.string() + ".XXXXXX";
  if (!::mkdtemp(pattern.data()))
    fail(Kind::denied, "cannot create a folder in ", out_.parent_path().string(), ": ", system_message());
  path_ = pattern;
  fs::permissions(path_, static_cast<fs::perms>(0755));
}

Draft::~Draft() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

void Draft::accept() {
  if (::rename(path_.c_str(), out_.c_str()) != 0)
    fail(Kind::unavailable, "cannot create ", out_.string(), ": ", system_message());
  path_.clear();
}

}  // namespace graft
