// What the bytes of a word are: valid UTF-8 or not, with white space inside or not.
#pragma once

#include <string_view>

namespace wordkin {

bool is_plain(std::string_view word);   // printing ASCII alone, of which all that follows need not be asked
bool is_utf8(std::string_view word);
bool has_ascii_space(std::string_view word);
bool has_unicode_space(std::string_view word);   // that is not of ASCII: what str.isspace() knows

}  // namespace wordkin
