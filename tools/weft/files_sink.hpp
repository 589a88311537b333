#pragma once

#include <weft/reactor/owned_descriptor.hpp>

#include "sink.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <sys/stat.h>

namespace weft::tools
{

/// Writes the raw bytes of each source to DIRECTORY/NAME, those of a connection of a source that
/// listens to DIRECTORY/NAME/NUMBER.
class FilesSink final : public Sink
{
public:
    /// Makes the directory and opens all files. Unless the plan says `overwrite`, files that are
    /// there already are refused. So are, in any case, what is not a regular file, the
    /// configuration, what a source of the plan reads, and two names of one file. Whatever is
    /// refused, nothing that was there has been changed. Throws SinkError.
    explicit FilesSink(const IngestPlan& plan);

    void accept(std::size_t source, std::uint64_t connection,
                std::span<const std::byte> bytes) override;
    void finishConnection(std::size_t source, std::uint64_t connection) override;
    void finish(std::size_t source) override;

private:
    struct File
    {
        std::filesystem::path path;
        OwnedDescriptor descriptor; // of the directory, if the source listens
        bool made = false;          // it was not there before
        bool isDirectory = false;
        std::map<std::uint64_t, OwnedDescriptor> connections; // that are open
    };

    static void openDirectory(File& file, bool overwrite);
    OwnedDescriptor& connectionFile(File& file, std::uint64_t connection) const;
    static std::filesystem::path connectionPath(const File& file, std::uint64_t connection);
    static void close(OwnedDescriptor& descriptor, const std::filesystem::path& path);

    void refuseExisting() const;
    static void open(File& file, bool overwrite);
    static struct stat statusOf(const File& file);
    void refuseShared(const IngestPlan& plan) const;
    void emptyAll() const;
    void removeMade() const noexcept;

    const bool overwrites;
    std::vector<File> files; // by source
};

} // namespace weft::tools
