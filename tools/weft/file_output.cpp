#include "file_output.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>

#include <unistd.h>

namespace weft::tools
{

std::string quotedPath(const std::filesystem::path& path)
{
    return fmt::format("'{}'", path.string());
}

void throwFileError(int error, std::string_view action, const std::filesystem::path& path)
{
    throw std::system_error(error, std::generic_category(),
                            fmt::format("{} {}", action, quotedPath(path)));
}

void writeAll(int descriptor, std::span<const std::byte> bytes, const std::filesystem::path& path)
{
    while (!bytes.empty())
    {
        const auto written = ::write(descriptor, bytes.data(), bytes.size());
        if (written >= 0)
        {
            bytes = bytes.subspan(static_cast<std::size_t>(written));
        }
        else if (errno != EINTR)
        {
            throwFileError(errno, "write", path);
        }
    }
}

} // namespace weft::tools
