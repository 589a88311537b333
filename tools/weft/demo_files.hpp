#pragma once

#include "demo_account.hpp"
#include "replay_data.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <vector>

namespace weft::tools
{

/// Called between pieces of work that take long; what it throws ends the work.
using Checkpoint = std::function<void()>;

/// Writes files of `copies` times the data, less some lines. Each begins at another line and has
/// another length. The data is not empty. Throws std::system_error. Blocks the thread.
std::vector<std::filesystem::path> writeDemoFiles(const ReplayData& data,
                                                  const std::filesystem::path& directory,
                                                  std::size_t count, std::uint64_t copies,
                                                  const Checkpoint& checkpoint);

/// The account of a file, read from it by plain calls; `stream` is its path. Throws
/// std::system_error. Blocks the thread.
StreamAccount accountOfFile(const std::filesystem::path& path, const Checkpoint& checkpoint);

} // namespace weft::tools
