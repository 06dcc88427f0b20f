/* What the makers of items share. */
#pragma once

#include "sonobuoy/results.h"

/* How many items an item has; and all past so many taken away again. */
size_t results_item_count(yyjson_mut_val *item);
void results_item_truncate(yyjson_mut_val *item, size_t count);

/* Members in the order that items have them. */
void results_item_set(yyjson_mut_doc *doc, yyjson_mut_val *item, const char *key, yyjson_mut_val *value);
