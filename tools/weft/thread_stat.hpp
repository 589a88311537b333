#pragma once

#include <string_view>

namespace weft::tools
{

/// Whether the kernel made the thread for io_uring, as the line of its /proc/.../stat says: by its
/// flags, which it has before it has its name. False for what is no such line.
bool isIoWorker(std::string_view statLine);

} // namespace weft::tools
