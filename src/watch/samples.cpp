#include "watch/samples.h"

#include <algorithm>

namespace graft {

double Statistics::percentile(double percent) const {
  double total = 0;
  for (const Sample& sample : samples) total += sample.weight;
  double below = 0;
  for (const Sample& sample : samples) {
    below += sample.weight;
    if (below >= total * percent / 100 * (1 - 1e-12)) return sample.value;
  }
  return maximum;
}

void thin(std::vector<Sample>& samples, std::size_t most) {
  std::sort(samples.begin(), samples.end(), [](const Sample& a, const Sample& b) { return a.value < b.value; });
  if (samples.size() <= most) return;
  double total = 0;
  for (const Sample& sample : samples) total += sample.weight;
  std::vector<Sample> kept;
  double before = 0;
  std::size_t places = 0;
  for (const Sample& sample : samples) {
    before += sample.weight;
    // How many of the places belong to what is up to this sample.
    const auto due = std::min(most, static_cast<std::size_t>(before / total * static_cast<double>(most) + 1e-9));
    if (due == places) continue;
    kept.push_back({sample.value, static_cast<double>(due - places) * total / static_cast<double>(most)});
    places = due;
  }
  kept.front().value = samples.front().value;
  samples = std::move(kept);
}

Bytes packed(const std::vector<Sample>& samples) {
  const bool alike = std::all_of(samples.begin(), samples.end(),
                                 [&](const Sample& sample) { return sample.weight == samples.front().weight; });
  Bytes bytes;
  append(bytes, alike && !samples.empty() ? samples.front().weight : 0.0);
  for (const Sample& sample : samples) {
    append(bytes, sample.value);
    if (!alike) append(bytes, sample.weight);
  }
  return bytes;
}

std::vector<Sample> unpacked(ByteView bytes) {
  std::vector<Sample> samples;
  if (bytes.size() < sizeof(double)) return samples;
  const double weight = load<double>(bytes, 0);
  for (std::size_t at = 8; at + (weight > 0 ? 8 : 16) <= bytes.size(); at += weight > 0 ? 8 : 16) {
    samples.push_back({load<double>(bytes, at), weight > 0 ? weight : load<double>(bytes, at + 8)});
  }
  return samples;
}

void merge(Statistics& statistics, const Statistics& other) {
  const bool first = statistics.count == 0;
  statistics.minimum = first ? other.minimum : std::min(statistics.minimum, other.minimum);
  statistics.maximum = first ? other.maximum : std::max(statistics.maximum, other.maximum);
  statistics.count += other.count;
  statistics.sum += other.sum;
  statistics.samples.insert(statistics.samples.end(), other.samples.begin(), other.samples.end());
}

}  // namespace graft
