#include <weft/sources/printable_text.hpp>

#include <gtest/gtest.h>

namespace weft
{

TEST(PrintableTextTest, textStaysAsItIs)
{
    for (const auto* const text : {"", "open 'x': No such file", "L\u00fcbeck",
                                   "\u20ac\ud7ff\ue000\uffff", "\U00010000\U0010ffff"})
    {
        EXPECT_EQ(printable(text), text);
    }
}

TEST(PrintableTextTest, controlCharactersAreWrittenOut)
{
    EXPECT_EQ(printable("two\nlines"), "two\\nlines");
    EXPECT_EQ(printable("\x1b[31m\t\x7f"), "\\x1b[31m\\x09\\x7f");
    EXPECT_EQ(printable(std::string_view("a\0b", 3)), "a\\x00b");
    EXPECT_EQ(printable("\xc2\x9b"
                        "31m"),
              "\\xc2\\x9b31m")
        << "CSI as one character";
}

TEST(PrintableTextTest, whatIsNoUtf8IsWrittenOut)
{
    EXPECT_EQ(printable("\xff"), "\\xff");
    EXPECT_EQ(printable("\xe2\x82"), "\\xe2\\x82") << "cut off";
    EXPECT_EQ(printable("\xe2\x82z"), "\\xe2\\x82z");
    EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf") << "longer than it need be";
    EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "half of a pair of UTF-16";
    EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80") << "beyond Unicode";
}

} // namespace weft
