#include "s3/buckets.h"

#include "s3/errors.h"
#include "s3/pairs.h"

namespace graft::s3 {
namespace {

Bucket bucket_of(const Rows& rows) {
  return {.id = rows.integer(0),
          .name = rows.text(1),
          .account = rows.text(2),
          .region = rows.text(3),
          .created = rows.integer(4),
          .is_public = rows.integer(5) != 0,
          .tags = unpack(rows.bytes(6)),
          .policy = rows.text(7)};
}

}  // namespace

std::optional<Bucket> find_bucket(Store& store, const std::string& name) {
  const Index::Reader reader = store.index.read();
  Rows rows = reader->query(
      "select id, name, account, region, created, public, tags, policy from buckets where name = ?", name);
  if (!rows.next()) return std::nullopt;
  return bucket_of(rows);
}

std::vector<Bucket> buckets_of(Store& store, const std::string& account) {
  const Index::Reader reader = store.index.read();
  std::vector<Bucket> buckets;
  Rows rows = reader->query(
      "select id, name, account, region, created, public, tags, policy from buckets where account = ? order by name",
      account);
  while (rows.next()) buckets.push_back(bucket_of(rows));
  return buckets;
}

void add_bucket(Store& store, const Bucket& bucket) {
  store.index.write([&](Database& database) {
    Rows rows = database.query("select account from buckets where name = ?", bucket.name);
    if (rows.next()) {
      demand(rows.text(0) != bucket.account, Code::bucket_already_owned_by_you, "the bucket ", bucket.name,
             " is yours already");
      refuse(Code::bucket_already_exists, "the bucket ", bucket.name,
             " exists and is another account's; names are shared by all accounts, so choose another one");
    }
    database.run("insert into buckets (name, account, region, created, public) values (?, ?, ?, ?, ?)", bucket.name,
                 bucket.account, bucket.region, bucket.created, bucket.is_public);
  });
}

void remove_bucket(Store& store, const Bucket& bucket) {
  std::vector<FileId> files;
  store.index.write([&](Database& database) {
    {
      Rows rows = database.query("select 1 from objects where bucket = ? limit 1", bucket.id);
      demand(!rows.next(), Code::bucket_not_empty, "the bucket ", bucket.name,
             " has objects; delete them before the bucket");
      Rows parts = database.query(
          "select file from parts where upload in (select id from uploads where bucket = ?1) union "
          "select file from assemblies where upload in (select id from uploads where bucket = ?1)",
          bucket.id);
      while (parts.next()) files.push_back(parts.integer(0));
    }
    for (const char* sql : {"delete from parts where upload in (select id from uploads where bucket = ?)",
                            "delete from assemblies where upload in (select id from uploads where bucket = ?)"}) {
      database.run(sql, bucket.id);
    }
    database.run("delete from uploads where bucket = ?", bucket.id);
    database.run("delete from bucket_settings where bucket = ?", bucket.id);
    database.run("delete from buckets where id = ?", bucket.id);
  });
  for (const FileId file : files) store.files.remove(file);
}

void change_bucket(Store& store, const Bucket& bucket) {
  const std::string tags = pack(bucket.tags);
  store.index.write([&](Database& database) {
    database.run("update buckets set public = ?, tags = ?, policy = ? where id = ?", bucket.is_public, as_bytes(tags),
                 bucket.policy, bucket.id);
  });
}

std::optional<std::string> find_setting(Store& store, std::int64_t bucket, std::string_view name) {
  const Index::Reader reader = store.index.read();
  Rows rows = reader->query("select value from bucket_settings where bucket = ? and name = ?", bucket, name);
  return rows.next() ? std::optional(rows.text(0)) : std::nullopt;
}

void set_setting(Store& store, std::int64_t bucket, std::string_view name, const std::string& value) {
  store.index.write([&](Database& database) {
    if (value.empty()) {
      database.run("delete from bucket_settings where bucket = ? and name = ?", bucket, name);
    } else {
      database.run("insert or replace into bucket_settings values (?, ?, ?)", bucket, name, value);
    }
  });
}

}  // namespace graft::s3
