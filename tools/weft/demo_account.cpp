#include "demo_account.hpp"

#include <fmt/format.h>

#include <map>
#include <string_view>

namespace weft::tools
{

namespace
{

/// What both sides say about one stream.
struct BothSides
{
    std::vector<const StreamAccount*> sent;
    std::vector<const StreamAccount*> received;
};

std::string describeBytes(const StreamAccount& sent, const StreamAccount& received)
{
    if (received.bytes < sent.bytes)
    {
        return fmt::format("{} of {} bytes lost", sent.bytes - received.bytes, sent.bytes);
    }
    if (received.bytes > sent.bytes)
    {
        return fmt::format("{} bytes more than the {} sent", received.bytes - sent.bytes,
                           sent.bytes);
    }
    if (received.checksum != sent.checksum)
    {
        return fmt::format("{} bytes as sent, but not the same ones (checksum {:016x}, sent "
                           "{:016x})",
                           sent.bytes, received.checksum, sent.checksum);
    }
    return {};
}

void addPart(std::string& text, std::string_view label, const std::string& part)
{
    if (!part.empty())
    {
        text += fmt::format("{}{}{}", text.empty() ? "" : "; ", label, part);
    }
}

/// Empty when the two sides agree.
std::string describeMismatch(const BothSides& sides)
{
    if (sides.received.empty())
    {
        return fmt::format("{} bytes sent, but never received", sides.sent.front()->bytes);
    }
    if (sides.sent.empty())
    {
        const auto& received = *sides.received.front();
        auto text = fmt::format("{} bytes received, but never sent", received.bytes);
        addPart(text, "the source: ", received.trouble);
        return text;
    }
    if (sides.sent.size() > 1 || sides.received.size() > 1)
    {
        return fmt::format("sent {} times and received {} times", sides.sent.size(),
                           sides.received.size());
    }
    const auto& sent = *sides.sent.front();
    const auto& received = *sides.received.front();
    auto text = describeBytes(sent, received);
    addPart(text, "the sender: ", sent.trouble);
    addPart(text, "the source: ", received.trouble);
    return text;
}

} // namespace

AccountComparison compareAccounts(const std::vector<StreamAccount>& sent,
                                  const std::vector<StreamAccount>& received)
{
    std::map<std::string_view, BothSides> streams;
    for (const auto& account : sent)
    {
        streams[account.stream].sent.push_back(&account);
    }
    for (const auto& account : received)
    {
        streams[account.stream].received.push_back(&account);
    }
    AccountComparison comparison;
    for (const auto& [stream, sides] : streams)
    {
        const auto mismatch = describeMismatch(sides);
        if (mismatch.empty())
        {
            ++comparison.matched;
        }
        else
        {
            comparison.mismatches.push_back(fmt::format("{}: {}", stream, mismatch));
        }
    }
    return comparison;
}

} // namespace weft::tools
