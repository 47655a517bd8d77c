#include "outbound/curl_library.h"

#include <dlfcn.h>

#include <cstring>
#include <mutex>

namespace coffer::outbound {
namespace {

template <class Function>
bool find(void* library, const char* name, Function& function) {
  void* symbol = ::dlsym(library, name);
  static_assert(sizeof symbol == sizeof function);
  std::memcpy(&function, &symbol, sizeof function);
  return symbol != nullptr;
}

bool find_all(void* handle, CurlLibrary& curl) {
  return find(handle, "curl_easy_init", curl.easy_init) && find(handle, "curl_easy_setopt", curl.easy_setopt) &&
         find(handle, "curl_easy_perform", curl.easy_perform) && find(handle, "curl_easy_getinfo", curl.easy_getinfo) &&
         find(handle, "curl_easy_cleanup", curl.easy_cleanup) && find(handle, "curl_easy_reset", curl.easy_reset) &&
         find(handle, "curl_easy_strerror", curl.easy_strerror) && find(handle, "curl_slist_append", curl.slist_append) &&
         find(handle, "curl_slist_free_all", curl.slist_free_all);
}

}  // namespace

Result<const CurlLibrary*> CurlLibrary::load() {
  static std::mutex mutex;
  static CurlLibrary library;
  static bool loaded = false;
  const std::lock_guard lock(mutex);
  if (loaded) return &library;
  // The OpenSSL build is asked for by its own name: the GnuTLS one reads other certificate forms and gives other messages.
  void* handle = ::dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr || !find_all(handle, library)) return fail(Code::unavailable, "cannot load libcurl (libcurl.so.4)");
  decltype(&::curl_global_init) global_init = nullptr;
  if (!find(handle, "curl_global_init", global_init) || global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
    return fail(Code::unavailable, "libcurl cannot start");
  loaded = true;
  return &library;
}

}  // namespace coffer::outbound
