// What CreateHyperParameterTuningJob asks for: training jobs with values that the search proposes, as many at a time as
// it lets, until there are enough. All that it knows is in the records, so it goes on after a kill.
#pragma once

#include <string>

#include "control/control.h"
#include "control/errands.h"

namespace graft {

class TuningWork {
 public:
  explicit TuningWork(Control control);

  // Goes on with the jobs that are not over.
  void start();
  // A tuning job was made or stopped, or one of its training jobs has ended or said its objective.
  void look(const std::string& account, const std::string& job) { errands_.add({account, job}); }
  // Leaves jobs as they are.
  void stop() { errands_.stop(); }

 private:
  void advance(const Errands::Key& key);

  Control control_;
  Errands errands_;
};

// One look at a job: starts what may be started, ends it when it is over. Throws Kind::unavailable when something is to
// be tried again.
void advance_tuning_job(const Control& control, const std::string& account, const std::string& job);

}  // namespace graft
