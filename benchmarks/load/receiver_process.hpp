#pragma once

#include <span>

namespace weft::bench
{

struct RunBoard;
struct ReceiverKind;

/// The receiving process of a run: the receiver on a pinned thread of its own, as in a host that
/// has other threads, while the main thread sleeps and measures at both ends of the window. With
/// several boards it receives all these lanes. Throws when the receiver fails or has not received
/// what was sent.
void runReceiver(std::span<RunBoard* const> boards, const ReceiverKind& kind);

/// The job beside it: works on the receiver's CPU until the end of the window.
void runComputeJob(RunBoard& board);

} // namespace weft::bench
