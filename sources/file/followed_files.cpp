#include <weft/reactor/offload.hpp>
#include <weft/sources/file/file_error.hpp>
#include <weft/sources/file/followed_files.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <ranges>
#include <string_view>
#include <utility>

#include <sys/inotify.h>

namespace weft
{

namespace
{

constexpr std::uint32_t FileEvents = IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF;

/// Up to the end of the last whole line.
std::size_t wholeLinesBytes(std::span<const std::byte> bytes) noexcept
{
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const auto last = text.rfind('\n');
    return last == std::string_view::npos ? 0 : last + 1;
}

} // namespace

FollowedFiles::FollowedFiles(const FileSettings& fileSettings)
    : settings(fileSettings),
      byLines(isPattern(fileSettings.path)),
      pattern(fileSettings.path)
{
}

void FollowedFiles::open()
{
    pattern.open();
    // What is there must not be taken for new by a later scan because it was renamed during this.
    for (unsigned scans = 0; scans == 0 || (scanDue && scans < ScansForCertainty); ++scans)
    {
        scan(true);
    }
}

void FollowedFiles::close()
{
    pattern.close();
    leftCount = 0;
    for (auto& file : std::exchange(files, {}))
    {
        file.input.close();
    }
}

void FollowedFiles::fill(Fill& fill)
{
    takeEvents();
    bool scanned = false;
    while (fill.wantsMore())
    {
        // Once: names that change all the time must not keep the files from being read.
        if (scanDue && !std::exchange(scanned, true))
        {
            scan(false);
        }
        const auto progress = readNext(fill);
        if (progress == Progress::Made)
        {
            continue;
        }
        if (progress != Progress::Nothing)
        {
            return;
        }
        if (!fill.mayWait())
        {
            fill.foundNothing(); // others may have the buffers that were for more
            continue;
        }
        if (scanDue)
        {
            return; // names changed during the last one; others come first, and a stop
        }
        const auto waited = pattern.events().wait(fill.deadline());
        if (!waited)
        {
            if (gaveUp(waited.error()))
            {
                return;
            }
            throw SourceError(waited.error(), fmt::format("watch '{}'", settings.path));
        }
        takeEvents();
        scanned = false;
    }
}

/// Which files may have more to read, and whether there may be others.
void FollowedFiles::takeEvents()
{
    auto& events = pattern.events();
    for (;;)
    {
        while (const auto event = events.next())
        {
            scanDue |= pattern.concerns(*event) || (event->mask & (IN_ATTRIB | IN_MOVE_SELF)) != 0;
            for (auto& file : files)
            {
                if (file.left || file.watch == event->watch ||
                    event->watch == FileWatch::LostEvents)
                {
                    file.changed = true;
                    file.suspect = true;
                }
            }
        }
        if (!requireFile(events.fetch(), "watch", settings.path))
        {
            return;
        }
    }
}

void FollowedFiles::scan(bool isFirst)
{
    scanDue = false;
    const auto found = requireFile(offload(
                                       [this]
                                       {
                                           return pattern.scan();
                                       }),
                                   "look for", settings.path);
    for (auto& file : files)
    {
        file.left = true; // unless it is found
    }
    for (const auto& one : found)
    {
        if (!isKnown(one.identity, one.path))
        {
            adopt(one.path, isFirst);
        }
    }
    takeEvents();
    judgeMissing();
}

/// After a scan; `scanDue` tells whether names have changed since it began.
void FollowedFiles::judgeMissing()
{
    for (auto& file : files)
    {
        file.changed |= file.left; // what is written to it may not matter any more
        const auto scans = scanDue ? file.scansWithout + 1 : ScansForCertainty;
        file.scansWithout = file.left ? std::min(scans, ScansForCertainty) : 0;
    }
    leftCount = static_cast<std::size_t>(std::ranges::count(files, true, &Followed::left));
}

/// Whether it is followed already, then by this name from now on.
bool FollowedFiles::isKnown(const FileIdentity& identity, const std::string& path)
{
    const auto known = std::ranges::find_if(files,
                                            [&identity](const Followed& file)
                                            {
                                                return file.input.identity() == identity;
                                            });
    if (known == files.end())
    {
        return false;
    }
    known->left = false;
    known->input.rename(path);
    return true;
}

/// Takes on a file that has come.
void FollowedFiles::adopt(const std::string& path, bool isFirst)
{
    auto opened = InputFile::open(path, settings.readAheadBytes);
    if (!opened && opened.error() == std::errc::no_such_file_or_directory)
    {
        return; // gone again
    }
    auto input = requireFile(std::move(opened), "open", path);
    if (isKnown(input.identity(), path))
    {
        input.close(); // it has got the name since
        return;
    }
    if (!input.isRegular())
    {
        throw SourceError(errnoError(ENOTSUP),
                          fmt::format("follow '{}', which is no regular file", path));
    }
    const auto watch =
        requireFile(pattern.events().add(input.descriptor(), FileEvents), "watch", path);
    if (isFirst)
    {
        seekStart(input, input.status().stx_size);
    }
    files.push_back({.input = std::move(input), .watch = watch});
}

void FollowedFiles::seekStart(InputFile& input, std::uint64_t sizeBytes) const
{
    switch (settings.start)
    {
    case FileSettings::Start::Beginning:
        break;
    case FileSettings::Start::End:
        input.seek(sizeBytes);
        break;
    case FileSettings::Start::Offset:
        // A shorter one has been truncated since somebody noted the offset.
        input.seek(settings.startBytes <= sizeBytes ? settings.startBytes : 0);
        break;
    }
}

/// One read, of the next file that has something.
FollowedFiles::Progress FollowedFiles::readNext(Fill& fill)
{
    for (std::size_t tried = 0; tried < files.size(); ++tried)
    {
        turn = turn < files.size() ? turn : 0;
        if (files[turn].changed && !isGated(turn))
        {
            const auto progress = readFrom(turn, fill);
            if (progress != Progress::Nothing)
            {
                const bool goesOn = turn < files.size() && files[turn].inLine;
                turn += progress == Progress::Made && !goesOn ? 1 : 0;
                return progress;
            }
        }
        ++turn;
    }
    return Progress::Nothing;
}

FollowedFiles::Progress FollowedFiles::readFrom(std::size_t index, Fill& fill)
{
    auto& file = files[index];
    // Asked before it is read: nothing is written to it any more, so what is read now is its end.
    const bool over = file.left && isOver(index);
    const auto progress = byLines ? readLines(file, fill, over) : readWhole(file, fill);
    if (progress != Progress::Nothing)
    {
        file.suspect &= progress != Progress::Made;
        return progress;
    }
    if (std::exchange(file.suspect, false) &&
        file.input.status().stx_size < file.input.offsetBytes())
    {
        file.input.seek(0);
        file.inLine = false;
        return Progress::Made;
    }
    if (over)
    {
        finish(index);
        return Progress::Made;
    }
    file.changed = false;
    return Progress::Nothing;
}

FollowedFiles::Progress FollowedFiles::readWhole(Followed& file, Fill& fill)
{
    const auto count = file.input.read(fill);
    if (!count && gaveUp(count.error()))
    {
        return Progress::GaveUp;
    }
    const auto sizeBytes = requireFile(count, "read", file.input.path());
    fill.advance(sizeBytes);
    return sizeBytes > 0 ? Progress::Made : Progress::Nothing;
}

/// What the buffer has room for, but for a line that is not whole. `withRest`: it is whole without
/// an end of line.
FollowedFiles::Progress FollowedFiles::readLines(Followed& file, Fill& fill, bool withRest)
{
    const auto begin = file.input.offsetBytes();
    const auto space = fill.rest();
    std::size_t sizeBytes = 0;
    while (sizeBytes < space.size())
    {
        const auto count = file.input.read(space.subspan(sizeBytes), fill.deadline());
        if (!count && gaveUp(count.error()))
        {
            file.input.seek(begin);
            return Progress::GaveUp;
        }
        const auto countBytes = requireFile(count, "read", file.input.path());
        if (countBytes == 0)
        {
            break;
        }
        sizeBytes += countBytes;
    }
    const bool isFull = sizeBytes == space.size();
    auto wantedBytes = wholeLinesBytes(space.first(sizeBytes));
    if (wantedBytes == 0 && isFull && fill.sizeBytes() > 0 && !file.inLine)
    {
        file.input.seek(begin);
        return Progress::Deliver;
    }
    const bool endsInLine = wantedBytes == 0 && (isFull || file.inLine);
    if (endsInLine || (withRest && !isFull))
    {
        wantedBytes = sizeBytes;
    }
    file.input.seek(begin + wantedBytes);
    if (wantedBytes == 0)
    {
        return Progress::Nothing;
    }
    file.inLine = endsInLine;
    fill.advance(wantedBytes);
    return Progress::Made;
}

/// Whether it must wait for one that had its name before.
bool FollowedFiles::isGated(std::size_t index) const noexcept
{
    const auto& path = files[index].input.path();
    return leftCount > 0 && std::ranges::any_of(files | std::views::take(index),
                                                [&path](const Followed& earlier)
                                                {
                                                    return earlier.left &&
                                                           earlier.input.path() == path;
                                                });
}

/// Whether it is certain that nobody writes to a file that has been left, or too many have been.
bool FollowedFiles::isOver(std::size_t index) const
{
    const auto& file = files[index];
    if (file.scansWithout < ScansForCertainty)
    {
        return false;
    }
    const auto oldest = std::ranges::find(files, true, &Followed::left);
    if (leftCount > LeftFilesMax && &*oldest == &file)
    {
        return true;
    }
    if (file.input.status().stx_nlink == 0)
    {
        return true;
    }
    const auto later = files | std::views::drop(index + 1);
    const auto successor = std::ranges::find_if(later,
                                                [&file](const Followed& other)
                                                {
                                                    return other.input.path() == file.input.path();
                                                });
    return successor != later.end() && successor->input.status().stx_size > 0;
}

void FollowedFiles::finish(std::size_t index)
{
    auto input = std::move(files[index].input);
    pattern.events().remove(files[index].watch);
    files.erase(files.begin() + static_cast<std::ptrdiff_t>(index));
    --leftCount;
    for (auto& file : files)
    {
        file.changed |= file.left; // another one may be the oldest now
    }
    input.close();
}

} // namespace weft
