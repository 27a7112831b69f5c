#include "s3/uploads.h"

#include "s3/errors.h"
#include "s3/pairs.h"

namespace graft::s3 {
namespace {

constexpr std::string_view kColumns =
    "id, bucket, key, begun, account, user, public, headers, tags, algorithm, composite";

Upload upload_of(const Rows& rows) {
  return {.id = rows.text(0),
          .bucket = rows.integer(1),
          .key = std::string(as_text(rows.bytes(2))),
          .begun = rows.integer(3),
          .account = rows.text(4),
          .user = rows.text(5),
          .is_public = rows.integer(6) != 0,
          .headers = unpack(rows.bytes(7)),
          .tags = unpack(rows.bytes(8)),
          .algorithm = find_algorithm(rows.text(9)),
          .composite = rows.integer(10) != 0};
}

[[noreturn]] void refuse_upload(const std::string& id) {
  refuse(Code::no_such_upload, "there is no upload ", id, "; it was completed or aborted, or never begun");
}

// Their files, but `kept`.
std::vector<FileId> remove_rows(Database& database, const std::string& id, FileId kept) {
  std::vector<FileId> files;
  {
    Rows rows = database.query(
        "select file from parts where upload = ?1 union select file from assemblies where upload = ?1", id);
    while (rows.next()) {
      if (rows.integer(0) != kept) files.push_back(rows.integer(0));
    }
  }
  database.run("delete from parts where upload = ?", id);
  database.run("delete from assemblies where upload = ?", id);
  database.run("delete from uploads where id = ?", id);
  return files;
}

}  // namespace

void demand_upload(Database& database, const std::string& id) {
  Rows rows = database.query("select 1 from uploads where id = ?", id);
  if (!rows.next()) refuse_upload(id);
}

void add_upload(Store& store, const Upload& upload) {
  const std::string headers = pack(upload.headers), tags = pack(upload.tags);
  store.index.write([&](Database& database) {
    database.run(
        "insert into uploads (id, bucket, key, begun, account, user, public, headers, tags, algorithm, composite) "
        "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        upload.id, upload.bucket, as_bytes(upload.key), upload.begun, upload.account, upload.user, upload.is_public,
        as_bytes(headers), as_bytes(tags), upload.algorithm ? std::string(name_of(*upload.algorithm)) : std::string(),
        upload.composite);
  });
}

Upload find_upload(Store& store, std::int64_t bucket, const std::string& key, const std::string& id) {
  const Index::Reader reader = store.index.read();
  static const std::string sql = text("select ", kColumns, " from uploads where id = ?");
  Rows rows = reader->query(sql, id);
  if (!rows.next()) refuse_upload(id);
  Upload upload = upload_of(rows);
  if (upload.bucket != bucket || upload.key != key) refuse_upload(id);
  return upload;
}

void put_part(Store& store, const std::string& upload, const Part& part) {
  FileId replaced = 0;
  store.index.write([&](Database& database) {
    demand_upload(database, upload);
    {
      Rows rows = database.query("select file from parts where upload = ? and number = ?", upload, part.number);
      if (rows.next()) replaced = rows.integer(0);
      const auto assembly = find_assembly(database, upload);
      if (assembly && assembly->file == replaced) replaced = 0;  // other parts lie there
    }
    database.run(
        "insert or replace into parts (upload, number, size, modified, etag, crc32c, checksum, file) "
        "values (?, ?, ?, ?, ?, ?, ?, ?)",
        upload, part.number, part.size, part.modified, part.etag, part.crc32c, part.checksum, part.file);
  });
  store.files.remove(replaced);
}

std::vector<Part> parts_of(Store& store, const std::string& upload, int after, std::size_t most) {
  const Index::Reader reader = store.index.read();
  Rows rows = reader->query(
      "select number, size, modified, etag, crc32c, checksum, parts.file, "
      "iif(parts.file = assemblies.file, (number - 1) * part_size, 0) "
      "from parts left join assemblies on assemblies.upload = parts.upload "
      "where parts.upload = ? and number > ? order by number limit ?",
      upload, after, most);
  std::vector<Part> parts;
  while (rows.next()) {
    parts.push_back({.number = static_cast<int>(rows.integer(0)),
                     .size = static_cast<std::uint64_t>(rows.integer(1)),
                     .modified = rows.integer(2),
                     .etag = rows.text(3),
                     .crc32c = static_cast<std::uint32_t>(rows.integer(4)),
                     .checksum = rows.text(5),
                     .file = rows.integer(6),
                     .offset = static_cast<std::uint64_t>(rows.integer(7))});
  }
  return parts;
}

void remove_upload(Store& store, const std::string& id) {
  std::vector<FileId> files;
  store.index.write([&](Database& database) {
    demand_upload(database, id);
    files = remove_rows(database, id, 0);
  });
  for (const FileId file : files) store.files.remove(file);
}

void finish_upload(Store& store, const Upload& upload, const Object& object, const Precondition& precondition) {
  std::vector<FileId> files;
  store.index.write([&](Database& database) {
    demand_upload(database, upload.id);
    files = remove_rows(database, upload.id, object.file);
    files.push_back(put_object(database, upload.bucket, object, precondition));
  });
  for (const FileId file : files) store.files.remove(file);
}

std::vector<Upload> list_uploads(Store& store, std::int64_t bucket, const std::string& from,
                                 const std::string& after_key, const std::string& after_id, std::size_t most) {
  const Index::Reader reader = store.index.read();
  static const std::string sql = text("select ", kColumns,
                                      " from uploads where bucket = ?1 and key >= ?2 and (key, id) > (?3, ?4) "
                                      "order by key, id limit ?5");
  Rows rows = reader->query(sql, bucket, as_bytes(from), as_bytes(after_key), after_id, most);
  std::vector<Upload> uploads;
  while (rows.next()) uploads.push_back(upload_of(rows));
  return uploads;
}

}  // namespace graft::s3
