#pragma once
#include <curl/curl.h>

#include "base/result.h"

namespace coffer::outbound {

// The functions of libcurl that are used. The library is loaded by the first request: linking it would load some twenty libraries into every start,
// `coffer --help` too.
struct CurlLibrary {
  decltype(&::curl_easy_init) easy_init = nullptr;
  decltype(&::curl_easy_setopt) easy_setopt = nullptr;
  decltype(&::curl_easy_perform) easy_perform = nullptr;
  decltype(&::curl_easy_getinfo) easy_getinfo = nullptr;
  decltype(&::curl_easy_cleanup) easy_cleanup = nullptr;
  decltype(&::curl_easy_reset) easy_reset = nullptr;
  decltype(&::curl_easy_strerror) easy_strerror = nullptr;
  decltype(&::curl_slist_append) slist_append = nullptr;
  decltype(&::curl_slist_free_all) slist_free_all = nullptr;

  // The loaded library, or what keeps it from being loaded. Safe from any thread; loaded once.
  static Result<const CurlLibrary*> load();
};

}  // namespace coffer::outbound
