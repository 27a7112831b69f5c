#include "learn/time_sheet.h"

#include "base/json.h"

namespace graft {
namespace {

RankTime time_from(const std::string& text) {
  const Json t = parse_json(text, "the times of a rank");
  return {t.at(0), t.at(1), t.at(2), t.at(3), t.at(4), t.at(5), t.at(6)};
}

void add(RankTime& sum, const RankTime& epoch) {
  sum.images += epoch.images;
  sum.data += epoch.data;
  sum.compute += epoch.compute;
  sum.communication += epoch.communication;
  sum.exposed += epoch.exposed;
}

}  // namespace

std::vector<RankTime> TimeSheet::close(const RankTime& own, const StepTimes& last, Group& group) {
  if (group.size() == 1) return {};
  last_ = last;
  const Json mine = {own.rank, own.host, own.images, own.data, own.compute, own.communication, own.exposed};
  std::vector<RankTime> all;
  for (const std::string& text : group.gather(mine.dump())) {
    const RankTime time = time_from(text);
    add(ranks_.try_emplace(time.rank, RankTime{.rank = time.rank, .host = time.host}).first->second, time);
    all.push_back(time);
  }
  return all;
}

Scaling TimeSheet::scaling() const {
  Scaling scaling;
  scaling.backward = last_.backward;
  for (const auto& [number, rank] : ranks_) scaling.ranks.push_back(rank);
  for (const BucketTimes& bucket : last_.buckets) {
    scaling.timeline.push_back({static_cast<double>(bucket.bytes) / 1e6, bucket.ready, bucket.begin, bucket.end});
  }
  return scaling;
}

}  // namespace graft
