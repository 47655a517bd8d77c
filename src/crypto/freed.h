#pragma once

namespace coffer::crypto {

// A deleter that calls a library's own function: std::unique_ptr<BIO, Freed<BIO_free>>.
template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};

}  // namespace coffer::crypto
