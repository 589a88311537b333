#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

/// \file
/// What the sink and the accounts share when they write files by plain calls.

namespace weft::tools
{

std::string quotedPath(const std::filesystem::path& path);

/// "ACTION 'PATH': what `error`, an errno, means", as std::system_error.
[[noreturn]] void throwFileError(int error, std::string_view action,
                                 const std::filesystem::path& path);

/// Writes all of it; `path` is for the message. Throws std::system_error. Blocks the thread.
void writeAll(int descriptor, std::span<const std::byte> bytes, const std::filesystem::path& path);

} // namespace weft::tools
