#include "learn/shard.h"

#include <algorithm>

namespace graft {

Share share_of(std::size_t images, int rank, int ranks) {
  const auto r = static_cast<std::size_t>(rank), n = static_cast<std::size_t>(ranks);
  if (images < 2 * n) return {0, images, images, 1.0 / ranks};
  const std::size_t pairs = images / 2;
  return {2 * (pairs * r / n), r + 1 == n ? images : 2 * (pairs * (r + 1) / n), images, 1};
}

std::vector<std::size_t> step_sizes(std::size_t images, std::size_t batch) {
  std::vector<std::size_t> sizes(images / batch, batch);
  const std::size_t rest = images % batch;
  if (rest > 1 || images == 1) sizes.push_back(rest);
  return sizes;
}

Shard shard_of(const std::vector<std::size_t>& order, std::size_t batch, std::size_t first_step, int rank, int ranks) {
  Shard shard;
  const std::vector<std::size_t> sizes = step_sizes(order.size(), batch);
  for (std::size_t step = first_step; step < sizes.size(); ++step) {
    const Share share = share_of(sizes[step], rank, ranks);
    const auto begin = order.begin() + static_cast<std::ptrdiff_t>(step * batch + share.begin);
    shard.order.insert(shard.order.end(), begin, begin + static_cast<std::ptrdiff_t>(share.images()));
    shard.steps.push_back(share);
  }
  return shard;
}

}  // namespace graft
