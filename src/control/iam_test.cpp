#include <gmock/gmock.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "control/ecr.h"
#include "control/identity_services.h"

namespace graft {
namespace {

using testing::HasSubstr;

struct IamTest : testing::Test {
  TemporaryFolder folder{};
  Identity identity{folder.path()};
  AccessKey key = identity.add_key("ann");
  AccessKey stranger_key = identity.add_key("bob");
  Caller ann{.account = key.account, .user = "ann", .access_key = key.access_key, .region = "us-west-2"};
  Caller bob{.account = stranger_key.account, .user = "bob", .access_key = stranger_key.access_key};
  aws::Service iam = iam_service(identity), sts = sts_service(identity);
  ImageRepositories repositories{folder.path()};
  aws::Service ecr = repositories.service();

  static std::string code(const aws::Service& service, const Caller& caller, const char* operation, const Json& input) {
    try {
      aws::call(service, caller, operation, input);
    } catch (const Error& error) {
      return error.code();
    }
    return "";
  }
};

const Json kRole = {{"RoleName", "trainer"}, {"AssumeRolePolicyDocument", R"({"Version": "2012-10-17"})"}};

TEST_F(IamTest, RecordsARoleForItsAccountAlone) {
  const Json made = aws::call(iam, ann, "CreateRole", kRole)["Role"];
  EXPECT_EQ(made["Arn"], "arn:aws:iam::" + ann.account + ":role/trainer");
  EXPECT_EQ(made["AssumeRolePolicyDocument"], "%7B%22Version%22%3A%20%222012-10-17%22%7D");
  EXPECT_EQ(aws::call(iam, ann, "GetRole", {{"RoleName", "trainer"}})["Role"], made);
  EXPECT_EQ(aws::call(iam, ann, "ListRoles", Json::object())["Roles"].size(), 1);
  EXPECT_EQ(aws::call(iam, bob, "ListRoles", Json::object())["Roles"].size(), 0);
  EXPECT_EQ(code(iam, bob, "GetRole", {{"RoleName", "trainer"}}), "NoSuchEntity");
  EXPECT_EQ(code(iam, bob, "DeleteRole", {{"RoleName", "trainer"}}), "NoSuchEntity");
  EXPECT_EQ(code(iam, ann, "CreateRole", kRole), "EntityAlreadyExists");
}

TEST_F(IamTest, PutsARolesPathIntoItsArn) {
  Json input = kRole;
  input["Path"] = "/service-role/";
  const Json made = aws::call(iam, ann, "CreateRole", input)["Role"];
  EXPECT_EQ(made["Arn"], "arn:aws:iam::" + ann.account + ":role/service-role/trainer");
  EXPECT_EQ(made["Path"], "/service-role/");
  EXPECT_EQ(aws::call(iam, ann, "ListRoles", {{"PathPrefix", "/other/"}})["Roles"].size(), 0);
}

TEST_F(IamTest, RefusesDocumentsThatAreNoJson) {
  Json input = kRole;
  input["AssumeRolePolicyDocument"] = "{";
  EXPECT_EQ(code(iam, ann, "CreateRole", input), "MalformedPolicyDocument");
  input = kRole;
  input["RoleName"] = "../trainer";
  EXPECT_EQ(code(iam, ann, "CreateRole", input), "ValidationException");
}

TEST_F(IamTest, RecordsPoliciesAndKeepsARoleThatHasSome) {
  aws::call(iam, ann, "CreateRole", kRole);
  const Json attached = {{"RoleName", "trainer"}, {"PolicyArn", "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"}};
  aws::call(iam, ann, "AttachRolePolicy", attached);
  aws::call(iam, ann, "PutRolePolicy", {{"RoleName", "trainer"}, {"PolicyName", "p"}, {"PolicyDocument", "{}"}});
  EXPECT_EQ(
      aws::call(iam, ann, "ListAttachedRolePolicies", {{"RoleName", "trainer"}})["AttachedPolicies"][0]["PolicyName"],
      "AmazonSageMakerFullAccess");
  EXPECT_EQ(aws::call(iam, ann, "ListRolePolicies", {{"RoleName", "trainer"}})["PolicyNames"], Json({"p"}));
  EXPECT_EQ(aws::call(iam, ann, "GetRolePolicy", {{"RoleName", "trainer"}, {"PolicyName", "p"}})["PolicyDocument"],
            "%7B%7D");
  EXPECT_EQ(code(iam, ann, "DeleteRole", {{"RoleName", "trainer"}}), "DeleteConflict");
  aws::call(iam, ann, "DetachRolePolicy", attached);
  EXPECT_EQ(code(iam, ann, "DetachRolePolicy", attached), "NoSuchEntity");
  aws::call(iam, ann, "DeleteRolePolicy", {{"RoleName", "trainer"}, {"PolicyName", "p"}});
  EXPECT_EQ(code(iam, ann, "DeleteRole", {{"RoleName", "trainer"}}), "");
}

TEST_F(IamTest, GivesUsersOfAnAccountKeysAndTakesThemBack) {
  EXPECT_EQ(aws::call(iam, ann, "GetUser", Json::object())["User"]["UserName"], "ann");
  aws::call(iam, ann, "CreateUser", {{"UserName", "cat"}});
  EXPECT_EQ(code(iam, ann, "CreateUser", {{"UserName", "cat"}}), "EntityAlreadyExists");
  EXPECT_EQ(code(iam, bob, "CreateAccessKey", {{"UserName", "cat"}}), "NoSuchEntity");
  const Json made = aws::call(iam, ann, "CreateAccessKey", {{"UserName", "cat"}})["AccessKey"];
  const auto found = identity.find_key(made["AccessKeyId"]);
  EXPECT_EQ(found->secret_key, made["SecretAccessKey"]);
  EXPECT_EQ(found->account, ann.account);
  const Json listed = aws::call(iam, ann, "ListAccessKeys", {{"UserName", "cat"}})["AccessKeyMetadata"];
  EXPECT_EQ(listed.size(), 1);
  EXPECT_FALSE(listed[0].contains("SecretAccessKey"));
  EXPECT_EQ(code(iam, bob, "DeleteAccessKey", {{"AccessKeyId", made["AccessKeyId"]}}), "NoSuchEntity");
  EXPECT_EQ(code(iam, ann, "DeleteAccessKey", {{"AccessKeyId", made["AccessKeyId"]}}), "");
  EXPECT_TRUE(identity.find_key(made["AccessKeyId"])->revoked);
  EXPECT_EQ(aws::call(iam, ann, "ListAccessKeys", {{"UserName", "cat"}})["AccessKeyMetadata"].size(), 0);
}

TEST_F(IamTest, SaysWhoSomeoneIs) {
  const Json who = aws::call(sts, ann, "GetCallerIdentity", Json::object());
  EXPECT_EQ(who["Account"], ann.account);
  EXPECT_EQ(who["Arn"], "arn:aws:iam::" + ann.account + ":user/ann");
}

TEST_F(IamTest, AssumesRolesOfTheCallersAccountOnly) {
  const std::string role = "arn:aws:iam::" + ann.account + ":role/trainer";
  const Json made =
      aws::call(sts, ann, "AssumeRole", {{"RoleArn", role}, {"RoleSessionName", "build"}, {"DurationSeconds", "900"}});
  const auto session = identity.find_session(made["Credentials"]["AccessKeyId"]);
  ASSERT_TRUE(session);
  EXPECT_EQ(session->token, made["Credentials"]["SessionToken"]);
  EXPECT_EQ(made["AssumedRoleUser"]["Arn"], "arn:aws:sts::" + ann.account + ":assumed-role/trainer/build");
  const Caller assumed{.account = ann.account, .user = session->key.user, .access_key = session->key.access_key};
  EXPECT_EQ(aws::call(sts, assumed, "GetCallerIdentity", Json::object())["Arn"], made["AssumedRoleUser"]["Arn"]);
  EXPECT_EQ(code(sts, bob, "AssumeRole", {{"RoleArn", role}, {"RoleSessionName", "build"}}), "AccessDenied");
  EXPECT_EQ(code(sts, ann, "AssumeRole", {{"RoleArn", role}, {"RoleSessionName", "build"}, {"DurationSeconds", "10"}}),
            "ValidationException");
  EXPECT_EQ(code(sts, ann, "AssumeRole", {{"RoleArn", role}, {"RoleSessionName", "build"}, {"Policy", "{}"}}),
            "ValidationException");
}

TEST_F(IamTest, OpensSessionsOfTheCallerHimself) {
  const Json made = aws::call(sts, ann, "GetSessionToken", Json::object())["Credentials"];
  const auto session = identity.find_session(made["AccessKeyId"]);
  ASSERT_TRUE(session);
  EXPECT_EQ(session->key.user, "ann");
  const Caller again{.account = ann.account, .user = "ann", .access_key = session->key.access_key};
  EXPECT_EQ(aws::call(sts, again, "GetCallerIdentity", Json::object())["Arn"],
            "arn:aws:iam::" + ann.account + ":user/ann");
}

TEST_F(IamTest, KeepsNamesOfImageRepositories) {
  const Json made = aws::call(ecr, ann, "CreateRepository", {{"repositoryName", "team/graft"}})["repository"];
  EXPECT_EQ(made["repositoryUri"], ann.account + ".dkr.ecr.us-west-2.amazonaws.com/team/graft");
  EXPECT_EQ(code(ecr, ann, "CreateRepository", {{"repositoryName", "team/graft"}}), "RepositoryAlreadyExistsException");
  EXPECT_EQ(aws::call(ecr, ann, "DescribeRepositories", {{"repositoryNames", {"team/graft"}}})["repositories"].size(),
            1);
  EXPECT_EQ(code(ecr, bob, "DescribeRepositories", {{"repositoryNames", {"team/graft"}}}),
            "RepositoryNotFoundException");
  EXPECT_EQ(code(ecr, ann, "CreateRepository", {{"repositoryName", "../x"}}), "ValidationException");
  EXPECT_EQ(code(ecr, ann, "DeleteRepository", {{"repositoryName", "team/graft"}}), "");
  EXPECT_EQ(code(ecr, ann, "DeleteRepository", {{"repositoryName", "team/graft"}}), "RepositoryNotFoundException");
  const Json token = aws::call(ecr, ann, "GetAuthorizationToken", Json::object())["authorizationData"][0];
  EXPECT_THAT(token["authorizationToken"].get<std::string>(), testing::StartsWith("QVdTO"));
  EXPECT_EQ(code(ecr, ann, "PutImage", Json::object()), "UnknownOperationException");
}

}  // namespace
}  // namespace graft
