#include "demo_directory.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>

#include <stdlib.h>

namespace weft::tools
{

DemoDirectory::DemoDirectory()
{
    auto pattern = (std::filesystem::temp_directory_path() / "weft-demo-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr)
    {
        throw std::system_error(errno, std::generic_category(),
                                fmt::format("cannot make the directory '{}'", pattern));
    }
    directory = pattern;
}

DemoDirectory::~DemoDirectory()
{
    remove();
}

void DemoDirectory::remove() noexcept
{
    std::error_code ignored; // what cannot be removed stays, in the directory for such files
    std::filesystem::remove_all(directory, ignored);
}

} // namespace weft::tools
