#pragma once

#include <string>
#include <system_error>
#include <vector>

struct io_uring;

namespace weft
{

/// One thing that the io_uring engine uses, and whether this machine has it.
struct UringFeature
{
    std::string name;
    bool present = false;
    bool required = false;
    std::string consequence; // what its absence means
};

/// Makes a ring with the best set-up flags that the kernel takes: tried one after the other, never
/// derived from a kernel version. The chosen flags are stored in `setupFlags`. Throws
/// std::system_error with what to do when io_uring is refused or resources are short. Must run on
/// the thread that will use the ring.
void createUring(io_uring& ring, unsigned submissionEntries, unsigned completionEntries,
                 unsigned& setupFlags);

/// Why io_uring cannot be used, in words that say what to do about it.
std::string explainUringError(std::error_code error);

/// Tries everything that the engine uses on a small ring. Throws what createUring throws.
std::vector<UringFeature> probeUringFeatures();

} // namespace weft
