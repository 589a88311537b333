#pragma once

#include <weft/reactor/owned_descriptor.hpp>

#include "seed_board.hpp"

#include <cstdint>
#include <string>

#include <sys/types.h>

namespace weft::sim
{

/// A child process that runs one seed after the other until none is left, or it finds something,
/// or dies. A run that goes wrong so takes only itself along.
class SeedProcess
{
public:
    /// Forks. Both references are to memory that is shared. Throws std::system_error.
    SeedProcess(SeedQueue& queue, SeedBoard& ownBoard, const WorkerOptions& options);

    /// Kills it if it still runs.
    ~SeedProcess();

    SeedProcess(const SeedProcess&) = delete;
    SeedProcess& operator=(const SeedProcess&) = delete;

    /// For poll(2).
    int descriptor() const noexcept
    {
        return pipe.get();
    }

    /// Takes what the child has written; false when it has ended. Called when there is something.
    bool read();

    /// After that: how it ended.
    struct End
    {
        bool clean = false; // no seed was left
        std::uint64_t seed = 0;
        int signal = 0;
        std::string output;
    };

    End wait();

private:
    SeedBoard& board;
    OwnedDescriptor pipe;
    pid_t process = -1;
    std::string output;
};

} // namespace weft::sim
