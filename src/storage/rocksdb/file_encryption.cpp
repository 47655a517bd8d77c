#include "storage/rocksdb/file_encryption.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <thread>

#include "base/encoding.h"
#include "base/random.h"

namespace coffer::storage {
namespace {

constexpr std::string_view magic = "CofferF1";
constexpr std::size_t id_at = 8;
constexpr std::size_t counter_at = 16;
constexpr std::size_t tag_at = 32;
constexpr std::size_t tag_size = 32;
using Counter = std::array<unsigned char, 16>;

// HMAC-SHA256; empty when OpenSSL fails.
SecretBytes hmac(const SecretBytes& key, std::string_view data) {
  SecretBytes out(tag_size);
  unsigned int size = 0;
  const auto* const made = HMAC(EVP_sha256(), key.reveal().data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(data.data()),
                                data.size(), reinterpret_cast<unsigned char*>(out.writable().data()), &size);
  return made && size == tag_size ? std::move(out) : SecretBytes();
}

struct ContextDeleter {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};

// start + blocks, as 128-bit big-endian numbers.
Counter advance(const Counter& start, std::uint64_t blocks) {
  Counter out = start;
  std::uint64_t carry = blocks;
  for (std::size_t i = out.size(); i-- > 0 && carry > 0;) {
    carry += out[i];
    out[i] = static_cast<unsigned char>(carry & 0xffU);
    carry >>= 8U;
  }
  return out;
}

}  // namespace

// Keyed contexts that threads take turns with: none outlives the open store, as contexts per thread would.
class FileEncryption::Cipher {
 public:
  static std::shared_ptr<Cipher> make(const SecretBytes& key) {
    auto out = std::make_shared<Cipher>();
    for (Lane& lane : out->lanes_) {
      lane.context.reset(EVP_CIPHER_CTX_new());
      const auto* const bytes = reinterpret_cast<const unsigned char*>(key.reveal().data());
      if (!lane.context || EVP_EncryptInit_ex(lane.context.get(), EVP_aes_256_ctr(), nullptr, bytes, nullptr) != 1) return nullptr;
    }
    return out;
  }

  // Encrypts or decrypts, which is the same, the bytes that lie at `offset` of a file.
  bool apply(const Counter& start, std::uint64_t offset, char* data, std::size_t size) {
    Lane& lane = take();
    const std::unique_lock lock(lane.mutex, std::adopt_lock);
    const Counter counter = advance(start, offset / 16);
    auto* const context = lane.context.get();
    if (EVP_EncryptInit_ex(context, nullptr, nullptr, nullptr, counter.data()) != 1) return false;
    int done = 0;
    std::array<unsigned char, 16> skipped{};
    const int skip = static_cast<int>(offset % 16);
    if (skip > 0 && EVP_EncryptUpdate(context, skipped.data(), &done, skipped.data(), skip) != 1) return false;
    auto* at = reinterpret_cast<unsigned char*>(data);
    while (size > 0) {
      const int step = static_cast<int>(std::min<std::size_t>(size, 1U << 30U));
      if (EVP_EncryptUpdate(context, at, &done, at, step) != 1 || done != step) return false;
      at += step;
      size -= static_cast<std::size_t>(step);
    }
    return true;
  }

 private:
  struct alignas(64) Lane {
    std::mutex mutex;
    std::unique_ptr<EVP_CIPHER_CTX, ContextDeleter> context;  // guarded by mutex
  };

  // A lane whose mutex is now held: the first free one from the thread's own on.
  Lane& take() {
    const std::size_t mine = std::hash<std::thread::id>()(std::this_thread::get_id());
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
      Lane& lane = lanes_[(mine + i) % lanes_.size()];
      if (lane.mutex.try_lock()) return lane;
    }
    Lane& lane = lanes_[mine % lanes_.size()];
    lane.mutex.lock();
    return lane;
  }

  std::array<Lane, 16> lanes_;
};

class FileEncryption::Stream final : public rocksdb::BlockAccessCipherStream {
 public:
  Stream(std::shared_ptr<Cipher> cipher, const Counter& start) : cipher_(std::move(cipher)), start_(start) {}
  std::size_t BlockSize() override { return 16; }
  rocksdb::Status Encrypt(std::uint64_t offset, char* data, std::size_t size) override { return apply(offset, data, size); }
  rocksdb::Status Decrypt(std::uint64_t offset, char* data, std::size_t size) override { return apply(offset, data, size); }

