// Work that those who wait for something else must not feel.
#pragma once

#include <functional>

namespace graft {

// Runs `work` on a thread of its own that yields the cores to others, and waits for it. What it throws is rethrown. A
// thread that has yielded cannot take that back, so this one ends with the work; threads that `work` starts yield too.
void in_background(const std::function<void()>& work);

}  // namespace graft
