#include "engines/kv/aws/tags.h"

#include <algorithm>

#include "base/encoding.h"
#include "engines/kv/aws/kv_aws.h"

// Tags: TagResource, UntagResource.
namespace coffer::kv::aws {
namespace {

constexpr std::size_t max_tags = 50;

Pairs unpacked(std::string_view packed) {
  Pairs out;
  PackedMap(packed).each([&](std::string_view key, std::string_view value) { out.emplace_back(key, value); });
  return out;
}

}  // namespace

void check_tags(Constraints& c, const std::vector<Tag>& tags) {
  for (std::size_t i = 0; i < tags.size(); ++i) {
    const std::string at = "tags." + std::to_string(i + 1) + ".member.";
    c.length_if(at + "key", tags[i].key, 1, 128);
    c.length_if(at + "value", tags[i].value, 0, 256);
  }
}

Result<std::string> tags_with(std::string_view before, const std::vector<Tag>& tags) {
  Pairs all = unpacked(before);
  std::vector<std::string> named;
  for (const Tag& tag : tags) {
    if (!tag.key) return refuse(Refusal::invalid_parameter, "A tag must have a Key.");
    if (ascii_lower(std::string_view(*tag.key).substr(0, 4)) == "aws:")
      return refuse(Refusal::invalid_parameter, "Tag keys that begin with aws: are reserved for system use.");
    if (std::ranges::find(named, *tag.key) != named.end())
      return refuse(Refusal::invalid_parameter, "Duplicate tag keys are not allowed in one request.");
    named.push_back(*tag.key);
    const auto old = std::ranges::find(all, *tag.key, &Pairs::value_type::first);
    if (old == all.end())
      all.emplace_back(*tag.key, tag.value.value_or(""));
    else
      old->second = tag.value.value_or("");
  }
  if (all.size() > max_tags) return refuse(Refusal::invalid_parameter, "A secret can have at most 50 tags.");
  return PackedMap::pack_in_order(all);
}

Result<schema::NoMembers> KvAws::tag(const Caller& caller, Transaction& view, const TagResource& in) {
  Constraints c;
  check_secret_id(c, in.secret);
  c.present("tags", in.tags.has_value());
  if (in.tags) check_tags(c, *in.tags);
  CHECK_OK(c.done());
  CHECK_OK(check_secret_id(in.secret));
  Secret secret = TRY(find_to_change(caller, view, in.path));
  const std::string tags = TRY(tags_with(secret.object().tags.packed(), *in.tags));
  secret.object().tags = PackedMap(tags);
  secret.facet.tagged = secret.facet.tagged || !tags.empty();
  CHECK_OK(keeps_permission(caller, secret));
  CHECK_OK(save(view, secret, caller.now));
  return schema::NoMembers{};
}

Result<schema::NoMembers> KvAws::untag(const Caller& caller, Transaction& view, const UntagResource& in) {
  Constraints c;
  check_secret_id(c, in.secret);
  c.present("tagKeys", in.keys.has_value());
  if (in.keys)
    for (std::size_t i = 0; i < in.keys->size(); ++i) c.length("tagKeys." + std::to_string(i + 1) + ".member", (*in.keys)[i], 1, 128);
  CHECK_OK(c.done());
  CHECK_OK(check_secret_id(in.secret));
  Secret secret = TRY(find_to_change(caller, view, in.path));
  Pairs all = unpacked(secret.object().tags.packed());
  std::erase_if(all, [&](const auto& pair) { return std::ranges::find(*in.keys, pair.first) != in.keys->end(); });
  const std::string tags = PackedMap::pack_in_order(all);
  secret.object().tags = PackedMap(tags);
  CHECK_OK(keeps_permission(caller, secret));
  CHECK_OK(save(view, secret, caller.now));
  return schema::NoMembers{};
}

}  // namespace coffer::kv::aws
