#include "base/cidr.h"

#include <gtest/gtest.h>

namespace coffer {
namespace {

TEST(Cidr, TakesBlocksAndAddresses) {
  for (const char* good : {"10.0.0.0/8", "127.0.0.1", "127.0.0.1/32", "0.0.0.0/0", "::1", "::/0", "2001:db8::/32", "::ffff:10.0.0.1"})
    EXPECT_TRUE(check_cidr(good)) << good;
  for (const char* bad : {"", "a.b.c.d", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0/8", "::1/129", "1.2.3.4/8x", "1.2.3.4/+8", " 1.2.3.4"})
    EXPECT_FALSE(check_cidr(bad)) << bad;
  EXPECT_FALSE(check_cidr(std::string_view("1.2.3.4\0x", 9)));
  EXPECT_EQ(check_cidr("a.b.c.d").error().message,
            "error parsing address \"a.b.c.d\": Unable to convert \"a.b.c.d\" to an IPv4 or IPv6 address, or a UNIX Socket");
}

TEST(Cidr, Contains) {
  EXPECT_TRUE(cidr_list_contains({"192.168.0.0/16", "10.1.2.0/23"}, "10.1.3.255"));
  EXPECT_FALSE(cidr_list_contains({"10.1.2.0/23"}, "10.1.4.0"));
  EXPECT_TRUE(cidr_list_contains({"10.0.0.0/8"}, "::ffff:10.9.9.9"));
  EXPECT_TRUE(cidr_list_contains({"2001:db8::/33"}, "2001:db8:7fff::1"));
  EXPECT_FALSE(cidr_list_contains({"2001:db8::/33"}, "2001:db8:8000::1"));
  EXPECT_FALSE(cidr_list_contains({"0.0.0.0/0"}, "::1"));
  EXPECT_FALSE(cidr_list_contains({"0.0.0.0/0"}, "not an address"));
  EXPECT_FALSE(cidr_list_contains({}, "1.2.3.4"));
}

TEST(Cidr, Subset) {
  EXPECT_TRUE(cidr_subset("10.1.0.0/16", "10.0.0.0/8"));
  EXPECT_TRUE(cidr_subset("10.1.2.3", "10.0.0.0/8"));
  EXPECT_FALSE(cidr_subset("10.0.0.0/8", "10.1.0.0/16"));
  EXPECT_FALSE(cidr_subset("11.0.0.0/16", "10.0.0.0/8"));
  EXPECT_FALSE(cidr_subset("::/0", "0.0.0.0/0"));
}

}  // namespace
}  // namespace coffer
