#pragma once

#include <span>

#include <load/receiver.hpp>

namespace weft::bench
{

/// All that can be compared.
std::span<const ReceiverKind> receiverKinds() noexcept;

// Each in a file of its own, in receivers/.
void receiveByThreads(ReceiverContext& context);
void receiveByPoll(ReceiverContext& context);
void receiveByEpoll(ReceiverContext& context);
void receiveByAsio(ReceiverContext& context);
void receiveByUringSingle(ReceiverContext& context);
void receiveByUringBundles(ReceiverContext& context);
void readByPread(ReceiverContext& context);
void readByThreadPool(ReceiverContext& context);
void readByUring(ReceiverContext& context);

} // namespace weft::bench
