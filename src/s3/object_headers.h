// What a client says of an object when it writes it, and is told when it reads it.
#pragma once

#include "s3/call.h"
#include "s3/objects.h"
#include "s3/xml.h"

namespace graft::s3 {

// Content-Type, Cache-Control and so on, x-amz-meta-*, and what the client says of encryption. Throws
// MetadataTooLarge.
Headers headers_to_store(const Headers& request);
// x-amz-tagging: "a=b&c=d".
Headers tags_to_store(const Call& call);
// Throws InvalidTag.
void check_tags(const Headers& tags, std::size_t most);
// x-amz-acl: whether it is public-read. Throws NotImplemented for what is neither that nor private.
bool public_by_acl(const Call& call);
// The same, for a bucket that is there or an object in it. Throws AccessDenied where the bucket must not have that.
bool public_by_acl(const Call& call, const Bucket& bucket);
void check_public_acl(const Call& call, const Bucket& bucket, bool is_public);

std::string in_quotes(const std::string& etag);
// What the client said of encryption, given back.
void add_encryption(Response& response, const Headers& stored);
// ETag, checksums and encryption: the answer to a write.
void add_written(Response& response, const Object& object);
// All headers of an answer to GET and HEAD but those of a range and the checksums.
void add_headers(Response& response, const Object& object);
// With x-amz-checksum-type.
void add_checksums(Response& response, const Object& object);
// As <ChecksumCRC32> and so on.
void add_checksums(Xml& xml, const Headers& checksums);

}  // namespace graft::s3
