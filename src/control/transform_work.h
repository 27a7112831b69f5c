// What CreateTransformJob asks for: a model that is served for the job alone, every object of the input posted to it,
// the answers put beside each other. An output that is there says that its object is done, so a platform that was
// killed goes on with the rest.
#pragma once

#include <string>
#include <vector>

#include "control/control.h"
#include "control/errands.h"
#include "control/transform_plan.h"
#include "control/transform_room.h"

namespace graft {

class TransformWork {
 public:
  explicit TransformWork(Control control);

  // Goes on with the jobs that are not over.
  void start();
  void look(const std::string& account, const std::string& job) { errands_.add({account, job}); }
  // Leaves jobs as they are.
  void stop() { errands_.stop(); }

 private:
  void work(const Errands::Key& key);
  void transform(const Record& job);
  void wait_until_served(const Record& job);
  std::vector<TransformInput> left_to_do(const Record& job, const TransformPlan& plan,
                                         std::vector<TransformInput> left);
  void transform_all(const Record& job, const TransformPlan& plan, const std::vector<TransformInput>& inputs);
  void transform_object(const Record& job, const TransformPlan& plan, const TransformInput& input);
  std::uint64_t memory_for(const Record& job, const TransformPlan& plan, const TransformInput& input) const;
  std::vector<TransformInput> inputs(const Record& job, const TransformPlan& plan);
  std::string answers_to(const Record& job, const TransformPlan& plan, std::string_view content);
  std::string ask(const Record& job, const TransformPlan& plan, std::string_view request);
  void check_wanted(const Record& job);
  void end(const Record& job, const std::string& status, const std::string& failure);

  Control control_;
  TransformRoom room_;
  Errands errands_;
};

}  // namespace graft
