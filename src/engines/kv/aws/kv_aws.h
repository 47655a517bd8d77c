#pragma once
#include <vector>

#include "backend/backend.h"
#include "engines/kv/aws/access_marks.h"
#include "engines/kv/aws/replies.h"
#include "engines/kv/aws/requests.h"
#include "engines/kv/aws/rotation_status.h"
#include "engines/kv/aws/rotator.h"
#include "engines/kv/aws/secret.h"
#include "policy/iam.h"

namespace coffer::kv::aws {

// A reply and the memory that its views point into.
struct KeptValue {
  SecretValue view;
  SecretBytes first = {}, second = {}, third = {};
};
struct BatchReply {
  std::vector<KeptValue> values;
  std::vector<BatchError> errors;
  Omit<std::string> next;
  static constexpr auto fields() {
    using T = BatchReply;
    return schema::Fields{field<&T::values>("SecretValues", "The values."), field<&T::errors>("Errors", "What could not be read.").open(),
                      field<&T::next>("NextToken", "Where the next answer goes on.").open()};
  }
};

}  // namespace coffer::kv::aws

namespace coffer::schema {

template <>
struct Codec<kv::aws::KeptValue> {
  static constexpr WireType wire{"object"};
  static void encode(json::Writer& w, const kv::aws::KeptValue& kept) { schema::encode(w, kept.view); }
};
template <>
struct Codec<std::vector<kv::aws::KeptValue>> {
  static constexpr WireType wire{"array", "object"};
  static void encode(json::Writer& w, const std::vector<kv::aws::KeptValue>& list) {
    w.begin_array();
    for (const auto& kept : list) schema::encode(w, kept.view);
    w.end_array();
  }
};
template <>
struct ReplyFields<kv::aws::KeptValue> : ReplyFields<kv::aws::SecretValue> {};

}  // namespace coffer::schema

namespace coffer::kv::aws {

// The actions of AWS Secrets Manager on the objects of a version 2 mount, each on the path that Vault's API has for the same meaning. Handlers stand by
// topic in values.cpp, labels.cpp, describe.cpp, deletion.cpp, tags.cpp, policies.cpp, replication.cpp, rotation.cpp and rotation_status.cpp.
class KvAws {
 public:
  explicit KvAws(const BackendServices& services) : random_(services.random), functions_(services.functions), rotator_(services.random) {}
  [[nodiscard]] std::vector<schema::Endpoint> endpoints();
  [[nodiscard]] AccessMarks& marks() { return marks_; }
  [[nodiscard]] rotation::Rotating& rotator() { return rotator_; }

 private:
  // values.cpp
  Result<Written> create(const Caller& caller, Transaction& view, const CreateSecret& in);
  Result<Written> put(const Caller& caller, Transaction& view, const PutSecretValue& in);
  Result<SecretRef> update(const Caller& caller, Transaction& view, const UpdateSecret& in);
  Result<bool> exists(const Caller& caller, const Snapshot& view, const OneSecret& in);
  Result<bool> meant(const Caller& caller, const Snapshot& view, const OneSecret& in);

  // reading.cpp
  Result<KeptValue> get(const Caller& caller, const Snapshot& view, const GetSecretValue& in);
  Result<BatchReply> batch(const Caller& caller, const Snapshot& view, const BatchGetSecretValue& in);

  // labels.cpp
  Result<SecretRef> move_label(const Caller& caller, Transaction& view, const UpdateSecretVersionStage& in);
  Result<VersionList> list_versions(const Caller& caller, const Snapshot& view, const ListSecretVersionIds& in);

  // describe.cpp
  Result<SecretInfo> describe(const Caller& caller, const Snapshot& view, const OneSecret& in);
  Result<SecretList> list(const Caller& caller, const Snapshot& view, const ListSecrets& in);

  // deletion.cpp
  Result<Deleted> remove(const Caller& caller, Transaction& view, const DeleteSecret& in);
  Result<SecretRef> restore(const Caller& caller, Transaction& view, const OneSecret& in);

