// How ExplainRow::key names a key of a class: names of classes have dots in them.
//
// Threads: a constant. Lifetime: none.
#pragma once

namespace headgate {

// Between the name and its own key, "class.shop" kOfClass "max". What is shown has a dot there.
inline constexpr char kOfClass = '\x1f';

}  // namespace headgate
