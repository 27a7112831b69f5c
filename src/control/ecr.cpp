#include "control/ecr.h"

#include <algorithm>
#include <ctime>
#include <mutex>

#include "aws/check.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "database/database.h"
#include "identity/secret.h"

namespace graft {
namespace {

using aws::Support;

constexpr std::int64_t kTokenSeconds = 43'200;

aws::TextRule name_rule() {
  return {.least = 2, .most = 256, .pattern = R"((?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*)"};
}

std::string registry(const Caller& caller) {
  return caller.account + ".dkr.ecr." + caller.region + ".amazonaws.com";
}

Json describe(const Caller& caller, const std::string& name, std::int64_t created) {
  return {{"repositoryArn", aws::arn("ecr", caller.region, caller.account, "repository/" + name)},
          {"registryId", caller.account},
          {"repositoryName", name},
          {"repositoryUri", registry(caller) + '/' + name},
          {"createdAt", created}};
}

[[noreturn]] void no_repository(const std::string& name, const Caller& caller) {
  throw Error(
      Kind::not_found, "RepositoryNotFoundException",
      text("The repository with name '", name, "' does not exist in the registry with id '", caller.account, "'"));
}

void check_registry(const Caller& caller, const Json& input) {
  const auto id = aws::text_if(input, "registryId");
  if (id && *id != caller.account) {
    throw Error(Kind::denied, "AccessDeniedException", text("the registry ", *id, " is of another account"));
  }
}

}  // namespace

struct ImageRepositories::State {
  explicit State(const std::filesystem::path& folder) : database((make_folder(folder), folder / "ecr.db")) {
    database.script(
        "create table if not exists repositories (account text, region text, name text, created integer not null, "
        "primary key (account, region, name))");
  }
  std::mutex mutex{};
  Database database;  // guarded by mutex

  Json create(const Caller& caller, const Json& input) {
    check_registry(caller, input);
    const std::string name = aws::text_of(input, "repositoryName", name_rule());
    const std::int64_t now = std::time(nullptr);
    const std::lock_guard lock(mutex);
    database.run("insert or ignore into repositories values (?, ?, ?, ?)", caller.account, caller.region, name, now);
    if (database.changed() == 0) {
      throw Error(
          Kind::invalid, "RepositoryAlreadyExistsException",
          text("The repository with name '", name, "' already exists in the registry with id '", caller.account, "'"));
    }
    return {{"repository", describe(caller, name, now)}};
  }

  Json describe_all(const Caller& caller, const Json& input) {
    check_registry(caller, input);
    const Json& asked = aws::list_of(input, "repositoryNames", {.most = 100});
    Json found = Json::array();
    const std::lock_guard lock(mutex);
    for (Rows rows =
             database.query("select name, created from repositories where account = ? and region = ? order by name",
                            caller.account, caller.region);
         rows.next();) {
      const bool wanted = asked.empty() || std::find(asked.begin(), asked.end(), Json(rows.text(0))) != asked.end();
      if (wanted) found.push_back(describe(caller, rows.text(0), rows.integer(1)));
    }
    for (const Json& name : asked) {
      const bool there =
          std::any_of(found.begin(), found.end(), [&](const Json& one) { return one["repositoryName"] == name; });
      if (!there) no_repository(name.is_string() ? name.get<std::string>() : name.dump(), caller);
    }
    return {{"repositories", found}};
  }

  Json erase(const Caller& caller, const Json& input) {
    check_registry(caller, input);
    const std::string name = aws::text_of(input, "repositoryName", name_rule());
    const std::lock_guard lock(mutex);
    database.run("delete from repositories where account = ? and region = ? and name = ?", caller.account,
                 caller.region, name);
    if (database.changed() == 0) no_repository(name, caller);
    return {{"repository", describe(caller, name, std::time(nullptr))}};
  }
};

namespace {

// It opens nothing here: it is for scripts that hand it on to the login of a registry.
Json authorization_token(const Caller& caller, const Json&) {
  const std::string password = random_text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", 64);
  return {{"authorizationData",
           {{{"authorizationToken", encode_base64(as_bytes("AWS:" + password))},
             {"expiresAt", std::time(nullptr) + kTokenSeconds},
             {"proxyEndpoint", "https://" + registry(caller)}}}}};
}

}  // namespace

ImageRepositories::ImageRepositories(const std::filesystem::path& folder) : state_(std::make_unique<State>(folder)) {}
ImageRepositories::~ImageRepositories() = default;

aws::Service ImageRepositories::service() {
  State& state = *state_;
  const aws::Field name{"repositoryName", Support::done}, registry{"registryId", Support::done, "the caller's account"};
  return {.name = "ECR",
          .target_prefix = "AmazonEC2ContainerRegistry_V20150921",
          .signing_name = "ecr",
          .operations = {
              {"CreateRepository",
               {name,
                registry,
                {"tags", Support::ignored},
                {"imageTagMutability", Support::ignored},
                {"imageScanningConfiguration", Support::ignored},
                {"encryptionConfiguration", Support::ignored}},
               [&state](const Caller& caller, const Json& input) { return state.create(caller, input); }},
              {"DescribeRepositories",
               {{"repositoryNames", Support::done}, registry, {"maxResults", Support::ignored}},
               [&state](const Caller& caller, const Json& input) { return state.describe_all(caller, input); }},
              {"DeleteRepository",
               {name, registry, {"force", Support::ignored}},
               [&state](const Caller& caller, const Json& input) { return state.erase(caller, input); }},
              {"GetAuthorizationToken",
               {{"registryIds", Support::ignored, "the token is for nothing: graft has no registry of images"}},
               authorization_token},
          }};
}

}  // namespace graft
