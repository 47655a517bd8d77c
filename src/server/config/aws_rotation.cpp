#include <fmt/format.h>

#include "outbound/dialer.h"
#include "server/config/reader.h"

// aws { rotation { } }: the functions that rotate secrets.
namespace coffer::config {

namespace {

// Both the block and each of its functions have an endpoint and a timeout.
template <class Into>
void read_endpoint(Reader& reader, const hcl::Entry& entry, Into& into) {
  std::string text;
  reader.read(entry, text);
  if (!outbound::parse_url(text))
    return reader.wrong(entry.value.at, "\"endpoint\" expected an http or https URL of a host",
                        "write for instance \"https://functions.example:9001\", without user or query");
  into.endpoint = std::move(text);
}
template <class Into>
void read_timeout(Reader& reader, const hcl::Entry& entry, Into& into) {
  Seconds value{60};
  reader.read(entry, value);
  if (value < Seconds(1) || value > Seconds(900))
    return reader.wrong(entry.value.at, fmt::format("\"{}\" must be from 1s to 15m", entry.name()), "a function is waited for so long");
  into.timeout = value;
}

// A wait of at least a second.
template <Seconds AwsRotation::* Member>
void read_wait(Reader& reader, const hcl::Entry& entry, AwsRotation& into) {
  Seconds value{into.*Member};
  reader.read(entry, value);
  if (value < Seconds(1))
    return reader.wrong(entry.value.at, fmt::format("\"{}\" must be at least 1s", entry.name()), "write for instance \"1m\"");
  into.*Member = value;
}
template <std::int64_t AwsRotation::* Member, std::int64_t most>
void read_count(Reader& reader, const hcl::Entry& entry, AwsRotation& into) {
  std::int64_t value = into.*Member;
  reader.read(entry, value);
  if (value < 1 || value > most)
    return reader.wrong(entry.value.at, fmt::format("\"{}\" must be from 1 to {}", entry.name(), most), "leave it out for the default");
  into.*Member = value;
}

constexpr Setting<AwsRotation::Function> function_table[] = {
    {"endpoint", read_endpoint<AwsRotation::Function>,
     "Where the function is: `https://host:port`; it is called at `/2015-03-31/functions/<name>/invocations` there."},
    setting<&AwsRotation::Function::name>(
        "name", "The name that it is called by there (default: the one in the ARN; AWS's runtime emulator wants `function`)."),
    setting<&AwsRotation::Function::ca_file>(
        "ca_file", "PEM file of the authorities that its certificate is checked with (default: the block's, or the system's)."),
    {"timeout", read_timeout<AwsRotation::Function>, "How long a step may take (default: the block's)."},
};

void read_functions(Reader& reader, const hcl::Entry& entry, AwsRotation& into) {
  auto blocks = hcl::blocks(entry, 1);
  if (!blocks) return reader.wrong(blocks.error(), entry.keys.front().at.file);
  for (const hcl::Block& block : *blocks) {
    AwsRotation::Function read;
    const hcl::Key& pattern = *block.labels.front();
    read.pattern = pattern.text;
    if (read.pattern.empty() || read.pattern.size() > 2048)
      reader.wrong(pattern.at, "a function has a name or an ARN", "write function \"rotate-*\" { endpoint = \"...\" }");
    read_object<AwsRotation::Function>(reader, *block.body, "function", function_table, read);
    if (read.endpoint.empty())
      reader.wrong(pattern.at, fmt::format("the function \"{}\" has no endpoint", read.pattern),
                   "write endpoint = \"https://functions.example:9001\"");
    into.functions.push_back(std::move(read));
  }
}

constexpr Setting<AwsRotation> rotation_table[] = {
    {"function", read_functions,
     "A block for functions by name or ARN, `*` for any text: `function \"rotate-*\" { endpoint = \"https://functions.example\" }`. The "
     "first one that fits counts.",
     false, true},
    {"endpoint", read_endpoint<AwsRotation>, "Where all other functions are. Without it there are none, and RotateSecret refuses them."},
    setting<&AwsRotation::ca_file>("ca_file",
                                   "PEM file of the authorities that endpoints' certificates are checked with (default: the system's)."),
    {"timeout", read_timeout<AwsRotation>, "How long a step may take (default 1m)."},
    {"retry_interval", read_wait<&AwsRotation::retry_interval>,
     "How long after a failure the rotation is tried again; doubled with each further one (default 1m)."},
    {"max_retry_interval", read_wait<&AwsRotation::max_retry_interval>, "The longest of these times (default 1h)."},
    {"attempts", read_count<&AwsRotation::attempts, 1000>,
     "How often a rotation is tried before it is given up until its next time (default 10)."},
    {"at_once", read_count<&AwsRotation::at_once, 256>, "How many secrets rotate at the same time (default 8)."},
    setting<&AwsRotation::access_key_id>("access_key_id",
                                         "Access key that calls are signed with, for functions that want it (service `lambda`)."),
    setting<&AwsRotation::secret_access_key>("secret_access_key", "Its secret: as `file:///path`, `env://NAME` or `credential://name`."),
    setting<&AwsRotation::region>("region", "Region that calls are signed for (default: the door's)."),
};

}  // namespace

void describe_aws_rotation(std::string& out) {
  describe<AwsRotation>(out, "aws: rotation", rotation_table);
  describe<AwsRotation::Function>(out, "aws: rotation: function", function_table);
}

void read_aws_rotation(Reader& reader, const hcl::Entry& entry, Aws& into) {
  for (const hcl::Value* object : reader.objects(entry))
    read_object<AwsRotation>(reader, *object, "rotation", rotation_table, into.rotation);
  if (into.rotation.access_key_id.empty() != into.rotation.secret_access_key.empty())
    reader.wrong(entry.keys.front().at, "rotation has only one of access_key_id and secret_access_key", "give both or neither");
  if (into.rotation.max_retry_interval < into.rotation.retry_interval) into.rotation.max_retry_interval = into.rotation.retry_interval;
}

}  // namespace coffer::config
