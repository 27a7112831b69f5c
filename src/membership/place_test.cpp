#include "membership/place.h"

#include <gtest/gtest.h>

#include <map>

#include "base/error.h"
#include "base/file.h"

namespace graft {
namespace {

Environment of(std::map<std::string, std::string> variables) {
  return [variables](const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

const std::filesystem::path kNone = "/nonexistent";

TEST(Place, AProcessAloneHasNone) {
  EXPECT_FALSE(find_place(of({}), kNone));
  EXPECT_FALSE(find_place(of({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "1"}}), kNone)) << "a batch script";
}

TEST(Place, TheConvention) {
  const auto place = find_place(
      of({{"RANK", "3"}, {"WORLD_SIZE", "8"}, {"MASTER_ADDR", "head"}, {"MASTER_PORT", "1234"}, {"LOCAL_RANK", "1"}}),
      kNone);
  ASSERT_TRUE(place);
  EXPECT_EQ(place->rank, 3);
  EXPECT_EQ(place->size, 8);
  EXPECT_EQ(place->local_rank, 1);
  EXPECT_EQ(place->host, "head");
  EXPECT_EQ(place->port, 1234);
}

TEST(Place, WhatIsIncompleteIsRefused) {
  EXPECT_THROW(find_place(of({{"RANK", "0"}}), kNone), Error);
  EXPECT_THROW(find_place(of({{"RANK", "2"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "a"}, {"MASTER_PORT", "1"}}), kNone),
               Error);
  EXPECT_THROW(find_place(of({{"RANK", "0"}, {"WORLD_SIZE", "2"}, {"MASTER_PORT", "1"}}), kNone), Error);
  EXPECT_THROW(find_place(of({{"RANK", "x"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "a"}, {"MASTER_PORT", "1"}}), kNone),
               Error);
}

TEST(Place, MpirunOnOneHostAndOnMany) {
  std::map<std::string, std::string> variables{{"OMPI_COMM_WORLD_RANK", "1"},
                                               {"OMPI_COMM_WORLD_SIZE", "4"},
                                               {"OMPI_COMM_WORLD_LOCAL_SIZE", "4"},
                                               {"OMPI_MCA_orte_hnp_uri", "77.0;tcp://10.0.0.1,10.1.0.1:4000"}};
  const auto near = find_place(of(variables), kNone);
  ASSERT_TRUE(near);
  EXPECT_EQ(near->host, "127.0.0.1");
  variables["OMPI_COMM_WORLD_LOCAL_SIZE"] = "2";
  const auto far = find_place(of(variables), kNone);
  EXPECT_EQ(far->host, "10.0.0.1");
  EXPECT_EQ(far->port, near->port) << "all ranks of a job choose one port";
  variables["MASTER_ADDR"] = "head";
  EXPECT_EQ(find_place(of(variables), kNone)->host, "head");
}

TEST(Place, SrunNamesTheFirstHost) {
  const auto place = find_place(of({{"SLURM_PROCID", "5"},
                                    {"SLURM_NTASKS", "8"},
                                    {"SLURM_STEP_ID", "0"},
                                    {"SLURM_STEP_NUM_TASKS", "8"},
                                    {"SLURM_STEP_NUM_NODES", "2"},
                                    {"SLURM_JOB_ID", "12"},
                                    {"SLURM_LOCALID", "1"},
                                    {"SLURM_STEP_NODELIST", "gpu[07-08]"}}),
                                kNone);
  ASSERT_TRUE(place);
  EXPECT_EQ(place->rank, 5);
  EXPECT_EQ(place->host, "gpu07");
  EXPECT_EQ(place->local_size, 4);
}

TEST(Place, AStepOfOneTaskInALargerJobIsAlone) {
  EXPECT_FALSE(find_place(of({{"SLURM_PROCID", "0"},
                              {"SLURM_NTASKS", "2"},
                              {"SLURM_STEP_ID", "1"},
                              {"SLURM_STEP_NUM_TASKS", "1"},
                              {"SLURM_STEP_NODELIST", "n1"}}),
                          kNone));
}

TEST(Place, FirstHostOfALine) {
  EXPECT_EQ(first_host("a"), "a");
  EXPECT_EQ(first_host("a,b[1-2]"), "a");
  EXPECT_EQ(first_host("n[03-07,9],o"), "n03");
  EXPECT_EQ(first_host("n[5,7]"), "n5");
  EXPECT_EQ(first_host("n[5]"), "n5");
}

TEST(Place, SageMakerHasAProcessForEachHost) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "resourceconfig.json";
  write_file(path, std::string(R"({"current_host": "algo-2", "hosts": ["algo-2", "algo-1"]})"));
  const auto place = find_place(of({}), path);
  ASSERT_TRUE(place);
  EXPECT_EQ(place->rank, 1);
  EXPECT_EQ(place->size, 2);
  EXPECT_EQ(place->host, "algo-1");
  EXPECT_GT(place->gather, Place().gather);
  write_file(path, std::string(R"({"current_host": "algo-1", "hosts": ["algo-1"]})"));
  EXPECT_FALSE(find_place(of({}), path));
  write_file(path, std::string(R"({"current_host": "algo-3", "hosts": ["algo-2", "algo-1"]})"));
  EXPECT_THROW(find_place(of({}), path), Error);
}

TEST(Place, SageMakersFoldersCanBeMoved) {
  ASSERT_EQ(::setenv("GRAFT_OPT_ML", "/moved", 1), 0);
  EXPECT_EQ(sagemaker_resource_config(), "/moved/input/config/resourceconfig.json");
  ::unsetenv("GRAFT_OPT_ML");
  EXPECT_EQ(sagemaker_resource_config(), "/opt/ml/input/config/resourceconfig.json");
}

}  // namespace
}  // namespace graft
