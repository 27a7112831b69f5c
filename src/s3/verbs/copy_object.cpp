#include "s3/conditions.h"
#include "s3/copy_source.h"
#include "s3/dates.h"
#include "s3/errors.h"
#include "s3/object_headers.h"
#include "s3/verbs.h"
#include "s3/xml.h"

namespace graft::s3 {
namespace {

bool replaces(const Call& call, std::string_view header) {
  const std::string_view directive = call.header(header).value_or("COPY");
  demand(directive == "COPY" || directive == "REPLACE", Code::invalid_argument, header, " has to be COPY or REPLACE");
  return directive == "REPLACE";
}

// Contents do not change, so that a copy of a file is another name for it.
std::optional<NewFile> copy_file(Store& store, const CopySource& source) {
  if (!source.object.file) return std::nullopt;
  try {
    return store.files.link(source.object.file);
  } catch (const Error& error) {
    if (error.kind() != Kind::not_found) throw;
  }
  // Replaced meanwhile; the open file still has the content.
  NewFile copy = store.files.create();
  copy.append(*source.file, 0, source.object.size);
  copy.sync();
  return copy;
}

}  // namespace

Response copy_object(Call& call) {
  check_key(call.key);
  const Bucket bucket = open_bucket(call, Access::own);
  const CopySource source = open_copy_source(call);
  const bool new_headers = replaces(call, "x-amz-metadata-directive");
  demand(new_headers || replaces(call, "x-amz-tagging-directive") || source.bucket.id != bucket.id ||
             source.object.key != call.key || call.header("x-amz-server-side-encryption") ||
             call.header("x-amz-storage-class"),
         Code::invalid_request, "a copy of an object onto itself has to change its metadata");
  Object object = source.object;
  object.key = call.key;
  object.modified = now();
  object.is_public = public_by_acl(call, bucket);
  if (new_headers) object.headers = headers_to_store(call.headers());
  if (replaces(call, "x-amz-tagging-directive")) object.tags = tags_to_store(call);
  const Precondition condition = write_condition(call);
  std::optional<NewFile> file = copy_file(call.store, source);
  object.file = file ? file->id() : 0;
  put_object(call.store, bucket.id, object, condition);
  if (file) file->keep();
  Xml xml("CopyObjectResult");
  xml.add("LastModified", iso_date(object.modified));
  xml.add("ETag", in_quotes(object.etag));
  add_checksums(xml, object.checksums);
  Response response = xml_answer(xml.finish());
  add_encryption(response, object.headers);
  return response;
}

}  // namespace graft::s3
