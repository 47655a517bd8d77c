#pragma once
#include "audit/output.h"
#include "audit/sinks/blocking.h"

namespace coffer::audit {

// What a device's options say, checked: Vault's names and forms (`"true"`, `"0600"`, `"30s"`), and Coffer's own.
struct DeviceSettings {
  Form form;
  bool skip_test = false;
  FileOptions file;
  SyslogOptions syslog;
  SocketOptions socket;
  Duration deadline{};
};
[[nodiscard]] Result<DeviceSettings> parse_device(const DeviceOptions& device, bool trusted, const BrokerOptions& options);

// Opens what the settings name. `node`: as escaped in lines.
[[nodiscard]] Result<std::unique_ptr<Output>> open_output(const DeviceOptions& device, const DeviceSettings& settings, std::string_view node);

}  // namespace coffer::audit
