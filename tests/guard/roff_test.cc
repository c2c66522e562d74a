#include "guard/roff.h"

#include <gtest/gtest.h>

namespace headgate::guard {
namespace {

TEST(RoffPlain, ShowsWhatStandsThere) {
  EXPECT_EQ(RoffPlain("plain text"), "plain text");
  EXPECT_EQ(RoffPlain(R"(a\b 'c' `d` e^f ~g)"), R"(a\eb \(aqc\(aq \(gad\(ga e\(haf \(tig)");
  EXPECT_EQ(RoffPlain("well-known"), "well-known");  // a hyphen, where a line may break
  EXPECT_EQ(RoffPlain("→ ä"), "\\[u2192] \\[u00E4]");
}

// A line that begins with a dot or a ' would be a request.
TEST(RoffPlain, NoLineIsARequest) {
  EXPECT_EQ(RoffPlain(".TH"), "\\&.TH");
  EXPECT_EQ(RoffPlain("a\n.b\n..c"), "a\n\\&.b\n\\&..c");
  EXPECT_EQ(RoffPlain("'br"), "\\(aqbr");
  EXPECT_EQ(RoffPlain("a .b"), "a .b");
}

TEST(RoffPlain, BrokenUtf8IsNoTrouble) {
  EXPECT_EQ(RoffPlain("a\xc3"), "a\\[u003F]");
  EXPECT_EQ(RoffPlain("\xff\x80z"), "\\[u003F]\\[u003F]z");
  EXPECT_EQ(RoffPlain("\xe2\x82"), "\\[u003F]\\[u003F]");
}

TEST(RoffBold, CanBeCopied) { EXPECT_EQ(RoffBold("--json"), "\\fB\\-\\-json\\fR"); }

TEST(RoffParagraph, CodeIsBold) {
  EXPECT_EQ(RoffParagraph("`off`: no `a-b`."), "\\fBoff\\fR: no \\fBa\\-b\\fR.\n");
  EXPECT_EQ(RoffParagraph(R"(`"\d"`)"), "\\fB\"\\ed\"\\fR\n");
}

TEST(RoffParagraph, ALinkNamesItsPage) {
  EXPECT_EQ(RoffParagraph("see [tls.md](tls.md)"), "see \\fItls.md\\fR\n");
  EXPECT_EQ(RoffParagraph("[headroom.md](headroom.md#backends)."), "\\fIheadroom.md\\fR.\n");
  EXPECT_EQ(RoffParagraph("a [reason](reasons.md)"), "a reason (\\fIreasons.md\\fR)\n");
  EXPECT_EQ(RoffParagraph("[`a-b`](x-y.md)"), "a-b (\\fIx\\-y.md\\fR)\n");
}

TEST(RoffParagraph, WhatIsNoMarkdownStandsForItself) {
  EXPECT_EQ(RoffParagraph("a ` alone"), "a \\(ga alone\n");
  EXPECT_EQ(RoffParagraph("[gate] and [[class]]"), "[gate] and [[class]]\n");
  EXPECT_EQ(RoffParagraph("[a](b"), "[a](b\n");
  EXPECT_EQ(RoffParagraph("[gate] then [x](y.md)"), "[gate] then x (\\fIy.md\\fR)\n");
  EXPECT_EQ(RoffParagraph(""), "\n");
}

// As roff wants it: the formatter knows then where a sentence ends.
TEST(RoffParagraph, ASentenceALine) {
  EXPECT_EQ(RoffParagraph("One. Two: 0.5 s. `three`."), "One.\nTwo: 0.5 s.\n\\fBthree\\fR.\n");
  EXPECT_EQ(RoffParagraph("One, e.g. this."), "One, e.g. this.\n");
  EXPECT_EQ(RoffParagraph("One. .Two"), "One. .Two\n");
  EXPECT_EQ(RoffParagraph("`a`.b"), "\\fBa\\fR.b\n");
}

TEST(RoffFooter, ParagraphsAndWhatIsAligned) {
  EXPECT_EQ(RoffFooter("\nText of\ntwo lines.\n\nMore:\n  one  a\n    .two\n\nEnd."),
            ".PP\nText of\ntwo lines.\n.PP\nMore:\n.RS 4\n.EX\none  a\n  .two\n.EE\n.RE\n"
            ".PP\nEnd.\n");
  EXPECT_EQ(RoffFooter("\n  .x\n\n  y"),
            ".PP\n.RS 4\n.EX\n\\&.x\n.EE\n.RE\n.PP\n.RS 4\n.EX\ny\n.EE\n.RE\n");
  EXPECT_EQ(RoffFooter(""), "");
}

}  // namespace
}  // namespace headgate::guard
