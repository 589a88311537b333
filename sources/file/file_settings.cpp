#include <weft/sources/file/file_settings.hpp>
#include <weft/sources/file/path_pattern.hpp>
#include <weft/sources/quantity.hpp>

#include <fmt/format.h>

namespace weft
{

namespace
{

void readStart(const std::string& text, FileSettings& settings)
{
    if (text == "beginning")
    {
        return;
    }
    if (text == "end")
    {
        settings.start = FileSettings::Start::End;
        return;
    }
    const auto offset = parseSize(text);
    if (!offset)
    {
        throw InvalidParameter(
            "start",
            fmt::format("is '{}'; allowed: beginning, end or an offset such as 4096 or 1MiB",
                        text));
    }
    settings.start = FileSettings::Start::Offset;
    settings.startBytes = *offset;
}

Compression readCompression(const std::string& text)
{
    for (const auto compression : {Compression::Auto, Compression::Gzip, Compression::Zstd})
    {
        if (text == toString(compression))
        {
            if (!isBuilt(compression))
            {
                throw InvalidParameter(
                    "compression",
                    fmt::format("is '{0}', which this weft was built without; build it with "
                                "-DWEFT_FILE_{1}=ON",
                                text, compression == Compression::Gzip ? "GZIP" : "ZSTD"));
            }
            return compression;
        }
    }
    return Compression::None;
}

void checkTogether(const FileSettings& settings, const std::string& start)
{
    const bool startsLater = settings.start != FileSettings::Start::Beginning;
    if (settings.start == FileSettings::Start::End && !settings.follow)
    {
        throw InvalidParameter("start", "is 'end', where nothing comes any more; allowed: "
                                        "beginning, an offset, or end with 'follow: true'");
    }
    if (settings.start == FileSettings::Start::Offset && isPattern(settings.path))
    {
        throw InvalidParameter("start", fmt::format("is '{}', and '{}' may be several files; "
                                                    "allowed with a pattern: beginning, or end "
                                                    "with 'follow: true'",
                                                    start, settings.path));
    }
    if (settings.compression == Compression::None)
    {
        return;
    }
    if (settings.follow)
    {
        throw InvalidParameter("compression",
                               fmt::format("is '{}'; allowed with 'follow: true': none, as a "
                                           "compressed file cannot be followed",
                                           toString(settings.compression)));
    }
    if (startsLater)
    {
        throw InvalidParameter("start", fmt::format("is '{}'; allowed with 'compression: {}': "
                                                    "beginning",
                                                    start, toString(settings.compression)));
    }
}

} // namespace

std::vector<ParameterDefinition> FileSettings::parameters()
{
    return {
        {.name = "path",
         .type = ParameterType::Text,
         .help = "the file, or a pattern such as logs/*.log for one file after the other; relative "
                 "to where the program runs"},
        {.name = "start",
         .type = ParameterType::Text,
         .defaultValue = "beginning",
         .help = "beginning, end (to follow from there), or an offset in bytes such as 1MiB"},
        {.name = "follow",
         .type = ParameterType::Boolean,
         .defaultValue = "false",
         .help = "wait for what is written later, through rotation and truncation, as tail -F"},
        {.name = "compression",
         .type = ParameterType::Text,
         .defaultValue = "none",
         .help = "of the file; auto: as its first bytes tell",
         .choices = {"none", "auto", "gzip", "zstd"}},
        {.name = "read_ahead",
         .type = ParameterType::Size,
         .defaultValue = "1MiB",
         .help = "how far ahead of the source the disk is asked for the file; 0 for not at all",
         .least = 0,
         .most = std::int64_t{1} << 30},
    };
}

FileSettings FileSettings::from(const SourceDescriptor& descriptor)
{
    FileSettings settings;
    settings.path = descriptor.text("path");
    settings.follow = descriptor.boolean("follow");
    settings.compression = readCompression(descriptor.text("compression"));
    settings.readAheadBytes = descriptor.sizeBytes("read_ahead");
    readStart(descriptor.text("start"), settings);
    checkTogether(settings, descriptor.text("start"));
    return settings;
}

} // namespace weft
