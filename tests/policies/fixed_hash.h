// The key that tests give to tables whose keys are hashed: a fixed one, so that they repeat.
//
// Threads: any. Lifetime: the program.
#pragma once

#include "policies/keyed_hash.h"

namespace headgate {

inline const KeyedHash kHash(1, 2);

}  // namespace headgate
