#pragma once

#include <weft/reactor/owned_descriptor.hpp>

#include "sink.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace weft::tools
{

/// Writes the raw bytes of each source to DIRECTORY/NAME.
class FilesSink final : public Sink
{
public:
    /// Makes the directory and opens all files. Unless the plan says `overwrite`, files that are
    /// there already are left untouched and refused. So is a file that a source of the plan reads.
    /// Throws SinkError.
    explicit FilesSink(const IngestPlan& plan);

    void accept(std::size_t source, std::span<const std::byte> bytes) override;
    void finish(std::size_t source) override;

private:
    struct File
    {
        std::filesystem::path path;
        OwnedDescriptor descriptor;
    };

    void refuseExisting() const;
    void refuseInputs(const IngestPlan& plan) const;
    void openAll(bool overwrite);
    void removeOpened() noexcept;

    std::vector<File> files; // by source
};

} // namespace weft::tools
