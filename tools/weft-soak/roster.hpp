#pragma once

#include <weft/sources/source_handle.hpp>

#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace weft::soak
{

/// The sources that there are now, for whoever must say what has become of them while all else is
/// stuck. Its members may be called by any thread.
class Roster
{
public:
    /// The handle stays where it is until it is removed.
    void add(const SourceHandle& handle);
    void remove(const SourceHandle& handle);

    /// A line for each source that has begun and not ended: "source NAME: running, ...".
    /// `beginning`: of the names.
    std::vector<std::string> describe(const std::string& beginning) const;

private:
    mutable std::mutex mutex;
    std::map<std::string, const SourceHandle*> handles; // by name
};

} // namespace weft::soak
