#include <weft/reactor/uring_features.hpp>

#include <fmt/format.h>
#include <liburing.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <string>
#include <utility>

namespace weft
{

namespace
{

/// Best first. DEFER_TASKRUN (Linux 6.1) runs completions only when we ask for them;
/// COOP_TASKRUN (5.19) at least does not interrupt us; none works everywhere.
constexpr std::array SetupFlagChoices{
    IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG |
        IORING_SETUP_SUBMIT_ALL,
    IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_SUBMIT_ALL,
    0U,
};

constexpr std::array RequiredOperations{
    std::pair{IORING_OP_OPENAT, "openat"},       std::pair{IORING_OP_CLOSE, "close"},
    std::pair{IORING_OP_READ, "read"},           std::pair{IORING_OP_WRITE, "write"},
    std::pair{IORING_OP_READV, "readv"},         std::pair{IORING_OP_WRITEV, "writev"},
    std::pair{IORING_OP_FSYNC, "fsync"},         std::pair{IORING_OP_STATX, "statx"},
    std::pair{IORING_OP_CONNECT, "connect"},     std::pair{IORING_OP_ACCEPT, "accept"},
    std::pair{IORING_OP_RECV, "recv"},           std::pair{IORING_OP_SEND, "send"},
    std::pair{IORING_OP_RECVMSG, "recvmsg"},     std::pair{IORING_OP_SENDMSG, "sendmsg"},
    std::pair{IORING_OP_SHUTDOWN, "shutdown"},   std::pair{IORING_OP_POLL_ADD, "poll"},
    std::pair{IORING_OP_ASYNC_CANCEL, "cancel"},
};

/// Whether a seccomp filter looks at the calls of this process.
bool isFiltered()
{
    std::ifstream file("/proc/self/status");
    for (std::string line; std::getline(file, line);)
    {
        if (line.starts_with("Seccomp:"))
        {
            return line.ends_with('2'); // SECCOMP_MODE_FILTER
        }
    }
    return false;
}

constexpr auto FilterAdvice = "as container runtimes install, refuses io_uring; allow "
                              "io_uring_setup, io_uring_enter and io_uring_register in it";

int readDisabledSysctl()
{
    std::ifstream file("/proc/sys/kernel/io_uring_disabled");
    int value = 0;
    file >> value;
    return file ? value : 0;
}

struct ProbeRing
{
    ProbeRing()
    {
        createUring(ring, 8, 16, setupFlags);
    }

    ~ProbeRing()
    {
        ::io_uring_queue_exit(&ring);
    }

    ProbeRing(const ProbeRing&) = delete;
    ProbeRing& operator=(const ProbeRing&) = delete;

    io_uring ring{};
    unsigned setupFlags = 0;
};

} // namespace

std::string explainUringError(std::error_code error)
{
    switch (error.value())
    {
    case ENOSYS:
        return isFiltered() ? fmt::format("a seccomp filter, {}", FilterAdvice)
                            : "the kernel has no io_uring; Linux 5.11 or later is needed";
    case EPERM:
        if (const auto disabled = readDisabledSysctl(); disabled != 0)
        {
            return fmt::format("it is disabled by sysctl kernel.io_uring_disabled={}; set it to 0, "
                               "or to 1 and add this process to kernel.io_uring_group",
                               disabled);
        }
        return fmt::format("{}, {}",
                           isFiltered() ? "a seccomp filter"
                                        : "a security module, or a "
                                          "seccomp filter",
                           FilterAdvice);
    case EINVAL:
        return fmt::format("the kernel's io_uring is too old for any way in which weft can use "
                           "it{}",
                           isFiltered() ? ", or a seccomp filter refuses it" : "");
    case ENOMEM:
        return "there is not enough memory for the ring, or RLIMIT_MEMLOCK is too low for a kernel "
               "before 5.12; lower the ring sizes or raise 'ulimit -l'";
    case EMFILE:
    case ENFILE:
        return "there are no file descriptors left for the ring; raise 'ulimit -n'";
    default:
        return error.message();
    }
}

void createUring(io_uring& ring, unsigned submissionEntries, unsigned completionEntries,
                 unsigned& setupFlags)
{
    int result = -EINVAL;
    for (const auto flags : SetupFlagChoices)
    {
        io_uring_params parameters = {};
        parameters.flags = flags | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
        parameters.cq_entries = completionEntries;
        result = ::io_uring_queue_init_params(submissionEntries, &ring, &parameters);
        if (result == 0)
        {
            setupFlags = parameters.flags;
            constexpr auto Needed = IORING_FEAT_NODROP | IORING_FEAT_EXT_ARG;
            // A filter may let one call pass and refuse the other.
            result =
                (parameters.features & Needed) == Needed ? ::io_uring_get_events(&ring) : -EINVAL;
            if (result >= 0)
            {
                return;
            }
            ::io_uring_queue_exit(&ring);
            break;
        }
        if (result != -EINVAL)
        {
            break;
        }
    }
    const std::error_code error(-result, std::generic_category());
    throw std::system_error(error, fmt::format("cannot create an io_uring of {} and {} entries: {}",
                                               submissionEntries, completionEntries,
                                               explainUringError(error)));
}

std::vector<UringFeature> probeUringFeatures()
{
    ProbeRing probe;
    std::vector<UringFeature> features;
    const auto addFlag = [&](const char* name, unsigned flag, const char* consequence)
    {
        features.push_back({name, (probe.setupFlags & flag) != 0, false, consequence});
    };
    addFlag("SINGLE_ISSUER", IORING_SETUP_SINGLE_ISSUER, "a little more locking in the kernel");
    addFlag("DEFER_TASKRUN", IORING_SETUP_DEFER_TASKRUN,
            "completions interrupt the reactor: more CPU for each message (Linux 6.1 has it)");
    addFlag("TASKRUN_FLAG", IORING_SETUP_TASKRUN_FLAG,
            "a system call in each turn to look for completions");
    addFlag("SUBMIT_ALL", IORING_SETUP_SUBMIT_ALL, "a failed submission ends its batch early");

    if (auto* const table = ::io_uring_get_probe_ring(&probe.ring))
    {
        for (const auto& [operation, name] : RequiredOperations)
        {
            features.push_back({fmt::format("operation {}", name),
                                ::io_uring_opcode_supported(table, operation) != 0, true,
                                "the io_uring engine cannot be used"});
        }
        ::io_uring_free_probe(table);
    }
    else
    {
        // A filter may refuse io_uring_register and let the calls pass that the engine cannot do
        // without.
        features.push_back({"list of operations", false, false,
                            "which operations the kernel has cannot be told (it refuses "
                            "io_uring_register)"});
    }

    features.push_back({"registered ring descriptor", ::io_uring_register_ring_fd(&probe.ring) == 1,
                        false, "each system call looks the ring up"});
    unsigned workers[2] = {0, 0};
    features.push_back({"bounded kernel workers",
                        ::io_uring_register_iowq_max_workers(&probe.ring, workers) == 0, false,
                        "the kernel may start many worker threads for file operations"});
    return features;
}

} // namespace weft
