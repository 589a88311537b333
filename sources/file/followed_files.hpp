#pragma once

#include <weft/sources/file/file_settings.hpp>
#include <weft/sources/file/input_file.hpp>
#include <weft/sources/file/pattern_watch.hpp>
#include <weft/sources/fill.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace weft
{

/// Files that grow, by name, as `tail -F` follows them. Rules:
///   1. Files are told apart by what they are (device and inode), not by their names: one that is
///      renamed goes on where it was.
///   2. A file whose name now is another file's, or nobody's, has been left. It is read until it is
///      deleted or its successor, the new file of that name, has bytes; then once more to its end,
///      for its writer has gone on to the successor; and is closed. Until then the successor waits.
///   3. A file that is shorter than what has been read of it has been truncated, and is read from
///      its beginning.
///   4. With a pattern, only whole lines are delivered, so that those of several files do not mix.
///      What a file that is left has behind its last line is delivered, too. A line that is longer
///      than a buffer is delivered in parts; others may come between when its writer pauses in it.
///   5. Nothing is looked at without an event: a file that has brought no bytes rests until there
///      is one of it.
///   6. Listing names takes time, and a file that is renamed meanwhile may be found by neither of
///      its names. So it has been left for good only if no name has changed during a scan, or if
///      several in a row have not found it: otherwise it would be read again by its new name.
class FollowedFiles
{
public:
    explicit FollowedFiles(const FileSettings& fileSettings);

    /// Those that there are; there need not be any. Throws SourceError. Suspends.
    void open();

    /// Never ends by itself. Throws SourceError. Suspends.
    void fill(Fill& fill);

    /// Throws SourceError. Suspends.
    void close();

private:
    struct Followed
    {
        InputFile input;
        int watch = 0;
        bool changed = true;  // there may be something to read
        bool suspect = false; // an event has come since it last brought bytes
        bool left = false;
        unsigned scansWithout = 0; // in a row; ScansForCertainty: it has been left for good
        bool inLine = false; // a part of a line has been delivered
    };

    enum class Progress : std::uint8_t
    {
        Made,
        Nothing, // all is read
        Deliver, // the buffer has no room for the next line
        GaveUp,
    };

    /// More would be kept only if files were moved away, and no new ones came in their places.
    static constexpr std::size_t LeftFilesMax = 16;
    /// Where names change faster than they can be listed, a file must not be kept for ever.
    static constexpr unsigned ScansForCertainty = 4;

    void scan(bool isFirst);
    bool isKnown(const FileIdentity& identity, const std::string& path);
    void adopt(const std::string& path, bool isFirst);
    void seekStart(InputFile& input, std::uint64_t sizeBytes) const;
    void takeEvents();
    void judgeMissing();

    Progress readNext(Fill& fill);
    Progress readFrom(std::size_t index, Fill& fill);
    Progress readWhole(Followed& file, Fill& fill);
    Progress readLines(Followed& file, Fill& fill, bool withRest);
    bool isGated(std::size_t index) const noexcept;
    bool isOver(std::size_t index) const;
    void finish(std::size_t index);

    const FileSettings settings;
    const bool byLines;
    PatternWatch pattern;
    std::vector<Followed> files; // in the order in which they came
    std::size_t leftCount = 0;
    std::size_t turn = 0; // whose it is
    bool scanDue = false;
};

} // namespace weft
