#pragma once

#include <weft/reactor/owned_descriptor.hpp>

#include <filesystem>
#include <string_view>

namespace weft::tools
{

/// A file that is there complete or not at all: written beside its place and then put there. Made
/// before long work, so that a place which cannot be written is found out early. "-" stands for
/// standard output; a pipe or a device is written in place, and a symbolic link stays one.
class OutputFile
{
public:
    /// Throws UsageError.
    explicit OutputFile(std::filesystem::path wantedPath);

    /// Throws UsageError when commit() would put the file in the place of `other`, through whatever
    /// links; `what` ends "which ...".
    void mustNotBe(const std::filesystem::path& other, std::string_view what) const;

    /// Leaves nothing behind unless commit() was called.
    ~OutputFile();

    OutputFile(const OutputFile&) = delete;
    OutputFile& operator=(const OutputFile&) = delete;

    /// Writes everything and puts the file in its place. Once. Throws std::system_error.
    void commit(std::string_view content);

    /// Removes what is there so far, for ending the program without the destructor.
    void discard() noexcept;

private:
    bool isStandardOutput() const;

    const std::filesystem::path path;
    std::filesystem::path target;    // at the end of symbolic links
    std::filesystem::path temporary; // beside the target; empty: written in place
    OwnedDescriptor file;
};

} // namespace weft::tools
