#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

#include "audit/sinks/io.h"
#include "base/result.h"

// Where an audit file may lie (design.md §8, security.md K01). A path from the config file is trusted as it stands. A path given by API
// resolves with openat2(RESOLVE_BENEATH) under one of the allowed folders: neither `..`, nor a symbolic link, nor a magic link leads out.
namespace coffer::audit {

struct Location {
  std::string path;                 // as given
  bool trusted = false;             // from the config file
  std::vector<std::string> folders; // allowed ones, for paths given by API
  mode_t mode = 0600;               // of a file that is made
};

// An opened audit file and the folder that holds it, through which it is renamed and opened anew.
struct OpenedFile {
  Fd file;
  Fd folder;
  std::string name;
  bool regular = true;  // otherwise a FIFO or a device, opened for writing without blocking
};

// Opens for appending, or makes the file (and, for a path of the config file, folders that are missing). Refuses, with the reason, a path outside the allowed folders,
// anything that is neither a regular file nor one that can only be written to (API: a FIFO), and a file that holds something else than
// audit records. Changes no mode of a file that exists.
[[nodiscard]] Result<OpenedFile> open_audit_file(const Location& location);

// A descriptor (O_PATH) of an existing Unix socket under the same rules.
[[nodiscard]] Result<Fd> open_socket_path(const Location& location);

// Option `mode`: octal text; "" and "0000" are the default. Refuses execute bits.
[[nodiscard]] Result<mode_t> parse_mode(std::string_view text);

}  // namespace coffer::audit
