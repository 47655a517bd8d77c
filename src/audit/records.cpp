#include "audit/audit.h"
#include "audit/record.h"
#include "audit/sha256.h"

namespace coffer::audit {

namespace {
constexpr std::size_t kept_capacity = 256 * 1024;  // a rare large answer must not stay in each thread's buffer
}

void Records::add(std::size_t form, std::size_t begin) {
  Encoding& encoding = encodings_[form];
  const std::size_t end = encoding.text.size() - 1;
  encoding.items.push_back({begin, end, sha256(std::string_view(encoding.text).substr(begin, end - begin))});
}

bool Records::in_step(std::size_t form, std::uint8_t wanted) const {
  return form == 0 || ((wanted >> form & 1) != 0 && encodings_[form].items.size() + 1 == encodings_[0].items.size());
}

void Records::request(Broker& broker, const Event& event) {
  const std::uint8_t wanted = broker.forms();
  for (std::size_t i = 0; i < Form::count; ++i) {
    if (!in_step(i, wanted)) continue;
    Encoding& encoding = encodings_[i];
    const std::size_t begin = encoding.text.size();
    begin_record(encoding.text, event.time, "request");
    encoding.shared_begin = encoding.text.size();
    append_shared_part(encoding.text, event, broker.salt(), Form::at(i));
    encoding.shared_end = encoding.text.size();
    end_record(encoding.text, event);
    add(i, begin);
  }
  last_request_ = &event;
}

void Records::response(Broker& broker, const ResponseEvent& event) {
  const std::uint8_t wanted = broker.forms();
  for (std::size_t i = 0; i < Form::count; ++i) {
    if (!in_step(i, wanted)) continue;
    Encoding& encoding = encodings_[i];
    const std::size_t begin = encoding.text.size();
    begin_record(encoding.text, event.time == Time{} ? event.request->time : event.time, "response");
    if (last_request_ == event.request) {
      const std::size_t length = encoding.shared_end - encoding.shared_begin, at = encoding.text.size();
      encoding.text.resize(at + length);
      std::memcpy(encoding.text.data() + at, encoding.text.data() + encoding.shared_begin, length);
    } else {
      append_shared_part(encoding.text, *event.request, broker.salt(), Form::at(i));
    }
    append_response_part(encoding.text, event, broker.salt(), Form::at(i));
    end_record(encoding.text, *event.request);
    add(i, begin);
  }
  last_request_ = nullptr;
  position_ = std::max(position_, event.position);
}

void Records::clear() {
  for (std::size_t i = 0; i < Form::count; ++i) {
    Encoding& encoding = encodings_[i];
    if (Form::at(i).raw) wipe(encoding.text);
    encoding.text.clear();
    encoding.items.clear();
    if (encoding.text.capacity() > kept_capacity) std::string().swap(encoding.text);
  }
  last_request_ = nullptr;
  position_ = 0;
}

std::pair<std::string_view, const Records::Item*> Records::get(std::size_t index, Form form) const {
  const Encoding* encoding = &encodings_[form.index()];
  if (encoding->items.size() != encodings_[0].items.size()) encoding = &encodings_[0];
  const Item& item = encoding->items[index];
  return {std::string_view(encoding->text).substr(item.begin, item.end - item.begin), &item};
}

}  // namespace coffer::audit
