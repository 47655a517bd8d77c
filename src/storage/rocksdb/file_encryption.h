#pragma once
#include <rocksdb/env_encryption.h>

#include "base/result.h"
#include "base/secret.h"

namespace coffer::storage {

// Encrypts RocksDB's files. A file begins with a header of one page (so that its blocks stay aligned):
//   magic (8) ‖ key id (8) ‖ counter (16) ‖ tag (32) ‖ zeros
// The key id names the file key without telling it. The counter, random for each file, is where its AES-256-CTR stream (NIST SP 800-38A)
// begins, at the file's first byte. The tag is HMAC-SHA256 over the whole page with the tag left zero, so that another key or a damaged
// header gives a clear error, not garbage. Contents are guarded by RocksDB's checksums and by the barrier's AEAD above, not here.
class FileEncryption final : public rocksdb::EncryptionProvider {
 public:
  static constexpr std::size_t header_size = 4096;

  // The key has 32 bytes. Code::internal when OpenSSL fails.
  static Result<std::shared_ptr<FileEncryption>> make(const SecretBytes& file_key);
  ~FileEncryption() override;

  // `unwritten`: shorter than a header, or all zeros, as a crash leaves a file that was just made. It holds nothing yet, and whether it
  // should is for RocksDB and the high-water mark to tell.
  enum class Header : std::uint8_t { good, unwritten, damaged, other_key };
  [[nodiscard]] Header check(std::string_view header) const;
  // Eight bytes that vouch for `bytes` under the file key.
  [[nodiscard]] std::string short_tag(std::string_view bytes) const;

  [[nodiscard]] const char* Name() const override { return "CofferFileEncryption"; }
  [[nodiscard]] std::size_t GetPrefixLength() const override { return header_size; }
  rocksdb::Status CreateNewPrefix(const std::string& file, char* header, std::size_t size) const override;
  rocksdb::Status CreateCipherStream(const std::string& file, const rocksdb::EnvOptions& options, rocksdb::Slice& header,
                                     std::unique_ptr<rocksdb::BlockAccessCipherStream>* result) override;
  rocksdb::Status AddCipher(const std::string&, const char*, std::size_t, bool) override {
    return rocksdb::Status::NotSupported("one key per folder");
  }

 private:
  class Cipher;
  class Stream;
  FileEncryption();
  [[nodiscard]] std::string header_tag(std::string_view header) const;

  SecretBytes header_key_;
  std::string key_id_;
  std::shared_ptr<Cipher> cipher_;  // shared with the streams of open files
};

}  // namespace coffer::storage
