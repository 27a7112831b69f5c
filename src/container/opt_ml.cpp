#include "container/opt_ml.h"

#include <cstdlib>

namespace graft {

OptMl opt_ml() {
  const char* moved = std::getenv("GRAFT_OPT_ML");
  return {moved && *moved ? moved : "/opt/ml"};
}

bool has_job(const OptMl& folders) {
  std::error_code unknown;
  return std::filesystem::is_directory(folders.config(""), unknown);
}

}  // namespace graft
