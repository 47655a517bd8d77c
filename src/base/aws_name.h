#pragma once
#include <string>
#include <string_view>

// How the names that AWS's API gives to secrets lie in a mount's paths. Both ways are one to one, so that one policy path stands for one secret.
namespace coffer {

// The path of a name. AWS allows names that no canonical path is ("/prod/db", "a//b", "a/"): a segment that is empty, "." or ".." gets a "~" before
// it, a character that no AWS name has.
[[nodiscard]] std::string aws_path(std::string_view name);
// The name that lies at a path.
[[nodiscard]] std::string aws_name(std::string_view path);

// Secrets of the primary region lie at their names, those of another one below the folder "~<region>/". "" for the primary region.
[[nodiscard]] std::string aws_region_folder(std::string_view region, std::string_view primary_region);
// The path of a name in a region.
[[nodiscard]] std::string aws_path(std::string_view region, std::string_view primary_region, std::string_view name);
// Which other region the path lies in; "" for the primary one. `rest` is the path within it.
[[nodiscard]] std::string_view aws_region_of(std::string_view path, std::string_view& rest);

}  // namespace coffer
