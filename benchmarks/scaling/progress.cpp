#include "progress.hpp"

#include <fmt/format.h>

#include <cstdio>

#include <unistd.h>

namespace weft::bench
{

Progress::Progress() : terminal(::isatty(STDERR_FILENO) == 1)
{
}

Progress::~Progress()
{
    clear();
}

void Progress::show(const std::string& text)
{
    fmt::print(stderr, "{}{}{}", terminal ? "\r\033[K" : "", text, terminal ? "" : "\n");
    std::fflush(stderr);
    shown = true;
}

void Progress::clear()
{
    if (terminal && shown)
    {
        fmt::print(stderr, "\r\033[K");
        std::fflush(stderr);
    }
    shown = false;
}

} // namespace weft::bench
