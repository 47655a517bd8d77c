#pragma once
#include "audit/audit.h"

// The parts of a record, for Records, which encodes what a request's two records share only once.
namespace coffer::audit {

// `{"time":"…","type":"…"`: every record begins so, and readers rely on it.
void begin_record(std::string& out, Time time, std::string_view type);
void append_shared_part(std::string& out, const Event& event, Salt& salt, Form form);  // ,"auth":{…},"request":{…}
void append_response_part(std::string& out, const ResponseEvent& event, Salt& salt, Form form);  // ,"response":{…}
void end_record(std::string& out, const Event& event);  // the error, and the closing brace

}  // namespace coffer::audit
