// The calls are looked up by name: what counts is the runtime that oneDNN was linked with, and the compiler's -fopenmp
// may bring another one (Clang's beside GCC's).
#include "infer/thread_limit.h"

#include <dlfcn.h>

namespace graft {
namespace {

using SetThreads = void (*)(int);
using GetThreads = int (*)();

const auto set_threads = reinterpret_cast<SetThreads>(dlsym(RTLD_DEFAULT, "omp_set_num_threads"));
const auto get_threads = reinterpret_cast<GetThreads>(dlsym(RTLD_DEFAULT, "omp_get_max_threads"));

}  // namespace

ThreadLimit::ThreadLimit(int threads) {
  if (!set_threads || !get_threads) return;
  before_ = get_threads();
  set_threads(threads);
}

ThreadLimit::~ThreadLimit() {
  if (set_threads && before_ > 0) set_threads(before_);
}

}  // namespace graft
