#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include "outbound/addresses.h"
#include "outbound/dialer.h"

namespace coffer::outbound {
namespace {

bool forbidden(const char* text) {
  sockaddr_storage storage{};
  auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
  if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
    storage.ss_family = AF_INET;
  else if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1)
    storage.ss_family = AF_INET6;
  else
    ADD_FAILURE() << text;
  return is_forbidden(reinterpret_cast<const sockaddr&>(storage));
}

TEST(Addresses, WhereNoRequestGoes) {
  for (const char* text : {"169.254.169.254",
                           "169.254.0.1",
                           "0.0.0.0",
                           "0.1.2.3",
                           "100.100.100.200",
                           "168.63.129.16",
                           "192.0.0.192",
                           "224.0.0.1",
                           "239.1.1.1",
                           "255.255.255.255",
                           "::",
                           "fe80::1",
                           "febf::1",
                           "ff02::1",
                           "fd00:ec2::254",
                           "fd20:ce::254",
                           "::ffff:169.254.169.254",
                           "::169.254.169.254",
                           "64:ff9b::169.254.169.254",
                           "2002:a9fe:a9fe::1"})
    EXPECT_TRUE(forbidden(text)) << text;
  for (const char* text :
       {"127.0.0.1", "10.1.2.3", "192.168.1.1", "100.100.100.201", "93.184.216.34", "::1", "2001:db8::1", "fd00::1", "::ffff:127.0.0.1"})
    EXPECT_FALSE(forbidden(text)) << text;
}

TEST(Addresses, OtherFamilies) {
  sockaddr_storage storage{};
  storage.ss_family = AF_UNIX;
  EXPECT_TRUE(is_forbidden(reinterpret_cast<const sockaddr&>(storage)));
}

TEST(Url, Parts) {
  const auto url = parse_url("https://fn.example:8443/base/");
  ASSERT_TRUE(url);
  EXPECT_TRUE(url->tls);
  EXPECT_EQ(url->authority, "fn.example:8443");
  EXPECT_EQ(url->path, "/base");
  EXPECT_EQ(parse_url("http://[::1]:9000")->authority, "[::1]:9000");
  for (const std::string_view text : {"", "ftp://x", "http://", "http:///x", "http://u@x", "http://x?a", "http://x#a", "http://x y", "x:80",
                                      "http://:80", "http://x\\y", "file:///etc/passwd", "http://x\n"})
    EXPECT_FALSE(parse_url(text)) << text;
}

TEST(Dialer, RefusesAddressesAndSchemesBeforeAnythingIsSent) {
  Request request;
  request.timeout = std::chrono::milliseconds(2000);
  request.url = "http://169.254.169.254/latest/meta-data/";
  const auto refused = post(request);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "the endpoint leads to an address that requests may not go to");
  request.url = "file:///etc/passwd";
  EXPECT_FALSE(post(request));
  request.url = "http://127.0.0.1:1/";
  const auto unreached = post(request);
  ASSERT_FALSE(unreached);
  EXPECT_EQ(unreached.error().message.find("127.0.0.1"), std::string::npos) << unreached.error().message;
}

}  // namespace
}  // namespace coffer::outbound
