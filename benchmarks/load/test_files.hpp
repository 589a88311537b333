#pragma once

#include "run_plan.hpp"

#include <cstddef>
#include <string>

namespace weft::bench
{

/// The files of a case, numbered from 0 in the plan's directory, which must be empty or not exist;
/// removed at the end. Throws std::system_error.
class TestFiles
{
public:
    explicit TestFiles(const RunPlan& plan);
    ~TestFiles();

    TestFiles(const TestFiles&) = delete;
    TestFiles& operator=(const TestFiles&) = delete;

    /// Reads all, so that they are in the page cache.
    void warm() const;

    /// Asks the kernel to drop their pages (POSIX_FADV_DONTNEED after fsync). File systems in
    /// memory cannot.
    void evict() const;

    /// The share of their pages that is in the page cache, by mincore.
    double residentShare() const;

private:
    std::string path(std::size_t file) const;

    std::string directory;
    std::size_t count;
    std::uint64_t bytes;
};

} // namespace weft::bench
