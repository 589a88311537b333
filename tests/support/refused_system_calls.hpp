#pragma once

#include "tests/support/sockets.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

/// \file
/// A machine that refuses. In a process of the test's own (own_process.hpp), before it starts
/// threads, for there is no way back.

namespace weft
{

/// Lets a system call (SYS_...) fail with that errno, in the calling thread and those that it
/// starts from now on; with `firstArgument`, only when the call has that as its first.
inline void refuseSystemCall(long number, int errnoValue,
                             std::optional<std::uint32_t> firstArgument = std::nullopt)
{
    constexpr auto load = [](std::size_t offset)
    {
        return sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
    };
    constexpr auto skipUnless = [](std::uint32_t value, unsigned char instructions)
    {
        return sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, instructions);
    };
    constexpr auto answer = [](std::uint32_t value)
    {
        return sock_filter BPF_STMT(BPF_RET | BPF_K, value);
    };
    // The lower half of an argument: the machines that weft runs on are little-endian.
    std::array filter{
        load(offsetof(seccomp_data, nr)),
        skipUnless(static_cast<std::uint32_t>(number), firstArgument ? 3 : 1),
        answer(SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(errnoValue)),
        answer(SECCOMP_RET_ALLOW),
        answer(SECCOMP_RET_ALLOW),
        answer(SECCOMP_RET_ALLOW),
    };
    if (firstArgument)
    {
        filter[2] = load(offsetof(seccomp_data, args));
        filter[3] = skipUnless(*firstArgument, 1);
        filter[4] = answer(SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(errnoValue));
    }
    const sock_fprog program = {.len = filter.size(), .filter = filter.data()};
    checkedCall(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
    checkedCall(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), "PR_SET_SECCOMP");
}

} // namespace weft
