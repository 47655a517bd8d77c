#pragma once
#include "core/system.h"

namespace coffer::core {

// The body of sys/seal-status and sys/unseal (vault-api.md §2.7). All of it is public.
struct SealStatusReply {
  std::string type;
  bool initialized = false, sealed = true;
  std::int64_t t = 0, n = 0, progress = 0;
  std::string nonce, version, build_date, commit_date;
  bool migration = false;
  schema::Omit<std::string> cluster_name, cluster_id;
  bool recovery_seal = false;
  std::string storage_type;
  static constexpr auto fields() {
    using T = SealStatusReply;
    using schema::field;
    return schema::Fields{field<&T::type>("type", "Kind of seal.").open(), field<&T::initialized>("initialized", "Whether keys exist.").open(),
                      field<&T::sealed>("sealed", "Whether the server is sealed.").open(), field<&T::t>("t", "Shares needed.").open(),
                      field<&T::n>("n", "Shares in all.").open(), field<&T::progress>("progress", "Shares given so far.").open(),
                      field<&T::nonce>("nonce", "Of the attempt in progress.").open(), field<&T::version>("version", "API version.").open(),
                      field<&T::build_date>("build_date", "When it was built.").open(), field<&T::commit_date>("commit_date", "Always empty.").open(),
                      field<&T::migration>("migration", "Whether the seal is being changed.").open(),
                      field<&T::cluster_name>("cluster_name", "Name of the cluster.").open(), field<&T::cluster_id>("cluster_id", "Id of the cluster.").open(),
                      field<&T::recovery_seal>("recovery_seal", "Whether shares are recovery shares.").open(),
                      field<&T::storage_type>("storage_type", "Where data lies.").open()};
  }
};
[[nodiscard]] SealStatusReply seal_status_reply(const System& system, const barrier::SealStatus& status);

}  // namespace coffer::core
