#include "http/address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

namespace graft {
namespace {

bool is_public(const std::string& words) {
  std::array<std::byte, 16> address{};
  const bool six = words.find(':') != std::string::npos;
  EXPECT_EQ(inet_pton(six ? AF_INET6 : AF_INET, words.c_str(), address.data()), 1) << words;
  return graft::is_public(ByteView(address).first(six ? 16 : 4));
}

TEST(Address, IsPublicOrNot) {
  for (const char* address :
       {"1.1.1.1",        "9.255.255.255",    "11.0.0.0",        "52.216.0.1",      "100.63.255.255",
        "100.128.0.0",    "126.255.255.255",  "128.0.0.0",       "169.253.255.255", "169.255.0.0",
        "172.15.255.255", "172.32.0.0",       "192.167.255.255", "192.169.0.0",     "198.17.255.255",
        "198.20.0.0",     "223.255.255.255",  "2606:4700::1111", "2001:200::1",     "2a00:1450:4001::1",
        "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "3ffe::1"}) {
    EXPECT_TRUE(is_public(address)) << address;
  }
  for (const char* address :
       {"0.0.0.0",        "0.1.2.3",         "10.0.0.1",     "10.255.255.255",  "100.64.0.0",    "100.127.255.255",
        "127.0.0.1",      "127.255.255.255", "169.254.0.0",  "169.254.169.254", "169.254.170.2", "172.16.0.0",
        "172.31.255.255", "192.0.0.8",       "192.0.2.1",    "192.88.99.1",     "192.168.0.0",   "192.168.255.255",
        "198.18.0.0",     "198.19.255.255",  "198.51.100.1", "203.0.113.1",     "224.0.0.1",     "239.255.255.255",
        "240.0.0.1",      "255.255.255.255"}) {
    EXPECT_FALSE(is_public(address)) << address;
    EXPECT_FALSE(is_public(std::string("::ffff:") + address)) << address;
    EXPECT_FALSE(is_public(std::string("64:ff9b::") + address)) << address;
  }
  for (const char* address : {"::", "::1", "::127.0.0.1", "::8.8.8.8", "64:ff9b:1::8.8.8.8", "100::1", "2001::1",
                              "2001:1ff:ffff::1", "2001:db8::1", "2002:7f00:1::", "3fff::1", "5f00::1", "fc00::1",
                              "fdff::1", "fe80::1", "fec0::1", "ff02::1", "::ffff:0:127.0.0.1"}) {
    EXPECT_FALSE(is_public(address)) << address;
  }
  EXPECT_FALSE(graft::is_public({}));
}

}  // namespace
}  // namespace graft
