#include "audit/record.h"

#include "audit/audit.h"
#include "audit/encode.h"
#include "audit/sha256.h"

// Encodes straight into the buffer: no tree, no copies. Members come in the order of Vault's records (vault-api.md §1.8).
namespace coffer::audit {
namespace {

// What may be named as it is in an auth method's metadata: names that the methods choose. Others were chosen by a caller.
bool known_metadata_key(std::string_view key) {
  constexpr std::string_view known[] = {"username", "role_name", "role", "cert_name", "common_name", "service_account_name",
                                        "service_account_namespace", "account_id", "auth_type", "org", "policies"};
  return std::find(std::begin(known), std::end(known), key) != std::end(known);
}

// Token and accessor as the records show them, redacted once per record.
class Shown {
 public:
  Shown(const Auth* auth, Salt& salt, Form form) : salt_(salt) {
    if (auth == nullptr) return;
    token = pick(auth->client_token, auth->client_token_hmac, form.raw, token_buffer_);
    accessor = pick(auth->accessor, auth->accessor_hmac, form.raw || form.plain_accessor, accessor_buffer_);
  }
  std::string_view token, accessor;

 private:
  std::string_view pick(std::string_view clear, std::string_view hmac, bool in_clear, std::string& buffer) {
    if (in_clear && !clear.empty()) return clear;
    if (!hmac.empty() || clear.empty()) return hmac;
    salt_.append_redacted(clear, buffer);
    return buffer;
  }
  Salt& salt_;
  std::string token_buffer_, accessor_buffer_;
};

void put_list(std::string& out, std::string_view key, std::span<const std::string> values) {
  if (values.empty()) return;
  out.append(key).push_back('[');
  for (std::size_t i = 0; i < values.size(); ++i) put(out, i == 0 ? "\"" : ",\"", values[i]);
  out.push_back(']');
}

void put_policy_results(std::string& out, const Event& event) {
  const Auth& auth = *event.auth;
  out.append(auth.allowed ? R"(,"policy_results":{"allowed":true)" : R"(,"policy_results":{"allowed":false)");
  if (!auth.granting_policies.empty()) {
    out.append(R"(,"granting_policies":[)");
    for (std::size_t i = 0; i < auth.granting_policies.size(); ++i) {
      put(out, i == 0 ? R"({"name":")" : R"(,{"name":")", auth.granting_policies[i]);
      put(out, R"(,"namespace_id":")", event.namespace_id);
      out.append(R"(,"type":"acl"})");
    }
    out.push_back(']');
  }
  out.push_back('}');
}

void put_metadata(std::string& out, const Auth& auth, Salt& salt, Form form) {
  if (!auth.metadata_json.empty() && !form.raw) return put_json_if(out, R"(,"metadata":)", auth.metadata_json);
  if (auth.metadata.empty()) return;
  out.append(R"(,"metadata":{)");
  bool first = true;
  for (const auto& [key, value] : auth.metadata) {
    out.append(first ? "\"" : ",\"");
    first = false;
    if (form.raw || known_metadata_key(key)) append_text(out, key);
    else salt.append_redacted(key, out);
    out.append("\":\"");
    if (form.raw) append_text(out, value);
    else salt.append_redacted(value, out);
    out.push_back('"');
  }
  out.push_back('}');
}

void put_auth(std::string& out, const Event& event, const Shown& shown, Salt& salt, Form form) {
  if (event.auth == nullptr) return;
  const Auth& auth = *event.auth;
  out.append(R"(,"auth":{)");
  const std::size_t begin = out.size();
  put_if(out, R"(,"client_token":")", shown.token);
  put_if(out, R"(,"accessor":")", shown.accessor);
  put_if(out, R"(,"display_name":")", auth.display_name);
  put_list(out, R"(,"policies":)", auth.policies);
  put_list(out, R"(,"token_policies":)", auth.token_policies);
  put_list(out, R"(,"identity_policies":)", auth.identity_policies);
  put_policy_results(out, event);
  put_metadata(out, auth, salt, form);
  put_number_if(out, R"(,"num_uses":)", auth.num_uses);
  put_if(out, R"(,"entity_id":")", auth.entity_id);
  put_if(out, R"(,"token_type":")", auth.token_type);
  put_number_if(out, R"(,"token_ttl":)", auth.token_ttl);
  if (auth.token_issue_time != Time{}) {
    out.append(R"(,"token_issue_time":")");
    append_rfc3339(out, auth.token_issue_time);
    out.push_back('"');
  }
  out.push_back('}');
  out.erase(begin, 1);  // the first member's comma
}

void put_request(std::string& out, const Event& event, const Shown& shown, Form form) {
  put(out, R"(,"request":{"id":")", event.id);
  if (event.auth != nullptr) put_if(out, R"(,"client_id":")", event.auth->entity_id);
  put(out, R"(,"operation":")", event.operation);
  put_if(out, R"(,"mount_point":")", event.mount_point);
  put_if(out, R"(,"mount_type":")", event.mount_type);
  put_if(out, R"(,"mount_accessor":")", event.mount_accessor);
  put_if(out, R"(,"mount_running_version":")", event.mount_running_version);
  put_if(out, R"(,"mount_class":")", event.mount_class);
  put_if(out, R"(,"client_token":")", shown.token);
  put_if(out, R"(,"client_token_accessor":")", shown.accessor);
  put(out, R"(,"namespace":{"id":")", event.namespace_id);
  put_if(out, R"(,"path":")", event.namespace_path);
  out.push_back('}');
  put(out, R"(,"path":")", event.path);
  put_if(out, R"(,"action":")", event.action);
  put_if(out, R"(,"principal":")", event.principal);
  put_json_if(out, R"(,"data":)", form.raw && !event.request_data_raw.empty() ? event.request_data_raw : event.request_data);
  put_if(out, R"(,"remote_address":")", event.remote_address);
  put_number_if(out, R"(,"remote_port":)", event.remote_port);
  put_json_if(out, R"(,"headers":)", event.headers_json);
  put_number_if(out, R"(,"wrap_ttl":)", event.wrap_ttl);
  out.push_back('}');
}

// `{"keys":[...],"key_info":{...}}` with the numbers of their elements instead.
void put_elided_list(std::string& out, std::string_view data) {
  const auto document = json::Document::parse(data);
  if (!document || !document->root().is_object()) return append_json(out, data);
  json::Writer writer(out);
  writer.begin_object();
  for (const auto& [name, value] : document->root().members()) {
    writer.key(name);
    if ((name == "keys" && value.is_array()) || (name == "key_info" && value.is_object()))
      writer.integer(static_cast<std::int64_t>(value.size()));
    else writer.raw(value.raw());
  }
  writer.end_object();
}

void put_response_data(std::string& out, const ResponseEvent& event, Form form) {
  const std::string_view data = form.raw && !event.data_raw.empty() ? event.data_raw : event.data;
  if (data.empty()) return;
  out.append(R"(,"data":)");
  const std::string_view operation = event.request->operation;
  if (form.elide_lists && (operation == "list" || operation == "scan")) put_elided_list(out, data);
  else append_json(out, data);
}

void put_warnings(std::string& out, std::span<const std::string> warnings, Salt& salt, Form form) {
  if (warnings.empty()) return;
  out.append(R"(,"warnings":[)");
  for (std::size_t i = 0; i < warnings.size(); ++i) {
    out.append(i == 0 ? "\"" : ",\"");
    if (form.raw) append_text(out, warnings[i]);
    else salt.append_redacted(warnings[i], out);
    out.push_back('"');
  }
  out.push_back(']');
}

void put_response(std::string& out, const ResponseEvent& event, Salt& salt, Form form) {
  const Event& request = *event.request;
  out.append(R"(,"response":{)");
  const std::size_t begin = out.size();
  put_json_if(out, R"(,"auth":)", event.auth_json);
  put_if(out, R"(,"mount_point":")", request.mount_point);
  put_if(out, R"(,"mount_type":")", request.mount_type);
  put_if(out, R"(,"mount_accessor":")", request.mount_accessor);
  put_if(out, R"(,"mount_running_plugin_version":")", request.mount_running_version);
  put_if(out, R"(,"mount_class":")", request.mount_class);
  put_json_if(out, R"(,"secret":)", event.secret_json);
  put_response_data(out, event, form);
  put_warnings(out, event.warnings, salt, form);
  put_json_if(out, R"(,"wrap_info":)", event.wrap_info_json);
  put_if(out, R"(,"redirect":")", event.redirect);
  put_number_if(out, R"(,"status":)", event.status);
  put_number_if(out, R"(,"position":)", event.position);
  if (out.size() > begin) out.erase(begin, 1);
  out.push_back('}');
}

}  // namespace

void begin_record(std::string& out, Time time, std::string_view type) {
  out.append(R"({"time":")");
  append_rfc3339(out, time);
  out.append(R"(","type":")").append(type).push_back('"');
}

void append_shared_part(std::string& out, const Event& event, Salt& salt, Form form) {
  const Shown shown(event.auth, salt, form);
  put_auth(out, event, shown, salt, form);
  put_request(out, event, shown, form);
}

void append_response_part(std::string& out, const ResponseEvent& event, Salt& salt, Form form) { put_response(out, event, salt, form); }

void end_record(std::string& out, const Event& event) {
  put_if(out, R"(,"error":")", event.error);
  out.push_back('}');
}

void append_request_record(std::string& out, const Event& event, Salt& salt, Form form) {
  begin_record(out, event.time, "request");
  append_shared_part(out, event, salt, form);
  end_record(out, event);
}

void append_response_record(std::string& out, const ResponseEvent& event, Salt& salt, Form form) {
  begin_record(out, event.time == Time{} ? event.request->time : event.time, "response");
  append_shared_part(out, *event.request, salt, form);
  append_response_part(out, event, salt, form);
  end_record(out, *event.request);
}

}  // namespace coffer::audit
