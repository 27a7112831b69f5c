// A bucket's policy, of the one kind that is built: it lets everyone read objects, list the bucket, or both.
#pragma once

#include <string>
#include <string_view>

namespace graft::s3 {

// Throws MalformedPolicy, and NotImplemented for what would give or forbid anything else.
void check_policy(const std::string& document, const std::string& bucket);

// Whether it lets everyone do so. REQUIRES: check_policy() took it, or it is empty.
bool policy_lists(const std::string& document, const std::string& bucket);
bool policy_reads(const std::string& document, const std::string& bucket, std::string_view key);

}  // namespace graft::s3
