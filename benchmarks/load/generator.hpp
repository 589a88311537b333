#pragma once

namespace weft::bench
{

struct RunBoard;

/// The sources' other side, a process of its own on a core of its own: accepts the connections of
/// the plan, floods some and sends to the others by timetable, in plain system calls on one thread.
/// Between messages it waits actively unless the plan says otherwise. Returns when the board says
/// that it may exit. Throws std::system_error.
void generate(RunBoard& board);

} // namespace weft::bench
