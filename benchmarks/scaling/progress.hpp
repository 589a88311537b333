#pragma once

#include <string>

namespace weft::bench
{

/// What is being done, on standard error: one line that is written over on a terminal, else a line
/// each time.
class Progress
{
public:
    Progress();
    ~Progress();

    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void show(const std::string& text);

    /// Before something else is written.
    void clear();

private:
    const bool terminal;
    bool shown = false;
};

} // namespace weft::bench
