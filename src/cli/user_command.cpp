// Keys are in SQLite, so all of this works beside a running platform, which sees it at once.
#include <pwd.h>
#include <unistd.h>

#include <iomanip>
#include <iostream>

#include "base/error.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/platform_option.h"
#include "identity/identity.h"
#include "identity/time_text.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

struct UserOptions {
  fs::path data = usual_data_folder();
  std::string name{}, key{};
  std::optional<std::string> account{};
  bool json = false;
};

fs::path identity_folder(const UserOptions& options) {
  require(fs::is_directory(options.data / "identity"), options.data.string(),
          ": no platform was ever started with this folder; `graft up` makes it");
  return options.data / "identity";
}

// Who does this, for the audit log.
Caller operator_of_this_machine() {
  const passwd* user = ::getpwuid(::getuid());
  return {.account = "operator", .user = user ? user->pw_name : std::to_string(::getuid()), .service = "graft"};
}

OrderedJson as_json(const AccessKey& key) {
  return {{"account", key.account},
          {"user", key.user},
          {"access_key", key.access_key},
          {"created", readable_time(key.created)},
          {"revoked", key.revoked}};
}

void add(const UserOptions& options) {
  Identity identity(identity_folder(options));
  const AccessKey key = identity.add_key(options.name, options.account);
  identity.audit(operator_of_this_machine(), "local", "AddUser", key.user + ' ' + key.access_key, 200);
  if (options.json) {
    OrderedJson json = as_json(key);
    json["secret_key"] = key.secret_key;
    std::cout << json.dump() << '\n';
    return;
  }
  std::cout << "# " << key.user << " of account " << key.account << "; the secret is not shown again\n"
            << "export AWS_ACCESS_KEY_ID=" << key.access_key << "\nexport AWS_SECRET_ACCESS_KEY=" << key.secret_key
            << '\n';
}

void list(const UserOptions& options) {
  const Identity identity(identity_folder(options));
  for (const AccessKey& key : identity.keys()) {
    if (options.json) {
      std::cout << as_json(key).dump() << '\n';
    } else {
      std::cout << key.account << "  " << std::left << std::setw(20) << key.user << "  " << key.access_key << "  "
                << readable_time(key.created) << (key.revoked ? "  revoked" : "") << '\n';
    }
  }
}

void revoke(const UserOptions& options) {
  Identity identity(identity_folder(options));
  identity.revoke(options.key);
  identity.audit(operator_of_this_machine(), "local", "RevokeKey", options.key, 200);
  std::cout << options.key << " is revoked, and every session that was opened with it\n";
}

}  // namespace

void add_user(CLI::App& app) {
  auto options = std::make_shared<UserOptions>();
  CLI::App* user = app.add_subcommand("user", "Who may use the platform: their keys and accounts");
  user->require_subcommand(1);
  CLI::App* adding = user->add_subcommand("add", "Make a key, and its user where there is none of this name");
  adding->add_option("name", options->name, "The user")->required()->type_name("NAME");
  adding->add_option("--account", options->account, "Twelve digits [his own, which is made with his first key]")
      ->type_name("ACCOUNT");
  adding->add_flag("--json", options->json, "One JSON object");
  add_data(*adding, options->data);
  adding->callback([options] { add(*options); });
  CLI::App* listing = user->add_subcommand("list", "All keys, without their secrets");
  listing->add_flag("--json", options->json, "One JSON object a line");
  add_data(*listing, options->data);
  listing->callback([options] { list(*options); });
  CLI::App* revoking = user->add_subcommand("revoke", "Take a key back");
  revoking->add_option("key", options->key, "AKIA...")->required()->type_name("KEY");
  add_data(*revoking, options->data);
  revoking->callback([options] { revoke(*options); });
}

}  // namespace graft
