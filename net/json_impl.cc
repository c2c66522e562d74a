// Boost.JSON's own sources, compiled once here: Debian's headers come without its library.
#include <boost/json/src.hpp>
