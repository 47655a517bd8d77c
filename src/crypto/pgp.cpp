#include "crypto/pgp.h"

#include <dlfcn.h>
#include <rnp/rnp.h>
#include <rnp/rnp_err.h>

#include <memory>

#include "base/encoding.h"
#include "base/log.h"
#include "base/secret.h"

namespace coffer::crypto {
namespace {

// RNP brings a second cryptographic library with it: loading both costs more than the whole start of the command line, so that it
// happens only when a PGP key is given.
struct Rnp {
  bool complete = true;
#define COFFER_RNP_FUNCTION(name) decltype(&rnp_##name) name = load<decltype(&rnp_##name)>("rnp_" #name)
  COFFER_RNP_FUNCTION(ffi_create);
  COFFER_RNP_FUNCTION(ffi_destroy);
  COFFER_RNP_FUNCTION(input_from_memory);
  COFFER_RNP_FUNCTION(input_destroy);
  COFFER_RNP_FUNCTION(output_to_memory);
  COFFER_RNP_FUNCTION(output_memory_get_buf);
  COFFER_RNP_FUNCTION(output_destroy);
  COFFER_RNP_FUNCTION(import_keys);
  COFFER_RNP_FUNCTION(identifier_iterator_create);
  COFFER_RNP_FUNCTION(identifier_iterator_next);
  COFFER_RNP_FUNCTION(identifier_iterator_destroy);
  COFFER_RNP_FUNCTION(locate_key);
  COFFER_RNP_FUNCTION(key_is_primary);
  COFFER_RNP_FUNCTION(key_handle_destroy);
  COFFER_RNP_FUNCTION(op_encrypt_create);
  COFFER_RNP_FUNCTION(op_encrypt_add_recipient);
  COFFER_RNP_FUNCTION(op_encrypt_set_cipher);
  COFFER_RNP_FUNCTION(op_encrypt_execute);
  COFFER_RNP_FUNCTION(op_encrypt_destroy);
#undef COFFER_RNP_FUNCTION

  static const Rnp* get() {
    static const Rnp instance;
    return instance.complete ? &instance : nullptr;
  }

