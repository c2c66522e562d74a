#include "guard/say_error.h"

#include <boost/json.hpp>
#include <iostream>

#include "guard/json_text.h"

namespace headgate::guard {

namespace json = boost::json;

void SayError(const std::string& why, bool as_json) {
  if (as_json) {
    std::cout << json::serialize(json::object{{"error", JsonText(why)}}) << "\n";
  } else {
    std::cerr << "headgate: " << why << "\n";
  }
}

}  // namespace headgate::guard
