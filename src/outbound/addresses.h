#pragma once
#include <sys/socket.h>

namespace coffer::outbound {

// Addresses that no request of the server goes to, whatever name led there: where clouds tell machines their credentials, link-local, multicast and
// unspecified ones, also when they are spelled as IPv6. Others are the operator's to name.
[[nodiscard]] bool is_forbidden(const sockaddr& address);

}  // namespace coffer::outbound