 private:
  template <class F>
  F load(const char* name) {
    static void* const library = ::dlopen("librnp.so.0", RTLD_NOW | RTLD_LOCAL);
    void* symbol = library ? ::dlsym(library, name) : nullptr;
    if (!symbol) {
      if (complete) log::error("PGP keys cannot be used: {} of librnp.so.0 is not there; install the package librnp0", name);
      complete = false;
    }
    return reinterpret_cast<F>(symbol);
  }
};

template <auto Destroy>
struct Call {
  template <class T>
  void operator()(T* handle) const { (Rnp::get()->*Destroy)(handle); }
};
using Ffi = std::unique_ptr<rnp_ffi_st, Call<&Rnp::ffi_destroy>>;
using Input = std::unique_ptr<rnp_input_st, Call<&Rnp::input_destroy>>;
using Output = std::unique_ptr<rnp_output_st, Call<&Rnp::output_destroy>>;
using Key = std::unique_ptr<rnp_key_handle_st, Call<&Rnp::key_handle_destroy>>;
using Encryption = std::unique_ptr<rnp_op_encrypt_st, Call<&Rnp::op_encrypt_destroy>>;
using Iterator = std::unique_ptr<rnp_identifier_iterator_st, Call<&Rnp::identifier_iterator_destroy>>;

// A key ring in memory that holds one given key and its subkeys.
struct Ring {
  Ffi ffi;
  Key primary;
  std::string fingerprint;
};

Input make_input(const Rnp& rnp, std::string_view bytes) {
  rnp_input_t input = nullptr;
  rnp.input_from_memory(&input, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size(), false);
  return Input(input);
}

Result<Ring> load_ring(const Rnp& rnp, std::string_view binary) {
  Ring ring;
  rnp_ffi_t ffi = nullptr;
  if (rnp.ffi_create(&ffi, "GPG", "GPG") != RNP_SUCCESS) return fail(Code::unavailable, "OpenPGP cannot be used now");
  ring.ffi.reset(ffi);
  const Input input = make_input(rnp, binary);
  if (!input || rnp.import_keys(ffi, input.get(), RNP_LOAD_SAVE_PUBLIC_KEYS, nullptr) != RNP_SUCCESS) {
    return invalid("the data is no binary OpenPGP public key");
  }
  rnp_identifier_iterator_t raw_iterator = nullptr;
  if (rnp.identifier_iterator_create(ffi, &raw_iterator, "fingerprint") != RNP_SUCCESS) return invalid("the data holds no OpenPGP key");
  const Iterator iterator(raw_iterator);
  for (const char* id = nullptr; rnp.identifier_iterator_next(iterator.get(), &id) == RNP_SUCCESS && id;) {
    rnp_key_handle_t raw_key = nullptr;
    if (rnp.locate_key(ffi, "fingerprint", id, &raw_key) != RNP_SUCCESS || !raw_key) continue;
    Key key(raw_key);
    bool is_primary = false;
    if (rnp.key_is_primary(key.get(), &is_primary) != RNP_SUCCESS || !is_primary) continue;
    if (ring.primary) return invalid("the data holds more than one OpenPGP key");
    ring.fingerprint = ascii_lower(id);
    ring.primary = std::move(key);
  }
  if (!ring.primary) return invalid("the data holds no OpenPGP key");
  return ring;
}

Result<std::string> encrypt_to(const Rnp& rnp, const Ring& ring, std::string_view plain) {
  const Input input = make_input(rnp, plain);
  rnp_output_t raw_output = nullptr;
  rnp.output_to_memory(&raw_output, 0);
  const Output output(raw_output);
  rnp_op_encrypt_t raw = nullptr;
  if (!input || !output || rnp.op_encrypt_create(&raw, ring.ffi.get(), input.get(), output.get()) != RNP_SUCCESS) {
    return fail(Code::unavailable, "OpenPGP cannot be used now");
  }
  const Encryption encryption(raw);
  std::uint8_t* buffer = nullptr;
  std::size_t size = 0;
  if (rnp.op_encrypt_add_recipient(raw, ring.primary.get()) != RNP_SUCCESS || rnp.op_encrypt_set_cipher(raw, "AES256") != RNP_SUCCESS ||
      rnp.op_encrypt_execute(raw) != RNP_SUCCESS || rnp.output_memory_get_buf(output.get(), &buffer, &size, false) != RNP_SUCCESS) {
    return invalid("the OpenPGP key cannot encrypt (no usable encryption key, or an expired one)");
  }
  return std::string(reinterpret_cast<const char*>(buffer), size);
}

// RFC 4880 §4.2: the tag of the first packet. Looked at before RNP does, since RNP complains to stderr of what is no key at all.
Result<void> expect_public_key(std::string_view binary) {
  const unsigned first = binary.empty() ? 0 : static_cast<unsigned char>(binary.front());
  if ((first & 0x80) == 0) return invalid("the data is no binary OpenPGP public key");
  const unsigned tag = (first & 0x40) != 0 ? first & 0x3f : (first >> 2) & 0x0f;
  if (tag == 5) return invalid("the data is a secret key; a public key is needed, and the secret one should be replaced");
  if (tag != 6) return invalid("the data is no binary OpenPGP public key");
  return {};
}

Result<const Rnp*> library() {
  const Rnp* rnp = Rnp::get();
  if (!rnp) return fail(Code::unavailable, "PGP keys cannot be used: the OpenPGP library (librnp0) is not installed on the server");
  return rnp;
}

}  // namespace

Result<PgpKey> PgpKey::parse(std::string_view base64) {
  if (base64.size() > max_bytes * 4 / 3 + 4) return invalid("the OpenPGP key is longer than 64 KiB");
  auto binary = base64_decode(base64);
  if (!binary) return invalid("the key is not in base64");
  CHECK_OK(expect_public_key(*binary));
  const Rnp* rnp = TRY(library());
  const Ring ring = TRY(load_ring(*rnp, *binary));
  if (ring.fingerprint.size() != 40) return invalid("only version 4 OpenPGP keys can be used");
  CHECK_OK(encrypt_to(*rnp, ring, "-"));
  return PgpKey(*std::move(binary), ring.fingerprint);
}

Result<std::string> PgpKey::encrypt(std::string_view plain) const {
  const Rnp* rnp = TRY(library());
  return encrypt_to(*rnp, TRY(load_ring(*rnp, binary_)), plain);
}

}  // namespace coffer::crypto
