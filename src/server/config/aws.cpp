#include <fmt/format.h>

#include "base/path.h"
#include "server/config/reader.h"

// aws: which part of AWS's world this server is.
namespace coffer::config {

namespace {

void read_account(Reader& reader, const hcl::Entry& entry, Aws& into) {
  const auto text = reader.scalar(entry);
  const bool good = text && text->size() == 12 && std::ranges::all_of(*text, [](char c) { return c >= '0' && c <= '9'; });
  if (!good) return reader.wrong(entry.value.at, "\"account_id\" expected twelve digits", "write for instance \"123456789012\", in quotes");
  into.account_id = *text;
}

void read_partition(Reader& reader, const hcl::Entry& entry, Aws& into) {
  std::string word;
  reader.read(entry, word);
  constexpr std::string_view partitions[] = {"aws", "aws-cn", "aws-us-gov"};
  if (std::ranges::find(partitions, word) == std::end(partitions)) return reader.refuse_word(entry, word, partitions);
  into.partition = word;
}

void check_region(Reader& reader, const hcl::Entry& entry, const std::string& region) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  if (region.empty() || region.size() > 64 || !std::ranges::all_of(region, fits))
    reader.wrong(entry.value.at, "a region has letters in lower case, digits and '-'", "write for instance \"us-east-1\"");
}

void read_region(Reader& reader, const hcl::Entry& entry, Aws& into) {
  reader.read(entry, into.region);
  check_region(reader, entry, into.region);
}

void read_regions(Reader& reader, const hcl::Entry& entry, Aws& into) {
  reader.read(entry, into.regions);
  for (const std::string& region : into.regions) check_region(reader, entry, region);
}

// A path without a slash in front, with one at the end.
template <std::string Aws::* Member>
void read_folder(Reader& reader, const hcl::Entry& entry, Aws& into) {
  std::string text;
  reader.read(entry, text);
  while (text.ends_with('/')) text.pop_back();
  if (!text.empty()) text += '/';
  if (!CanonicalPath::from_decoded(text))
    return reader.wrong(entry.value.at, fmt::format("\"{}\" is no path", entry.name()), "write for instance \"secret/\"");
  into.*Member = std::move(text);
}

void read_path_prefix(Reader& reader, const hcl::Entry& entry, Aws& into) {
  std::string text;
  reader.read(entry, text);
  while (text.ends_with('/')) text.pop_back();
  if (!text.empty() && (!text.starts_with('/') || !CanonicalPath::from_decoded(text.substr(1))))
    return reader.wrong(entry.value.at, "\"path_prefix\" begins with a slash", "write for instance \"/aws\"");
  into.path_prefix = std::move(text);
}

// Hosts as clients sign them: without a scheme, the port where it is not the scheme's own.
void read_signed_hosts(Reader& reader, const hcl::Entry& entry, Aws& into) {
  reader.read(entry, into.signed_hosts);
  for (const std::string& host : into.signed_hosts)
    if (host.empty() || host.size() > 261 || host.find_first_of("/@ \t\r\n?#*") != std::string::npos)
      reader.wrong(entry.value.at, "\"signed_hosts\" has hosts, with a port where clients name one", "write for instance \"secrets.example.com\" or \"secrets.example.com:8200\"");
}

constexpr Setting<Aws> aws_table[] = {
    setting<&Aws::disabled>("disabled", "Serves AWS's clients not at all."),
    {"account_id", read_account, "The account that ARNs name, twelve digits (default 123456789012)."},
    {"partition", read_partition, "The partition that ARNs name: aws (default), aws-cn or aws-us-gov."},
    {"region", read_region,
     "The region whose secrets lie at their names in the mount (default us-east-1); those of another lie below the folder `~<region>`."},
    {"regions", read_regions, "The regions that requests may be signed for; any when none is named."},
    {"mount", read_folder<&Aws::mount>, "The KV version 2 mount that holds the secrets (default `secret/`)."},
    {"name_prefix", read_folder<&Aws::name_prefix>, "The folder in that mount below which they lie (default: the whole mount)."},
    {"key_ring", read_folder<&Aws::key_ring>, "The mount of the access keys' roles (default `auth/aws-keys/`)."},
    {"path_prefix", read_path_prefix, "A path at which AWS's API stands too, beside `/`."},
    {"signed_hosts", read_signed_hosts,
     "Hosts that clients' signatures may be for, beside the Host that arrives: the names they use, when a proxy in front writes another. With the port where clients name one."},
    {"rotation", read_aws_rotation, "A block: functions that rotate secrets, and how they are called."},
};

}  // namespace

void describe_aws(std::string& out) { describe<Aws>(out, "aws", aws_table); }

void read_aws(Reader& reader, const hcl::Entry& entry, Config& into) {
  for (const hcl::Value* object : reader.objects(entry)) read_object<Aws>(reader, *object, "aws", aws_table, into.aws);
  if (into.aws.mount.empty() || into.aws.key_ring.empty())
    reader.wrong(entry.keys.front().at, "aws: mount and key_ring must name a mount", "leave them out for secret/ and auth/aws-keys/");
}

}  // namespace coffer::config
