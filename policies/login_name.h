// What a server makes of the user name in a login packet, so that a name written another way is
// not taken for another user.
//
// Threads: pure. Lifetime: views of the argument.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace headgate {

// The name as the server looks it up: MySQL and MariaDB chop one pair of single quotes off
// (`'root'` logs in as root; sql_acl.cc and sql_authentication.cc, parse_client_handshake_packet).
// They do so after converting the name from the client's character set, and of all sets armscii8
// alone has a second quote: 0xFF (measured on MariaDB 10.11). That byte is no part of UTF-8.
[[nodiscard]] std::string_view CanonicalUser(std::string_view sent);

// True when the name is one of `users`, also in a character set that the server may have set for
// its clients whatever they declare: in `filename`, "@0072oot" is converted to "root"
// (strings/ctype-utf8.c, my_mb_wc_filename); of UTF-8, MySQL drops a character that is cut off at
// the end.
[[nodiscard]] bool MeansOneOf(const std::vector<std::string>& users, std::string_view sent);

}  // namespace headgate