  // tags.cpp
  Result<schema::NoMembers> tag(const Caller& caller, Transaction& view, const TagResource& in);
  Result<schema::NoMembers> untag(const Caller& caller, Transaction& view, const UntagResource& in);

  // policies.cpp
  Result<PolicyShown> get_policy(const Caller& caller, const Snapshot& view, const NamedPolicy& in);
  Result<SecretRef> put_policy(const Caller& caller, Transaction& view, const PutResourcePolicy& in);
  Result<SecretRef> delete_policy(const Caller& caller, Transaction& view, const NamedPolicy& in);
  Result<PolicyChecked> validate_policy(const Caller& caller, Transaction& view, const PutResourcePolicy& in);
  Result<PolicyList> list_policies(const Caller& caller, const Snapshot& view, const ListResourcePolicies& in);

  // grants.cpp
  struct Permission {
    std::string_view action, area;  // "data/" or "metadata/"
    schema::Verb verb;
  };
  Result<bool> granted(const Caller& caller, const Snapshot& view, const OneSecret& in);
  Result<bool> may(const Caller& caller, const Snapshot& view, std::string_view path, const Permission& wanted);
  // The same, or AccessDeniedException.
  Result<void> must(const Caller& caller, const Snapshot& view, std::string_view path, const Permission& wanted);
  Result<void> keeps_permission(const Caller& caller, const Secret& changed);
  Result<void> may_hand_out(const Caller& caller, const Snapshot& view, std::string_view path, const policy::iam::Document& document);

  // replication.cpp
  // Adds replicas to a primary and saves it.
  Result<void> add_replicas(const Caller& caller, Transaction& view, Secret& secret, const std::vector<ReplicaRegion>& regions, bool overwrite);
  Result<Replica> make_replica(const Caller& caller, Transaction& view, const Secret& secret, const ReplicaRegion& wanted, bool overwrite);
  Result<void> check_overwrite(const Caller& caller, const Snapshot& view, const Place& place);
  Result<Replicated> replicate(const Caller& caller, Transaction& view, const ReplicateSecret& in);
  Result<Replicated> remove_regions(const Caller& caller, Transaction& view, const RemoveRegions& in);
  Result<OnlyArn> stop_replication(const Caller& caller, Transaction& view, const OneSecret& in);
  Result<schema::NoMembers> cross_account(const Caller& caller, Transaction& view, const CrossAccount& in);

  // rotation.cpp
  Result<SecretRef> rotate(const Caller& caller, Session& session, const RotateSecret& in);
  Result<SecretRef> cancel_rotation(const Caller& caller, Transaction& view, const OneSecret& in);
  // `keeps`: what was refused leaves something to be stored.
  Result<SecretRef> rotate_in(const Caller& caller, Transaction& view, const RotateSecret& in, bool& keeps);
  Result<void> try_again(Transaction& view, Secret& secret, rotation::Job& job, Time now);
  Result<void> resume_rotation(Transaction& view, Secret& secret, Time now);

  // rotation_status.cpp
  Result<std::optional<RotationStatus>> rotation_status(const Caller& caller, const Snapshot& view, const RotatedSecret& in);
  Result<schema::Keys> list_rotations(const Caller& caller, const Snapshot& view, const RotatedFolder& in);
  Result<std::optional<RotationStatus>> rotate_now(const Caller& caller, Transaction& view, const RotatedSecret& in);

  Result<KeptValue> value_of(const Caller& caller, const Snapshot& view, std::string_view path, const GetSecretValue& in);
  SecretInfo info_of(const Caller& caller, const Secret& secret, const DayBySeq& stored) const;

  Random& random_;
  const rotation::Functions* functions_;  // null: there are none outside
  Rotator rotator_;
  AccessMarks marks_;
};

}  // namespace coffer::kv::aws
