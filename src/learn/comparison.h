// The report of a job: what its candidates say, put beside one another.
#pragma once

#include <string>
#include <vector>

#include "learn/candidate.h"
#include "report/report.h"

namespace graft {

// The candidates of one way of training, one for each seed.
struct Way {
  std::string name;  // "transfer", "from scratch"
  std::vector<Candidate> candidates;

  // The one to keep: the best on the validation split.
  const Candidate& best() const;
};

// `ways` begins with the one whose best candidate is kept.
Report make_report(const std::vector<Way>& ways, const SplitData& data, std::vector<TimeSpent> time);

// The result in one sentence.
std::string verdict(const Report& report);

}  // namespace graft
