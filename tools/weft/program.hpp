#pragma once

namespace weft
{

/// The whole program `weft`, for a program of one's own that has other types of source, too: all
/// that are linked into it. Target weft::program. Ignores SIGPIPE from then on. Answers the exit
/// code; throws nothing.
///
///     int main(int argumentCount, char** arguments)
///     {
///         return weft::programMain(argumentCount, arguments);
///     }
int programMain(int argumentCount, char** arguments);

} // namespace weft
