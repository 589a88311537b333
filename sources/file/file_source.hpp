#pragma once

#include <weft/sources/file/decompression.hpp>
#include <weft/sources/file/file_settings.hpp>
#include <weft/sources/file/followed_files.hpp>
#include <weft/sources/file/input_file.hpp>
#include <weft/sources/source.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace weft
{

/// Reads a file from its beginning to its end; or each file that a pattern matches, one after the
/// other; or follows them as they grow.
class FileSource final : public Source
{
public:
    static constexpr const char* TypeHelp = "bytes of files, of a pipe or a character device";
    static std::vector<ParameterDefinition> parameters();

    /// One that follows has its watch, its file and the file's successor. How many files a pattern
    /// matches nobody knows beforehand.
    static std::uint32_t fileDescriptors(const SourceDescriptor& descriptor)
    {
        return descriptor.boolean("follow") ? 3 : 1;
    }

    explicit FileSource(const SourceDescriptor& descriptor);

    void open() override;
    FillStatus fillBuffer(Fill& fill) override;
    void close() override;

    std::string describe() const override
    {
        return settings.path;
    }

private:
    std::vector<std::string> findAll() const;
    bool openNext();
    void seekStart();

    const FileSettings settings;
    std::unique_ptr<FollowedFiles> followed;      // in place of all below
    std::unique_ptr<Decompression> decompression; // where it is wanted
    std::vector<std::string> paths;
    std::size_t nextPath = 0;
    InputFile file;
};

} // namespace weft