 protected:
  void AllocateScratch(std::string&) override {}
  rocksdb::Status EncryptBlock(std::uint64_t index, char* data, char*) override { return apply(index * 16, data, 16); }
  rocksdb::Status DecryptBlock(std::uint64_t index, char* data, char*) override { return apply(index * 16, data, 16); }

 private:
  rocksdb::Status apply(std::uint64_t offset, char* data, std::size_t size) {
    return cipher_->apply(start_, offset, data, size) ? rocksdb::Status::OK() : rocksdb::Status::IOError("encryption failed");
  }
  const std::shared_ptr<Cipher> cipher_;
  const Counter start_;
};

FileEncryption::FileEncryption() = default;
FileEncryption::~FileEncryption() = default;

Result<std::shared_ptr<FileEncryption>> FileEncryption::make(const SecretBytes& file_key) {
  if (file_key.size() != 32) return fail(Code::invalid_argument, "the file key must have 32 bytes");
  std::shared_ptr<FileEncryption> out(new FileEncryption);
  const SecretBytes cipher_key = hmac(file_key, "coffer file cipher v1");
  out->header_key_ = hmac(file_key, "coffer file header v1");
  const SecretBytes id = hmac(file_key, "coffer file key id v1");
  if (cipher_key.empty() || out->header_key_.empty() || id.empty()) return fail(Code::internal, "HMAC failed");
  out->key_id_ = id.reveal_text().substr(0, 8);
  out->cipher_ = Cipher::make(cipher_key);
  if (!out->cipher_) return fail(Code::internal, "AES-256-CTR is not available");
  return out;
}

std::string FileEncryption::header_tag(std::string_view header) const {
  std::string page(header);
  page.replace(tag_at, tag_size, tag_size, '\0');
  return std::string(hmac(header_key_, page).reveal_text());
}

std::string FileEncryption::short_tag(std::string_view bytes) const {
  return std::string(hmac(header_key_, bytes).reveal_text().substr(0, 8));
}

FileEncryption::Header FileEncryption::check(std::string_view header) const {
  header = header.substr(0, header_size);
  if (header.size() < header_size || header.find_first_not_of('\0') == std::string_view::npos) return Header::unwritten;
  if (!header.starts_with(magic)) return Header::damaged;
  if (header.substr(id_at, key_id_.size()) != key_id_) return Header::other_key;
  return constant_time_equal(header_tag(header), header.substr(tag_at, tag_size)) ? Header::good : Header::damaged;
}

rocksdb::Status FileEncryption::CreateNewPrefix(const std::string& /*file*/, char* header, std::size_t size) const try {
  if (size < header_size) return rocksdb::Status::InvalidArgument("header too small");
  std::memset(header, 0, size);
  std::memcpy(header, magic.data(), magic.size());
  std::memcpy(header + id_at, key_id_.data(), key_id_.size());
  system_random().fill(std::as_writable_bytes(std::span(header + counter_at, sizeof(Counter))));
  const std::string tag = header_tag({header, header_size});
  if (tag.size() != tag_size) return rocksdb::Status::IOError("encryption failed");
  std::memcpy(header + tag_at, tag.data(), tag_size);
  return rocksdb::Status::OK();
} catch (const std::bad_alloc&) {
  return rocksdb::Status::MemoryLimit();
}

rocksdb::Status FileEncryption::CreateCipherStream(const std::string& file, const rocksdb::EnvOptions& /*options*/, rocksdb::Slice& header,
                                                   std::unique_ptr<rocksdb::BlockAccessCipherStream>* result) try {
  Counter start{};
  switch (check({header.data(), header.size()})) {
    case Header::good: std::memcpy(start.data(), header.data() + counter_at, start.size()); break;
    case Header::unwritten: break;
    case Header::damaged:
    case Header::other_key: return rocksdb::Status::IOError("damaged file header", file);  // RocksDB asserts that no other kind comes here
  }
  *result = std::make_unique<Stream>(cipher_, start);
  return rocksdb::Status::OK();
} catch (const std::bad_alloc&) {
  return rocksdb::Status::MemoryLimit();
}

}  // namespace coffer::storage
