#pragma once

#include <filesystem>

namespace weft::tools
{

/// A new directory for temporary files, removed with all that is in it.
class DemoDirectory
{
public:
    /// Throws std::system_error.
    DemoDirectory();
    ~DemoDirectory();

    DemoDirectory(const DemoDirectory&) = delete;
    DemoDirectory& operator=(const DemoDirectory&) = delete;

    /// For ending the program without the destructor.
    void remove() noexcept;

    const std::filesystem::path& path() const noexcept
    {
        return directory;
    }

private:
    std::filesystem::path directory;
};

} // namespace weft::tools
