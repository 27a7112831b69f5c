// The files that AWS's clients share: ~/.aws/config and ~/.aws/credentials.
//
//   [profile lab]                  in config; [lab] in credentials; [default] in both
//   region = eu-central-1
//   services = local
//   s3 =
//       addressing_style = virtual
//   [services local]
//   s3 =
//       endpoint_url = http://127.0.0.1:9000
//
// A line that begins with '#' or ';' says nothing; what is indented belongs to the line above.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace graft {

// By section and name; what is indented below `s3 =` is named "s3.endpoint_url".
using ProfileFile = std::map<std::string, std::map<std::string, std::string>>;

// Lines that are none of this are passed over, as AWS's own clients do. Throws when the text is no such file at all.
ProfileFile parse_profiles(std::string_view content, std::string_view source);

// What both files say of the profile, the credentials file first, and of the services it names ("s3.endpoint_url").
std::map<std::string, std::string> find_profile(const ProfileFile& config, const ProfileFile& credentials,
                                                const std::string& profile);

}  // namespace graft
