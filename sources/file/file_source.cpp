#include <weft/reactor/offload.hpp>
#include <weft/sources/file/file_error.hpp>
#include <weft/sources/file/file_source.hpp>
#include <weft/sources/source_registry.hpp>

#include <fmt/format.h>

#include <cerrno>
#include <utility>

WEFT_REGISTER_SOURCE(file, weft::FileSource)

namespace weft
{

std::vector<ParameterDefinition> FileSource::parameters()
{
    return FileSettings::parameters();
}

FileSource::FileSource(const SourceDescriptor& descriptor)
    : settings(FileSettings::from(descriptor))
{
}

void FileSource::open()
{
    if (settings.follow)
    {
        auto opened = std::make_unique<FollowedFiles>(settings);
        opened->open();
        followed = std::move(opened);
        return;
    }
    if (settings.compression != Compression::None)
    {
        decompression = std::make_unique<Decompression>(settings.compression);
    }
    paths = findAll();
    nextPath = 0;
    openNext();
}

/// At least one.
std::vector<std::string> FileSource::findAll() const
{
    if (!isPattern(settings.path))
    {
        return {settings.path};
    }
    FoundPaths found;
    auto files = requireFile(offload(
                                 [&]
                                 {
                                     found = findPaths(settings.path);
                                     return filesAmong(found.paths, false);
                                 }),
                             "look for", settings.path);
    if (files.empty())
    {
        throw SourceError(found.error ? found.error : errnoError(ENOENT),
                          fmt::format("find a file that matches '{}'", settings.path));
    }
    std::vector<std::string> all;
    for (auto& one : files)
    {
        all.push_back(std::move(one.path));
    }
    return all;
}

/// False when there is no other file.
bool FileSource::openNext()
{
    if (nextPath == paths.size())
    {
        return false;
    }
    if (file.isOpen())
    {
        file.close();
    }
    const auto& path = paths[nextPath++];
    file = requireFile(InputFile::open(path, settings.readAheadBytes), "open", path);
    if (settings.start == FileSettings::Start::Offset)
    {
        seekStart();
    }
    if (decompression)
    {
        decompression->beginFile();
    }
    return true;
}

void FileSource::seekStart()
{
    if (!file.isRegular())
    {
        throw SourceError(errnoError(ESPIPE), fmt::format("start at byte {} of '{}'",
                                                          settings.startBytes, file.path()));
    }
    const auto sizeBytes = file.status().stx_size;
    if (settings.startBytes > sizeBytes)
    {
        throw SourceError(errnoError(EINVAL),
                          fmt::format("start at byte {} of '{}', which has {}", settings.startBytes,
                                      file.path(), sizeBytes));
    }
    file.seek(settings.startBytes);
}

FillStatus FileSource::fillBuffer(Fill& fill)
{
    if (followed)
    {
        followed->fill(fill);
        return FillStatus::More;
    }
    while (fill.wantsMore())
    {
        const auto count = decompression ? decompression->read(file, fill) : file.read(fill);
        if (!count && gaveUp(count.error()))
        {
            break;
        }
        const auto sizeBytes = requireFile(count, "read", file.path());
        if (sizeBytes == 0 && !openNext())
        {
            return FillStatus::EndOfStream;
        }
        fill.advance(sizeBytes);
    }
    return FillStatus::More;
}

void FileSource::close()
{
    if (followed)
    {
        std::exchange(followed, nullptr)->close();
        return;
    }
    file.close();
}

} // namespace weft
