#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace weft
{

/// An empty directory, removed with all that is in it.
class TemporaryDirectory
{
public:
    TemporaryDirectory()
    {
        auto pattern = (std::filesystem::temp_directory_path() / "weft-test-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr)
        {
            throw std::runtime_error("cannot make a temporary directory");
        }
        root = pattern;
    }

    ~TemporaryDirectory()
    {
        std::error_code ignored;
        std::filesystem::remove_all(root, ignored);
    }

    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

    const std::filesystem::path& path() const
    {
        return root;
    }

    /// Writes a file, and the directories above it.
    std::filesystem::path write(const std::filesystem::path& relative, std::string_view text) const
    {
        const auto file = root / relative;
        std::filesystem::create_directories(file.parent_path());
        std::ofstream(file, std::ios::binary) << text;
        return file;
    }

private:
    std::filesystem::path root;
};

} // namespace weft
