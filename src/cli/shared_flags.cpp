#include "cli/command.h"

namespace coffer::cli {
namespace {

std::vector<FlagSpec> http_options() {
  return {
      {"address", FlagKind::text, "Address of the server.", "https://127.0.0.1:8200", "ADDR"},
      {"agent-address", FlagKind::text, "Address of an agent that stands before the server.", {}, "AGENT_ADDR"},
      {"ca-cert", FlagKind::text, "PEM file with the certificate authority that the server's certificate must come from. Goes before -ca-path.", {},
       "CACERT"},
      {"ca-path", FlagKind::text, "Folder of PEM files with certificate authorities, named by hash (see openssl rehash).", {}, "CAPATH"},
      {"client-cert", FlagKind::text, "PEM file with the certificate to show to the server; needs -client-key.", {}, "CLIENT_CERT"},
      {"client-key", FlagKind::text, "PEM file with the private key of -client-cert.", {}, "CLIENT_KEY"},
      {"disable-redirects", FlagKind::boolean, "Do not follow the one redirect that a standby may answer with.", "false", "DISABLE_REDIRECTS"},
      {"header", FlagKind::map, "Header to add to each request, as name=value; several times for several. X-Vault-* is refused."},
      {"mfa", FlagKind::list, "Second factor for the X-Vault-MFA header, as method:passcode; several times for several.", {}, "MFA"},
      {"namespace", FlagKind::text, "Namespace in which the command acts. -ns is short for it.", {}, "NAMESPACE"},
      {"ns", FlagKind::text, "The same as -namespace, and goes before it.", {}, {}, {}, {}, true},
      {"no-color", FlagKind::boolean, "Print without colours.", "false", {}, {}, {}, true},
      {"non-interactive", FlagKind::boolean, "Never ask on the terminal; fail instead.", "false", {}, "no-input"},
      {"output-curl-string", FlagKind::boolean, "Send nothing; print the request as a curl command.", "false"},
      {"output-policy", FlagKind::boolean, "Send nothing; print the policy that the request needs.", "false"},
      {"policy-override", FlagKind::boolean, "Override a soft-mandatory policy, where the server has such.", "false"},
      {"tls-server-name", FlagKind::text, "Name that the server's certificate must hold, when it is not the address's.", {}, "TLS_SERVER_NAME"},
      {"tls-skip-verify", FlagKind::boolean, "Do not check the server's certificate. Anyone between can then read all that passes.", "false",
       "SKIP_VERIFY"},
      {"unlock-key", FlagKind::text, "Key of a locked namespace.", {}, {}, {}, {}, true},
      {"wrap-ttl", FlagKind::duration, "Have the answer wrapped in a token of this lifetime, such as 30s or 5m; see the unwrap command.", {},
       "WRAP_TTL"},
  };
}

}  // namespace

std::vector<FlagGroup> shared_flags(FlagGroups groups) {
  std::vector<FlagGroup> out;
  if ((groups & http_flags) != 0) out.push_back({"HTTP Options", http_options()});
  FlagGroup output{"Output Options", {}};
  if ((groups & field_flag) != 0)
    output.flags.push_back({"field", FlagKind::text, "Print this field alone; without a line end when stdout is no terminal."});
  if ((groups & format_flag) != 0) {
    output.flags.push_back({"format", FlagKind::text, "Form of the output. \"raw\" is for read only.", "table", "FORMAT", {},
                            "table|json|yaml|pretty|raw"});
    output.flags.push_back({"json", FlagKind::boolean, "The same as -format=json.", {}, {}, {}, {}, true});
  }
  if ((groups & detailed_flag) != 0)
    output.flags.push_back({"detailed", FlagKind::boolean, "Show what the server tells beside the names.", "false", "DETAILED"});
  if (!output.flags.empty()) out.push_back(std::move(output));
  if ((groups & confirm_flag) != 0)
    out.push_back({"Safety Options", {{"yes", FlagKind::boolean, "Do it without asking.", "false", {}, "y"}}});
  return out;
}

std::vector<FlagSpec> all_flags(const CommandSpec& command) {
  std::vector<FlagSpec> out = command.flags;
  for (FlagGroup& group : shared_flags(command.groups))
    for (FlagSpec& flag : group.flags) {
      const auto own = std::find_if(out.begin(), out.end(), [&](const FlagSpec& have) { return have.name == flag.name; });
      if (own == out.end()) out.push_back(flag);
    }
  return out;
}

}  // namespace coffer::cli
