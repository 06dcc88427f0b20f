/* What a server says of a Secret it refuses may quote it: a policy's message, an error of a field's type. */
#pragma once

#include "base/json.h"

/* The text with every value of a Secret (data, as it is and decoded, stringData, annotations) replaced by "(hidden)".
 * Values of less than four bytes stay: they stand in any text. g_free() it. */
char *ark_mask_secret(const char *text, yyjson_val *secret);
