#include "server/config/reader.h"

namespace coffer::config {

std::string reference_markdown() {
  std::string out =
      "# The configuration\n\nMade from the tables that read it, by `coffer docs config`; edit the tables, not this page. The format is Vault's: HCL 1 or JSON, from "
      "one file,\nseveral, or a folder of them (`-config` may stand several times). A key that is not known is an error with its line and the nearest key that is.\n"
      "Lifetimes are written `90s`, `1h30m` or in seconds; relative file names begin in the working directory.\n"
      "[Run it for real](../how-to/production.md) has an example.\n";
  describe_top(out);
  describe_listener(out);
  describe_blocks(out);
  describe_audit(out);
  describe_aws(out);
  describe_aws_rotation(out);
  describe_azure(out);
  return out;
}

}  // namespace coffer::config
