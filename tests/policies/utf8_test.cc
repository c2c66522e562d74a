#include "policies/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace headgate {
namespace {

TEST(Utf8Test, CharactersAndWhatIsNone) {
  for (const char* whole : {"a", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF",
                            "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    const std::string text(whole);
    EXPECT_EQ(Utf8CharacterAt(text + "z"), text.size());
    for (std::size_t n = 1; n < text.size(); ++n) {
      EXPECT_EQ(Utf8CharacterAt(text.substr(0, n)), 0U);
      EXPECT_EQ(Utf8CharacterAt(text.substr(0, n) + "abc"), 0U);
    }
  }
  // Tails, over-long forms, surrogates, above the last.
  for (const char* none : {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80",
                           "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF"}) {
    EXPECT_EQ(Utf8CharacterAt(none), 0U);
  }
}

TEST(Utf8Test, NothingIsLeftThatATerminalObeys) {
  EXPECT_EQ(Utf8WithoutControls(""), "");
  EXPECT_EQ(Utf8WithoutControls("Zugriff f\xC3\xBCr \xE6\x97\xA5"),
            "Zugriff f\xC3\xBCr \xE6\x97\xA5");
  EXPECT_EQ(Utf8WithoutControls("a\x1b[31m\n\t\x7f"), "a?[31m???");
  EXPECT_EQ(Utf8WithoutControls("\x9b"
                                "31m"),
            "?31m");  // CSI as a byte
  EXPECT_EQ(Utf8WithoutControls("\xC2\x9b"
                                "31m"),
            "?31m");                                       // and as a character
  EXPECT_EQ(Utf8WithoutControls("\xC2\xA0"), "\xC2\xA0");  // the first that is none
  EXPECT_EQ(Utf8WithoutControls("end\xE2\x82"), "end??");
  EXPECT_EQ(Utf8WithoutControls(std::string("\0", 1)), "?");
}

}  // namespace
}  // namespace headgate
