#include "dist/store.h"

#include <boost/algorithm/hex.hpp>
#include <iterator>

namespace graft {
namespace {

// What a collective library does not ask of a store is not here.
class MemberStore final : public c10d::Store {
 public:
  MemberStore(std::shared_ptr<Member> member, std::string prefix)
      : member_(std::move(member)), prefix_(std::move(prefix)) {}

  void set(const std::string& key, const std::vector<std::uint8_t>& value) override {
    std::string text;
    boost::algorithm::hex_lower(value.begin(), value.end(), std::back_inserter(text));
    member_->set(prefix_ + key, text);
  }

  std::vector<std::uint8_t> get(const std::string& key) override {
    const std::string text = member_->get(prefix_ + key);
    std::vector<std::uint8_t> value;
    boost::algorithm::unhex(text.begin(), text.end(), std::back_inserter(value));
    return value;
  }

  void wait(const std::vector<std::string>& keys) override {
    for (const std::string& key : keys) member_->get(prefix_ + key);
  }
  void wait(const std::vector<std::string>& keys, const std::chrono::milliseconds&) override { wait(keys); }

  std::int64_t add(const std::string& key, std::int64_t) override { refuse("add", key); }
  bool deleteKey(const std::string& key) override { refuse("deleteKey", key); }
  bool check(const std::vector<std::string>&) override { refuse("check", ""); }
  std::int64_t getNumKeys() override { refuse("getNumKeys", ""); }

 private:
  [[noreturn]] static void refuse(const char* call, const std::string& key) {
    fail(Kind::internal, "the store of a group has no ", call, " ", key);
  }

  std::shared_ptr<Member> member_;
  std::string prefix_;
};

}  // namespace

c10::intrusive_ptr<c10d::Store> make_store(std::shared_ptr<Member> member, std::string prefix) {
  return c10::make_intrusive<MemberStore>(std::move(member), std::move(prefix));
}

}  // namespace graft
