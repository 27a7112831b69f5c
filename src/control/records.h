// What the API keeps of the things it made: one document each, by account, kind and name. Kept in SQLite; thread-safe.
//
// What a call has changed is on disk when it returns.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "database/database.h"

namespace graft {

// Seconds since 1970.
double now();

struct Record {
  std::string account{};
  std::string kind{};    // as in ARNs: "training-job"
  std::string name{};    // unique in account and kind
  std::string parent{};  // of what a tuning job started: its name
  std::string status{};  // "InProgress"; empty where the kind has none
  double created = 0, modified = 0;
  Json document{};  // what Describe answers, without the three above
  Json inner{};     // what only graft reads: what was made of the request, tags
};

// Which records List means, and in what order.
struct RecordQuery {
  enum class Order { name, created, modified, status };
  std::string name_contains{}, status{}, parent{};  // empty: any
  std::optional<double> created_after{}, created_before{}, modified_after{}, modified_before{};
  Order order = Order::created;
  bool descending = true;
  std::size_t most = 10;
  std::string token{};  // of the page before
};

struct RecordPage {
  std::vector<Record> records{};
  std::string token{};  // empty: that was the last
};

class Records {
 public:
  // Kept in `folder`, which is made.
  explicit Records(const std::filesystem::path& folder);

  // Throws Kind::conflict when there is one of this name.
  void create(const Record& record);
  std::optional<Record> find(const std::string& account, const std::string& kind, const std::string& name) const;
  // Reads it, lets `change` change it and writes it; no other change comes between. Status, document and inner may be
  // changed; `modified` becomes now. What `change` throws leaves it as it was. It must not use the Records. False when
  // there is none.
  bool update(const std::string& account, const std::string& kind, const std::string& name,
              const std::function<void(Record&)>& change);
  bool erase(const std::string& account, const std::string& kind, const std::string& name);

  // Pages do not shift when something is made or erased between them. Throws Kind::invalid for a token that is none.
  RecordPage list(const std::string& account, const std::string& kind, const RecordQuery& query) const;
  // Those of all accounts that are in this status, the oldest first.
  std::vector<Record> in_status(const std::string& kind, const std::string& status) const;

 private:
  std::optional<Record> find_unlocked(const std::string& account, const std::string& kind,
                                      const std::string& name) const;

  mutable std::mutex mutex_;
  mutable Database database_;  // guarded by mutex_
};

}  // namespace graft
