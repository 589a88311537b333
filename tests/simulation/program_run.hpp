#pragma once

#include <array>
#include <cstdio>
#include <string>
#include <string_view>

#include <sys/wait.h>

namespace weft::test
{

struct ProgramRun
{
    int exitCode = -1;
    std::string output; // both streams

    bool says(std::string_view text) const
    {
        return output.find(text) != std::string::npos;
    }

    /// The rest of the first line that has `before` in it; empty when there is none.
    std::string after(std::string_view before) const
    {
        const auto place = output.find(before);
        if (place == std::string::npos)
        {
            return {};
        }
        const auto begin = place + before.size();
        return output.substr(begin, output.find('\n', begin) - begin);
    }
};

inline ProgramRun runProgram(const std::string& commandLine)
{
    ProgramRun run;
    auto* const pipe = ::popen((commandLine + " 2>&1").c_str(), "r");
    if (pipe == nullptr)
    {
        return run;
    }
    std::array<char, 4096> chunk{};
    while (const auto size = std::fread(chunk.data(), 1, chunk.size(), pipe))
    {
        run.output.append(chunk.data(), size);
    }
    const int status = ::pclose(pipe);
    run.exitCode = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return run;
}

} // namespace weft::test
