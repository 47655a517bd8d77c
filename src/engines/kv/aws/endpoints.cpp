#include "engines/kv/aws/kv_aws.h"

// The table of actions. Each stands on the path and verb that Vault's API has for the same, so that one policy guards a secret whichever API asks.
namespace coffer::kv::aws {

std::vector<schema::Endpoint> KvAws::endpoints() {
  using schema::at;
  using schema::Verb;
  std::vector<schema::Endpoint> out;
  out.push_back(at("data/{path...}", "Values of a secret.")
                    .on_action("secretsmanager:GetSecretValue", Verb::read, this, &KvAws::get, "Reads a version.")
                    .meant(this, &KvAws::meant)
                    .on_action("secretsmanager:CreateSecret", Verb::write, this, &KvAws::create, "Makes a secret.")
                    .on_action("secretsmanager:PutSecretValue", Verb::write, this, &KvAws::put, "Writes a version.")
                    .meant(this, &KvAws::meant)
                    .on_action("secretsmanager:UpdateSecret", Verb::write, this, &KvAws::update, "Writes a version labelled AWSCURRENT.")
                    .meant(this, &KvAws::meant)
                    .on_action("secretsmanager:UpdateSecretVersionStage", Verb::write, this, &KvAws::move_label, "Moves a staging label.")
                    .meant(this, &KvAws::meant)
                    .exists(this, &KvAws::exists)
                    .grants(this, &KvAws::granted));
  out.push_back(
      at("metadata/{path...}", "What is known of a secret.")
          .on_action("secretsmanager:DescribeSecret", Verb::read, this, &KvAws::describe, "Tells what is known of a secret.")
          .meant(this, &KvAws::meant)
          .on_action("secretsmanager:ListSecretVersionIds", Verb::read, this, &KvAws::list_versions, "Lists versions.")
          .meant(this, &KvAws::meant)
          .on_action("secretsmanager:GetResourcePolicy", Verb::read, this, &KvAws::get_policy, "Reads the policy of a secret.")
          .meant(this, &KvAws::meant)
          .on_action("secretsmanager:ListResourcePolicies", Verb::read, this, &KvAws::list_policies, "Lists the policies of a secret.")
          .meant(this, &KvAws::meant)
          .on_action("secretsmanager:UpdateSecret", Verb::write, this, &KvAws::update, "Changes description and key.")
          .meant(this, &KvAws::meant)
          .on_action("secretsmanager:TagResource", Verb::write, this, &KvAws::tag, "Sets tags.")
          .meant(this, &KvAws::meant)
          .on_action("secretsmanager:UntagResource", Verb::write, this, &KvAws::untag, "Takes tags away.")
          .meant(this, &KvAws::meant)
          .on_action("secretsmanager:PutResourcePolicy", Verb::write, this, &KvAws::put_policy, "Sets the policy of a secret.")
          .meant(this, &KvAws::meant)
          .on_action("secretsmanager:DeleteResourcePolicy", Verb::write, this, &KvAws::delete_policy, "Takes the policy away.")
          .meant(this, &KvAws::meant)
          .on_action("secretsmanager:ValidateResourcePolicy", Verb::write, this, &KvAws::validate_policy,
                     "Says what is wrong with a policy.")
          .meant(this, &KvAws::meant)
          .on_action("secretsmanager:RestoreSecret", Verb::write, this, &KvAws::restore, "Takes a deletion back.")
          .meant(this, &KvAws::meant)
          .on_action("secretsmanager:ReplicateSecretToRegions", Verb::write, this, &KvAws::replicate, "Adds replicas.")
          .meant(this, &KvAws::meant)
          .on_action("secretsmanager:RemoveRegionsFromReplication", Verb::write, this, &KvAws::remove_regions, "Removes replicas.")
          .meant(this, &KvAws::meant)
          .on_action("secretsmanager:StopReplicationToReplica", Verb::write, this, &KvAws::stop_replication, "Makes a replica independent.")
          .meant(this, &KvAws::meant)
          .on_action("secretsmanager:AssociateCrossAccountReplica", Verb::write, this, &KvAws::cross_account,
                     "Refused: one account is served.")
          .on_action("secretsmanager:DisassociateCrossAccountReplica", Verb::write, this, &KvAws::cross_account,
                     "Refused: one account is served.")
          .on_action("secretsmanager:RotateSecret", Verb::write, this, &KvAws::rotate, "Rotates a secret.")
          .meant(this, &KvAws::meant)
          .on_action("secretsmanager:CancelRotateSecret", Verb::write, this, &KvAws::cancel_rotation, "Turns rotation off.")
          .meant(this, &KvAws::meant)
          .on_action("secretsmanager:DeleteSecret", Verb::remove, this, &KvAws::remove, "Marks a secret for deletion, or deletes it.")
          .meant(this, &KvAws::meant)
          .on_action("secretsmanager:ListSecrets", Verb::list, this, &KvAws::list, "Lists secrets.")
          .heavy()
          // Each secret is guarded by itself, so no right to list is asked for where the request names them.
          .on_action("secretsmanager:BatchGetSecretValue", Verb::list, this, &KvAws::batch, "Reads several secrets.",
                     schema::Access::optional)
          .heavy()
          .grants(this, &KvAws::granted));
  // Not AWS's: what became of rotations, which its clients are not told.
  out.push_back(at("rotation/{path...}", "The rotation of a secret.")
                    .on(Verb::read, this, &KvAws::rotation_status, "Tells how the rotation stands, what came of the last attempts, and why.")
                    .on(Verb::list, this, &KvAws::list_rotations, "Lists secrets and folders that have rotated or are to.")
                    .on(Verb::write, this, &KvAws::rotate_now, "Rotates now, or tries again at once what failed."));
  return out;
}

}  // namespace coffer::kv::aws
