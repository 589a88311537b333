#pragma once

#include <weft/reactor/file_watch.hpp>
#include <weft/sources/file/path_pattern.hpp>

#include <string>
#include <vector>

namespace weft
{

/// Finds the files of a path or pattern, and tells when to look again: when something of such a
/// name has come or gone, in any directory of the path.
class PatternWatch
{
public:
    explicit PatternWatch(std::string pathOrPattern);

    /// Throws SourceError.
    void open();
    void close() noexcept;

    /// The files that there are now. What happens from now on is told. Throws SourceError. Blocks:
    /// for the offload pool.
    std::vector<FoundFile> scan();

    /// Whether scan() may find something else after this event.
    bool concerns(const FileWatch::Event& event) const noexcept;

    /// Whose events are of the directories here, and of what is added beside.
    FileWatch& events() noexcept
    {
        return watch;
    }

private:
    struct Directory
    {
        int watch = 0;
        const std::string* child = nullptr; // what is looked for in it; null: anything
    };

    bool addDirectory(const std::string& path, const std::string* child,
                      std::vector<Directory>& added) const;
    void addDirectoriesOfLinks(const std::string& path, std::vector<Directory>& added) const;

    const std::string pattern;
    const std::vector<PathLevel> levels;
    FileWatch watch;
    std::vector<Directory> directories;
};

} // namespace weft
